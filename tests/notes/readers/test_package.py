"""Zips of XML: bombs of any kind are refused before they unpack, and nothing outside of the file is looked at."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Callable

import pytest

from rag.errors import NoteUnreadable
from rag.notes.readers import registry
from rag.types import Cause, Reason
from tests.formats import refused, relations, zipped

pytest.importorskip("defusedxml")

from rag.notes.readers import package
from rag.notes.readers.package import Package, Relation, inside, local, within

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]><x>&a9;</x>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
PARTS = {"docx": "word/document.xml", "pptx": "ppt/presentation.xml", "epub": "META-INF/container.xml"}


def refusal(act: Callable[[], object]) -> Reason:
    with pytest.raises(NoteUnreadable) as caught:
        act()
    return caught.value.reason


def test_parts_and_relations_by_value() -> None:
    rels = relations(("styles", "styles.xml"), ("slide", "/ppt/a%20b.xml"), ("up", "../../../x.xml#y"))
    rels = rels.replace(
        "</R", '<Relationship Id="rId9" Type="x/image" Target="file:///etc/passwd" TargetMode="External"/></R'
    )
    found = Package(
        zipped({"word/_rels/document.xml.rels": rels, "word/styles.xml": "<a:s xmlns:a='u'><a:t/><b/></a:s>"})
    )
    assert found.relations("word/document.xml") == {
        "rId1": Relation("styles", "word/styles.xml"),
        "rId2": Relation("slide", "ppt/a b.xml"),
        "rId3": Relation("up", "x.xml"),
    }
    root = found.related("word/document.xml", "styles")
    assert root is not None and [local(root), *map(local, root)] == ["s", "t", "b"]
    assert [local(one) for one in within(root, {"b"})] == ["b"]
    assert (found.part("gone"), found.tree("gone"), found.relations("gone")) == (None, None, {})
    assert inside("a/b", "../../../../etc/passwd") == "etc/passwd"


@pytest.mark.parametrize("suffix", PARTS)
@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (LAUGHS, Cause.BOMB),
        (OUTSIDE, Cause.BOMB),
        (b"<x>" + b" " * 100_000_000 + b"</x>", Cause.BOMB),
        (b"<x>" * 1_000_000, Cause.BOMB),
        ("<x>not closed", Cause.DAMAGED),
        ("<x/>", Cause.DAMAGED),
        (b"\xff\xfe\x00", Cause.DAMAGED),
    ],
    ids=["billion laughs", "external entity", "zip bomb", "nested", "cut off", "another kind", "bytes"],
)
def test_what_is_refused(suffix: str, content: str | bytes, cause: Cause) -> None:
    started = time.monotonic()
    assert refused(registry.READERS[f".{suffix}"], zipped({PARTS[suffix]: content})) == Reason(cause)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("suffix", PARTS)
def test_what_is_no_such_file(suffix: str) -> None:
    reader = registry.READERS[f".{suffix}"]
    whole = zipped({PARTS[suffix]: "<x/>"})
    for data in (
        b"",
        b"PK",
        random.Random(3).randbytes(10_000),
        whole[:50],
        whole[:-10],
        zipped({}),
        zipped({"a": ""}),
    ):
        assert refused(reader, data) == Reason(Cause.DAMAGED)
    office = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert refused(reader, office) == Reason(Cause.DAMAGED)
    assert refused(reader, office + "EncryptedPackage".encode("utf-16-le")) == Reason(Cause.ENCRYPTED)


def test_a_part_with_a_password() -> None:
    data = bytearray(zipped({"a": "text"}))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert refusal(lambda: Package(bytes(data)).part("a")) == Reason(Cause.ENCRYPTED)


def test_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "SMALL_BYTES", 10)
    chance = random.Random(2).randbytes(2_000)
    data = zipped({"a": chance[:1_000], "b": chance[1_000:], "blank": " " * 100_000})
    assert refusal(lambda: Package(data).part("blank")) == Reason(Cause.BOMB)
    monkeypatch.setattr(package, "TOTAL_BYTES", 1_500)
    parts = Package(data)
    assert parts.part("a") == chance[:1_000]
    assert refusal(lambda: parts.part("b")) == Reason(Cause.BOMB)
    monkeypatch.setattr(package, "MAX_PARTS", 2)
    assert refusal(lambda: Package(data)) == Reason(Cause.BOMB)


def test_a_size_that_is_not_true_helps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "SMALL_BYTES", 100)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"x" * 1_000_000)
        archive.infolist()[0].file_size = 10
    with pytest.raises(zipfile.BadZipFile):
        Package(stream.getvalue()).part("a")
