"""From a question to ranked passages: candidates of both channels, read word by word, fused into one order."""

from __future__ import annotations

import statistics
from collections.abc import Set
from dataclasses import dataclass

from rag.encoders.base import Encoded, Encoder
from rag.retrieval import fusion
from rag.retrieval.calibration import EVERYDAY, Calibration
from rag.retrieval.fusion import Signals
from rag.retrieval.terms import Reading
from rag.store.base import Candidate
from rag.store.local import Index
from rag.text.normal import is_chinese
from rag.types import Passage

CANDIDATES = 50  # from each channel; the right passage is nearly always among them


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage with what speaks for it: `logit` for the order, `score`, 0–1, for how surely it answers."""

    candidate: Candidate
    passage: Passage
    signals: Signals
    logit: float
    score: float


def search(index: Index, question: str, encoded: Encoded, without: Set[int] = frozenset()) -> list[Ranked]:
    """Returns the passages that one of the channels found, best first.

    `encoded` is the encoded `question`; passages whose number is in `without` are not looked at, nor are questions
    that the notes leave open.
    """
    reading = Reading.of(question, index)
    calibration = Calibration.of(index.level)
    found = [
        candidate
        for candidate in index.candidates(encoded.whole, reading.queried, CANDIDATES)
        if candidate.number not in without and index.passage(candidate.number).open_question is None
    ]
    late = index.late_interaction([candidate.number for candidate in found], encoded)
    ranked = []
    for place, candidate in enumerate(found):
        passage = index.passage(candidate.number)
        signals = _signals(index, reading, candidate, passage, late[place] if late else candidate.sentence)
        logit = fusion.logit(signals)
        score = calibration.confidence(logit) if reading.terms else 0.0  # a note never answers a lone ☕
        ranked.append(Ranked(candidate, passage, signals, logit, score))
    ranked.sort(key=lambda entry: (-entry.logit, entry.candidate.number))
    return ranked


def calibrate(index: Index, encoder: Encoder) -> Calibration | None:
    """Asks an index what its notes hardly answer, and returns how sure the search looks nevertheless.

    None where there is nothing to find: the notes hold only questions that they leave open.
    """
    encoded = encoder.encode_questions(EVERYDAY)
    found = [search(index, question, vectors) for question, vectors in zip(EVERYDAY, encoded, strict=True)]
    best = [ranked[0].logit for ranked in found if ranked]
    return Calibration(statistics.median(best)) if best else None


def _signals(index: Index, reading: Reading, candidate: Candidate, passage: Passage, late: float) -> Signals:
    held = index.runs(candidate.number) + (index.heard(candidate.number) if reading.heard else "")
    covered, missed = reading.coverage(held)
    return Signals(
        dense=candidate.dense,
        sentence=candidate.sentence,
        late=late,
        lexical=candidate.lexical / reading.scale,
        substance=min(1.0, (passage.end - passage.start) / fusion.SUBSTANTIAL),
        beside=index.is_beside_questions(passage),
        covered=covered,
        missed=missed,
        strange=reading.strange,
        foreign=reading.chinese != is_chinese(passage.text),
    )
