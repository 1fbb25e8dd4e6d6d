"""From a question to ranked passages: candidates of both channels, read word by word, fused into one order."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence, Set
from dataclasses import dataclass

from rag.encoders.base import Encoded, Encoder
from rag.passages.statements import states
from rag.passages.views import lexical_text
from rag.question.facts import ANY_NUMBER, Kind, has_number, kind_asked_for
from rag.retrieval import fusion
from rag.retrieval.calibration import EVERYDAY, THRESHOLD, Calibration
from rag.retrieval.fusion import Signals
from rag.retrieval.terms import Reading
from rag.store.base import Candidate, Store, is_beside_questions
from rag.text.figures import Named
from rag.text.normal import is_chinese, normalize
from rag.types import Passage, Span

CANDIDATES = 50  # from each channel; the right passage is nearly always among them


@dataclass(frozen=True, slots=True)
class Wording:
    """One way in which a question may be meant, as text and as vectors."""

    text: str
    encoded: Encoded


@dataclass(frozen=True, slots=True)
class Match:
    """A passage with what speaks for it as the answer to one wording of the question.

    `best` is its best sentence, in `passage.text`; `logit` makes the order, `score`, 0–1, is how surely it answers.
    """

    id: int
    passage: Passage
    best: Span
    signals: Signals
    logit: float
    score: float
    wording: Wording

    @property
    def is_sure(self) -> bool:
        return self.score >= THRESHOLD


@dataclass(frozen=True, slots=True)
class Ranking:
    """A question and the passages for it, best first.

    `question` is what was asked or, after others, how that was understood. `wanted` are the ranks, from 1, of the
    passages that answer it: the best, or that of each of its parts. `topic` is what it was understood to be about,
    empty where it says so itself.
    """

    question: str
    matches: tuple[Match, ...]
    wanted: tuple[int, ...] = (1,)
    topic: str = ""

    @property
    def best(self) -> float:
        return self.matches[0].logit if self.matches else -math.inf


def search(store: Store, wording: Wording, without: Set[int] = frozenset()) -> list[Match]:
    """Returns the passages that one of the channels found, best first.

    Passages whose id is in `without` are not looked at, nor are questions that the notes leave open and passages that
    state nothing.
    """
    reading = Reading.of(wording.text, store)
    calibration = Calibration.of(store.level)
    kind, named = kind_asked_for(wording.text), Named.of(normalize(wording.text))
    matches = []
    for candidate in store.candidates(wording.encoded, reading.queried, CANDIDATES):
        passage = store.passage(candidate.id)
        if candidate.id in without or passage.open_question or not states(passage):
            continue
        signals = _signals(store, reading, candidate, passage, kind, named)
        logit = fusion.logit(signals)
        score = calibration.confidence(logit) if reading.terms else 0.0  # a note never answers a lone ☕
        matches.append(Match(candidate.id, passage, candidate.best, signals, logit, score, wording))
    return sorted(matches, key=lambda match: (-match.logit, match.id))


def rank(store: Store, encoder: Encoder, questions: Sequence[str]) -> list[Ranking]:
    """Returns what `search` finds for each of some questions, as they stand."""
    wordings = map(Wording, questions, encoder.encode_questions(questions))
    return [Ranking(wording.text, tuple(search(store, wording))) for wording in wordings]


def measure_level(store: Store, encoder: Encoder) -> float | None:
    """Asks what the notes hardly answer, and returns how sure the search looks nevertheless: its median best logit.

    None where there is nothing to find: the notes hold only questions that they leave open.
    """
    best = [ranking.best for ranking in rank(store, encoder, EVERYDAY) if ranking.matches]
    return statistics.median(best) if best else None


def _signals(
    store: Store, reading: Reading, candidate: Candidate, passage: Passage, kind: Kind | None, named: Named | None
) -> Signals:
    return Signals(
        dense=candidate.dense,
        sentence=candidate.sentence,
        late=candidate.late,
        weakest=candidate.weakest,
        lexical=candidate.lexical / reading.scale,
        substance=min(1.0, (passage.end - passage.start) / fusion.SUBSTANTIAL),
        beside=is_beside_questions(store, passage),
        covered=reading.coverage(reading.held_by(passage)),
        strange=reading.strange,
        numberless=kind is not None and not has_number(passage.text),
        kindless=kind is not None and kind is not ANY_NUMBER and not kind.is_held_by(lexical_text(passage)),
        misnumbered=named is not None and named.is_lacking_in(normalize(lexical_text(passage))),
        foreign=reading.chinese != is_chinese(passage.text),
    )
