"""What names, orders or points elsewhere is no statement, in the forms that people write."""

from __future__ import annotations

import pytest

from rag.passages.sentences import sentences
from rag.passages.statements import opening, statements, states
from rag.types import Passage


def passage(text: str, start: int = 10) -> Passage:
    return Passage("a.md", (), None, start, start + len(text), 1, 1 + text.count("\n"), text)


def stated(text: str, start: int = 10) -> list[str]:
    spans = statements(passage(text, start), dict.fromkeys(sentences(text), 0.0))
    return [text[slice(*span)] for span in spans]


@pytest.mark.parametrize(
    "text",
    [
        "## 阳台",
        "阳台\n====",
        "Balcony\n---",
        "**浇水：**",
        "> ### 引用里的标题",
        "- [浇水](#浇水)\n- [施肥](#施肥)\n1. [换盆](#换盆)",
        "[TOC]",
        "[1] Wang 等. 盆栽用土的比例. 2019.\n[2] A. Smith. Soil. https://example.org/soil",
        "[^3]: 见 https://example.org/pots",
        "| 花 | 几天浇一次 |\n|---|---|",
        "***",
    ],
)
def test_no_statement(text: str) -> None:
    assert not states(passage(text))
    assert stated(text) == [text[slice(*span)] for span in sentences(text)]  # nothing better is there


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## 阳台\n\n薄荷每天浇水。", ["薄荷每天浇水。"]),
        ("阳台\n---\n薄荷每天浇水。", ["薄荷每天浇水。"]),
        ("**浇水：**\n- 薄荷每天\n- 芦荟 20 天", ["- 薄荷每天", "- 芦荟 20 天"]),
        ("| 花 | 几天一次 |\n|---|---|\n| 薄荷 | 1 |\n| 芦荟 | 20 |", ["| 薄荷 | 1 |", "| 芦荟 | 20 |"]),
        ("土要疏松[1]。\n\n[1] 王. 盆栽用土. 2019.", ["土要疏松[1]。"]),
        ("[1] 先松土，再浇水。", ["[1] 先松土，再浇水。"]),  # a step, no reference
        ("**12 天浇一次**", ["**12 天浇一次**"]),  # emphasis of what says something
        ("- 上面是清单\n---\n下面是别的。", ["- 上面是清单", "下面是别的。"]),
    ],
)
def test_what_says_something(text: str, expected: list[str]) -> None:
    assert states(passage(text))
    assert stated(text) == expected


@pytest.mark.parametrize(
    ("text", "start", "begins"),
    [
        ("薄荷每天浇水。", 10, "薄荷"),
        ("# 阳台\n\n## 浇水\n\n薄荷每天浇水。", 10, "薄荷"),
        ("---\ntitle: 阳台\n---\n\n# 阳台\n\n薄荷每天浇水。", 0, "薄荷"),
        ("## 浇水\n\n| 花 | 几天一次 |\n|---|---|\n| 薄荷 | 1 |", 10, "| 花 |"),
        ("- [浇水](#浇水)\n\n薄荷每天浇水。", 10, "薄荷"),
        ("# 阳台", 10, "# 阳台"),
    ],
)
def test_where_the_text_of_a_passage_begins(text: str, start: int, begins: str) -> None:
    assert text[opening(passage(text, start)) :].startswith(begins)


def test_all_of_a_block_of_code_says_something() -> None:
    text = "## 备份\n\n```sh\n# copy the photos\nrsync -a photos/ /mnt/disk/\n```"
    assert "# copy the photos" in stated(text)
    assert "## 备份" not in stated(text)


def test_what_stands_below_a_question_is_its_answer() -> None:
    assert not states(passage("???"))
    assert states(Passage("a.md", (), "哪个键能打出来？", 0, 3, 1, 1, "???"))


def test_front_matter_is_only_at_the_top_of_a_note() -> None:
    text = "---\ntitle: 阳台\ntags: [花]\n---\n薄荷每天浇水。"
    assert stated(text, start=0) == ["薄荷每天浇水。"]
    assert not states(passage("---\ntitle: 阳台\n---", start=0))
    assert states(passage("---\n温度: 20 度。\n---", start=10))
