"""PowerPoint by slide: titles, text, tables, notes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.notes.readers.base import Text, guarded
from rag.types import Cause, Reason
from tests.formats import ENTRIES, cited, refused, relations, zipped

pytest.importorskip("defusedxml")

from rag.notes.readers import slides
from rag.notes.readers.slides import read

NAMES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)


def said(text: str, depth: int = 0) -> str:
    return f'<a:p><a:pPr lvl="{depth}"/><a:r><a:rPr/><a:t>{text}</a:t></a:r><a:endParaRPr/></a:p>'


def shape(*paragraphs: str, place: str | None = None) -> str:
    kind = "" if place is None else f'<p:ph type="{place}"/>'
    return f"<p:sp><p:nvSpPr><p:nvPr>{kind}</p:nvPr></p:nvSpPr><p:txBody>{''.join(paragraphs)}</p:txBody></p:sp>"


def pptx(all_slides: Sequence[str], notes: dict[int, str] | None = None) -> bytes:
    """Returns a presentation; its slides are stored in the opposite order."""
    count = len(all_slides)
    names = [f"slides/slide{count - number}.xml" for number in range(count)]
    ids = "".join(f'<p:sldId id="{256 + number}" r:id="rId{number + 1}"/>' for number in range(count))
    parts = {
        "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {NAMES}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(*(("slide", name) for name in names)),
    }
    for number, (name, content) in enumerate(zip(names, all_slides, strict=True), 1):
        parts[f"ppt/{name}"] = f"<p:sld {NAMES}><p:cSld><p:spTree>{content}</p:spTree></p:cSld></p:sld>"
        if notes and number in notes:
            parts[f"ppt/slides/_rels/{name.partition('/')[2]}.rels"] = relations(("notesSlide", "../notesSlides/n.xml"))
            parts["ppt/notesSlides/n.xml"] = f"<p:notes {NAMES}>{notes[number]}</p:notes>"
    return zipped(parts)


HOUSE = pptx([shape(said(question), place="title") + shape(said(answer)) for question, answer in ENTRIES])


def test_slides_by_value() -> None:
    table = (
        f"<p:graphicFrame><a:tbl><a:tr><a:tc>{said('a')}</a:tc><a:tc>{said('b')}</a:tc></a:tr>"
        f"<a:tr><a:tc>{said('1')}{said('2')}</a:tc><a:tc/></a:tr></a:tbl></p:graphicFrame>"
    )
    data = pptx(
        [
            shape(said("家务"), place="ctrTitle")
            + shape(said("2026"), place="subTitle")
            + shape(said("1"), place="sldNum"),
            shape(said("要点"), said("细节", 1), said("另一点"), place="body") + shape(said("洗衣"), place="title"),
            shape(said("没有标题的一张")) + f"<p:grpSp>{shape(said('# in a group'))}</p:grpSp>",
            shape(said("表"), place="title")
            + table
            + shape("<a:p><a:r><a:t>a</a:t></a:r><a:br/><a:r><a:t>b</a:t></a:r></a:p>"),
        ],
        notes={2: shape(said("3"), place="sldNum") + shape(said("别忘了倒水。"), place="body")},
    )
    blocks = [
        (1, "# 家务"), (1, "2026"),
        (2, "## 洗衣"), (2, "- 要点\n  - 细节\n- 另一点"), (2, "别忘了倒水。"),
        (3, "## 没有标题的一张"), (3, "没有标题的一张"), (3, "\\# in a group"),
        (4, "## 表"), (4, "| a | b |\n| --- | --- |\n| 1 2 |  |"), (4, "a\nb"),
    ]  # fmt: skip
    text = read(data)
    assert (text.text, text.unit) == ("\n\n".join(block for _, block in blocks) + "\n", "slide")
    line = 1
    for place, block in blocks:
        assert text.place(line) == place
        line += block.count("\n") + 2


def test_slides_beyond_the_cap_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slides, "MAX_SLIDES", 2)
    text = read(HOUSE)
    assert (text.places and text.places[-1], text.cut) == (2, Reason(Cause.CUT_PLACES, "2"))


def test_no_text() -> None:
    assert refused(guarded(read), pptx(["<p:pic/>"])) == Reason(Cause.NO_TEXT)
    assert refused(guarded(read), pptx([])) == Reason(Cause.NO_TEXT)


def test_a_slide_that_is_gone_keeps_the_others_at_their_numbers() -> None:
    gone = pptx(["", shape(said("two"))]).replace(b"slide2.xml", b"slideX.xml")
    assert read(gone) == Text("## two\n\ntwo\n", "slide", (2, 2, 2, 2))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_refused(share: float) -> None:
    assert refused(guarded(read), HOUSE[: int(share * len(HOUSE))]) == Reason(Cause.DAMAGED)


def test_a_question_is_answered_with_its_slide(tmp_path: Path, bundled: OnnxEncoder) -> None:
    assert cited(tmp_path, bundled, "house.pptx", HOUSE) == "house.pptx slide 5"
