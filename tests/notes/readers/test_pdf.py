"""PDF: paragraphs out of lines, headings, what repeats on each page; and what is refused."""

from __future__ import annotations

import io
import random
import time
import zlib
from pathlib import Path

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.notes.readers.base import guarded
from rag.passages.split import split
from rag.types import Cause, Note, Place, Reason
from tests.formats import ENTRIES, Line, cited, pdf, refused

pytest.importorskip("pypdf")

from rag.notes.readers import pdf as reader
from rag.notes.readers.pdf import read

HOUSE = pdf(
    [
        [Line("家务手册 2026", 780, 8), Line(question, 700, 16), Line(answer, 670), Line(f"- {number} -", 20, 8)]
        for number, (question, answer) in enumerate(ENTRIES, 1)
    ]
)


def body(*texts: str, top: float = 700, step: float = 12) -> list[Line]:
    """Returns lines of text below each other, a blank one where a text is empty."""
    return [Line(text, top - step * number) for number, text in enumerate(texts) if text]


def test_headings_by_size_without_running_heads_and_numbers() -> None:
    text = read(HOUSE)
    assert text.text == "\n\n".join(f"# {question}\n\n{answer}" for question, answer in ENTRIES) + "\n"
    assert text.unit == "page"
    assert [text.place(line) for line in (1, 3, 5, 7, 9, 17, 19, 20)] == [1, 1, 2, 2, 3, 5, 5, 5]


def test_lines_of_a_paragraph_are_joined() -> None:
    page = body(
        "The boiler stands in the cellar and has to be looked at twice a year by some-",
        "body who knows it. A well-known, state-of-the-",
        "art boiler lasts for twenty years, as the people who made it are used to say.",
        "",
        "热水器放在地下室，每年请懂的人来看两次，不要自己拆开它，也不要把它关掉以后",
        "马上打开。关于它的使用还有一本说明书，放在门口的抽屉里，名叫",
        "AB 12，看侧面。",
    )
    assert read(pdf([page])).text == (
        "The boiler stands in the cellar and has to be looked at twice a year by somebody who knows it. "
        "A well-known, state-of-the-art boiler lasts for twenty years, as the people who made it are used to say.\n\n"
        "热水器放在地下室，每年请懂的人来看两次，不要自己拆开它，也不要把它关掉以后马上打开。"
        "关于它的使用还有一本说明书，放在门口的抽屉里，名叫 AB 12，看侧面。\n"
    )


def test_items_stand_alone() -> None:
    page = body(
        "要带的东西有这么几样，出门之前都要看一遍：",
        "• 钥匙",
        "• 伞和",
        "1. first thing",
        "2. second thing",
        "问：几点？",
    )
    assert read(pdf([page])).text == (
        "要带的东西有这么几样，出门之前都要看一遍：\n\n- 钥匙\n- 伞和\n\n"
        "1. first thing\n\n2. second thing\n\n问：几点？\n"
    )


def test_a_paragraph_goes_on_over_the_page() -> None:
    text = read(pdf([body("This sentence begins on the first page and"), body("goes on here.", "", "", "More.")]))
    assert (text.text, text.places) == (
        "This sentence begins on the first page and\ngoes on here.\n\nMore.\n", (1, 2, 2, 2, 2),
    )  # fmt: skip
    (passage,) = split(Note("a.pdf", "", text.text, "", text.unit, text.places))
    assert passage.place == Place("page", 1, 2)


def test_what_is_short_at_the_end_of_a_page_does_not_go_on() -> None:
    pages = [body("A sentence that fills the width of the page.", "", "Hall 18"), body("Next.")]
    assert read(pdf(pages)).text.endswith("Hall 18\n\nNext.\n")


def test_headings_by_outline() -> None:
    pages = [
        body("1 Rent", "It is due on the third.", "2 A title that is broken", "into two lines", "Text."),
        body("Keys", "Behind the door."),
    ]
    data = pdf(pages, outline=[("Rent", 0), ("A title that is broken into two lines", 0), ("Keys", 1)])
    assert read(data).text == (
        "# 1 Rent\n\nIt is due on the third.\n\n# 2 A title that is broken into two lines\n\nText.\n\n"
        "# Keys\n\nBehind the door.\n"
    )


def test_a_chapter_with_its_page_number_is_no_text() -> None:
    pages = [body(f"Chapter 2: Keys {number}", "", f"Text number {'x' * number}.") for number in range(1, 4)]
    others = [body(f"Chapter {'I' * number}", "", "Other text.") for number in range(1, 5)]
    assert read(pdf([*pages, *others])).text.startswith(
        "Text number x.\n\nText number xx.\n\nText number xxx.\n\nChapter I\n"
    )


