"""From what the channels say to one order and one honest number: pure functions, higher is better.

The weights were fitted by `python benchmarks/fit.py` on the development halves of `benchmarks/golden/`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for one passage as the answer to one question.

    `dense`: cosine of question and whole passage. `sentence`: of question and the passage's best sentence.
    `lexical`: BM25 divided by the summed idf of the question's tokens, so that long questions do not count more.
    `substance`: how long the passage is, 1 from SUBSTANTIAL characters: a bare title or a sentence answers little.
    `covered`: share of the question's tokens, weighted by idf, that the passage holds; `known`: that any passage holds.
    `foreign`: question and passage are in different languages, so shared tokens cannot be expected.
    """

    dense: float
    sentence: float
    lexical: float
    substance: float
    covered: float
    known: float
    foreign: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model over `Signals`."""

    dense: float
    sentence: float
    lexical: float
    substance: float
    covered: float
    known: float
    bias: float


SAME_LANGUAGE = Weights(dense=8.22, sentence=8.99, lexical=0.46, substance=0.79, covered=11.54, known=0.0, bias=-9.68)
CROSS_LANGUAGE = Weights(dense=8.85, sentence=8.46, lexical=0.62, substance=0.60, covered=13.25, known=0.0, bias=-12.23)
THRESHOLD = 0.5
SUBSTANTIAL = 160


def score(signals: Signals) -> float:
    """Returns the probability, 0–1, that the passage answers the question."""
    weights = CROSS_LANGUAGE if signals.foreign else SAME_LANGUAGE
    total = (
        weights.bias
        + weights.dense * signals.dense
        + weights.sentence * signals.sentence
        + weights.lexical * signals.lexical
        + weights.substance * signals.substance
        + weights.covered * signals.covered
        + weights.known * signals.known
    )
    return 1 / (1 + math.exp(-total))


def inverse_document_frequency(document_frequency: int, passages: int) -> float:
    """Returns BM25's idf, ln(1 + (N − n + ½) / (n + ½)) (Robertson & Zaragoza 2009), never negative."""
    return math.log(1 + (passages - document_frequency + 0.5) / (document_frequency + 0.5))
