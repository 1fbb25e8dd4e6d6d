"""Jupyter notebooks: text as it is, code in fences with what it printed; a line stands in a cell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rag.errors import NoteUnreadable
from rag.notes.readers import text as plain
from rag.notes.readers.base import Text
from rag.notes.readers.writing import Writer
from rag.text.markdown import FENCE, next_fence
from rag.types import Cause, Reason

OUTPUT_LINES = 40  # of one cell; more is a log
OUTPUT_CHARACTERS = 2_000
COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
IMAGE = re.compile(r"data:[\w/+.-]+;base64,[\w+/=]+")
Cell = Mapping[str, Any]


def read(data: bytes) -> Text:
    """Returns the cells in order; of what code printed only plain text, never HTML. Raises NoteUnreadable.

    A damaged notebook fails with any error of `json`, or of values that are not what they should be.
    """
    file = plain.read(data)
    book = json.loads(file.text)
    if not isinstance(book, dict) or not ("cells" in book or "worksheets" in book):
        raise NoteUnreadable(Reason(Cause.DAMAGED))
    language = _language(book.get("metadata", {}))
    writer = Writer("cell")
    writer.damaged = file.damaged
    for number, cell in enumerate(_cells(book), 1):
        writer.place = number
        source = _joined(cell.get("source", cell.get("input", "")))
        match cell.get("cell_type"):
            case "markdown":
                writer.block(_closed(IMAGE.sub("data:", source)))
            case "heading":  # of notebooks before 2015
                writer.heading(int(cell.get("level", 1)), source)
            case "code":
                writer.code(source, cell.get("language") or language)
                writer.code(_printed(cell))
    return writer.finish()


def _cells(book: Mapping[str, Any]) -> list[Cell]:
    if "cells" in book:
        return list(book["cells"])
    return [cell for sheet in book["worksheets"] for cell in sheet["cells"]]


def _language(about: Mapping[str, Any]) -> str:
    kernel, language = about.get("kernelspec", {}), about.get("language_info", {})
    return str(language.get("name") or kernel.get("language") or "")


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _closed(source: str) -> list[str]:
    """Returns the lines of a cell, and the end of a fence that it leaves open: the next cell is text again."""
    lines, fence = plain_lines(source), ""
    for line in lines:
        if match := FENCE.match(line):
            fence = next_fence(fence, match[1])
    return [*lines, fence] if fence else lines


def plain_lines(source: str) -> list[str]:
    """Returns the lines of a text without the blank ones around it."""
    lines = source.replace("\r\n", "\n").rstrip().split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    return lines


def _printed(cell: Cell) -> str:
    """Returns what a cell printed, its beginning when that is long."""
    text = COLOURS.sub("", "\n".join(map(str.rstrip, _outputs(cell))))
    lines = [line.rsplit("\r", 1)[-1] for line in text.replace("\r\n", "\n").split("\n")]  # a progress bar, at its end
    said = "\n".join(lines[:OUTPUT_LINES])[:OUTPUT_CHARACTERS]
    return said if said == "\n".join(lines) else f"{said}\n…"


def _outputs(cell: Cell) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        match output.get("output_type"):
            case "stream":
                yield _joined(output.get("text", ""))
            case "execute_result" | "display_data" | "pyout":
                yield _joined(output.get("data", output).get("text/plain", output.get("text", "")))
            case "error" | "pyerr":
                yield f"{output.get('ename', '')}: {output.get('evalue', '')}"
