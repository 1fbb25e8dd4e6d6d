"""Word documents: headings by style, lists, tables, text, and what is not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.notes.readers.base import Text, guarded
from rag.types import Cause, Reason
from tests.formats import ENTRIES, cited, refused, relations, zipped

pytest.importorskip("defusedxml")

from rag.notes.readers import registry
from rag.notes.readers.word import read

NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
STYLES = f"""<w:styles {NAMES}>
<w:style w:styleId="a3"><w:name w:val="Title"/></w:style>
<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="mine"><w:name w:val="我的标题"/><w:basedOn w:val="1"/></w:style>
<w:style w:styleId="out"><w:name w:val="Chapter"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:styleId="body"><w:name w:val="Normal"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>
<w:style w:styleId="round"><w:name w:val="round"/><w:basedOn w:val="round"/></w:style>
<w:style w:styleId="lists"><w:name w:val="List Bullet"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:styleId="toc1"><w:name w:val="toc 1"/></w:style>
<w:style w:styleId="code"><w:name w:val="Source Code"/></w:style>
</w:styles>"""
NUMBERING = f"""<w:numbering {NAMES}>
<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="5"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl>
<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="5"/></w:num>
</w:numbering>"""


def docx(body: str) -> bytes:
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations(("officeDocument", "word/document.xml")),
            "word/_rels/document.xml.rels": relations(("styles", "styles.xml"), ("numbering", "numbering.xml")),
            "word/document.xml": f"<w:document {NAMES}><w:body>{body}<w:sectPr/></w:body></w:document>",
            "word/styles.xml": STYLES,
            "word/numbering.xml": NUMBERING,
        }
    )


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def paragraph(text: str, style: str = "", properties: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    said = text if text.startswith("<") else run(text)
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{said}</w:p>"


def listed(text: str, number: int, level: int = 0) -> str:
    return paragraph(text, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{text if text.startswith('<') else paragraph(text)}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


HOUSE = docx(
    paragraph("家务", "a3") + "".join(paragraph(question, "1") + paragraph(answer) for question, answer in ENTRIES)
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (paragraph("一", "1") + paragraph("二", "mine") + paragraph("三", "out"), "# 一\n\n# 二\n\n## 三\n"),
        (paragraph("题", "a3") + paragraph("一", "1") + paragraph("文"), "# 题\n\n## 一\n\n文\n"),
        (paragraph("一", properties='<w:outlineLvl w:val="2"/>') + paragraph("文", "body"), "### 一\n\n文\n"),
        (paragraph("文", "round") + paragraph("无", "unknown"), "文\n\n无\n"),
        (paragraph("目录 1", "toc1") + paragraph("文"), "文\n"),
        (listed("a", 1) + listed("b", 1, 1) + paragraph("c", "lists"), "- a\n   - b\n- c\n"),
        (
            listed("a", 2) + listed("b", 2, 1) + listed("c", 2) + listed("d", 2, 1) + listed("e", 0),
            "1. a\n   1. b\n2. c\n   1. d\n\ne\n",
        ),
        (paragraph("x = 1", "code") + paragraph("# y", "code") + paragraph("文"), "```\nx = 1\n# y\n```\n\n文\n"),
        (
            paragraph(run("谁？", "<w:b/>")) + paragraph("我") + paragraph(run("b", '<w:b w:val="0"/>')),
            "**谁？**\n\n我\n\nb\n",
        ),
        (paragraph(run("a") + "<w:r><w:tab/><w:t>b</w:t><w:br/><w:t># c</w:t></w:r>"), "a b\n\\# c\n"),
        (
            table(cell("a") + cell("b|c"), cell(paragraph("1") + paragraph("2")) + cell("")),
            "| a | b\\|c |\n| --- | --- |\n| 1 2 |  |\n",
        ),
        (
            table(
                cell("a", '<w:gridSpan w:val="2"/>') + cell("b", '<w:vMerge w:val="restart"/>'),
                cell("1") + cell("2") + cell("hidden", "<w:vMerge/>"),
            ),
            "| a |  | b |\n| --- | --- | --- |\n| 1 | 2 |  |\n",
        ),
        (
            table(cell(paragraph("盒", "1") + paragraph("文") + table(cell("a") + cell("b")))),
            "# 盒\n\n文\n\n| a | b |\n| --- | --- |\n",
        ),
        (
            paragraph(run("a") + f"<w:ins>{run('b')}</w:ins><w:del><w:r><w:delText>x</w:delText></w:r></w:del>"
                      "<w:r><w:instrText>HYPERLINK x</w:instrText></w:r>" + run("y", "<w:vanish/>")), "ab\n",
        ),
        (
            paragraph(run("a") + "<w:r><mc:AlternateContent><mc:Choice><w:drawing><w:txbxContent>"
                      f"{paragraph('box')}</w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent>"
                      f"{paragraph('box')}</w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>"),
            "a\nbox\n",
        ),
        (f"<w:sdt><w:sdtContent>{paragraph('in it')}</w:sdtContent></w:sdt>", "in it\n"),
    ],
    ids=["headings", "title", "outline", "no style", "contents", "bullets", "numbers", "code", "bold", "breaks",
         "table", "merged", "box", "changes", "text box", "control"],
)  # fmt: skip
def test_by_value(body: str, expected: str) -> None:
    assert read(docx(body)) == Text(expected)


def test_what_other_files_say_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.xml").write_text("secret", encoding="utf-8")
    outside = '<Relationship Id="rId1" Type="a/styles" Target="file://{}" TargetMode="External"/>'.format(
        tmp_path / "secret.xml"
    )
    data = zipped(
        {
            "word/document.xml": f"<w:document {NAMES}><w:body>{paragraph('text', '1')}</w:body></w:document>",
            "word/_rels/document.xml.rels": f"<Relationships>{outside}</Relationships>",
        }
    )
    assert read(data) == Text("text\n")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_refused(share: float) -> None:
    assert refused(registry.READERS[".docx"], HOUSE[: int(share * len(HOUSE))]) == Reason(Cause.DAMAGED)


def test_no_text_and_boxes_in_boxes() -> None:
    assert refused(guarded(read), docx("<w:p/>")) == Reason(Cause.NO_TEXT)
    nested = paragraph("deep")
    for _ in range(2_000):
        nested = f"<w:tbl><w:tr><w:tc>{nested}</w:tc></w:tr></w:tbl>"
    assert read(docx(paragraph("text") + nested)).text.startswith("text\n")


def test_a_question_is_answered_with_the_lines_that_were_read(tmp_path: Path, bundled: OnnxEncoder) -> None:
    assert cited(tmp_path, bundled, "house.docx", HOUSE) == "house.docx:19-21"
