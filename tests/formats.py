"""What the tests of all readers share: five questions with their answers, and asking a note made of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.encoders.base import Encoder
from rag.errors import NoteUnreadable
from rag.indexing.sync import sync
from rag.notes.corpus import read_note
from rag.notes.readers.base import Reader
from rag.query import render
from rag.types import Reason

ENTRIES = (
    ("洗衣机怎么用？", "先放衣服，再放洗衣液，最后按开始键。"),
    ("热水器的温度设多少？", "夏天四十五度，冬天五十五度。"),
    ("猫粮多久买一次？", "每个月的第一个周末买一袋。"),
    ("When is the rent due?", "The rent is due on the third day of every month."),
    ("Where is the spare key?", "The spare key hangs behind the blue door."),
)
ASKED, ANSWER = "where do I find the spare key", ENTRIES[4][1]


@dataclass(frozen=True)
class Line:
    """A line of a page: its text, the size of its letters, and how high it stands on a page of 800."""

    text: str
    height: float
    size: float = 10


def pdf(
    pages: Sequence[Sequence[Line]],
    outline: Sequence[tuple[str, int]] = (),
    catalog: str = "",
    trailer: str = "",
    contents: Sequence[bytes] = (),
) -> bytes:
    """Returns a PDF whose only font has a code for each character that is used, from 1, and says which.

    `outline` has titles and the numbers of their pages, from 0. `catalog` and `trailer` are further entries there,
    `contents` what is drawn on further pages.
    """
    letters = sorted({letter for page in pages for line in page for letter in line.text} | {" "})
    codes = {letter: f"{code:04x}" for code, letter in enumerate(letters, 1)}
    unicode_of = "".join(f"<{code}> <{letter.encode('utf-16-be').hex()}>\n" for letter, code in codes.items())
    objects: dict[int, bytes] = {
        3: b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/ToUnicode 4 0 R/DescendantFonts[5 0 R]>>",
        4: _stream(
            f"/CIDInit /ProcSet findresource begin\nbegincmap\n1 begincodespacerange\n<0000> <ffff>\n"
            f"endcodespacerange\n{len(codes)} beginbfchar\n{unicode_of}endbfchar\nendcmap\n".encode()
        ),
        5: b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/DW 500"
        b"/CIDSystemInfo<</Registry(A)/Ordering(I)/Supplement 0>>>>",
    }
    drawn = [
        "".join(
            f"BT /F {line.size} Tf 50 {line.height} Td <{''.join(map(codes.__getitem__, line.text))}> Tj ET\n"
            for line in page
        ).encode()
        for page in pages
    ]
    numbers = []
    for content in (*drawn, *contents):
        number = max(objects) + 1
        objects[number + 1] = _stream(content)
        objects[number] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>"
            f"/Contents {number + 1} 0 R>>"
        ).encode()
        numbers.append(number)
    objects[2] = f"<</Type/Pages/Kids[{' '.join(f'{n} 0 R' for n in numbers)}]/Count {len(numbers)}>>".encode()
    if outline:
        first = max(objects) + 2
        for at, (title, page_number) in enumerate(outline):
            following = f"/Next {first + at + 1} 0 R" if at + 1 < len(outline) else ""
            text = ("\ufeff" + title).encode("utf-16-be").hex()
            objects[first + at] = (
                f"<</Title<{text}>/Parent {first - 1} 0 R{following}/Dest[{numbers[page_number]} 0 R/Fit]>>".encode()
            )
        objects[first - 1] = (
            f"<</Type/Outlines/First {first} 0 R/Last {first + len(outline) - 1} 0 R/Count {len(outline)}>>".encode()
        )
        catalog += f"/Outlines {first - 1} 0 R"
    objects[1] = f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode()
    return _file(objects, trailer)


def _stream(data: bytes) -> bytes:
    return b"<</Length %d>>stream\n%s\nendstream" % (len(data), data)


def _file(objects: Mapping[int, bytes], trailer: str) -> bytes:
    data, places = b"%PDF-1.7\n", []
    for number in sorted(objects):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(places) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R{trailer}>>\n"
    return data + f"{end}startxref\n{len(data)}\n%%EOF\n".encode()


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """Returns a zip with these parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def relations(*targets: tuple[str, str]) -> str:
    """Returns the relations of a part to others: their kinds and names, with the ids rId1, rId2, …"""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    entries = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}/{name}" Target="{target}"/>'
        for number, (name, target) in enumerate(targets, 1)
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{entries}</Relationships>'
    )


def cited(folder: Path, encoder: Encoder, name: str, data: bytes, question: str = ASKED, answer: str = ANSWER) -> str:
    """Returns how the terminal cites what answers a question to a folder with the one file; it must say `answer`."""
    corpus, index = folder / "corpus", folder / "index"
    corpus.mkdir()
    (corpus / name).write_bytes(data)
    report = sync(corpus, index, encoder)
    assert (report.notes, report.skipped) == (1, ())
    found = Assistant.open(index, encoder).ask(question)
    passage = found.hits[0].passage
    assert answer in passage.text and not found.hits[0].stale
    assert read_note(corpus, name).text[passage.start : passage.end] == passage.text
    rows = render(found, colours=False).splitlines()
    return next(row.partition("] ")[2].partition("  ")[0] for row in rows if row[1:].startswith("[1] "))


def refused(reader: Reader, data: bytes) -> Reason:
    """Returns why `reader` cannot read `data`."""
    with pytest.raises(NoteUnreadable) as caught:
        reader(data)
    return caught.value.reason
