"""The shape of the ranking function; its weights are fitted elsewhere and may change without a change here."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest

from rag.retrieval.fusion import Signals, inverse_document_frequency, logit

SIGNALS = [field.name for field in dataclasses.fields(Signals) if field.type == "float"]
CONTEXTS = [field.name for field in dataclasses.fields(Signals) if field.type == "bool"]
AGAINST = ("strange",)  # more of them speaks against the passage
STEPS = (-0.2, 0.0, 0.3, 0.6, 1.0)
EVERY_CONTEXT = [
    dict(zip(CONTEXTS, values, strict=True)) for values in itertools.product((False, True), repeat=len(CONTEXTS))
]


def signals(level: float, context: dict[str, bool], **others: float) -> Signals:
    """Returns all signals at one level, except `others`."""
    return Signals(**{**dict.fromkeys(SIGNALS, level), **context, **others})  # type: ignore[arg-type]


def test_these_tests_know_the_signals() -> None:
    assert {"dense", "sentence", "late", "lexical", "covered", *AGAINST} <= set(SIGNALS)
    assert set(SIGNALS) | set(CONTEXTS) == {field.name for field in dataclasses.fields(Signals)}


@pytest.mark.parametrize("context", EVERY_CONTEXT)
@pytest.mark.parametrize("signal", SIGNALS)
def test_more_of_a_signal_is_never_worse(signal: str, context: dict[str, bool]) -> None:
    scores = [logit(signals(0.4, context, **{signal: step})) for step in STEPS]
    assert scores == sorted(scores, reverse=signal in AGAINST)


@pytest.mark.parametrize("context", EVERY_CONTEXT)
def test_both_meaning_and_words_count(context: dict[str, bool]) -> None:
    """Weights of zero would be monotonous too."""
    middle = logit(signals(0.4, context))
    assert middle < logit(signals(0.4, context, dense=0.8, sentence=0.8, late=0.8))
    assert middle < logit(signals(0.4, context, lexical=1.5, covered=1.0))


def test_inverse_document_frequency() -> None:
    assert inverse_document_frequency(0, 10) == pytest.approx(math.log(22))  # 1 + 10.5 / 0.5
    assert inverse_document_frequency(1, 10) == pytest.approx(math.log(22 / 3))  # 1 + 9.5 / 1.5
    assert inverse_document_frequency(3, 10) == pytest.approx(1.145132)  # ln(1 + 7.5 / 3.5)
    assert inverse_document_frequency(10, 10) == pytest.approx(0.0465200)  # ln(1 + 0.5 / 10.5)
    assert inverse_document_frequency(0, 0) == pytest.approx(math.log(2))  # 1 + 0.5 / 0.5
