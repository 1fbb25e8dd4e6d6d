"""Bytes → text: which encoding a file is in, told from its bytes and from how usual the characters are that come out.

UTF-8, and what begins with a byte order mark, tell themselves. The others do not: nearly any bytes are GB18030, and
most of Big5 is too. What gives them away is that real text consists mostly of the few hundred characters that everybody
uses, while text that is misread draws from many thousands at random.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.errors import NoteUnreadable
from rag.text.normal import simplified
from rag.types import Cause, Reason

MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DAMAGED_MARKED = {"utf-16": Cause.DAMAGED_UTF16, "utf-32": Cause.DAMAGED_UTF32}

HIGH = re.compile(rb"[\x80-\xff]")
MULTIBYTE = re.compile(  # one character of well-formed UTF-8 (The Unicode Standard, table 3-7)
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
GOOD_A_BAD = 10  # characters of good UTF-8 for each that is not: a damaged file, no other encoding
ASCII_A_BAD = 50  # the same where nothing but ASCII is good, which all encodings share: no other reading was plausible
SAMPLE = 1 << 16  # bytes that tell the encoding, from the first that is not ASCII
ASCII = re.compile(r"[\x00-\x7f]+")
REPLACEMENT = "\ufffd"

PLAUSIBLE = 0.4  # the least share of usual characters: prose has 0.85, and 0.5 at its worst; misread it has 0.1
LOST = 3  # usual characters that one which is no character at all outweighs

# The most frequent characters of each script cover more than two thirds of what is written in it.
HANZI = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民"
    "得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社"
    "义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并"
    "提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强"
    "放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己"
    "美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群"
    "广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往"
    "酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局"
    "照参红细引听该铁价严吗吧呢请让找买吃喝喜欢您谁哪爱笔试错码网页键词句模训练序列块签档案删编默认循环输缓译栈缩哈希项目"
)
PUNCTUATION = frozenset("，。、：；？！“”‘’（）《》【】「」『』…—～·　＝＋％０１２３４５６７８９")
KANA = frozenset(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FB, 0x30FC)))
HANGUL = frozenset(
    "이다는을에의가고하지를은도로서한사나기리대자스인시어그아있것들해라과수정부전일제보상주면게장원여안소성지모무우동만세공구오국"
    "까으와마신방러미비거유라니연습경조해생년문실계요관회중물말음학위적화치내때네데드용식없당람분선었했습였된되할될같저너르야터단"
)
USUAL = (  # of each encoding, from the likeliest on: the first of two that are equally plausible is taken
    ("gb18030", HANZI | PUNCTUATION),
    ("big5hkscs", HANZI | PUNCTUATION),
    ("cp932", HANZI | PUNCTUATION | KANA),
    ("cp949", HANGUL | PUNCTUATION),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the Python name of its encoding, and how many places of it could not be read, each now U+FFFD."""

    text: str
    encoding: str
    damaged: int = 0


def decode_lines(stream: Iterable[bytes]) -> Iterator[str]:
    """Yields the lines of a stream, without their ends, as they come; what cannot be read is U+FFFD.

    One line may be too short to tell its encoding, so those before it that are not UTF-8 count too. After a mark of
    UTF-16 or UTF-32, where a line does not end at b"\\n", all lines come at the end; they may raise NoteUnreadable.
    """
    rest = iter(stream)
    first = next(rest, b"")
    if first.startswith(tuple(mark for mark, _ in MARKS)):
        yield from lines(decode(first + b"".join(rest)).text)
        return
    unlike = b""
    for line in itertools.chain([first.removeprefix(codecs.BOM_UTF8)], rest):
        encoding = "utf-8"
        if not _is_utf8(line):
            unlike = unlike if len(unlike) >= SAMPLE else unlike + line
            encoding = _encoding(unlike)
        yield from lines(line.decode(encoding, "replace"))


def lines(text: str) -> list[str]:
    """Returns the lines of `text` without their ends, which are those of any system; an empty text has none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n") if text else []


def decode(data: bytes) -> Decoded:
    """Returns what `data` says, without a byte order mark; raises NoteUnreadable for what is no text.

    Lone surrogates stay as they are. Line ends are those of `data`.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _marked(data, encoding)
    if b"\0" in data:
        return _unmarked_utf16(data)
    unmarked = data.removeprefix(codecs.BOM_UTF8)
    try:
        return Decoded(unmarked.decode("utf-8", "surrogatepass"), "utf-8")
    except UnicodeDecodeError as error:
        good, bad = _utf8_characters(unmarked)
        if good >= GOOD_A_BAD * bad or (good and _is_only_cut(error)) or unmarked is not data:
            return _replaced(unmarked, "utf-8")
    if likely := _most_plausible(data):
        return _replaced(data, likely)
    if len(data) >= ASCII_A_BAD * bad:
        return _replaced(data, "utf-8")
    raise NoteUnreadable(Reason(Cause.UNKNOWN_ENCODING))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _encoding(data: bytes) -> str:
    try:
        return decode(data).encoding
    except NoteUnreadable:
        return "utf-8"


def _marked(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding, "surrogatepass"), encoding)
    except UnicodeDecodeError as error:
        raise NoteUnreadable(Reason(DAMAGED_MARKED[encoding])) from error


def _unmarked_utf16(data: bytes) -> Decoded:
    """Windows writes it here and there; the zero bytes of ASCII tell which byte comes first."""
    encoding = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or _share(text, HANZI | PUNCTUATION) < PLAUSIBLE:
        raise NoteUnreadable(Reason(Cause.BINARY))
    return Decoded(text, encoding)


def _replaced(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace").removeprefix("\ufeff")
    meant = data.decode(encoding, "ignore").count(REPLACEMENT)
    return Decoded(text, encoding, text.count(REPLACEMENT) - meant)


def _utf8_characters(data: bytes) -> tuple[int, int]:
    """Returns how many characters beyond ASCII are well-formed UTF-8, and how many places are not."""
    good = len(MULTIBYTE.findall(data))
    return good, data.decode("utf-8", "replace").count(REPLACEMENT) - data.count(REPLACEMENT.encode())


def _is_only_cut(error: UnicodeDecodeError) -> bool:
    return error.reason == "unexpected end of data" and error.end == len(error.object)


def _most_plausible(data: bytes) -> str | None:
    """Returns the encoding in which `data` has the largest share of usual characters, None when none has enough."""
    first = HIGH.search(data)
    sample = data[first.start() if first else 0 :][:SAMPLE]
    is_whole = len(sample) < SAMPLE
    shares = {encoding: _share(_sampled(sample, encoding, is_whole), usual) for encoding, usual in USUAL}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= PLAUSIBLE else None


def _sampled(sample: bytes, encoding: str, is_whole: bool) -> str:
    """Returns the sample as text; a character that only the sample cuts is left out."""
    return codecs.getincrementaldecoder(encoding)("replace").decode(sample, is_whole)


def _share(text: str, usual: frozenset[str]) -> float:
    """Returns the share of usual characters among those that are not ASCII, 1 when there are none."""
    beyond = simplified(ASCII.sub("", text))
    counted = sum(character in usual for character in beyond) - LOST * beyond.count(REPLACEMENT)
    return counted / len(beyond) if beyond else 1.0
