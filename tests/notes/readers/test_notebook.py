"""Notebooks: text, code and what it printed, by cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.notes.readers.base import Text, guarded
from rag.notes.readers.notebook import read
from rag.types import Cause, Reason
from tests.formats import ENTRIES, cited, refused


def book(*cells: dict[str, Any]) -> bytes:
    return json.dumps(
        {"nbformat": 4, "metadata": {"language_info": {"name": "python"}}, "cells": cells}, ensure_ascii=False
    ).encode()


def said(source: str | list[str]) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source}


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": outputs}


HOUSE = book(said("# 家务"), *(said(f"## {question}\n\n{answer}") for question, answer in ENTRIES))


def test_cells_by_value() -> None:
    data = book(
        said(["# 画图\n", "\n", "先读数据。"]),
        {"cell_type": "raw", "source": "not shown"},
        code(
            "df = read()\ndf",
            {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred\x1b[0m\n", "10%\r100%\n"]},
            {"output_type": "execute_result", "data": {"text/html": "<script>x</script>", "text/plain": ["a  b"]}},
            {"output_type": "display_data", "data": {"text/html": "<b>only HTML</b>", "image/png": "iVBOR"}},
            {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["…"]},
        ),
    )
    text = "# 画图\n\n先读数据。\n\n```python\ndf = read()\ndf\n```\n\n```\nred\n100%\na  b\n\nValueError: no\n```\n"
    places = (1, 1, 1) + (3,) * 14
    assert read(data) == Text(text, "cell", places)


def test_what_is_printed_is_cut() -> None:
    output = {"output_type": "stream", "text": "".join(f"{number}\n" for number in range(1_000))}
    lines = read(book(code("x", output))).text.split("\n")
    assert lines[4:6] + lines[-4:] == ["```", "0", "39", "…", "```", ""]


def test_a_fence_that_a_cell_leaves_open_ends_with_it() -> None:
    assert read(book(said("```\na"), said("# b"))).text == "```\na\n```\n\n# b\n"


def test_a_picture_in_the_text_is_left_out() -> None:
    assert read(book(said(f"![x](data:image/png;base64,{'A' * 1_000}) y"))).text == "![x](data:) y\n"


def test_a_notebook_of_long_ago() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Rent"},
        {"cell_type": "code", "input": "1", "language": "ruby", "outputs": [{"output_type": "pyout", "text": "1"}]},
    ]
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()
    assert read(data) == Text("## Rent\n\n```ruby\n1\n```\n\n```\n1\n```\n", "cell", (1,) + (2,) * 9)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (HOUSE[:-20], Cause.DAMAGED),
        (b"{}", Cause.DAMAGED),
        (b"[]", Cause.DAMAGED),
        (b'{"cells": [1]}', Cause.DAMAGED),
        (b'{"cells": ' + b"[" * 100_000, Cause.DAMAGED),
        (b"\x93\x00\xff\x81random", Cause.BINARY),
        (book(), Cause.NO_TEXT),
        (book(said("")), Cause.NO_TEXT),
    ],
    ids=["cut off", "no cells", "a list", "a number", "nested", "bytes", "empty", "blank"],
)
def test_what_is_refused(data: bytes, cause: Cause) -> None:
    assert refused(guarded(read), data) == Reason(cause)


def test_a_question_is_answered_with_its_cell(tmp_path: Path, bundled: OnnxEncoder) -> None:
    assert cited(tmp_path, bundled, "house.ipynb", HOUSE) == "house.ipynb cell 6"
