"""PowerPoint presentations → Markdown by slide: titles, text, tables, and what the speaker noted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.errors import NoteUnreadable
from rag.notes.readers.base import Text
from rag.notes.readers.package import Package, Relation, attribute, child, local, within
from rag.notes.readers.writing import Writer, inline
from rag.types import Cause, Reason

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAIN = "ppt/presentation.xml"
MAX_SLIDES = 2_000
TITLES = ("title", "ctrTitle")
EDGES = ("sldNum", "dt", "ftr", "hdr")  # the same on each slide
TITLE_CHARACTERS = 60  # of the text that a slide without a title is called by
NOT_TEXT = frozenset(("Fallback", "pPr", "rPr", "endParaRPr"))


def read(data: bytes) -> Text:
    """Returns the slides in their order; charts and pictures say nothing. Raises NoteUnreadable."""
    package = Package(data)
    name = next((each.target for each in package.relations("").values() if each.kind == "officeDocument"), MAIN)
    root = package.tree(name)
    if root is None or local(root) != "presentation":
        raise NoteUnreadable(Reason(Cause.DAMAGED))
    parts = list(_slides(root, package.relations(name)))
    writer = Writer("slide")
    for number, part in enumerate(parts[:MAX_SLIDES], 1):
        writer.place = number
        slide = package.tree(part)
        if slide is not None:
            _write(writer, slide, is_first=number == 1)
            _write_notes(writer, package.related(part, "notesSlide"))
    text = writer.finish()
    cut = Reason(Cause.CUT_PLACES, str(MAX_SLIDES)) if len(parts) > MAX_SLIDES else None
    return dataclasses.replace(text, cut=text.cut or cut)


def _slides(root: Element, relations: dict[str, Relation]) -> Iterator[str]:
    for entry in within(root, {"sldId"}):
        # its own number is called "id" too, without a namespace
        identity = next((value for key, value in entry.attrib.items() if key.endswith("}id")), "")
        if relation := relations.get(identity):
            yield relation.target


def _write(writer: Writer, slide: Element, is_first: bool) -> None:
    shapes = list(within(slide, {"sp", "graphicFrame"}, NOT_TEXT))
    titles = [shape for shape in shapes if _kind(shape) in TITLES]
    title = inline(" ".join(text for shape in titles for _, text in _paragraphs(shape)))
    others = [shape for shape in shapes if shape not in titles and _kind(shape) not in EDGES]
    if not title:
        said = (text for shape in others for _, text in _paragraphs(shape))
        title = inline(next(said, ""))[:TITLE_CHARACTERS]
    writer.heading(1 if is_first else 2, title)
    for shape in others:
        _write_shape(writer, shape)


def _write_shape(writer: Writer, shape: Element) -> None:
    table = next(within(shape, {"tbl"}), None)
    if table is not None:
        writer.table([_cell(cell) for cell in within(row, {"tc"})] for row in within(table, {"tr"}))
        return
    paragraphs = list(_paragraphs(shape))
    writer.end_list()
    for depth, text in paragraphs:
        if len(paragraphs) > 1 and _kind(shape) != "subTitle":
            writer.item(text, indent=2 * depth)
        else:
            writer.paragraph(text)


def _write_notes(writer: Writer, notes: Element | None) -> None:
    for shape in within(notes, {"sp"}, NOT_TEXT) if notes is not None else ():
        if _kind(shape) == "body":
            for _, text in _paragraphs(shape):
                writer.paragraph(text)


def _kind(shape: Element) -> str | None:
    """Returns which of the places of its layout a shape fills, None for one that was put there freely."""
    place = next(within(shape, {"ph"}, {"txBody"}), None)
    return None if place is None else place.get("type", "body")


def _cell(cell: Element) -> str:
    return " ".join(text for _, text in _paragraphs(cell))


def _paragraphs(shape: Element) -> Iterator[tuple[int, str]]:
    """Yields the paragraphs of a shape that say something, each with its depth."""
    for paragraph in within(shape, {"p"}, NOT_TEXT):
        text = "".join(
            (one.text or "") if local(one) == "t" else "\n" for one in within(paragraph, {"t", "br"}, NOT_TEXT)
        )
        if text.strip():
            depth = attribute(child(paragraph, "pPr"), "lvl") or "0"
            yield min(int(depth), 9) if depth.isdecimal() else 0, text
