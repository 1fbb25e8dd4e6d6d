"""Which sentences an answer quotes of prose."""

from __future__ import annotations

import pytest

from rag.answering.excerpt import EXCERPT_CHARACTERS, excerpt
from rag.passages.sentences import sentences

TEXT = "甲是第一句。乙是第二句。丙是第三句。丁是第四句。戊是第五句。"


def quoted(text: str, similarities: list[float]) -> str:
    spans = sentences(text)
    assert len(spans) == len(similarities)
    run = excerpt(text, spans, similarities)
    assert run is not None
    return text[slice(*run)]


@pytest.mark.parametrize(
    ("similarities", "expected"),
    [
        ([0.1, 0.2, 0.9, 0.1, 0.0], "丙是第三句。"),
        ([0.1, 0.8, 0.9, 0.1, 0.0], "乙是第二句。丙是第三句。"),
        ([0.1, 0.2, 0.9, 0.8, 0.75], "丙是第三句。丁是第四句。戊是第五句。"),
        ([0.85, 0.65, 0.9, 0.1, 0.0], "甲是第一句。乙是第二句。丙是第三句。"),  # a weak one between two good ones
        ([0.9, 0.1, 0.9, 0.1, 0.1], "甲是第一句。"),  # too weak a one; the first of two equals
        ([0.5, 0.5, 0.5, 0.5, 0.5], TEXT),
    ],
)
def test_the_run_around_the_best_sentence(similarities: list[float], expected: str) -> None:
    assert quoted(TEXT, similarities) == expected


def test_an_excerpt_is_short() -> None:
    text = "".join(f"第{number}句话说的是别的事情。" for number in range(100, 140))
    run = quoted(text, [0.5] * 10 + [0.9] + [0.85] * 29)
    assert run.startswith("第110句话")
    assert EXCERPT_CHARACTERS - 15 < len(run) <= EXCERPT_CHARACTERS


def test_what_opens_a_list_is_followed_by_it() -> None:
    text = "有三种办法：\n- 一是甲\n- 二是乙\n- 三是丙"
    assert quoted(text, [0.9, 0.1, 0.1, 0.1]) == text


def test_no_sentence_no_excerpt() -> None:
    assert excerpt("", (), ()) is None
