"""Golden questions: reading them, judging hits, and the figures computed from the judgements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.text import normalize
from rag.types import Passage


@dataclass(frozen=True, slots=True)
class Gold:
    """Where an answer stands: `anchor` is an exact substring of the note `source`."""

    source: str
    anchor: str


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """A question as a person would type it; without `gold` the notes hold no answer."""

    id: str
    question: str
    style: str
    gold: tuple[Gold, ...]
    half: str

    def is_answered_by(self, passage: Passage) -> bool:
        """True when the passage holds an anchor, or is a later piece of the entry whose question the anchor is."""
        return any(
            gold.source == passage.source
            and (gold.anchor in passage.text or _plain(gold.anchor) == _plain(passage.question or ""))
            for gold in self.gold
        )


def _plain(text: str) -> str:
    return "".join(character for character in normalize(text) if character.isalnum())


def read_golden(path: Path, half: str = "all") -> list[GoldenQuestion]:
    """Returns the questions in the JSON lines at `path`; `half` is "dev", "test" or "all"."""
    questions = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        gold = tuple(Gold(entry["source"], entry["anchor"]) for entry in record["gold"])
        question = GoldenQuestion(record["id"], record["question"], record["style"], gold, record["half"])
        if half in ("all", question.half):
            questions.append(question)
    return questions


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """Returns the probability that a positive scores above a negative, ties counting half (Mann–Whitney U)."""
    high, low = np.asarray(positives)[:, None], np.asarray(negatives)[None, :]
    return float((high > low).mean() + 0.5 * (high == low).mean())
