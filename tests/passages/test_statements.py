"""What names, orders or points elsewhere is no statement, in the forms that people write."""

from __future__ import annotations

import pytest

from rag.passages.sentences import sentences
from rag.passages.statements import announces, closing, opening, statements, states
from rag.types import Passage


def entry(answer: str, question: str = "内网地址是什么？") -> Passage:
    text = f"{question}\n{answer}"
    asks = len(question) + 1
    span = (asks, len(text)) if answer else None
    return Passage("a.md", (), question, 10, 10 + len(text), 1, 1, text, span, (0, asks))


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


# each says nothing, whether it was asked for or not
HOLLOW = [
    "## 阳台",
    "##阳台",
    "- ## Version",
    "<h2>Balcony</h2>",
    # tables of contents
    "- [浇水](#浇水)\n  - [薄荷](#薄荷)\n  - [1.2 芦荟](#12-芦荟)\n1. [换盆](#换盆)",
    '* **[Watering](#watering)**\n* [Soil](#soil "to soil")',
    "- [[#浇水]]\n- [[#施肥|肥]]",
    "[甲](#a) | [乙](#b) | [丙](#c)",
    "目录\n前言 …… … i\n第一章 浇水 ……… 3\n1.2 施肥 ........ 12\n- 二、换盆……………30\nChapter 3 Pots . . . . . . 40",
    "[TOC]",
    "[[_TOC_]]",
    # what folds, what only a program reads
    "<details>\n<summary>点开看</summary>\n\n</details>",
    "<details><summary>\nMore\n</summary></details>",
    "<!-- 浇水 每天 -->",
    "<!--\nwater the mint\n\nevery day\n-->",
    "id:: 64f1c2\ncollapsed:: true\ncard-last-interval:: 4\ntags:: 花, 阳台\nalias:: 露台",
    "^a1b2c3",
    "---\n***\n===",
    '<div align="center">\n<br>\n</div>',
    # pictures
    "![](mint.png)",
    "![[mint.png]]\n![薄荷](mint.png)",
    "[![build](https://example.org/badge.svg)](https://example.org/build)",
    '<img src="mint.png" width="300">',
    # what is not written yet, or stands elsewhere
    *"TODO TBD WIP todo: **TODO** 待补充 待补充。 （待完善） （空） 略 （略） ... …… …… 同上 同上。 见上文".split(),
    "- TBD\n- [ ] TODO",
    "See above.",
    "Coming soon!",
    "to be continued…",
    "答：待补充",
    "解析：略",
    "答案：",
    "| 薄荷 | 待补充 |\n| 芦荟 | TBD | … |",
]


@pytest.mark.parametrize("text", HOLLOW)
def test_what_answers_nothing_wherever_it_stands(text: str) -> None:
    assert not states(passage(text))
    assert not states(entry(text))
    assert stated(f"{text}\n\n薄荷每天浇水。") == ["薄荷每天浇水。"]


@pytest.mark.parametrize(
    "text",
    [
        "- [浇水的办法](https://example.org/water)\n- [施肥](notes/feeding.md)\n- <https://example.org/soil>",
        "https://example.org/a\nwww.example.org/b",
        "- [[薄荷]]\n- [[芦荟|Aloe]]\n- [[花/绿萝#光]]",
        "参考：[甲](a.md)、[[乙]]",
        "See also [[Mint]], [Aloe](aloe.md)",
        "来源：https://example.org/water",
        "← [上一章](1.md) | [目录](README.md) | [下一章](3.md) →",
        "- [甲](a.md) 必读\n- [乙](b.md) (2020)\n- [丙](c.md) - new",
        "[docs]: https://example.org/docs",
        "#花 #阳台",
        "[1] Wang 等. 盆栽用土的比例. 2019.",
        "**浇水**",
        "阳台\n====",
        "???",
    ],
)
def test_what_answers_only_who_asked_for_it(text: str) -> None:
    assert not states(passage(text))
    assert states(entry(text))


@pytest.mark.parametrize(
    "text",
    [
        "- [薄荷](mint.md)：每天浇水，放在东边的窗台\n- [芦荟](aloe.md)：三周浇一次",
        "- [Mint](mint.md) wants water every day\n- [Aloe](aloe.md) hardly any",
        "[[薄荷]]喜水",
        "[[Alice]] waters [[Mint]]",
        "内网：https://example.org/intranet",
        "打开 http://192.168.1.1",
        "- [张三](mailto:zhang@example.org) 店长\n- [李四](tel:123) 会计",
        "| 报销 | https://example.org/pay |\n| 请假 | [OA](https://example.org/oa) |",
        "| 薄荷 | 待补充 | 每天 |",
        "从略的部分见附录三的表格。",
        "TODO 清单在厨房的门上",
        "待补充的是盐和米。",
        "等了又等……终于开了",
        "首付 3……后来改成 5",
        "拿铁 ........ 28\nEspresso ....... 19",
        "- **薄荷**\n- **芦荟**",
        "光合作用::植物把光变成糖",
        "- 光合作用::植物把光变成糖\n  呼吸作用::反过来",
        "std::vector 是数组",
        "2 ^10 是 1024",
        "`<!-- x -->` 是注释",
        "```\nTODO\n## 不是标题\n```",
        "$$\n= x\n$$",
        "<p>薄荷每天浇水</p>",
        "# 阳台\n![](a.png) 左边是薄荷",
    ],
)
def test_what_looks_like_nothing_and_says_something(text: str) -> None:
    assert states(passage(text))


