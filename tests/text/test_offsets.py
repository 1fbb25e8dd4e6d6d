"""Where the characters of a normal form come from, when there are more or fewer of them than in the text."""

from __future__ import annotations

import pytest

from rag.text.normal import normalize
from rag.text.offsets import Aligned, merged

TEXTS = (
    "",
    "注意力机制",
    "注意力機制，ＬｏＲＡ！",
    "前ﷺ後",
    "cafe\u0301 量",
    "か\u3099ﾞx",
    "\u1112\u1161\u11ab 글",
    "İstanbul ΑΣ",
    "👩‍👩‍👧量🇨🇳①㍿",
    "\u0301 leading mark",
    "乾隆皇帝乾燥",
)


@pytest.mark.parametrize("text", TEXTS)
def test_the_normal_form_is_that_of_the_text(text: str) -> None:
    aligned = Aligned.of(text)
    assert aligned.normal == normalize(text)
    assert len(aligned.origins) == len(aligned.normal)


@pytest.mark.parametrize(
    ("text", "part", "origin"),
    [
        ("前ﷺ後", "后", "後"),
        ("前ﷺ後", "الله", "ﷺ"),
        ("cafe\u0301 量", "é", "e\u0301"),
        ("cafe\u0301 量", "量", "量"),
        ("か\u3099x", "が", "か\u3099"),
        ("ｶﾞx", "ガ", "ｶﾞ"),
        ("\u1112\u1161\u11ab글", "한", "\u1112\u1161\u11ab"),
        ("用 ＬｏＲＡ 微調", "lora 微调", "ＬｏＲＡ 微調"),
        ("👩‍👩‍👧量①", "量1", "量①"),
        ("㍿快答", "快", "快"),
        ("İx", "x", "x"),
    ],
)
def test_a_span_of_the_normal_form_is_one_of_the_text(text: str, part: str, origin: str) -> None:
    aligned = Aligned.of(text)
    place = aligned.normal.index(part)
    assert text[slice(*aligned.span(place, place + len(part)))] == origin


def test_spans_are_merged() -> None:
    spans = [(4, 6), (0, 2), (2, 3), (5, 9), (12, 13), (5, 6)]
    assert merged(spans) == ((0, 3), (4, 9), (12, 13))
    assert merged(spans, touching=False) == ((0, 2), (2, 3), (4, 9), (12, 13))
    assert merged([]) == ()
