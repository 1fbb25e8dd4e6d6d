"""The words of a note as HTML, by value."""

from __future__ import annotations

import time

import pytest

from rag.types import Span
from rag.ui.markup import blocks, encode, highlight, markdown, spans
from tests.ui.hostile import FRAGMENTS, UNREADABLE
from tests.ui.pieces import Pieces


@pytest.mark.parametrize(
    ("sentence", "terms", "expected"),
    [
        (None, [], "abcdef"),
        ((0, 0), [], "abcdef"),
        ((1, 3), [], "a<mark>bc</mark>def"),
        ((-5, 99), [], "<mark>abcdef</mark>"),
        (None, [(2, 3)], 'ab<mark class="kd-term">c</mark>def'),
        ((1, 5), [(2, 3)], 'a<mark>b<mark class="kd-term">c</mark>de</mark>f'),
        ((1, 3), [(0, 1), (5, 6)], '<mark class="kd-term">a</mark><mark>bc</mark>de<mark class="kd-term">f</mark>'),
        (
            (2, 4),
            [(1, 3)],
            'a<mark class="kd-term">b</mark><mark><mark class="kd-term">c</mark>d</mark>ef',
        ),
        (
            (2, 3),
            [(0, 6)],
            '<mark class="kd-term">ab</mark><mark><mark class="kd-term">c</mark></mark>'
            '<mark class="kd-term">def</mark>',
        ),
        (None, [(3, 5), (1, 4)], 'a<mark class="kd-term">bcd</mark><mark class="kd-term">e</mark>f'),
        (None, [(4, 99), (2, 2), (3, 1)], 'abcd<mark class="kd-term">ef</mark>'),
    ],
)
def test_highlight_by_value(sentence: Span | None, terms: list[Span], expected: str) -> None:
    assert highlight("abcdef", sentence, terms) == expected


@pytest.mark.parametrize("fragment", (*FRAGMENTS, *UNREADABLE))
def test_what_is_highlighted_is_the_text_to_the_letter(fragment: str) -> None:
    whole = Pieces(encode(fragment)).text
    for size in (1, 3):
        terms = [(start, start + size) for start in range(0, len(fragment), 2)]
        html = highlight(fragment, (2, 9), terms)
        assert Pieces(html).text == whole
        assert Pieces(html).tags <= {"mark"}


@pytest.mark.parametrize("fragment", (*FRAGMENTS, *UNREADABLE))
def test_rendered_fragments_hold_only_our_tags(fragment: str) -> None:
    html = markdown(fragment)
    pieces = Pieces(html)
    assert pieces.tags <= {
        "blockquote", "br", "code", "del", "div", "em", "h4", "hr", "li", "ol", "p", "pre", "span", "strong", "table",
        "tbody", "td", "th", "thead", "tr", "ul",
    }  # fmt: skip
    assert {name for name, _ in pieces.attributes} <= {"class", "start", "tabindex"}
    assert pieces.classes <= {"kd-math", "kd-picture", "kd-scroll"}
    assert "\n" not in html
    assert not pieces.open


def test_encoded_text_has_no_ascii_punctuation() -> None:
    everything = "".join(map(chr, range(1, 0x250)))
    plain = encode(everything)
    assert not set("<>\"'`{}[]()$\\*_~#!/=%@|\t\n\r") & set(plain.replace("&#", "").replace(";", ""))
    assert Pieces(plain).text[31:94] == everything[31:94]


def test_tokens_tell_the_line_ends_that_they_take() -> None:
    token = blocks('a `x\ny` [l](http://e\n"t") b\n**c**  \n$x\n\ny$ ![p\nq](u\n"t")')[1]
    kept = [(piece.type, piece.meta["breaks"]) for piece in spans(token) if piece.meta]
    assert kept == [("code_inline", 1), ("link_close", 1)]
    token = blocks("$x\n+y\n=z$ ![p\nq](u\n't')")[1]
    kept = [(piece.type, piece.meta["breaks"]) for piece in spans(token) if piece.meta]
    assert kept == [("math_inline", 2), ("image", 2)]


@pytest.mark.parametrize("mark", ["\\[", "\\(", "$a ", "$$ ", "[", "![", "`", "*a ", "_*", "<", "&", "| a"])
def test_many_marks_that_never_close_take_no_time(mark: str) -> None:
    started = time.perf_counter()
    markdown(mark * 5_000)
    assert time.perf_counter() - started < 5
