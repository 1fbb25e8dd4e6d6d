"""A note that is opened at lines of the index: where these lines are now, by value."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from rag.insights.duplicates import Twin
from rag.notes.corpus import read_corpus
from rag.passages.split import split
from rag.types import Note
from rag.ui.notes import duplicates as pairs
from rag.ui.notes import tree
from rag.ui.notes.opened import Lines, Standing, opened, rebuilt
from rag.ui.notes.page import View, page
from rag.ui.notes.reader import Border
from rag.ui.notes.tree import Leaf
from rag.ui.words.chinese import CHINESE
from rag.ui.words.english import ENGLISH
from tests.process import ROOT
from tests.ui.hostile import FRAGMENTS
from tests.ui.pieces import Pieces

TEXT = "# 茶\n\n## 绿茶用多少度的水？\n\n用 80 度的水。\n\n## 红茶呢，用多少度？\n\n用 95 度的水。\n"


def note(text: str, source: str = "茶.md") -> Note:
    return Note(source, "茶", text, hashlib.sha256(text.encode()).hexdigest())


INDEXED = split(note(TEXT))
DIGEST = note(TEXT).sha256


@pytest.mark.parametrize(
    ("now", "standing", "marked", "lost"),
    [
        (TEXT, Standing.SAME, (7, 9), ""),
        (TEXT + "\n新的一行。\n", Standing.CHANGED, (7, 9), ""),
        ("新的一行。\n\n" + TEXT, Standing.CHANGED, (9, 11), ""),
        (TEXT.split("## 红")[0] + "## 红" + TEXT.split("## 红")[1] * 2, Standing.CHANGED, (7, 9), ""),
        (TEXT.replace("95", "90"), Standing.CHANGED, None, "## 红茶呢，用多少度？\n\n用 95 度的水。"),
        ("", Standing.CHANGED, None, "## 红茶呢，用多少度？\n\n用 95 度的水。"),
    ],
)
def test_where_a_passage_is_now(now: str, standing: Standing, marked: Lines | None, lost: str) -> None:
    found = opened("茶.md", note(now), DIGEST, INDEXED, (7, 9))
    assert found is not None
    assert (found.standing, found.asked, found.marked, found.lost) == (standing, (7, 9), marked, lost)
    assert found.text == now
    assert found.passages == split(note(now))


def test_of_equal_passages_the_nearest_is_meant() -> None:
    again = "用 95 度的水。\n" * 3 + TEXT
    found = opened("茶.md", note(again), DIGEST, INDEXED, (9, 9))
    assert found is not None
    assert found.marked == (12, 12)


def test_lines_that_are_no_passage_are_found_too() -> None:
    found = opened("茶.md", note("x\n" + TEXT), DIGEST, INDEXED, (4, 6))
    assert found is not None
    assert found.marked == (6, 6)  # the blank lines around are not meant
    beyond = opened("茶.md", note("x\n" + TEXT), DIGEST, INDEXED, (90, 99))
    assert beyond is not None
    assert (beyond.marked, beyond.lost) == (None, "")


def test_a_note_that_is_gone_is_rebuilt_from_the_index() -> None:
    found = opened("茶.md", None, DIGEST, INDEXED, (7, 9))
    assert found is not None
    assert (found.standing, found.text, found.marked, found.title) == (Standing.GONE, TEXT, (7, 9), "茶")
    assert opened("茶.md", None, None, (), None) is None


def test_a_note_that_is_not_indexed_yet_is_shown() -> None:
    found = opened("茶.md", note(TEXT), None, (), None)
    assert found is not None
    assert (found.standing, found.passages, found.marked) == (Standing.NEW, INDEXED, None)


def test_a_note_is_rebuilt_line_by_line() -> None:
    for one in read_corpus(ROOT / "corpus")[0]:
        lines = [line if line.strip() else "" for line in one.text.rstrip().split("\n")]
        assert rebuilt(split(one)).removesuffix("\n").split("\n") == lines
    long_line = "很长的一句话，没有换行。" * 300
    assert rebuilt(split(note(long_line))) == long_line + "\n"
    assert rebuilt(()) == "\n"


# -------------------------------------------------------------------------------------------------------- what is shown


def shown(now: str | None, view: View | None = None) -> str:
    found = opened("茶.md", None if now is None else note(now), DIGEST, INDEXED, (7, 9))
    assert found is not None
    return page(found, [Border(1, INDEXED[0], ("词",))], view or View(), "vscode://file/x", CHINESE)


def test_the_head_of_a_note_by_value() -> None:
    html = shown(TEXT)
    assert html.startswith(
        '<div class="kd-opened"><div class="kd-note-head">'
        '<button type="button" class="kd-do kd-back" name="note-list" value="">返回目录</button>'
        '<h2 class="kd-note-title" dir="auto" tabindex="-1">茶</h2>'
        '<p class="kd-note-place"><code><bdi>茶&#46;md</bdi>&#58;7–9</code> '
        "<span>9 行 · 2 个段落 · 2 个问题</span></p>"
    )
    assert 'name="copy" value="茶&#46;md&#58;7"' in html
    assert Pieces(html).marked == {7, 9}
    assert "kd-border" not in Pieces(html).classes
    assert "kd-standing" not in Pieces(html).classes


def test_borders_and_source_are_shown_when_asked_for() -> None:
    html = shown(TEXT, View(raw=True, borders=True))
    assert "kd-border" in Pieces(html).classes
    assert Pieces(html).marked == {7, 8, 9}
    assert 'class="kd-do kd-toggle kd-on" name="note-view" value="raw"' in html
    assert 'class="kd-do kd-toggle kd-on" name="note-borders" value=""' in html


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("x\n\n" + TEXT, ["已改动 建立索引之后，这篇笔记改动过；这里是磁盘上现在的文字。",
                          "标出的段落没有变，但从第 7–9 行移到了第 9–11 行。"]),
        (TEXT + "\nx\n", ["已改动 建立索引之后，这篇笔记改动过；这里是磁盘上现在的文字。",
                          "标出的段落没有变，仍在原来的行。"]),
        ("x", ["已改动 建立索引之后，这篇笔记改动过；这里是磁盘上现在的文字。",
               "原来第 7–9 行的这段文字，现在的笔记里已经没有了。建立索引时它是："]),
        (None, ["这篇笔记已经不在磁盘上了；下面是建立索引时的文字。"]),
    ],
)  # fmt: skip
def test_what_differs_is_said(now: str | None, said: list[str]) -> None:
    sentences = shown(now).split('<p class="kd-standing">')[1:]
    assert [Pieces(sentence.split("</p>")[0]).text for sentence in sentences] == said


def test_the_tree_by_value() -> None:
    notes = [Leaf("a/b/x.md", 2), Leaf("a/y.md", 3), Leaf("z.md", 1)]
    html = tree.tree(notes, "", ENGLISH)
    assert Pieces(html).text == (
        "Notes 3a 55 passagesb 22 passagesx.md 22 passagesy.md 33 passagesz.md 11 passagesSimilar questions"
    )
    assert 'name="open" value="a&#37;2Fb&#37;2Fx&#46;md"' in html
    assert html.count("<details open>") == 2
    assert Pieces(tree.tree(notes, " Y", ENGLISH)).text.startswith("Notes 1a 33 passagesy.md 33 passages")
    assert "No note is named like “q”." in Pieces(tree.tree(notes, "q ", ENGLISH)).text
    many = [Leaf(f"f{number}/n.md", 1) for number in range(13)]
    assert "<details open>" not in tree.tree(many, "", ENGLISH)
    assert tree.tree(many, "f1", ENGLISH).count("<details open>") == 4


def test_what_a_search_finds_opens_at_its_lines() -> None:
    assert tree.found((), CHINESE) == ""
    assert (
        '<button type="button" class="kd-do kd-leaf" name="open" value="&#37;E8&#37;8C&#37;B6&#46;md&#58;7&#45;9">'
        '<span class="kd-entry" dir="auto">红茶呢，用多少度？</span>'
        '<span class="kd-entry-place"><bdi>茶&#46;md</bdi>&#58;7–9</span></button>'
    ) in tree.found(INDEXED[1:], CHINESE)


def test_twins_stand_side_by_side() -> None:
    twin = Twin(INDEXED[0], INDEXED[1], 0.914, False)
    html = pairs.twins([twin, dataclasses.replace(twin, same_answer=True)], CHINESE)
    assert html.count('class="kd-twin"') == 2
    assert html.index("<details>") > html.index('class="kd-twin"')
    assert "相似 91%" in Pieces(html).text
    assert "另有 1 对，答案也一样" in Pieces(html).text
    assert "用 80 度的水。" in Pieces(html).text
    assert CHINESE.twins_none in Pieces(pairs.twins((), CHINESE)).text


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_hostile_note_stays_text_everywhere(fragment: str) -> None:
    passage = dataclasses.replace(INDEXED[0], source=fragment, question=fragment, headings=(fragment,), text=fragment)
    found = opened(fragment, Note(fragment, fragment, "x", "1"), "2", [passage], (1, 3))
    assert found is not None
    found = dataclasses.replace(found, lost=fragment)
    pages = [
        page(found, [], View(), "", CHINESE),
        tree.tree([Leaf(fragment, 1)], fragment, CHINESE),
        tree.found([passage], CHINESE),
        pairs.twins([Twin(passage, passage, 0.9, False)], CHINESE),
    ]
    for html in pages:
        pieces = Pieces(html)
        assert pieces.tags <= {
            "b", "bdi", "blockquote", "br", "button", "code", "del", "details", "div", "em", "h2", "h4", "hr", "li",
            "ol", "p", "pre", "span", "strong", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul",
        }  # fmt: skip
        assert {name for name, _ in pieces.attributes} <= {
            "class", "dir", "name", "open", "role", "start", "tabindex", "title", "type", "value",
        }  # fmt: skip
        assert {value for name, value in pieces.attributes if name == "name"} <= {
            "copy", "note-borders", "note-list", "note-view", "open", "twins",
        }  # fmt: skip
        assert not pieces.open
        assert "\n" not in html
    assert fragment in Pieces(pages[0]).text
