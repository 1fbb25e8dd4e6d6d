"""A whole note, rendered and as its source: every line can be found, and exactly what is meant is marked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rag.notes.corpus import read_corpus, read_note
from rag.passages.split import split
from rag.types import Passage
from rag.ui.markup import printable
from rag.ui.notes import reader as notes
from rag.ui.notes.reader import Border, Lines, Part, document, source
from rag.ui.words.chinese import CHINESE
from tests.process import ROOT
from tests.ui.hostile import FRAGMENTS, UNREADABLE
from tests.ui.pieces import Pieces

SAMPLES = ROOT / "tests" / "data" / "notes"
PLACES = [(corpus, note.source) for corpus in (ROOT / "corpus", SAMPLES) for note in read_corpus(corpus)[0]]


def filled(text: str, first: int, last: int) -> set[int]:
    lines = text.split("\n")
    return {number for number in range(first, last + 1) if lines[number - 1].strip()}


def borders(passages: tuple[Passage, ...]) -> list[Border]:
    return [Border(number, passage, ("词",)) for number, passage in enumerate(passages, 1)]


def rendered(text: str, marked: Lines | None = None) -> str:
    return document(text, marked, [], CHINESE).removeprefix('<div class="kd-note" dir="auto">').removesuffix("</div>")


@pytest.mark.parametrize(("corpus", "name"), PLACES, ids=[name for _, name in PLACES])
def test_every_passage_of_a_note_is_marked_exactly(corpus: Path, name: str) -> None:
    """All lines are there, and for each passage its lines are marked and no others."""
    note = read_note(corpus, name)
    passages = split(note)
    marks = borders(passages)
    whole = Pieces(document(note.text, None, marks, CHINESE))
    lines = note.text.removesuffix("\n").split("\n")
    part = notes.shown(lines, 1)
    assert whole.lines == filled(note.text, part.first, part.last)
    assert whole.marked == set()
    assert whole.text.count("段落 ") >= sum(passage.start_line <= part.last for passage in passages)
    for passage in passages:
        place = passage.start_line, passage.end_line
        assert Pieces(document(note.text, place, marks, CHINESE)).marked == filled(note.text, *place)
        raw = Pieces(source(note.text, place, marks, CHINESE))
        assert raw.marked == set(range(place[0], place[1] + 1))
    # the source is the file, line by line
    raw = Pieces(source(note.text, None, marks, CHINESE))
    assert [(min(piece.lines), piece.text) for piece in raw.found] == [*enumerate(lines[: part.last], 1)]


# ------------------------------------------------------------------------------------------------------ by value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", '<p><span class="kd-l kd-l1">a<br></span><span class="kd-l kd-l2">b</span></p>'),
        (
            "**a\nb** c",
            '<p><span class="kd-l kd-l1"><strong>a<br></strong></span>'
            '<span class="kd-l kd-l2"><strong>b</strong> c</span></p>',
        ),
        ("# a #", '<h3><span class="kd-l kd-l1">a</span></h3>'),
        ("a\n==", '<h3><span class="kd-l kd-l1">a</span><span class="kd-l kd-l2"></span></h3>'),
        ("###### a", '<h6><span class="kd-l kd-l1">a</span></h6>'),
        (
            "- a\n- b",
            '<ul><li><span class="kd-l kd-l1">a</span></li><li><span class="kd-l kd-l2">b</span></li></ul>',
        ),
        (
            "3. a\n\n4. b\n   c",
            '<ol start="3"><li><p><span class="kd-l kd-l1">a</span></p></li>'
            '<li><p><span class="kd-l kd-l3">b<br></span><span class="kd-l kd-l4">c</span></p></li></ol>',
        ),
        (
            "> a\n>\n> b",
            '<blockquote><p><span class="kd-l kd-l1">a</span></p><span class="kd-l kd-l2"></span>'
            '<p><span class="kd-l kd-l3">b</span></p></blockquote>',
        ),
        (
            "|a|b|\n|-|-|\n|1|2|",
            '<div class="kd-scroll" tabindex="0"><table><thead><tr class="kd-l kd-l1"><th>a</th><th>b</th></tr>'
            '<tr class="kd-l kd-l2" hidden><td></td></tr></thead>'
            '<tbody><tr class="kd-l kd-l3"><td>1</td><td>2</td></tr></tbody></table></div>',
        ),
        (
            "```py\nx\n\n y\n```",
            '<pre tabindex="0"><code><span class="kd-fence kd-l kd-l1">py</span><span class="kd-l kd-l2">x</span>&#10;'
            '&#10;<span class="kd-l kd-l4"> y</span>&#10;<span class="kd-l kd-l5"></span></code></pre>',
        ),
        (
            "    x\n    y",
            '<pre tabindex="0"><code><span class="kd-l kd-l1">x</span>&#10;<span class="kd-l kd-l2">y</span>&#10;'
            "</code></pre>",
        ),
        ("a\n\n---\n", '<p><span class="kd-l kd-l1">a</span></p><hr class="kd-l kd-l3">'),
        (
            "---\ntitle: x\n---\na",
            '<pre class="kd-front" tabindex="0"><code><span class="kd-l kd-l1">&#45;&#45;&#45;</span>&#10;'
            '<span class="kd-l kd-l2">title&#58; x</span>&#10;<span class="kd-l kd-l3">&#45;&#45;&#45;</span>&#10;'
            '</code></pre><p><span class="kd-l kd-l4">a</span></p>',
        ),
        ("[1]: u", '<p><span class="kd-l kd-l1">&#91;1&#93;&#58; u</span></p>'),
        ("<b>\nx", '<p><span class="kd-l kd-l1">&#60;b&#62;<br></span><span class="kd-l kd-l2">x</span></p>'),
        (
            "`a\nb`",
            '<p><span class="kd-l kd-l1"><code>a</code><br></span><span class="kd-l kd-l2"><code>b</code></span></p>',
        ),
        (
            "[a](u\n'v') b",
            '<p><span class="kd-l kd-l1">a</span><span class="kd-l kd-l2"> b</span></p>',
        ),
        ("$$\nx\n$$", '<div class="kd-math kd-l kd-l1 kd-l2 kd-l3" tabindex="0">\\[x\\]</div>'),
        (
            "a $x\ny$ b",
            '<p><span class="kd-l kd-l1">a </span><span class="kd-math kd-l kd-l1 kd-l2">\\(x y\\)</span>'
            '<span class="kd-l kd-l2"> b</span></p>',
        ),
        ("\u3000\n\u3000\u3000a\u3000", '<p><span class="kd-l kd-l2">a</span></p>'),
    ],
)
def test_a_rendered_note_by_value(text: str, expected: str) -> None:
    assert rendered(text) == expected


def test_marked_lines_by_value() -> None:
    assert rendered("a\nb\nc", (2, 2)) == (
        '<p><span class="kd-l kd-l1">a<br></span><span class="kd-l kd-l2 kd-marked">b<br></span>'
        '<span class="kd-l kd-l3">c</span></p>'
    )
    assert 'class="kd-math kd-l kd-l1 kd-l2 kd-l3 kd-marked"' in rendered("$$\nx\n$$", (1, 3))


def test_a_formula_that_is_marked_in_part_is_shown_as_its_source() -> None:
    assert rendered("$$\nx\n$$", (2, 9)) == (
        '<pre tabindex="0"><code><span class="kd-l kd-l1">&#36;&#36;</span>&#10;'
        '<span class="kd-l kd-l2 kd-marked">x</span>&#10;<span class="kd-l kd-l3 kd-marked">&#36;&#36;</span>&#10;'
        "</code></pre>"
    )
    assert rendered("a $x\ny$ b", (2, 2)) == (
        '<p><span class="kd-l kd-l1">a <code>&#36;x</code><br></span>'
        '<span class="kd-l kd-l2 kd-marked"><code>y&#36;</code> b</span></p>'
    )


def test_what_is_nested_too_deep_for_markdown_is_still_there() -> None:
    text = "> " * 30 + "deep\n" + "- " * 30 + "deeper"
    pieces = Pieces(document(text, None, [], CHINESE))
    assert pieces.lines == {1, 2}
    assert "deep" in pieces.found[0].text
    assert "deeper" in pieces.text


def test_a_border_by_value() -> None:
    passage = Passage("a.md", ("甲", "乙"), "乙是什么？", 0, 1, 1, 3, "a")
    expected = (
        '<span class="kd-border"><b>段落 2</b> <span>第 1–3 行</span> <span class="kd-border-asked">乙是什么？</span> '
        '<span class="kd-border-telling">词 元</span></span>'
    )
    text = "- a\n- b"
    html = document(text, None, [Border(2, passage, ("词", "元"))], CHINESE)
    assert html == f'<div class="kd-note" dir="auto">{expected}{rendered(text)}</div>'
    prose = Passage("a.md", ("甲", "乙"), None, 0, 1, 2, 2, "b")
    html = document(text, None, [Border(3, prose)], CHINESE)
    assert (
        '<li><span class="kd-border"><b>段落 3</b> <span>第 2 行</span> '
        '<span class="kd-border-asked">甲 › 乙</span></span>'
        '<span class="kd-l kd-l2">b</span></li>'
    ) in html


@pytest.mark.parametrize("line", range(1, 12))
@pytest.mark.parametrize(
    "text",
    [
        "a\nb\nc\n# d\n```\ne\nf\n```\n- g\n- h\n  i",
        "|a|\n|-|\n|b|\n|c|\n\n$$\nx\n$$\n> a\n>\n> b",
        "1. a\n   - b\n   - c\n\n     d\n2. e\n---\nf\n==\n`g\nh`",
    ],
)
def test_a_border_may_stand_before_any_line(text: str, line: int) -> None:
    if not text.split("\n")[line - 1].strip():
        return
    passage = Passage("a.md", (), "问题", 0, 1, line, line, "a")
    pieces = Pieces(document(text, None, [Border(1, passage)], CHINESE))
    assert pieces.text.count("段落 1") == 1
    assert pieces.lines == filled(text, 1, 11)
    assert Pieces(source(text, None, [Border(1, passage)], CHINESE)).text.count("段落 1") == 1


# ------------------------------------------------------------------------------------------------------ long notes


def test_a_long_note_is_shown_in_part_around_what_is_marked() -> None:
    text = "\n\n".join(f"第 {number} 行" for number in range(1, 5_001))
    lines = text.removesuffix("\n").split("\n")
    assert notes.shown(lines, 1) == Part(1, 1_500, 9_999)
    assert notes.shown(lines, 5_001) == Part(4_626, 6_125, 9_999)
    assert notes.shown(lines, 99_999) == Part(9_624, 9_999, 9_999)
    for view in (document, source):
        html = view(text, (5_001, 5_003), [], CHINESE)
        pieces = Pieces(html)
        assert pieces.lines == set(range(4_626, 6_126)) - (set() if view is source else set(range(4_626, 6_126, 2)))
        assert min(pieces.marked) == 5_001
        assert "这篇笔记共 9999 行，这里显示第 4626–6125 行。" in pieces.text
        assert '<button type="button" class="kd-do " name="note-part" value="3501">' in html
        assert '<button type="button" class="kd-do " name="note-part" value="6126">' in html
        assert 5_001 not in Pieces(view(text, (5_001, 5_003), [], CHINESE, around=1)).lines


@pytest.mark.parametrize(
    "text",
    [
        "```\n" + "x\n" * 10_000,
        "- a\n" * 10_000,
        "a\n" * 10_000,
        "|a|b|\n|-|-|\n" + "|1|2|\n" * 10_000,
        "> a\n" * 10_000,
        "---\na: b\n" + "c: d\n" * 150 + "---\n" + "x\n" * 10_000,
        "$$\nx\n$$\n" * 3_000,
    ],
)
def test_a_part_may_begin_and_end_in_the_middle_of_anything(text: str) -> None:
    part = notes.shown(text.removesuffix("\n").split("\n"), 7_000)
    pieces = Pieces(document(text, (7_000, 7_001), [], CHINESE))
    assert pieces.lines == filled(text, part.first, part.last)
    assert pieces.marked == filled(text, 7_000, 7_001)
    assert len(pieces.lines) == 1_500


@pytest.mark.parametrize("unit", ["字" * 99 + "\n", "\\[", "字", "[", "> ", "- ", "$a ", "`", "|a|\n|-|\n"])
def test_a_note_of_a_megabyte_is_shown_in_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    for view in (document, source):
        started = time.perf_counter()
        html = view(text, None, [], CHINESE)
        assert time.perf_counter() - started < 5
        assert len(html) < 3_000_000


def test_a_very_long_line_is_cut_and_that_is_said() -> None:
    text = "字" * 20_001
    pieces = Pieces(source(text, None, [], CHINESE))
    assert pieces.text.startswith("有些行太长，只显示开头 20000 个字符。")
    assert pieces.found[0].text == "字" * 20_000


# --------------------------------------------------------------------------------------------------- hostile notes

TAGS = {
    "b", "blockquote", "br", "code", "del", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "span",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
CLASSES = {
    "kd-note", "kd-raw", "kd-row", "kd-number", "kd-border", "kd-border-asked", "kd-border-telling", "kd-fence",
    "kd-front", "kd-math", "kd-picture", "kd-scroll", "kd-l", "kd-marked",
}  # fmt: skip


@pytest.mark.parametrize("fragment", (*FRAGMENTS, *UNREADABLE))
def test_a_hostile_note_stays_text(fragment: str) -> None:
    passage = Passage(fragment, (fragment,), fragment, 0, 1, 1, 2, fragment)
    text = f"# {fragment}\n\n{fragment}\n"
    lines = text.removesuffix("\n").split("\n")
    marks = [Border(1, passage, (fragment,))]
    for view in (document, source):
        html = view(text, (len(lines), len(lines)), marks, CHINESE)
        pieces = Pieces(html)
        assert pieces.tags <= TAGS
        assert {name for name, _ in pieces.attributes} <= {"class", "dir", "hidden", "start", "tabindex"}
        assert {name for name in pieces.classes if not name.startswith("kd-l") or name == "kd-l"} <= CLASSES
        assert pieces.lines >= filled(text, 1, len(lines))
        assert pieces.marked == {len(lines)}
        assert not pieces.open
        assert "\n" not in html
    assert [piece.text for piece in pieces.found] == list(map(printable, lines))
