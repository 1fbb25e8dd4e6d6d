"""A conversation as the browser keeps it: JSON out, JSON in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

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
        return _TURNS.validate_json(text)[-MAX_TURNS:]
    except ValidationError as error:
        raise TurnsDamaged(str(error)) from error
