"""The HTML of the index tab by value, with notes that try to be more than text."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from rag.feedback.append import Addition
from rag.feedback.log import Gap, Pin, digest
from rag.notes.watching import Moved
from rag.serving.rebuilds import PinChange, Rebuilt
from rag.serving.service import State
from rag.types import BuildReport, Cause, Difference, Passage, Reason, Remark, Skipped
from rag.ui.index import view as render
from rag.ui.index.view import Glance
from rag.ui.words.chinese import CHINESE
from rag.ui.words.english import ENGLISH
from tests.ui.hostile import FRAGMENTS
from tests.ui.pieces import Pieces

NOON = "2025-06-01T12:00:00+00:00"
NOW = datetime(2025, 6, 1, 12, 3, 30, tzinfo=UTC)
STATE = State(15, 74, "kuaida", "gen-00000012", None)
PASSAGE = Passage("a b.md", ("题",), "什么是A？", 0, 9, 3, 5, "## 什么是A？")
BUILT = BuildReport(
    15,
    74,
    12,
    1,
    1,
    (Skipped("图.png", Reason(Cause.NOT_A_NOTE, ".png")), Skipped("x", Reason(Cause.SYSTEM, "odd"))),
    "gen-00000013",
    0.42,
    (
        Difference("added", "a b.md", "什么是A？", 3, 5),
        Difference("changed", "c.md", "什么是C？", 7, 7),
        Difference("removed", "d.md", "什么是D？", 1, 2),
    ),
)
REBUILT = Rebuilt(BUILT, 0, (), NOON)


def buttons(html: str) -> list[tuple[str | None, str | None]]:
    """Returns name and value of each button."""
    names = [value for name, value in Pieces(html).attributes if name == "name"]
    values = [value for name, value in Pieces(html).attributes if name == "value"]
    return list(zip(names, values, strict=True))


# ----------------------------------------------------------------------------------------------------------- the state


def test_the_state_at_a_glance() -> None:
    text = Pieces(render.glance(Glance(STATE, NOON, Moved(), ""), CHINESE, NOW)).text
    assert text == "15 篇笔记 · 74 个段落编码器 kuaida索引第 12 代3 分钟前建立索引与笔记一致"
    text = Pieces(render.glance(Glance(STATE, NOON, Moved(), ""), ENGLISH, NOW)).text
    assert text == (
        "15 notes · 74 passagesencoder kuaidaindex generation 12built 3 min agoThe index is up to date with the notes"
    )


def test_what_moved_on_disk() -> None:
    html = render.glance(Glance(STATE, NOON, Moved(("新.md",), ("a b.md",), ("旧.md",)), ""), CHINESE, NOW)
    assert Pieces(html).text.endswith("3 个文件的改动还没进索引+新增新.md~改动a b.md−删除旧.md")
    assert buttons(html) == [("open", "%E6%96%B0.md"), ("open", "a%20b.md")]
    assert '<details class="kd-behind" open>' in html


def test_many_files_are_folded_away_and_cut_short() -> None:
    html = render.glance(Glance(STATE, NOON, Moved(tuple(f"{i}.md" for i in range(60))), ""), CHINESE, NOW)
    assert '<details class="kd-behind"><summary>60 个文件' in html
    assert len(buttons(html)) == 50
    assert Pieces(html).text.endswith("还有 10 项没有列出")


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Glance(STATE, NOON, None, ""), "找不到笔记文件夹，仍在使用原来的索引。"),
        (Glance(STATE, NOON, None, "磁盘满。"), "自动重建没有成功，会继续尝试。磁盘满。"),
        (
            Glance(dataclasses.replace(STATE, warning="damaged"), NOON, Moved(), ""),
            "最新的索引已损坏，正在使用上一代；请点“重建索引”。索引与笔记一致",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(seen: Glance, said: str) -> None:
    assert Pieces(render.glance(seen, CHINESE, NOW)).text.endswith("3 分钟前建立" + said)


@pytest.mark.parametrize(
    ("now", "age"),
    [
        ("2025-06-01T11:59:00+00:00", "刚刚"),  # the clock was set back
        ("2025-06-01T12:00:59+00:00", "刚刚"),
        ("2025-06-01T12:01:00+00:00", "1 分钟前"),
        ("2025-06-01T20:59:59+08:00", "59 分钟前"),
        ("2025-06-01T13:00:00+00:00", "1 小时前"),
        ("2025-06-02T12:00:00+00:00", "1 天前"),
        ("2025-07-01T12:00:00+00:00", "30 天前"),
    ],
)
def test_ages(now: str, age: str) -> None:
    html = render.ago(NOON, "{age}建立", CHINESE, datetime.fromisoformat(now))
    assert Pieces(html).text == f"{age}建立"
    assert "kd-at-1748779200" in html


# ---------------------------------------------------------------------------------------------------------- the report


def test_the_report_lists_what_changed_and_opens_it() -> None:
    html = render.report(REBUILT, CHINESE, NOW)
    assert Pieces(html).text == (
        "最近一次重建 · 3 分钟前"
        "15 篇笔记，74 个段落（+12 ~1 −1），用时 0.4 秒"
        "+新增新增 12+新增什么是A？a b.md 第 3–5 行还有 11 项没有列出"
        "~改动改动 1~改动什么是C？c.md 第 7 行"
        "−删除删除 1−删除什么是D？d.md 第 1–2 行"
        "跳过了 2 个文件图.png不是笔记格式xodd"
    )
    remarks = (Remark("a.md", Reason(Cause.DAMAGED_PLACES, "2")),)
    html = render.report(dataclasses.replace(REBUILT, report=dataclasses.replace(BUILT, remarks=remarks)), CHINESE, NOW)
    assert "1 个文件读到了，但不完整a.md有 2 处损坏，显示为 �跳过了" in Pieces(html).text
    assert buttons(html) == [("open", "a%20b.md:3-5"), ("open", "c.md:7-7")]


def test_no_report_and_no_changes() -> None:
    assert render.report(None, CHINESE, NOW) == ""
    built = BuildReport(15, 74, 0, 0, 0, (), "gen-00000012", 0.04)
    text = Pieces(render.report(Rebuilt(built, 3, (), NOON), CHINESE, NOW)).text
    assert text == ("最近一次重建 · 3 分钟前15 篇笔记，74 个段落，没有变化，用时 0.0 秒3 个固定问题的第一段都没有变")


def test_pinned_questions_before_and_after() -> None:
    same = Pin("甲？", "a b.md", "什么是A？", "0", NOON)
    other = Pin("乙？", "b.md", "什么是B？", "0", NOON)
    none = Pin("丙？", "", "", "", NOON)
    pins = (PinChange(same, PASSAGE), PinChange(other, PASSAGE), PinChange(other, None), PinChange(none, PASSAGE))
    html = render.report(Rebuilt(dataclasses.replace(BUILT, differences=(), skipped=()), 9, pins, NOON), CHINESE, NOW)
    now = "现在什么是A？a b.md 第 3–5 行"
    assert Pieces(html).text.partition("4 个固定问题的第一段变了")[2] == (
        f"甲？{now}同一处，文字变了"
        f"乙？之前什么是B？ · b.md{now}"
        "乙？之前什么是B？ · b.md现在没有段落"
        f"丙？之前没有段落{now}"
    )


# ------------------------------------------------------------------------------------------------------- gaps and pins


def test_gaps_and_what_can_be_done() -> None:
    gaps = (Gap("企鹅吃什么？", 3, NOON, "麻雀吃什么？"), Gap("猫？", 1, NOON, ""))
    html = render.gaps(gaps, True, CHINESE, NOW)
    assert Pieces(html).text == (
        "笔记里没有的问题 2"
        "企鹅吃什么？问过 3 次3 分钟前最接近：麻雀吃什么？补进笔记…不再提示"
        "猫？问过 1 次3 分钟前补进笔记…不再提示"
    )
    assert buttons(html)[:2] == [("gap-fill", "企鹅吃什么？"), ("gap-settle", "企鹅吃什么？")]
    assert "disabled" not in html


def test_without_writing_the_button_is_off_and_says_how_to_switch_it_on() -> None:
    html = render.gaps((Gap("猫？", 1, NOON, ""),), False, CHINESE, NOW)
    assert "启动时请加上 --allow-writing" in Pieces(html).text
    assert [value for name, value in Pieces(html).attributes if name == "disabled"] == [None]


def test_nothing_yet() -> None:
    assert Pieces(render.gaps((), True, CHINESE, NOW)).text == CHINESE.gaps_title + CHINESE.gaps_empty
    assert Pieces(render.pins((), CHINESE)).text == CHINESE.pins_title + CHINESE.pins_empty


def test_pins_with_their_first_passage_now() -> None:
    html = render.pins([(Pin("甲？", "x", "y", digest(PASSAGE), NOON), PASSAGE)], CHINESE)
    assert Pieces(html).text == "固定的问题 1甲？什么是A？a b.md 第 3–5 行取消固定"
    assert buttons(html) == [("open", "a%20b.md:3-5"), ("index-unpin", "甲？")]


# ------------------------------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize(
    ("added", "text", "start"),
    [
        (Addition("a.md", 7, ("", "## 问？", "")), "将从第 6 行起加上这 3 行，其余不动：6空行7## 问？8空行", "6"),
        (Addition("a.md", 1, ("## 问？", "")), "将从第 1 行起加上这 2 行，其余不动：1## 问？2空行", "1"),
    ],
)
def test_the_lines_that_would_be_added(added: Addition, text: str, start: str) -> None:
    found = Pieces(render.addition(added, CHINESE))
    assert found.text == text
    assert ("start", start) in found.attributes


def test_what_was_written_can_be_opened() -> None:
    html = render.written("a b.md", 7, "vscode://file/a%20b.md:7", CHINESE)
    assert Pieces(html).text == ("已写入 a b.md 第 7 行。在它下面写好答案，再重建索引就能找到。在笔记里看用编辑器打开")
    assert buttons(html) == [("open", "a%20b.md:7-7")]
    assert ("href", "vscode://file/a%20b.md:7") in Pieces(html).attributes
    assert "用编辑器打开" not in render.written("a.md", 7, "", CHINESE)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_whatever_stands_in_notes_and_questions_is_text(fragment: str) -> None:
    passage = dataclasses.replace(PASSAGE, source=fragment, question=fragment, headings=(fragment,))
    pin = Pin(fragment, fragment, fragment, fragment, NOON)
    built = dataclasses.replace(
        BUILT,
        differences=(Difference("added", fragment, fragment, 1, 1), Difference("removed", fragment, fragment, 1, 1)),
        skipped=(Skipped(fragment, Reason(Cause.SYSTEM, fragment)),),
    )
    state = dataclasses.replace(STATE, encoder=fragment, warning=fragment)
    parts = (
        render.glance(Glance(state, NOON, Moved((fragment,), (), (fragment,)), fragment), CHINESE, NOW),
        render.glance(Glance(state, NOON, Moved((fragment,), (), (fragment,)), ""), CHINESE, NOW),
        render.report(Rebuilt(built, 1, (PinChange(pin, passage),), NOON), CHINESE, NOW),
        render.gaps((Gap(fragment, 1, NOON, fragment),), True, CHINESE, NOW),
        render.pins([(pin, passage)], CHINESE),
        render.fill_title(fragment, CHINESE),
        render.addition(Addition(fragment, 2, ("", fragment, "")), CHINESE),
        render.written(fragment, 1, "", CHINESE),
    )
    tags = {
        "div", "ul", "ol", "li", "p", "span", "bdi", "button", "details", "summary", "h2", "h3", "dl", "dt", "dd",
        "code", "em",
    }  # fmt: skip
    for part in parts:
        assert "\n" not in part
        assert Pieces(part).tags <= tags
        assert {name for name, _ in Pieces(part).attributes} <= {
            "class", "title", "type", "name", "value", "open", "role", "tabindex", "start",
        }  # fmt: skip
