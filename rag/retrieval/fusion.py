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
    `weakest`: the same of the third of the question that the passage says least about. `lexical`: BM25.
    `substance`: how long the passage is, 1 from SUBSTANTIAL characters: a bare title or a sentence answers little.
    `beside`: it answers no question, but its note is one of questions and answers.
    `covered`: summed idf of the question's tokens that the passage holds, measured as `lexical` is against
    `Reading.scale` of `terms.py`.
    `strange`: share of the question's tokens, by idf, that are Latin words no note knows, in an English question no
    word list either: mostly the names of something else.
    `numberless`: the question asks how many, how long or when, and the passage has no number. `kindless`: it asks for a
    kind of fact, a price or a telephone number, and the passage has none of that kind. `misnumbered`: it names a date,
    a version, an address or a long number, and neither the passage nor what its note is called has it.
    `foreign`: question and passage are in different languages, so shared tokens cannot be expected.
    """

    dense: float
    sentence: float
    late: float
    weakest: float
    lexical: float
    substance: float
    beside: bool
    covered: float
    strange: float
    numberless: bool
    kindless: bool
    misnumbered: bool
    foreign: bool


# What is weighed, in order; `foreign` chooses the weights instead.
NAMES = tuple(field.name for field in dataclasses.fields(Signals) if field.name != "foreign")

Weights = Mapping[str, float]  # of a linear model: one for each of NAMES, and "bias"

SAME_LANGUAGE: Weights = {
    "dense": 4.66,
    "sentence": 14.17,
    "late": 8.68,
    "weakest": 3.48,
    "lexical": 0.71,
    "substance": 0.93,
    "beside": -0.63,
    "covered": 4.26,
    "strange": -4.00,
    "numberless": -0.49,
    "kindless": -4.00,
    "misnumbered": -14.00,
    "bias": -22.14,
}
CROSS_LANGUAGE: Weights = {
    "dense": 4.79,
    "sentence": 14.77,
    "late": 9.85,
    "weakest": 5.45,
    "lexical": 0.73,
    "substance": 0.96,
    "beside": -1.53,
    "covered": 3.81,
    "strange": -4.00,
    "numberless": -0.71,
    "kindless": -4.00,
    "misnumbered": -14.00,
    "bias": -23.63,
}
SUBSTANTIAL = 160


def logit(signals: Signals) -> float:
    """Returns how surely the passage answers the question: the logarithm of the odds."""
    weights = CROSS_LANGUAGE if signals.foreign else SAME_LANGUAGE
    return weights["bias"] + sum(weights[name] * float(getattr(signals, name)) for name in NAMES)


def inverse_document_frequency(document_frequency: int, passages: int) -> float:
    """Returns BM25's idf, ln(1 + (N − n + ½) / (n + ½)) (Robertson & Zaragoza 2009), never negative."""
    return math.log(1 + (passages - document_frequency + 0.5) / (document_frequency + 0.5))
