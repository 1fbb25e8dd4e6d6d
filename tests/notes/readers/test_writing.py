"""Blocks as Markdown, each with its place."""

from __future__ import annotations

import pytest

from rag.errors import NoteUnreadable
from rag.notes.readers import writing
from rag.notes.readers.base import Text
from rag.notes.readers.writing import Writer, contained, inline, literal
from rag.types import Cause, Reason


def test_blocks_by_value() -> None:
    writer = Writer("page")
    writer.heading(1, " 家 \n务 ")
    writer.place = 2
    writer.paragraph("一\r\n# 二\x00\u2028三", prefix="> ")
    writer.item("a")
    writer.item("b\nc", marker="1.", indent=2)
    writer.table([["x|y", "z"], [], ["1"]])
    writer.place = 4
    writer.code("\n\na ```\n\n", "py")
    text = (
        "# 家 务\n\n> 一\n> \\# 二\n> 三\n\n- a\n  1. b c\n\n"
        "| x\\|y | z |\n| --- | --- |\n| 1 |  |\n\n````py\na ```\n````\n"
    )
    assert writer.finish() == Text(text, "page", (1, *(2,) * 11, *(4,) * 5))


def test_what_says_nothing_is_not_written() -> None:
    writer = Writer()
    writer.heading(1, " \u200b".strip("\u200b"))
    writer.paragraph(" \n\t")
    writer.item("")
    writer.table([[""], []])
    writer.code("\n")
    writer.block([])
    with pytest.raises(NoteUnreadable, match="without text"):
        writer.finish()


def test_a_table_of_one_column_is_text() -> None:
    writer = Writer()
    writer.table([["a | b"], ["c"]])
    assert writer.finish() == Text("a | b\n\nc\n")


def test_too_much_is_cut_at_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_CHARACTERS", 10)
    writer = Writer()
    for text in ("12345", "12345", "1"):
        writer.paragraph(text)
    assert writer.finish() == Text("12345\n", cut=Reason(Cause.CUT_CHARACTERS, "10"))


@pytest.mark.parametrize("line", ["# a", "#a", "```", "~~~ x", "---", "===", "* * *", "___"])
def test_what_markdown_would_take_for_more_than_text(line: str) -> None:
    assert literal(line) == f"\\{line}"


@pytest.mark.parametrize("line", ["- a", "1. a", "| a |", "a # b", "C#", "-1", "--- a"])
def test_what_is_text_stays(line: str) -> None:
    assert literal(line) == line


def test_a_piece_of_markdown_stays_within_its_heading() -> None:
    assert list(contained("a\n# b\n```\n# c")) == ["a", "\\# b", "```", "# c", "```"]
    assert inline("a\u3000\xa0b\ud800") == "a b"
