"""Plain text in any encoding that can be told; what is no text is named with its reason."""

from __future__ import annotations

import pytest

from rag.errors import NoteUnreadable
from rag.notes.readers.base import Text
from rag.notes.readers.text import read


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("大模型".encode(), "大模型"),
        (b"\xef\xbb\xbf" + "大模型".encode(), "大模型"),
        ("大模型".encode("gb18030"), "大模型"),
        ("大模型\r\n微调".encode("utf-16"), "大模型\n微调"),
        (b"\xfe\xff" + "大模型".encode("utf-16-be"), "大模型"),
        (b"a\rb\r\nc\n", "a\nb\nc\n"),
        (b"a\xed\xa0\x80b", "a\ufffdb"),
        (b"\xff\xfe" + b"a\0" + b"\x00\xd8" + b"b\0", "a\ufffdb"),
        (b"", ""),
    ],
    ids=[
        "utf-8", "utf-8 BOM", "gb18030", "utf-16", "utf-16 BE", "line ends", "surrogate in utf-8",
        "surrogate in utf-16", "empty",
    ],
)  # fmt: skip
def test_encodings(data: bytes, text: str) -> None:
    assert read(data) == Text(text, "line", None)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"text\0more", "binary"),
        (b"\x01\x02\x03\x04 abc", "binary"),
        (b"\xff\xfea\0b", "damaged UTF-16"),
        (b"\xff\xff\x80\xff", "unknown encoding (save it as UTF-8)"),
    ],
    ids=["NUL", "control characters", "odd UTF-16", "no encoding"],
)
def test_what_is_no_text(data: bytes, expected: str) -> None:
    with pytest.raises(NoteUnreadable) as caught:
        read(data)
    assert str(caught.value.reason) == expected


def test_damaged_places_are_counted() -> None:
    assert read("企鹅吃鱼和磷虾，也吃乌贼。".encode() + b"\xff\r\n") == Text(
        "企鹅吃鱼和磷虾，也吃乌贼。\ufffd\n", damaged=1
    )


def test_its_lines_are_those_of_the_file() -> None:
    assert [read("一\r\n二\r\n三".encode()).place(line) for line in (1, 2, 3)] == [1, 2, 3]
