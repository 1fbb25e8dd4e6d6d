"""E-books by chapter: reading order, titles from the contents, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.notes.readers.base import Text, guarded
from rag.types import Cause, Reason
from tests.formats import ENTRIES, cited, refused, zipped

pytest.importorskip("defusedxml")
pytest.importorskip("selectolax")

from rag.notes.readers import book
from rag.notes.readers.book import read

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
DOCTYPE = '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'


def chapter(body: str) -> str:
    head = '<head><title/><script src="x"/></head>'
    return f'{DOCTYPE}<html xmlns="http://www.w3.org/1999/xhtml">{head}<body>{body}</body></html>'


def epub(chapters: dict[str, str], contents: str = "", older: str = "", further: dict[str, str] | None = None) -> bytes:
    """Returns a book; names of chapters that begin with "-" are not part of what is read in order."""
    items = "".join(f'<item id="{name}" href="{name}.xhtml"/>' for name in chapters)
    items += '<item id="nav" href="nav.xhtml" properties="nav"/><item id="ncx" href="toc.ncx"/>'
    spine = '<itemref idref="nav"/>' + "".join(
        f'<itemref idref="{name}" linear="{"no" if name.startswith("-") else "yes"}"/>' for name in chapters
    )
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": (
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:title>家务</dc:title></metadata><manifest>{items}</manifest>"
            f'<spine toc="ncx">{spine}</spine></package>'
        ),
        "OEBPS/nav.xhtml": chapter(f"<nav>{contents}</nav>"),
        "OEBPS/toc.ncx": f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/">{older}</ncx>',
        **{f"OEBPS/{name}.xhtml": text for name, text in chapters.items()},
    }
    return zipped({**parts, **(further or {})})


HOUSE = epub({f"c{n}": chapter(f"<h1>{question}</h1><p>{answer}</p>") for n, (question, answer) in enumerate(ENTRIES)})


def test_chapters_by_value() -> None:
    data = epub(
        {
            "cover": chapter('<img src="cover.jpg" alt="Cover"/>'),
            "z": chapter('<a id="p1"/><p>没有标题。</p>'),
            "-notes": chapter("<p>left out</p>"),
            "a": chapter("<h1>洗衣</h1><p>先放<br/>衣服&nbsp;。</p><script>x</script>"),
            "b": chapter("<p>older</p>"),
        },
        contents='<ol><li><a href="z.xhtml#p1">第一章</a></li><li><a href="z.xhtml#p2">again</a></li></ol>',
        older='<navPoint><navLabel><text>From the NCX</text></navLabel><content src="b.xhtml"/></navPoint>',
    )
    text = "# 家务\n\n## 第一章\n\n没有标题。\n\n## 洗衣\n\n先放\n衣服 。\n\n## From the NCX\n\nolder\n"
    assert read(data) == Text(text, "chapter", (1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3))


def test_what_is_refused() -> None:
    encrypted = '<encryption><CipherData><CipherReference URI="OEBPS/c1.xhtml"/></CipherData></encryption>'
    data = epub({"c1": chapter("<p>x</p>")}, further={"META-INF/encryption.xml": encrypted})
    assert refused(guarded(read), data) == Reason(Cause.ENCRYPTED)
    assert refused(guarded(read), epub({"c1": chapter("")})) == Reason(Cause.NO_TEXT)
    assert refused(guarded(read), epub({})) == Reason(Cause.NO_TEXT)
    assert refused(guarded(read), zipped({"META-INF/container.xml": CONTAINER})) == Reason(Cause.DAMAGED)


def test_fonts_may_be_encrypted_and_chapters_gone() -> None:
    fonts = '<encryption><CipherData><CipherReference URI="OEBPS/f.otf"/></CipherData></encryption>'
    data = epub({"c1": chapter("<p>x</p>")}, further={"META-INF/encryption.xml": fonts})
    assert read(data).text == read(data.replace(b"nav.xhtml", b"gone.html")).text == "# 家务\n\nx\n"


def test_chapters_beyond_the_cap_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "MAX_CHAPTERS", 2)
    text = read(HOUSE)
    assert (text.places and text.places[-1], text.cut) == (2, Reason(Cause.CUT_PLACES, "2"))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_refused(share: float) -> None:
    assert refused(guarded(read), HOUSE[: int(share * len(HOUSE))]) == Reason(Cause.DAMAGED)


def test_a_question_is_answered_with_its_chapter(tmp_path: Path, bundled: OnnxEncoder) -> None:
    assert cited(tmp_path, bundled, "house.epub", HOUSE) == "house.epub chapter 5"
