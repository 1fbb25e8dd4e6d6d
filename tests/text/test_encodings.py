"""Which encoding a file is in, told from its bytes: the right text comes out, or none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.errors import NoteUnreadable
from rag.text.encodings import Decoded, decode, decode_lines, lines

SIMPLIFIED = "会议改到周四下午三点，地点还是二楼的小会议室。请大家提前把材料发给我，没有问题就不用回复了。"
TRADITIONAL = "會議改到週四下午三點，地點還是二樓的小會議室。請大家提前把資料發給我，沒有問題就不用回覆了。"
CANTONESE = "佢哋話聽日唔使返工，咁我哋就一齊去行山啦，記得帶多啲水同埋帽。"  # 哋, 啲 and 咁 are of HKSCS
JAPANESE = "会議は木曜日の午後三時からです。資料は前日までに送ってください。サーバーの設定も確認します。"
KOREAN = "회의는 목요일 오후 세 시에 시작합니다. 자료는 전날까지 보내 주세요."
ENGLISH = "The meeting is on Thursday at three, in the small room on the second floor. " * 3
GERMAN = "Für größere Straßen müssen wir die Übung ändern."


def refused(data: bytes) -> str:
    with pytest.raises(NoteUnreadable) as caught:
        decode(data)
    return str(caught.value.reason)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", [SIMPLIFIED, ENGLISH, ""], ids=["Chinese", "English", "empty"])
def test_a_byte_order_mark_decides(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == Decoded(text, encoding.removesuffix("-sig"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_byte_order_mark_of_the_other_order(encoding: str) -> None:
    assert decode(("\ufeff" + SIMPLIFIED).encode(f"{encoding}-be")) == Decoded(SIMPLIFIED, encoding)


@pytest.mark.parametrize("length", [8, 16, 30, None])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "utf-8"),
        (SIMPLIFIED, "gb18030"),
        (TRADITIONAL, "gb18030"),
        (TRADITIONAL, "big5hkscs"),
        (CANTONESE, "big5hkscs"),
        (JAPANESE, "cp932"),
        (KOREAN, "cp949"),
    ],
)
def test_the_encoding_is_told_from_few_characters(text: str, encoding: str, length: int | None) -> None:
    assert decode(text[:length].encode(encoding)) == Decoded(text[:length], encoding)


def test_what_stands_between_is_read_too() -> None:
    code = "# 配置\r\nif x > 0:  # 小于零的时候用默认值\r\n\treturn 'naïve'\r\n" + "pass\n" * 20_000
    assert decode(code.encode("gb18030")) == Decoded(code, "gb18030")
    assert decode((ENGLISH * 1_000 + TRADITIONAL * 2_000).encode("big5")).text == ENGLISH * 1_000 + TRADITIONAL * 2_000


def test_a_sample_that_ends_inside_a_character() -> None:
    text = "a" + "会" * 40_000
    assert decode(text.encode("gb18030")) == Decoded(text, "gb18030")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [f"Q: {SIMPLIFIED}\r\n", ENGLISH], ids=["Chinese", "English"])
def test_utf16_without_a_mark(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == Decoded(text, encoding)


def test_a_damaged_byte_costs_one_character() -> None:
    data = bytearray(SIMPLIFIED.encode())
    data[9] = 0xFF  # the first byte of 到; the two after it are nothing without it
    assert decode(bytes(data)) == Decoded("会议改\ufffd\ufffd\ufffd" + SIMPLIFIED[4:], "utf-8", 3)
    data[9:12] = b"\xff"
    assert decode(bytes(data)) == Decoded("会议改\ufffd" + SIMPLIFIED[4:], "utf-8", 1)


def test_a_sequence_that_is_cut_costs_one_character() -> None:
    for text in ("大模型", SIMPLIFIED):
        assert decode(text.encode()[:-1]) == Decoded(text[:-1] + "\ufffd", "utf-8", 1)
    assert decode(SIMPLIFIED[:-1].encode("gb18030") + b"\xa1") == Decoded(SIMPLIFIED[:-1] + "\ufffd", "gb18030", 1)


def test_a_replacement_character_that_was_written_is_no_damage() -> None:
    text = f"{SIMPLIFIED}\ufffd"
    assert decode(text.encode()) == Decoded(text, "utf-8")
    assert decode(text.encode() + b"\xff") == Decoded(text + "\ufffd", "utf-8", 1)


def test_a_stray_byte_in_english() -> None:
    data = ENGLISH.encode() + b"It\x92s late.\n"
    assert decode(data) == Decoded(f"{ENGLISH}It\ufffds late.\n", "utf-8", 1)


def test_lone_surrogates_stay() -> None:
    assert decode(b"a\xed\xa0\x80b") == Decoded("a\ud800b", "utf-8")
    assert decode(b"\xff\xfe" + b"a\0" + b"\x00\xd8") == Decoded("a\ud800", "utf-16")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (GERMAN.encode("cp1252"), "unknown encoding (save it as UTF-8)"),
        (JAPANESE.encode("euc_jp"), "unknown encoding (save it as UTF-8)"),
        (b"\xff\xff\x80\xff", "unknown encoding (save it as UTF-8)"),
        (b"\xff\xfea\0b", "damaged UTF-16"),
        (b"\xff\xfe\0\0a\0\0", "damaged UTF-32"),
        (b"text\0more", "binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (bytes(range(1, 256)) + b"\0", "binary"),
    ],
    ids=["Latin", "EUC-JP", "none", "odd UTF-16", "odd UTF-32", "NUL", "PNG", "every byte"],
)
def test_what_is_no_text(data: bytes, expected: str) -> None:
    assert refused(data) == expected


# ------------------------------------------------------------------------------------------------------------- by line


def test_lines_have_the_ends_of_any_system() -> None:
    assert lines("a\r\nb\rc\n\nd\u2028e\n") == ["a", "b", "c", "", "d\u2028e"]
    assert (lines(""), lines("\n"), lines("a")) == ([], [""], ["a"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030", "big5", "cp932"])
def test_lines_of_a_stream(encoding: str) -> None:
    text = {"big5": TRADITIONAL, "cp932": JAPANESE}.get(encoding, SIMPLIFIED)
    data = f"{text}\r\n\r\nLoRA\r\n{text[:9]}".encode(encoding)
    assert list(decode_lines(data.splitlines(keepends=True))) == [text, "", "LoRA", text[:9]]


def test_each_line_comes_before_the_next_is_read() -> None:
    asked: list[int] = []

    def stream() -> Iterator[bytes]:
        for number in range(3):
            asked.append(number)
            yield f"问{number}\n".encode()

    told = decode_lines(stream())
    assert (next(told), asked) == ("问0", [0])
    assert (next(told), asked) == ("问1", [0, 1])


def test_a_short_line_is_read_like_those_before_it() -> None:
    rare = "饕餮".encode("gb18030") + b"\n"
    (alone,) = decode_lines([rare])
    assert "\ufffd" in alone
    assert list(decode_lines([SIMPLIFIED.encode("gb18030") + b"\n", rare])) == [SIMPLIFIED, "饕餮"]
    assert list(decode_lines([])) == []