@pytest.mark.parametrize(
    "answer", ["42", "是", "No.", "8023", "https://example.org/intranet", "<https://a.example>", "**是**", "无", "?"]
)
def test_what_stands_below_a_question_is_its_answer(answer: str) -> None:
    assert states(entry(answer))
    assert statements(entry(answer), {(9, 9 + len(answer)): 0.5}) == {(9, 9 + len(answer)): 0.5}


def test_a_comment_that_is_not_closed_takes_all_that_follows() -> None:
    assert not states(passage("<!-- water the mint\n\nevery day"))
    assert stated("`<!--` begins a comment.\nevery day") == ["`<!--` begins a comment.", "every day"]


def test_the_line_that_asks_is_no_answer() -> None:
    assert not states(entry(""))
    asked = entry("## 分机\n8023\n[旧的](https://example.org)")
    spans = statements(asked, dict.fromkeys(sentences(asked.text), 0.0))
    assert [asked.text[slice(*span)] for span in spans] == ["8023"]


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("title:: 阳台\ntags:: 花\n\n薄荷每天浇水。", 0, ["薄荷每天浇水。"]),
        ("title:: 阳台\nrating:: 5\n\n薄荷每天浇水。", 10, ["rating:: 5", "薄荷每天浇水。"]),
        ("- 薄荷每天浇水。\n  id:: 64f\n  rating:: 5\n- 芦荟耐旱。", 10, ["- 薄荷每天浇水。", "- 芦荟耐旱。"]),
        ("薄荷每天浇水。 ^mint-1\n芦荟耐旱。 <!-- 查证 -->", 10, ["薄荷每天浇水。", "芦荟耐旱。"]),
        ("<details>\n<summary>怎么浇？</summary>\n\n每天浇。\n\n</details>", 10, ["每天浇。"]),
    ],
)
def test_properties_and_marks_around_statements(text: str, start: int, expected: list[str]) -> None:
    assert stated(text, start) == expected


def test_front_matter_is_only_at_the_top_of_a_note() -> None:
    text = "---\ntitle: 阳台\ntags: [花]\n---\n薄荷每天浇水。"
    assert stated(text, start=0) == ["薄荷每天浇水。"]
    assert not states(passage("---\ntitle: 阳台\n---", start=0))
    assert states(passage("---\n温度: 20 度。\n---", start=10))


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("# 备份\n\n```sh\n# copy\nrsync -a photos/ /mnt\n```", "```sh"),
        ("# 面积\n\n$$\nS = \\pi r^2\n$$", "$$"),
        ("<!-- 草稿 -->\n[TOC]\n- [[甲]]\n\n薄荷每天浇水。", "薄荷"),
        ("<details><summary>答案</summary>每天浇。</details>", "每天浇。"),
    ],
)
def test_a_passage_begins_with_the_whole_of_what_says_something(text: str, begins: str) -> None:
    assert text[opening(passage(text)) :].startswith(begins)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("薄荷每天浇水。", "浇水。"),
        ("薄荷每天浇水。\n\n## 施肥\n", "浇水。"),
        ("薄荷每天浇水。\n\n参考：[甲](a.md)\n![](a.png)\n[1] Wang. 土. 2019.", "浇水。"),
        ("薄荷每天浇水。其他的花如下：\n\n![](a.png)", "浇水。"),
        ("薄荷每天浇水。\n步骤如下：", "浇水。"),
        ("步骤如下：", "如下："),
        ("这样备份：\n```\nrsync -a\n```\n---", "```"),
        ("面积：\n$$\nS\n$$\n^area", "\n$$"),
        ("def f():\n```\nif x:\n```", "if x:\n```"),
        ("薄荷每天浇水。 ^mint-1", "浇水。"),
    ],
)
def test_where_the_text_of_a_passage_ends(text: str, ends: str) -> None:
    assert text[: closing(passage(text))].endswith(ends)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("每天浇。\n</details>", "每天浇。"),
        ("每天浇。</details>", "每天浇。"),
        ("<details>\n<summary>答案</summary>\n\n每天浇。\n\n</details>\n", "每天浇。"),
        ("每天浇。\n<!-- 问过花店 -->\n", "每天浇。"),
        ("每天浇。 <!-- 问过\n花店 -->", "每天浇。"),
        ("每天浇。\n^mint-1\n\n---", "每天浇。"),
        ("每天浇。 ^mint-1", "每天浇。"),
        ("id:: 64f1\n每天浇。\n## 别的", "每天浇。"),
        ("### 夏天\n每天浇。\n### 冬天\n不浇。", "### 夏天\n每天浇。\n### 冬天\n不浇。"),
        ("如图：\n![](a.png)", "如图：\n![](a.png)"),
        ("`x ^abcd`", "`x ^abcd`"),
        ("等于 2 ^1024", "等于 2 ^1024"),
        ("```\nx ^abcd\n```", "```\nx ^abcd\n```"),
        ("https://example.org/intranet", "https://example.org/intranet"),
        ("- 甲\n- 乙：", "- 甲\n- 乙："),
    ],
)
def test_an_answer_is_quoted_without_what_only_a_program_reads(answer: str, expected: str) -> None:
    asked = entry(answer)
    assert asked.text[opening(asked) : closing(asked)] == expected


@pytest.mark.parametrize(
    ("text", "leads"), [("如下：", True), ("**优点:**", True), ("如下。", False), ("3:1", False), ("", False)]
)
def test_what_announces(text: str, leads: bool) -> None:
    assert announces(text) is leads
