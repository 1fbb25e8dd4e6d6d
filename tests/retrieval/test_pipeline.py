"""How the searches for a question are merged: by hand-made rankings, whatever the weights are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rag.encoders.base import Encoded
from rag.retrieval.calibration import TYPICAL
from rag.retrieval.fusion import Signals
from rag.retrieval.pipeline import merge
from rag.retrieval.search import Match, Ranking, Wording
from rag.types import Passage

SURE = TYPICAL.found_from + 1
WORDING = Wording("", Encoded.without_tokens(np.zeros((1, 4), np.float32)))
SIGNALS = Signals(*(0 for _ in dataclasses.fields(Signals)))  # the logits are given


def ranking(question: str, **logits: float) -> Ranking:
    """Returns a ranking of the passages a, b, c … with these logits, in that order."""
    return Ranking(question, tuple(match(name, logit) for name, logit in logits.items()))


def match(name: str, logit: float) -> Match:
    passage = Passage("a.md", (), None, 0, 1, 1, 1, name)
    return Match(ord(name), passage, (0, 1), SIGNALS, logit, TYPICAL.confidence(logit), WORDING)


def names(ranking: Ranking) -> str:
    return "".join(match.passage.text for match in ranking.matches)


WHOLE = ranking("甲和乙的区别", a=SURE + 1, b=SURE, c=-20, d=-21, e=-22)


def test_both_sides_come_among_the_first() -> None:
    both = merge(WHOLE, [ranking("甲", x=SURE + 2, a=SURE), ranking("乙", y=SURE + 3, a=SURE)], 5)
    assert (both.question, names(both), both.wanted) == ("甲和乙的区别", "ayxbc", (1, 3, 2))


def test_what_comes_first_stays_first_while_it_is_sure() -> None:
    parts = [ranking("甲", x=SURE + 2), ranking("乙", y=SURE + 3)]
    assert names(merge(WHOLE, parts, 1)) == "a"
    unsure = ranking("甲和乙的区别", a=-10, b=-11, c=-12)
    assert (names(merge(unsure, parts, 5)), merge(unsure, parts, 5).wanted) == ("yxabc", (2, 1))


def test_a_passage_that_answers_both_is_wanted_once() -> None:
    both = merge(WHOLE, [ranking("甲", a=SURE + 2), ranking("乙", a=SURE + 3, y=SURE)], 5)
    assert (names(both), both.wanted) == ("abcde", (1,))
    assert both.matches[0].logit == SURE + 3  # as the surest wording has it


def test_the_parts_are_quoted_in_the_order_they_were_asked() -> None:
    both = merge(WHOLE, [ranking("甲", x=SURE - 0.5), ranking("乙", a=SURE + 3)], 5)
    assert (names(both), both.wanted) == ("abxcd", (3, 1))


@pytest.mark.parametrize(("limit", "expected", "wanted"), [(1, "a", (1,)), (2, "ay", (1, 2)), (3, "ayx", (1, 3, 2))])
def test_no_more_than_the_limit(limit: int, expected: str, wanted: tuple[int, ...]) -> None:
    both = merge(WHOLE, [ranking("甲", x=SURE + 2), ranking("乙", y=SURE + 3)], limit)
    assert (names(both), both.wanted) == (expected, wanted)
