"""What the encoder and the lexical engine see of a passage."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag.passages.sentences import sentences
from rag.text.markdown import unmarked
from rag.text.normal import letters
from rag.text.tokens import tokens
from rag.text.typos import sounds
from rag.types import Passage, Span

WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Embedded:
    """What the encoder sees of a passage: its sentences are `spans` in `text` and `origins` in `passage.text`."""

    text: str
    spans: tuple[Span, ...]
    origins: tuple[Span, ...]

    @property
    def key(self) -> str:
        """Equal keys have equal vectors, as long as the encoder is the same."""
        return hashlib.sha256(json.dumps([self.text, self.spans]).encode()).hexdigest()


def embedded_text(passage: Passage) -> tuple[str, tuple[Span, ...]]:
    """Returns what the encoder sees of `passage`, and the spans of its sentences therein.

    The first line is the trail of headings, if any, of the question where the text does not hold it, as in a later
    piece of a long answer, and of the columns of a table that began before. Then follow the sentences without Markdown
    marks, joined by blanks. A sentence without any letter or digit is left out.
    """
    embedded = embed(passage)
    return embedded.text, embedded.spans


def embed(passage: Passage) -> Embedded:
    text = " > ".join(_trail(passage))
    separator = "\n" if text else ""
    spans: list[Span] = []
    origins: list[Span] = []
    for start, end in sentences(passage.text):
        sentence = unmarked(passage.text[start:end])
        if not WORD.search(sentence):
            continue
        text += separator + sentence
        separator = " "
        spans.append((len(text) - len(sentence), len(text)))
        origins.append((start, end))
    return Embedded(text or passage.text, tuple(spans), tuple(origins))


def _trail(passage: Passage) -> tuple[str, ...]:
    """Returns what a reader of the passage alone would miss; a question may be spaced otherwise than its line is."""
    question, columns = passage.question, unmarked(passage.columns)
    if question is not None and _unspaced(question) in _unspaced(passage.text):
        question = None
    return (*_names(passage), *passage.headings, *filter(None, (question, columns)))


def _names(passage: Passage) -> tuple[str, ...]:
    """Returns what the note is called where neither the headings nor the question of the passage say it."""
    said = letters(" ".join((*passage.headings, passage.question or "")))
    return tuple(name for name in passage.names if letters(name) not in said)


def _unspaced(text: str) -> str:
    return unmarked(text).replace(" ", "")


def heading_text(passage: Passage) -> str:
    return "\n".join((*passage.headings, passage.question or ""))


def lexical_text(passage: Passage) -> str:
    return "\n".join((name_text(passage), heading_text(passage), body_text(passage)))


def name_text(passage: Passage) -> str:
    """Returns what the note is called and the folders that it is in."""
    return "\n".join((*PurePosixPath(passage.source).parts[:-1], *passage.names))


def body_text(passage: Passage) -> str:
    return f"{passage.columns}\n{passage.text}"


def heard(text: str) -> str:
    """Returns how the tokens of `text` sound, each sound once and between blanks."""
    return f" {' '.join(dict.fromkeys(itertools.chain.from_iterable(map(sounds, tokens(text)))))} "
