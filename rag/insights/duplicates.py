"""Twins: questions that the notes answer twice, so that one answer may be out of date."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.encoders.base import Encoder, Vectors
from rag.store.base import Store, is_beside_questions
from rag.text.normal import normalize
from rag.text.tokens import tokens
from rag.types import Passage

# Looked at by hand: in corpus/ beside the notes it was written after, 14 pairs ask the same, 13 of them with 0.85 and
# more. What only looks alike (GPTQ and AWQ, parts two and three of one text) has up to 0.82; corpus/ alone, up to 0.80.
SAME_QUESTION = 0.84
SAME_TOPIC = 0.5  # of the passages; pairs that ask the same have 0.55 and more, "How" in two notes has 0.17
LABELS = 3  # a heading that stands in so many places is the name of a part: "References"
MOST_TITLES = 1_000  # are encoded, about five seconds; of more, those that look most like another
LETTER_DIMENSION = 256
BLOCK = 1_000  # rows of similarities in memory at once


@dataclass(frozen=True, slots=True)
class Twin:
    """Two places that answer one question, in the order of the notes; `same_answer`: word by word alike."""

    first: Passage
    second: Passage
    similarity: float
    same_answer: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """A question or a heading with its first passage, the id of that, and its whole answer in bare normal form."""

    title: str
    id: int
    passage: Passage
    answer: str


def twins(store: Store, encoder: Encoder) -> tuple[Twin, ...]:
    """Returns the pairs of questions, of headings in notes that ask none, that ask the same; the most similar first.

    `encoder` is the one that made the index.
    """
    entries = _unlike_labels(_entries(store))
    if len(entries) > MOST_TITLES:
        entries = [entries[row] for row in _most_alike([entry.title for entry in entries])]
    if len(entries) < 2:
        return ()
    asked = np.stack([encoded.whole for encoded in encoder.encode_questions([entry.title for entry in entries])])
    topics = store.vectors([entry.id for entry in entries])
    found = [
        Twin(entries[i].passage, entries[j].passage, similarity, entries[i].answer == entries[j].answer)
        for i, j, similarity in _pairs(asked)
        if float(topics[i] @ topics[j]) >= SAME_TOPIC
    ]
    return tuple(sorted(found, key=lambda twin: -twin.similarity))


def _pairs(asked: Vectors) -> Iterator[tuple[int, int, float]]:
    """Yields the pairs of rows, unit vectors of shape (n, d), that ask the same."""
    for start in range(0, len(asked), BLOCK):
        similarities = asked[start : start + BLOCK] @ asked.T
        for row, column in np.argwhere(np.triu(similarities >= SAME_QUESTION, start + 1)).tolist():
            yield start + row, column, min(1.0, float(similarities[row, column]))


def _entries(store: Store) -> list[_Entry]:
    """Returns the questions and the lowest headings in order; consecutive passages of one are one entry."""
    entries: list[_Entry] = []
    last: tuple[object, ...] = ()
    for id, passage in store.passages():
        answer = _bare(passage.text[slice(*passage.answer_span)])
        if passage.entry == last and entries:
            entry = entries[-1]
            entries[-1] = _Entry(entry.title, entry.id, entry.passage, entry.answer + answer)
        elif _bare(passage.topic) and not is_beside_questions(store, passage):
            entries.append(_Entry(passage.topic, id, passage, answer))
            last = passage.entry
    return entries


def _unlike_labels(entries: Sequence[_Entry]) -> list[_Entry]:
    counts = Counter(_bare(entry.title) for entry in entries)
    return [entry for entry in entries if entry.passage.question or counts[_bare(entry.title)] < LABELS]


def _most_alike(titles: Sequence[str]) -> list[int]:
    """Returns the numbers of the MOST_TITLES titles that share most tokens with another, in order."""
    letters = np.stack([_letters(title) for title in titles])
    nearest = np.empty(len(titles), np.float32)
    for start in range(0, len(titles), BLOCK):
        similarities = letters[start : start + BLOCK] @ letters.T
        rows = np.arange(len(similarities))
        similarities[rows, start + rows] = 0  # of itself
        nearest[start : start + BLOCK] = similarities.max(1)
    return sorted(np.argsort(-nearest, kind="stable")[:MOST_TITLES].tolist())


def _letters(title: str) -> npt.NDArray[np.float32]:
    """Returns the tokens of a title as a hashed unit vector."""
    counts = np.zeros(LETTER_DIMENSION, np.float32)
    for token in tokens(title):
        counts[zlib.crc32(token.encode()) % LETTER_DIMENSION] += 1
    return counts / max(float(np.linalg.norm(counts)), 1.0)


def _bare(text: str) -> str:
    return "".join(character for character in normalize(text) if character.isalnum())
