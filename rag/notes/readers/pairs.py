"""JSON lines of questions with answers, as people keep them to teach or test models; a place is a line of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rag.errors import NoteUnreadable
from rag.notes.readers import text as plain
from rag.notes.readers.base import Text
from rag.notes.readers.writing import Writer, contained, inline
from rag.text.normal import is_chinese
from rag.types import Cause, Reason

QUESTIONS = ("question", "q", "query", "prompt", "instruction", "问题", "问")
ANSWERS = ("answer", "answers", "a", "response", "completion", "output", "答案", "回答", "答")
CONTEXT = "input"  # of an instruction
TALKS = ("messages", "conversations", "conversation")
ASKING, ANSWERING = ("user", "human"), ("assistant", "gpt")
HEADING_CHARACTERS = 150  # a longer question is text under its beginning
BLOCK = re.compile(r"\s*(?:[`~|>+*-]|\d+[.)])")

Pair = tuple[str, str]


def read(data: bytes) -> Text:
    """Returns each pair as a heading and its answer; lines that hold none are passed over. Raises NoteUnreadable."""
    file = plain.read(data)
    writer = Writer("line")
    writer.damaged = file.damaged
    is_json = False
    for number, line in enumerate(file.text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            continue
        is_json = True
        writer.place = number
        for question, answer in _pairs(value):
            _write(writer, question, answer)
    if not is_json:
        raise NoteUnreadable(Reason(Cause.DAMAGED))
    return writer.finish(Cause.NO_PAIRS)


def _pairs(value: object) -> Iterator[Pair]:
    if not isinstance(value, dict):
        return
    known = {str(key).lower(): found for key, found in value.items()}
    question, answer = _first(known, QUESTIONS), _first(known, ANSWERS)
    if question and answer:
        context = _said(known.get(CONTEXT))
        yield (f"{question} {context}" if context else question), answer
    for name in TALKS:
        if isinstance(known.get(name), list):
            yield from _talk(known[name])


def _talk(turns: list[Any]) -> Iterator[Pair]:
    asked = ""
    for turn in turns:
        if not isinstance(turn, dict):
            continue
        role = turn.get("role", turn.get("from"))
        said = _said(turn.get("content", turn.get("value")))
        if role in ANSWERING and asked and said:
            yield asked, said
        asked = said if role in ASKING else ""


def _first(known: Mapping[str, object], names: tuple[str, ...]) -> str:
    return next((said for name in names if (said := _said(known.get(name)))), "")


def _said(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(filter(None, map(_said, value)))
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _write(writer: Writer, question: str, answer: str) -> None:
    asked = inline(question)
    writer.heading(2, asked if len(asked) <= HEADING_CHARACTERS else f"{asked[:HEADING_CHARACTERS]}…")
    if len(asked) > HEADING_CHARACTERS:
        writer.paragraph(asked)
    first, *rest = contained(answer)
    marker = "答：" if is_chinese(question) else "A: "  # so that what does not read as a question is one
    alone = BLOCK.match(first) is not None  # a mark that only counts where a line begins
    writer.block([marker.rstrip(), first, *rest] if alone else [marker + first, *rest])
