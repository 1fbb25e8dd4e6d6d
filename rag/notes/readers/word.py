"""Word documents → Markdown: headings by style, lists, tables and text, in order.

Only parts of the file itself are read: no template, picture or address that it refers to.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import NoteUnreadable
from rag.notes.readers.base import Text
from rag.notes.readers.package import Package, attribute, child, local, within
from rag.notes.readers.writing import LEVELS, Writer, inline
from rag.types import Cause, Reason

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAIN = "word/document.xml"
MAX_BASES = 20  # styles that a style is based on, one on the other
MAX_NESTING = 20  # of boxes
BOLD_CHARACTERS = 150  # of a paragraph that heads something; a longer one is emphasis
HEADING = re.compile(r"heading (\d)")
BULLETS = ("bullet", "none")
NOT_TEXT = frozenset(("del", "moveFrom", "Fallback", "instrText", "rPr", "pPr", "drawing", "pict"))
CODE = ("source code", "html preformatted", "code", "preformatted text")
OFF = ("0", "false", "off", "none")


@dataclass(frozen=True, slots=True)
class Style:
    """What a style of paragraphs means; `level` is that of a heading, 0 for text, `numbering` that of a list."""

    name: str
    level: int
    numbering: Element | None


def read(data: bytes) -> Text:
    """Returns the text of a document; its lines are those of what was read. Raises NoteUnreadable."""
    package = Package(data)
    name = next((each.target for each in package.relations("").values() if each.kind == "officeDocument"), MAIN)
    root = package.tree(name)
    body = child(root, "body")
    if root is None or local(root) != "document" or body is None:
        raise NoteUnreadable(Reason(Cause.DAMAGED))
    styles = _styles(package.related(name, "styles"))
    document = _Document(styles, _formats(package.related(name, "numbering")))
    document.write(body)
    return document.writer.finish()


# ---------------------------------------------------------------------------------------------- what the file declares


def _styles(root: Element | None) -> dict[str, Style]:
    declared = (
        {attribute(one, "styleId") or "": one for one in root if local(one) == "style"} if root is not None else {}
    )
    return {identity: _style(identity, declared) for identity in declared}


def _style(identity: str, declared: Mapping[str, Element]) -> Style:
    """Returns a style with what it has from those it is based on."""
    name, level, numbering = "", 0, None
    for _ in range(MAX_BASES):
        one = declared.get(identity)
        if one is None:
            break
        called = (attribute(child(one, "name"), "val") or "").lower()
        name = name or called
        heading = HEADING.fullmatch(called)
        outline = attribute(child(one, "pPr", "outlineLvl"), "val")
        level = level or (int(heading[1]) if heading else _outline_level(outline))
        found = child(one, "pPr", "numPr")
        numbering = numbering if numbering is not None else found
        identity = attribute(child(one, "basedOn"), "val") or ""
    return Style(name, level, numbering)


def _outline_level(value: str | None) -> int:
    return int(value) + 1 if value and value.isdecimal() and int(value) < 9 else 0


def _formats(root: Element | None) -> dict[str, dict[str, str]]:
    """Returns how the levels of each list are numbered, by the id of the list."""
    kinds: dict[str, dict[str, str]] = {}
    found: dict[str, dict[str, str]] = {}
    for one in root if root is not None else ():
        if local(one) == "abstractNum":
            kinds[attribute(one, "abstractNumId") or ""] = {
                attribute(level, "ilvl") or "0": attribute(child(level, "numFmt"), "val") or "decimal"
                for level in one
                if local(level) == "lvl"
            }
        elif local(one) == "num":
            found[attribute(one, "numId") or ""] = kinds.get(attribute(child(one, "abstractNumId"), "val") or "", {})
    return found


# ------------------------------------------------------------------------------------------------------- what it says


class _Document:
    """Writes paragraph after paragraph; what is numbered counts on."""

    def __init__(self, styles: Mapping[str, Style], formats: Mapping[str, Mapping[str, str]]) -> None:
        self.writer = Writer()
        self._styles = styles
        self._formats = formats
        self._counts: Counter[tuple[str, int]] = Counter()
        self._shift = 0  # headings stand below a title
        self._code: list[str] = []

    def write(self, body: Element, nesting: int = 0) -> None:
        for block in within(body, {"p", "tbl"}, NOT_TEXT):
            if self.writer.cut:
                break
            if local(block) == "p":
                self._paragraph(block)
            else:
                self._end_code()
                self._table(block, nesting)
        self._end_code()

    def _paragraph(self, paragraph: Element) -> None:
        style = self._styles.get(attribute(child(paragraph, "pPr", "pStyle"), "val") or "", Style("", 0, None))
        text = _text(paragraph)
        if style.name in CODE:
            self._code.append(text)
            return
        self._end_code()
        level = _outline_level(attribute(child(paragraph, "pPr", "outlineLvl"), "val")) or style.level
        if style.name.startswith("toc ") or not text.strip():
            return
        if style.name == "title":
            self._shift = 1
            self.writer.heading(1, text)
        elif level:
            self.writer.heading(min(level + self._shift, LEVELS), text)
        elif not self._item(paragraph, style, text):
            self.writer.paragraph(f"**{inline(text)}**" if _is_bold(paragraph, text) else text)

    def _end_code(self) -> None:
        self.writer.code("\n".join(self._code))
        self._code.clear()

    def _item(self, paragraph: Element, style: Style, text: str) -> bool:
        """Writes an item of a list; says whether it is one."""
        own = child(paragraph, "pPr", "numPr")
        numbering = own if own is not None else style.numbering
        identity = attribute(child(numbering, "numId"), "val") or attribute(child(style.numbering, "numId"), "val")
        if numbering is None or identity in (None, "0"):
            return False
        value = attribute(child(numbering, "ilvl"), "val") or "0"
        depth = int(value) if value.isdecimal() else 0
        assert identity
        is_bullet = self._formats.get(identity, {}).get(value, "bullet") in BULLETS
        self._counts[identity, depth] += 1
        for deeper in range(depth + 1, 10):
            del self._counts[identity, deeper]
        marker = "-" if is_bullet else f"{self._counts[identity, depth]}."
        self.writer.item(text, marker, 3 * min(depth, 9))
        return True

    def _table(self, table: Element, nesting: int) -> None:
        rows = [list(within(row, {"tc"}, {"tbl"})) for row in within(table, {"tr"}, {"tc"})]
        if len(rows) == 1 and len(rows[0]) == 1 and nesting < MAX_NESTING:  # a box around text
            self.write(rows[0][0], nesting + 1)
        else:
            self.writer.table([text for cell in row for text in _cell(cell)] for row in rows)


def _cell(cell: Element) -> Iterator[str]:
    """Yields what a cell says, and nothing for each further column that it takes up."""
    merged = child(cell, "tcPr", "vMerge")
    goes_on = merged is not None and attribute(merged, "val") != "restart"
    yield "" if goes_on else " ".join(map(_text, within(cell, {"p"}, NOT_TEXT)))
    span = attribute(child(cell, "tcPr", "gridSpan"), "val") or "1"
    yield from [""] * (min(int(span), 100) - 1 if span.isdecimal() else 0)


def _runs(paragraph: Element) -> Iterator[Element]:
    """Yields the runs of a paragraph that are seen."""
    for run in within(paragraph, {"r"}, NOT_TEXT):
        if not _is_on(run, "vanish"):
            yield run


def _text(paragraph: Element) -> str:
    return "".join(_said(run) for run in _runs(paragraph))


def _said(run: Element) -> str:
    text = ""
    for one in within(run, {"t", "tab", "br", "cr", "noBreakHyphen", "txbxContent"}, NOT_TEXT - {"drawing", "pict"}):
        match local(one):
            case "t":
                text += one.text or ""
            case "tab":
                text += " "
            case "noBreakHyphen":
                text += "-"
            case "txbxContent":
                text += "\n" + "\n".join(map(_text, within(one, {"p"}, NOT_TEXT))) + "\n"
            case _:
                text += "\n"
    return text


def _is_on(run: Element, name: str) -> bool:
    found = child(run, "rPr", name)
    return found is not None and attribute(found, "val") not in OFF


def _is_bold(paragraph: Element, text: str) -> bool:
    """Says whether all of a short paragraph is bold: people head things so who know no styles."""
    if len(text) > BOLD_CHARACTERS or "\n" in text.strip() or "*" in text:
        return False
    return all(_is_on(run, "b") for run in _runs(paragraph) if _said(run).strip())
