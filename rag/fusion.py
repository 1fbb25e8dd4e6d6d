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
    `beside`: it answers no question, but its note is one of questions and answers.
    `covered`: share of the question's tokens, weighted by idf, that the passage holds; `missed`: share
    that are Latin words the passage lacks; `strange`: that are Latin words no note and no word list knows, mostly the
    names of something else.
    `foreign`: question and passage are in different languages, so shared tokens cannot be expected.
    """

    dense: float
    sentence: float
    lexical: float
    substance: float
    beside: bool
    covered: float
    missed: float
    strange: float
    foreign: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model over `Signals`."""

    dense: float
    sentence: float
    lexical: float
    substance: float
    beside: float
    covered: float
    missed: float
    strange: float
    bias: float


SAME_LANGUAGE = Weights(
    dense=8.75,
    sentence=8.89,
    lexical=0.73,
    substance=1.88,
    beside=-0.78,
    covered=8.35,
    missed=-4.17,
    strange=-0.07,
    bias=-10.78,
)
CROSS_LANGUAGE = Weights(
    dense=8.25,
    sentence=10.13,
    lexical=1.00,
    substance=1.79,
    beside=-1.17,
    covered=10.83,
    missed=-2.13,
    strange=0.00,
    bias=-12.42,
)
THRESHOLD = 0.15
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
        + weights.beside * signals.beside
        + weights.covered * signals.covered
        + weights.missed * signals.missed
        + weights.strange * signals.strange
    )
    return 1 / (1 + math.exp(-total))


def inverse_document_frequency(document_frequency: int, passages: int) -> float:
    """Returns BM25's idf, ln(1 + (N − n + ½) / (n + ½)) (Robertson & Zaragoza 2009), never negative."""
    return math.log(1 + (passages - document_frequency + 0.5) / (document_frequency + 0.5))
