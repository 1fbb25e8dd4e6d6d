"""Zips of XML, as Word, PowerPoint and e-books are: their parts, within bounds, and never anything outside of them."""

from __future__ import annotations

import io
import posixpath
import urllib.parse
import zipfile
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import NoteUnreadable
from rag.types import Cause, Reason

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_PARTS = 20_000
PART_BYTES = 50_000_000  # of text and marks, unpacked; a tree of it takes ten times as much
TOTAL_BYTES = 200_000_000
RATIO = 200  # to one; text packs to a tenth, a table of empty cells to a hundredth
SMALL_BYTES = 1_000_000  # may pack as well as it likes
ENTRY = b"PK\x01\x02"  # of the list of parts
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class Relation:
    """That a part refers to another one: by `kind`, the last word of its type."""

    kind: str
    target: str


class Package:
    """The parts of such a file by name, each read when it is asked for."""

    def __init__(self, data: bytes) -> None:
        """Raises NoteUnreadable, and whatever `zipfile` does about a damaged one."""
        if data.startswith(OLD_OFFICE):
            raise NoteUnreadable(Reason(Cause.ENCRYPTED if ENCRYPTED_OFFICE in data else Cause.DAMAGED))
        if data.count(ENTRY) > MAX_PARTS:
            raise NoteUnreadable(Reason(Cause.BOMB))
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._left = TOTAL_BYTES

    def part(self, name: str) -> bytes | None:
        """Returns what a part holds, None when it is not there; raises NoteUnreadable for a bomb."""
        try:
            info = self._archive.getinfo(name)
        except KeyError:
            return None
        if info.flag_bits & 1:
            raise NoteUnreadable(Reason(Cause.ENCRYPTED))
        limit = min(PART_BYTES, self._left, max(SMALL_BYTES, RATIO * info.compress_size))
        with self._archive.open(info) as file:
            data = file.read(limit + 1)  # whatever size it says it has
        if len(data) > limit:
            raise NoteUnreadable(Reason(Cause.BOMB))
        self._left -= len(data)
        return data

    def tree(self, name: str) -> Element | None:
        """Returns a part as XML, None when it is not there; raises NoteUnreadable when it declares entities."""
        from defusedxml import EntitiesForbidden, ExternalReferenceForbidden
        from defusedxml.ElementTree import fromstring

        data = self.part(name)
        if data is None:
            return None
        try:
            root: Element = fromstring(data, forbid_entities=True, forbid_external=True)
        except (EntitiesForbidden, ExternalReferenceForbidden) as error:
            raise NoteUnreadable(Reason(Cause.BOMB)) from error
        return root

    def relations(self, name: str) -> dict[str, Relation]:
        """Returns the parts of the same file that a part refers to, by id; addresses outside of it are none."""
        folder, base = posixpath.split(name)
        root = self.tree(posixpath.join(folder, "_rels", f"{base}.rels"))
        found: dict[str, Relation] = {}
        for entry in root if root is not None else ():
            if entry.get("TargetMode") != "External":
                kind = entry.get("Type", "").rpartition("/")[2]
                found[entry.get("Id", "")] = Relation(kind, inside(folder, entry.get("Target", "")))
        return found

    def related(self, name: str, kind: str) -> Element | None:
        """Returns the first part of some kind that a part refers to."""
        targets = (relation.target for relation in self.relations(name).values() if relation.kind == kind)
        return next((root for target in targets if (root := self.tree(target)) is not None), None)


def inside(folder: str, target: str) -> str:
    """Returns the name of a part that something in `folder` calls `target`."""
    path = urllib.parse.unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def local(element: Element) -> str:
    """Returns the name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Element | None, name: str) -> str | None:
    """Returns an attribute, whatever its namespace is; None also without the element."""
    if element is None:
        return None
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def child(element: Element | None, *path: str) -> Element | None:
    """Returns the first element at a path of names below `element`."""
    for name in path:
        element = next((one for one in element if local(one) == name), None) if element is not None else None
    return element


def within(element: Element, wanted: Set[str], closed: Set[str] = frozenset()) -> Iterator[Element]:
    """Yields the elements below `element` that are `wanted`, in order, without what is in them or in `closed` ones."""
    pending = list(reversed(element))
    while pending:
        one = pending.pop()
        name = local(one)
        if name in wanted:
            yield one
        elif name not in closed:
            pending += reversed(one)