def test_contents_with_leaders_are_left_out() -> None:
    assert read(pdf([body("Rent . . . . . . . 3", "钥匙……………… 12", "Text...")])).text == "Text...\n"


def test_no_text_looks_like_markdown() -> None:
    assert read(pdf([body("# no heading", "", "", "-----")])).text == "\\# no heading\n\n\\-----\n"


def test_scripts_actions_and_files_are_not_looked_at() -> None:
    script = "<</S/JavaScript/JS(app.alert\\(1\\); this.submitForm\\('https://example.org'\\))>>"
    names = (
        f"/OpenAction{script}/Names<</JavaScript<</Names[(x){script}]>>>>/AA<</WC<</S/URI/URI(https://example.org)>>>>"
    )
    assert read(pdf([body("Only this.")], catalog=names)).text == "Only this.\n"


# --------------------------------------------------------------------------------------------------- what is refused


def encrypted(password: str) -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter(io.BytesIO(HOUSE))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


AES = (
    "/Encrypt<</Filter/Standard/V 5/R 6/Length 256/P -4/O<{0}>/U<{0}>/OE<{1}>/UE<{1}>/Perms<{2}>/StmF/StdCF/StrF/StdCF"
    "/CF<</StdCF<</CFM/AESV3/Length 32/AuthEvent/DocOpen>>>>>>/ID[<00><00>]"
).format("00" * 48, "00" * 32, "00" * 16)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (encrypted("secret"), Cause.ENCRYPTED),
        (pdf([body("x")], trailer=AES), Cause.ENCRYPTED),
        (pdf([[], []]), Cause.SCANNED),
        (pdf([[], []], contents=[b"q 600 0 0 800 0 0 cm /Im1 Do Q"]), Cause.SCANNED),
        (b"", Cause.DAMAGED),
        (b"%PDF-1.7\n", Cause.DAMAGED),
        (random.Random(7).randbytes(10_000), Cause.DAMAGED),
        (b"%PDF-1.7\n" + random.Random(7).randbytes(10_000), Cause.DAMAGED),
    ],
    ids=["password", "AES", "scanned", "a picture", "empty", "only a head", "bytes", "bytes with a head"],
)
def test_what_is_refused(data: bytes, cause: Cause) -> None:
    assert refused(guarded(read), data) == Reason(cause)


def test_a_file_that_only_forbids_printing_is_read() -> None:
    assert read(encrypted("")).text == read(HOUSE).text


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_read_in_part_or_refused(share: float) -> None:
    try:
        text = guarded(read)(HOUSE[: int(share * len(HOUSE))]).text
    except reader.NoteUnreadable as error:
        assert error.reason.cause in (Cause.DAMAGED, Cause.SCANNED)
    else:
        assert all(line in read(HOUSE).text or line.startswith(("家务手册", "- ")) for line in text.split("\n"))


def test_a_file_with_errors_anywhere_never_fails_otherwise() -> None:
    chance = random.Random(1)
    for _ in range(60):
        data = bytearray(HOUSE)
        for _ in range(20):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            guarded(read)(bytes(data))
        except reader.NoteUnreadable as error:
            assert error.reason.cause in (Cause.DAMAGED, Cause.SCANNED, Cause.ENCRYPTED)


def test_pages_beyond_the_cap_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_PAGES", 3)
    text = read(HOUSE)
    assert (text.cut, text.places and text.places[-1]) == (Reason(Cause.CUT_PLACES, "3"), 3)


def test_a_page_that_takes_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_OPERATIONS", 100)
    text = read(pdf([body("One."), [Line("x", 700 - number) for number in range(200)], body("Three.")]))
    assert (text.text, text.places) == ("One.\n\nThree.\n", (1, 3, 3, 3))


def test_a_file_that_takes_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_SECONDS", -1.0)
    text = read(HOUSE)
    assert (text.cut, text.places and text.places[-1]) == (Reason(Cause.CUT_PLACES, "1"), 1)


def test_a_stream_that_unpacks_to_very_much_takes_neither_time_nor_memory() -> None:
    packed = zlib.compress(b"BT " * 100_000_000)
    page = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed)
    data = pdf([body("One.")], contents=[b"XX"]).replace(b"<</Length 2>>stream\nXX\nendstream", page)
    started = time.monotonic()
    assert read(data).text == "One.\n"
    assert time.monotonic() - started < 3


def test_a_question_is_answered_with_its_page(tmp_path: Path, bundled: OnnxEncoder) -> None:
    assert cited(tmp_path, bundled, "house.pdf", HOUSE) == "house.pdf p. 5"
