"""reStructuredText line for line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.notes.readers.base import Text
from rag.notes.readers.restructured import read
from tests.formats import ENTRIES, cited

HOUSE = "家务\n====\n\n" + "\n".join(f"{question}\n{'-' * 30}\n\n{answer}\n" for question, answer in ENTRIES)

LINES = [
    ("========", ""),
    ("家务手册", "# 家务手册"),
    ("========", ""),
    ("", ""),
    (".. contents::", ""),
    ("   :depth: 2", ""),
    ("", ""),
    ("洗衣机怎么用？", "## 洗衣机怎么用？"),
    ("--------------", ""),
    ("先看 `说明书 <https://x.org>`_、``a_b`` 和 :ref:`kitchen`。", "先看 说明书、`a_b` 和 `kitchen`。"),
    ("", ""),
    (".. code-block:: sh", "```sh"),
    ("   :linenos:", ""),
    ("", ""),
    ("   # no heading", "# no heading"),
    ("     echo", "  echo"),
    ("", "```"),
    ("Boiler", "### Boiler"),
    ("~~~~~~", ""),
    ("It runs like this::", "It runs like this:"),
    ("", "```"),
    ("    on", "on"),
    ("", "```"),
    ("Rent", "## Rent"),
    ("----", ""),
    (".. note:: Careful", "Careful"),
    ("   It is hot.", "It is hot."),
    ("", ""),
    ("+---+---+", "```"),
    ("| a | b |", "| a | b |"),
    ("+===+===+", "+===+===+"),
    ("| 1 | 2 |", "| 1 | 2 |"),
    ("+---+---+", "```"),
    ("", ""),
    (".. a comment", ""),
    ("   that goes on", ""),
    ("", ""),
    ("#hash", "\\#hash"),
    ("", ""),
    ("----", ""),
    ("", ""),
    ("* one", "* one"),
    ("* two", "* two"),
]


def test_line_by_line() -> None:
    read_lines = read("\n".join(line for line, _ in LINES).encode()).text.split("\n")
    assert read_lines == [expected for _, expected in LINES]


def test_code_with_nothing_behind_it_is_indented() -> None:
    assert read(b"Run::\n\n  a\nb\n") == Text("Run:\n\n    a\nb\n")


@pytest.mark.parametrize(
    "text",
    [
        "====",
        "====\n甲",
        ".. code::",
        ".. code::\n\n   a",
        "+---+",
        "+---+\n| a |",
        "::",
        "a::\n",
        "===  ===\na  b",
        "",
    ],
)
def test_what_is_left_open_is_as_long_as_the_file(text: str) -> None:
    assert read(text.encode()).text.count("\n") == text.count("\n")


def test_a_question_is_answered_with_the_lines_of_the_file(tmp_path: Path, bundled: OnnxEncoder) -> None:
    assert HOUSE.split("\n")[23].startswith("Where")
    assert cited(tmp_path, bundled, "house.rst", HOUSE.encode()) == "house.rst:24-27"
