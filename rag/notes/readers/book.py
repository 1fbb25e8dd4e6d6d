"""E-books (EPUB) → Markdown, chapter by chapter in their order."""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import NoteUnreadable
from rag.notes.readers import html
from rag.notes.readers.base import Text
from rag.notes.readers.package import Package, inside, local
from rag.notes.readers.writing import Writer
from rag.types import Cause, Reason

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CONTAINER, ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
MAX_CHAPTERS = 2_000
HEADINGS = "h1,h2,h3,h4,h5,h6"


@dataclass(frozen=True, slots=True)
class Book:
    """What a book declares: its title, its documents in reading order, and what its contents call them."""

    title: str
    documents: tuple[str, ...]
    names: dict[str, str]


def read(data: bytes) -> Text:
    """Returns the chapters of a book: its documents that hold text, in reading order. Raises NoteUnreadable."""
    package = Package(data)
    book = _book(package)
    if not _encrypted(package).isdisjoint(book.documents):
        raise NoteUnreadable(Reason(Cause.ENCRYPTED))
    writer = Writer("chapter")
    writer.heading(1, book.title)
    before = writer.length
    for name in book.documents[:MAX_CHAPTERS]:
        data_of = package.part(name)
        at = writer.length
        if data_of is not None:
            chapter = html.decoded(data_of)
            writer.damaged += chapter.damaged
            _write(writer, chapter.text, book.names.get(name, ""))
        writer.place += writer.length > at
    if writer.length == before:
        raise NoteUnreadable(Reason(Cause.NO_TEXT))
    text = writer.finish()
    cut = Reason(Cause.CUT_PLACES, str(MAX_CHAPTERS)) if len(book.documents) > MAX_CHAPTERS else None
    return dataclasses.replace(text, cut=text.cut or cut)


def _write(writer: Writer, text: str, name: str) -> None:
    root = html.parsed_xml(text).body
    if root is None or not root.text(strip=True):
        return
    if root.css_first(HEADINGS) is None:
        writer.heading(2, name)
    html.write(root, writer, shift=1)


def _book(package: Package) -> Book:
    container = package.tree(CONTAINER)
    path = next((one.get("full-path", "") for one in _all(container, "rootfile")), "")
    root = package.tree(path)
    if root is None:
        raise NoteUnreadable(Reason(Cause.DAMAGED))
    folder = posixpath.dirname(path)
    items = {item.get("id", ""): item for item in _all(root, "item")}
    paths = {identity: inside(folder, item.get("href", "")) for identity, item in items.items()}
    contents = [paths[identity] for identity, item in items.items() if "nav" in item.get("properties", "").split()]
    older = [paths[one.get("toc", "")] for one in _all(root, "spine") if one.get("toc") in paths]
    spine = [one for one in _all(root, "itemref") if one.get("linear") != "no"]
    documents = (paths[one.get("idref", "")] for one in spine if one.get("idref") in paths)
    title = next((one.text or "" for one in _all(root, "title")), "")
    names = {name: said for part in older for name, said in _names_before(package, part)}
    names |= {name: said for part in contents for name, said in _names(package, part)}
    return Book(title, tuple(name for name in documents if name not in contents), names)


def _names(package: Package, part: str) -> Iterator[tuple[str, str]]:
    """Yields what the contents of a book call its documents, the first entry of each last."""
    data = package.part(part)
    if data is not None:
        links = html.parsed_xml(html.decoded(data).text).css("nav a[href]")
        for link in reversed(links):
            yield inside(posixpath.dirname(part), link.attributes.get("href") or ""), link.text(strip=True)


def _names_before(package: Package, part: str) -> Iterator[tuple[str, str]]:
    """Yields the same from the contents of books before EPUB 3."""
    for point in reversed(list(_all(package.tree(part), "navPoint"))):
        target = next((one.get("src", "") for one in _all(point, "content")), "")
        said = next((one.text or "" for one in _all(point, "text")), "")
        yield inside(posixpath.dirname(part), target), said


def _encrypted(package: Package) -> set[str]:
    """Returns the parts that are encrypted; fonts often are, so that nobody copies them."""
    return {inside("", one.get("URI", "")) for one in _all(package.tree(ENCRYPTION), "CipherReference")}


def _all(root: Element | None, name: str) -> Iterator[Element]:
    return (one for one in root.iter() if local(one) == name) if root is not None else iter(())
