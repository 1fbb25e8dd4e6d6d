"""Reads HTML as a browser would: its tags, its attributes, and the pieces of a note with the lines that they name."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = ("br", "hr")


@dataclass(slots=True)
class Piece:
    """An element of the class kd-l: the lines that it names, what is written in it, and whether it is marked."""

    lines: frozenset[int]
    marked: bool
    text: str = ""


@dataclass(slots=True)
class _Element:
    tag: str
    piece: Piece | None = field(default=None)


class Pieces(HTMLParser):
    """What a browser makes of `html`; fails on tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.classes: set[str] = set()
        self.text = ""
        self.found: list[Piece] = []
        self.open: list[_Element] = []
        self.feed(html)
        self.close()

    @property
    def lines(self) -> set[int]:
        return set().union(*(piece.lines for piece in self.found))

    @property
    def marked(self) -> set[int]:
        return set().union(*(piece.lines for piece in self.found if piece.marked))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        classes = (dict(attributes).get("class") or "").split()
        self.tags.add(tag)
        self.attributes += attributes
        self.classes.update(classes)
        piece = None
        if "kd-l" in classes:
            numbers = frozenset(int(name[4:]) for name in classes if name.startswith("kd-l") and name[4:].isdigit())
            piece = Piece(numbers, "kd-marked" in classes)
            self.found.append(piece)
        if tag not in VOID:
            self.open.append(_Element(tag, piece))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        for element in self.open:
            if element.piece:
                element.piece.text += data
