"""An answer as the page shows it: chips where its own marks are, and nowhere else."""

from __future__ import annotations

import dataclasses
import re

import pytest

from rag.answering.compose import quoted
from rag.serving.turns import Turn
from rag.types import Answer, Hit, Passage, Span
from rag.ui.ask.answer import pieces, written
from rag.ui.words.chinese import CHINESE
from tests.ui.hostile import FRAGMENTS
from tests.ui.pieces import Pieces


def hit(text: str) -> Hit:
    return Hit(Passage("咖啡.md", (), None, 0, len(text), 1, 1, text), 0.9, (0, 1), False, (0, len(text)))


HITS = (hit("甲"), hit("乙"), hit("丙"))


def spans(text: str, marks: str) -> tuple[Span, ...]:
    """Returns the places of the marks that have `marks` in place of their brackets: "‹1›" for "[1]"."""
    return tuple(match.span() for match in re.finditer(marks, text))


def answer(text: str, cited: tuple[int, ...] = (1, 2)) -> Answer:
    """Returns an answer whose marks are written ‹1›; a [1] in it is the notes' own."""
    places = spans(text, r"‹\d+›")
    return Answer("？", text.replace("‹", "[").replace("›", "]"), HITS, cited, True, 0.9, marks=places)


def shown(one: Answer) -> list[str]:
    """Returns the pieces with "‹1›" for a chip."""
    chip = re.compile(r'<a class="kd-chip kd-cite" href="#kd-1-(\d)" title="[^"]*">\1</a>')
    return [chip.sub(r"‹\1›", piece) for piece in written(Turn(1, one, 1.0), CHINESE)]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("水温 [1] 高一点 ‹1›", ["<p>水温 &#91;1&#93; 高一点‹1›</p>"]),
        ("甲 ‹1›\n\n乙 ‹2›", ["<p>甲‹1›</p>", "<p>乙‹2›</p>"]),
        ("```\nx[1]\n``` ‹1›", ['<pre tabindex="0"><code>x&#91;1&#93;</code></pre><p>‹1›</p>']),
        ("```\nopen ‹1›\n\n乙 ‹2›", ['<pre tabindex="0"><code>open</code></pre><p>‹1›</p>', "<p>乙‹2›</p>"]),
        ("- 甲\n- 乙 ‹1›", ["<ul><li>甲</li><li>乙</li></ul><p>‹1›</p>"]),
        # as a language model writes
        ("甲‹1›，乙‹2›‹1›。丙 [2]。", ["<p>甲‹1›，乙‹2›‹1›。丙 &#91;2&#93;。</p>"]),
        ("甲 ‹1›，**乙‹2›**。 ‹1›‹2›\n\n丙", ["<p>甲 ‹1›，<strong>乙‹2›</strong>。‹1›‹2›</p>", "<p>丙</p>"]),
        ("- 甲 ‹1›\n- 乙 ‹2›", ["<ul><li>甲 ‹1›</li><li>乙‹2›</li></ul>"]),
        ("甲‹1›(乙) ‹2›\n", ["<p>甲‹1›&#40;乙&#41;‹2›</p>"]),
        ("`甲‹1›` 与 $x‹1›$ ‹2›", [
            '<p><code>甲&#91;1&#93;</code> 与 <span class="kd-math">\\(x&#91;1&#93;\\)</span>‹2›</p>'
        ]),
        ("| 甲 | 乙 ‹1› |\n|---|---|\n| 丙 ‹2› | 丁 |", [
            '<div class="kd-scroll" tabindex="0"><table><thead><tr><th>甲</th><th>乙 ‹1›</th></tr></thead><tbody><tr>'
            "<td>丙 ‹2›</td><td>丁</td></tr></tbody></table></div>"
        ]),
        ("\x01[1\x01] 甲‹1›乙", ["<p>\ufffd&#91;1\ufffd&#93; 甲‹1›乙</p>"]),
        ("没有出处 [1]", ["<p>没有出处 &#91;1&#93;</p>"]),
        ("", []),
    ],
)  # fmt: skip
def test_chips_stand_where_the_marks_of_the_answer_do(text: str, html: list[str]) -> None:
    assert shown(answer(text)) == html


