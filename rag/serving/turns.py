"""A conversation as the browser keeps it: JSON out, JSON in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from rag.answering.compose import quoted
from rag.types import Answer

MAX_TURNS = 50  # the whole conversation travels with every question


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and its answer; `number` counts from 1 and makes the anchors of its cards."""

    number: int
    answer: Answer
    elapsed_ms: float
    related: tuple[str, ...] = ()


def understood(answer: Answer) -> str:
    """Returns what was asked as it reads on its own, without the questions before it."""
    return answer.asked or answer.question


class TurnsDamaged(Exception):
    """What the browser kept is not a conversation."""


_TURNS = TypeAdapter(tuple[Turn, ...])


def to_json(turns: Iterable[Turn]) -> str:
    return _TURNS.dump_json(tuple(turns)).decode()


def from_json(text: str) -> tuple[Turn, ...]:
    """Returns the turns, none for an empty text; raises TurnsDamaged."""
    if not text.strip():
        return ()
    try:
        turns = _TURNS.validate_json(text)[-MAX_TURNS:]
    except ValidationError as error:
        raise TurnsDamaged(str(error)) from error
    if any(not 1 <= rank <= len(turn.answer.hits) for turn in turns for rank in turn.answer.cited):
        raise TurnsDamaged("it cites a passage that is not there")
    return tuple(replace(turn, answer=_marked(turn.answer)) for turn in turns)


def _marked(answer: Answer) -> Answer:
    """Returns an answer with where its marks stand; the browser may have kept it from a version that did not say."""
    if answer.marks or not answer.cited:
        return answer
    text, marks = quoted(answer.hits, answer.cited)
    return replace(answer, marks=marks) if text == answer.text else answer
