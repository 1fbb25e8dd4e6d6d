"""From what the channels say to one order: pure functions, higher is better.

The weights were fitted by `python -m benchmarks.fit` on the development halves of `benchmarks/golden/`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for one passage as the answer to one question.

    `dense`: cosine of question and whole passage. `sentence`: of question and the passage's best sentence.
    `late`: late interaction token by token, or `sentence` once more when the encoder has none.
    `lexical`: BM25. `substance`: how long the passage is, 1 from SUBSTANTIAL characters: a bare title or a sentence
    answers little. `beside`: it answers no question, but its note is one of questions and answers.
    `covered`: summed idf of the question's tokens that the passage holds; `missed`: of those that are Latin words the
    passage lacks. These and `lexical` are measured against `Reading.scale` of `terms.py`.
    `strange`: share of the question's tokens, by idf, that are Latin words no note knows, in an English question no
    word list either: mostly the names of something else.
    `foreign`: question and passage are in different languages, so shared tokens cannot be expected.
    """

    dense: float
    sentence: float
    late: float
    lexical: float
    substance: float
    beside: bool
    covered: float
    missed: float
    strange: float
    foreign: bool


# What is weighed, in order; `foreign` chooses the weights instead.
NAMES = tuple(field.name for field in dataclasses.fields(Signals) if field.name != "foreign")

Weights = Mapping[str, float]  # of a linear model: one for each of NAMES, and "bias"

SAME_LANGUAGE: Weights = {
    "dense": 2.68,
    "sentence": 6.32,
    "late": 14.74,
    "lexical": 0.73,
    "substance": 0.47,
    "beside": -0.78,
    "covered": 4.83,
    "missed": -1.55,
    "strange": -4.00,
    "bias": -14.54,
}
CROSS_LANGUAGE: Weights = {
    "dense": 1.66,
    "sentence": 7.32,
    "late": 15.97,
    "lexical": 0.77,
    "substance": 0.23,
    "beside": -0.53,
    "covered": 5.70,
    "missed": -0.56,
    "strange": -4.00,
    "bias": -16.10,
}
SUBSTANTIAL = 160


def logit(signals: Signals) -> float:
    """Returns how surely the passage answers the question: the logarithm of the odds."""
    weights = CROSS_LANGUAGE if signals.foreign else SAME_LANGUAGE
    return weights["bias"] + sum(weights[name] * float(getattr(signals, name)) for name in NAMES)


def inverse_document_frequency(document_frequency: int, passages: int) -> float:
    """Returns BM25's idf, ln(1 + (N − n + ½) / (n + ½)) (Robertson & Zaragoza 2009), never negative."""
    return math.log(1 + (passages - document_frequency + 0.5) / (document_frequency + 0.5))