def test_only_what_is_cited_becomes_a_chip() -> None:
    assert shown(answer("甲‹1›乙‹3›丙‹0›丁‹1234567›", (1,))) == [
        "<p>甲‹1›乙&#91;3&#93;丙&#91;0&#93;丁&#91;1234567&#93;</p>"
    ]


@pytest.mark.parametrize("places", [((0, 1),), ((-3, 99),), ((5, 2),), ((2, 5), (2, 5)), ((9**9, 9**9 + 3),)])
def test_places_that_the_browser_made_up_are_none(places: tuple[Span, ...]) -> None:
    html = "".join(shown(dataclasses.replace(answer("甲 [1] 乙"), marks=places)))
    assert html in ("<p>甲 &#91;1&#93; 乙</p>", "<p>甲 ‹1› 乙</p>")


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_marks_within_hostile_text(fragment: str) -> None:
    one = answer(f"甲‹1›{fragment}‹2›\n{fragment}乙‹1›丙")
    for html in written(Turn(1, one, 1.0), CHINESE):
        reader = Pieces(html)
        assert not reader.open
        assert "\n" not in html and "\x01" not in html and "\ufffd" not in html
        assert {value for name, value in reader.attributes if name == "href"} <= {"#kd-1-1", "#kd-1-2"}


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_quotation_is_a_piece_whatever_it_holds(fragment: str) -> None:
    hits = (hit(f"{fragment} [2]"), hit(f"[1]\n\n{fragment} [1]\n\n"), hit(f"  {fragment}\n"))
    text, marks = quoted(hits, (1, 3, 2))
    one = Answer("？", text, hits, (1, 3, 2), True, 0.9, marks=marks)
    assert [text[start:end] for start, end in marks] == ["[1]", "[3]", "[2]"]
    assert [(piece.text, piece.within, piece.behind) for piece in pieces(one)] == [
        (hits[rank - 1].passage.text, (), (rank,)) for rank in (1, 3, 2)
    ]


def of_note(text: str, quotation: str, opening: str = "") -> list[str]:
    """Returns how an answer that quotes a part of a note is shown."""
    start = text.index(quotation)
    whole = hit(text)
    part = dataclasses.replace(whole, excerpt=(start, start + len(quotation)))
    said, places = quoted((part,), (1,))
    marks = tuple((first + len(opening), last + len(opening)) for first, last in places)
    return shown(Answer("？", opening + said, (part,), (1,), True, 0.9, marks=marks))


@pytest.mark.parametrize("opening", ["", "可能是这段：\n\n"])
def test_lines_of_a_fence_are_code_although_the_fence_is_not_quoted(opening: str) -> None:
    text = "先备份：\n```sh\n# copy\n* 1\n\n  rsync\n```\n完。"
    head = "<p>可能是这段：</p>" if opening else ""
    assert of_note(text, "# copy\n* 1\n\n  rsync", opening) == [
        f'{head}<pre tabindex="0"><code>&#35; copy&#10;&#42; 1&#10;&#10;  rsync</code></pre><p>‹1›</p>'
    ]
    assert of_note(text, "完。", opening) == [f"{head}<p>完。‹1›</p>"]


def test_nested_items_are_a_list_and_keep_their_numbers() -> None:
    text = "1. 甲\n    3. 乙\n    4. 丙\n5. 丁"
    assert of_note(text, "    3. 乙\n    4. 丙") == ['<ol start="3"><li>乙</li><li>丙</li></ol><p>‹1›</p>']
    assert of_note(text, "5. 丁") == ['<ol start="5"><li>丁</li></ol><p>‹1›</p>']


def test_what_a_language_model_writes_is_shown_as_it_is() -> None:
    one = answer("    四个空格 ‹1›", (1,))
    assert shown(one) == ['<pre tabindex="0"><code>四个空格</code></pre><p>‹1›</p>']
