"""Org files line for line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.notes.readers import registry
from rag.notes.readers.base import Text
from rag.notes.readers.org import read
from tests.formats import ENTRIES, cited

HOUSE = "#+TITLE: 家务\n\n" + "\n".join(f"* {question}\n{answer}\n" for question, answer in ENTRIES)

LINES = [
    ("#+TITLE: 手册", "# 手册"),
    ("#+AUTHOR: me", ""),
    ("# a comment", ""),
    ("* TODO [#A] 洗衣机怎么用？ :家:电器:", "## 洗衣机怎么用？"),
    (":PROPERTIES:", ""),
    (":ID: 1", ""),
    (":END:", ""),
    ("先放 ~洗衣液~，见 [[https://x.org][说明书]] 和 [[file:b.org]]。", "先放 `洗衣液`，见 说明书 和 file:b.org。"),
    ("** Boiler", "### Boiler"),
    ("#+BEGIN_SRC sh", "```sh"),
    ("# no comment, no heading", "# no comment, no heading"),
    ("* nor this", "* nor this"),
    ("#+END_SRC", "```"),
    ("| room | degrees |", "| room | degrees |"),
    ("|------+---------|", "|------|---------|"),
    ("| hall |      18 |", "| hall |      18 |"),
    ("|------+---------|", "|------|---------|"),
    ("- one", "- one"),
    ("  - two", "  - two"),
    ("-----", ""),
    ("#+begin_quote", ""),
    ("Words =a = b=.", "> Words `a = b`."),
    ("", ""),
    ("#+end_quote", ""),
    ("#hash", "\\#hash"),
    ("a = b and c = d", "a = b and c = d"),
]


def test_line_by_line() -> None:
    read_lines = read("\n".join(line for line, _ in LINES).encode()).text.split("\n")
    assert read_lines == [expected for _, expected in LINES]


def test_without_a_title_the_headings_are_those_of_the_file() -> None:
    assert read("* 甲\r\n*** 乙\r\n正文\r\n".encode("gb18030")) == Text("# 甲\n### 乙\n正文\n")


@pytest.mark.parametrize("text", ["#+BEGIN_SRC\nnever closed", ":LOGBOOK:\nnever closed", "* \n*", ""])
def test_what_is_left_open_is_as_long_as_the_file(text: str) -> None:
    assert read(text.encode()).text.count("\n") == text.count("\n")


def test_a_question_is_answered_with_the_lines_of_the_file(tmp_path: Path, bundled: OnnxEncoder) -> None:
    assert HOUSE.split("\n")[14].startswith("* Where")
    assert cited(tmp_path, bundled, "house.org", HOUSE.encode()) == "house.org:15-16"


def test_it_is_a_note() -> None:
    assert registry.reader_of("a.ORG") is not None
