"""How much each line of a passage says, by the forms that people write."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.passages.forms import MARKER
from rag.text.markdown import TAG, Enclosed, enclosed, front_matter, visible
from rag.text.normal import HAN
from rag.types import Passage


class Standing(enum.IntEnum):
    """How much a line says, least first."""

    HIDDEN = 0  # what only a program reads and what only draws: a comment, a property, a rule
    HEADING = 1
    HOLLOW = 2  # what stands for something that is not here: a table of contents, a picture, "TODO"
    POINTING = 3  # what says something only to who asked for it: a link, a reference, a word in bold
    LABELLED = 4  # an item with a link and a word or two: in a list of such, it only points too
    STATING = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a passage that is not blank, as offsets, with its indentation and without what a reader never sees."""

    start: int
    end: int
    standing: Standing


ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+\S")
LEAD = re.compile(r"\s*(?:>\s*)*(?:(?:[-*+•·]|\d{1,3}[.)、])\s+)*(?:\[[ xX]\]\s+)?")
RULE = re.compile(r"[-*_=|:>+\s]*")
TABLE_RULE = re.compile(r"\s*(?:\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?|\|[\s|:-]*)\s*")
UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})\s*")
TITLE = re.compile(r"\s*(?![-*+>])[^。.!！；;]{1,40}")
HEADING = re.compile(r"#{1,6}(?:\s.*)?|#{2,6}[^#\s].*|<h(?P<level>[1-6])\b.*</h(?P=level)>", re.IGNORECASE)
# a line in bold alone is a heading of those who write none
BOLD = re.compile(r"(?P<mark>\*\*|__)[^*_\d]{1,30}(?P=mark)[:：]?")

BLOCK_ID = re.compile(r"\^[A-Za-z0-9-]{2,}")
TRAILING_ID = re.compile(r"\s+\^(?=[\d-]*[A-Za-z])[A-Za-z0-9-]{4,}\s*$")  # "2 ^10" is a power
PROPERTY = re.compile(r"(?:[a-z][a-z0-9_./-]{0,40}|标签|别名)::(?:\s.*)?")  # "问题::答案" is a card to learn from
KNOWN_PROPERTY = re.compile(
    r"(?:id|collapsed|card-[a-z-]+|tags?|alias|title|template|public|icon|created(?:-at)?|updated(?:-at)?|heading"
    r"|background-color|exclude-from-graph-view|(?:logseq|query|hl|ls|filters)[a-z./-]*)::(?:\s.*)?"
)

CONTENTS = re.compile(
    r"@?\[\[?_?toc_?\]?\](?:\(.*\))?|\{:?toc\}|(?:目\s?录|contents|table of contents|toc)[:：]?", re.IGNORECASE
)
LEADERS = re.compile(
    # "第一章 ……… 3"; without a number it may be a price
    r"(?:第\s*\S{1,4}\s*[章节篇讲编]|(?:chapter|part|section|appendix)\b|[一二三四五六七八九十]+、|\d{1,2}(?:\.\d{1,2})*[.、)]?\s"
    r"|前言|附录|preface|introduction)"
    r"[^\n]*?(?:[.．·•…‥⋯]\s?){3,}\s*(?:\d{1,4}|[ivxl]{1,6})",
    re.IGNORECASE,
)
STUB = re.compile(
    r"(?:todo|to do|tb[adc]|wip|fixme|coming soon|work in progress|under construction"
    r"|to be (?:added|announced|completed|continued|defined|determined|done|written)|see (?:above|below)|as above|ditto"
    r"|待(?:补充?|完善|更新|续|定|写|填写?|整理|添加)|未完待续|(?:此处)?(?:从|省)?略|同上|见[上下](?:文|面|方)?)",
    re.IGNORECASE,
)
AROUND_STUB = " \t\u3000*_~`（）()[]【】《》<>「」.。!！…:：,，;；-—"
EMPTY = re.compile(r"[（(\[【](?:空|无内容|empty)[)）\]】]", re.IGNORECASE)
DOTS = re.compile(r"[.．。·…⋯\s]*(?:…|\.{3}|。{3})[.．。·…⋯\s]*")

IMAGE = re.compile(r"!\[\[[^\]\n]*\]\]|!\[[^\]\n]*\](?:\([^)\n]*\)|\[[^\]\n]*\])")
URL = re.compile(r"<?\b(?:https?://|www\.)[^\s<>()（）\[\]【】，。；、|]+(?:\([^\s()]*\)[^\s<>()（），。；、|]*)*>?")
LINK = re.compile(
    r"\[\[(?P<wiki>[^\[\]\n]+)\]\]"
    r"|\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\]\((?!mailto:|tel:)(?P<target>(?:[^()\n]|\([^()\n]*\))*)\)"
    r"|<a\b[^<>\n]{0,100}?\bhref=[\"']?(?P<href>[^\"'\s<>]*)[^<>\n]*>[^<\n]*</a>",
    re.IGNORECASE,
)
POINTER = re.compile(
    r"(?:参考(?:资料|文献|链接)?|参见|参阅|详见|另见|见|相关(?:笔记|链接|阅读)?|来源|原文|链接|延伸阅读|扩展阅读|更多|出处|转自"
    r"|上一[篇章页]|下一[篇章页]|返回(?:目录|顶部)?|回到顶部|首页"
    r"|see(?: also)?|sources?|via|refs?|references?|related|links?|(?:read )?more|next|prev(?:ious)?"
    r"|up|home|back(?: to top)?)",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\s*\d+(?:\.\d+)*[.、)]?\s+")
BESIDE = re.compile(rf"[{HAN}]{{1,2}}|[^\W_{HAN}]+")  # a word is about two characters of Chinese
IN_PROSE = re.compile(rf"\0[{HAN}]|[{HAN}]\0|[:：]")  # of a line with \0 for its links
REFERENCE = re.compile(
    r"\[\^?\d{1,3}\]:?\s.*(?:\b(?:19|20)\d\d\b|https?://|arXiv|doi).*|\[[^\]\n]+\]:\s+<?(?:https?://|\.{0,2}/|#)\S+.*",
    re.IGNORECASE,
)
HASHTAGS = re.compile(r"(?:#[^\s#]+\s*)+")


def lines(passage: Passage) -> Iterator[Line]:
    """Yields the lines of a passage, those of its answer where it has a question; in code, each one says something."""
    shown = visible(passage.text)
    blocks = enclosed(shown)
    texts = shown.split("\n")
    front = front_matter(texts) if passage.start == 0 else 0
    begin, last = passage.answer or (passage.asks[1] if passage.asks else 0, len(passage.text))
    properties = _Properties(shown[:begin], passage.start == 0)
    start = 0
    for number, text in enumerate(texts):
        end = start + len(text)
        first = start if start >= begin or not shown[start:begin].strip() else begin
        end = min(end, last)
        if first < end and shown[first:end].strip() and number >= front:
            block = next((block for block in blocks if block.start <= start < block.end), None)
            below = texts[number + 1] if number + 1 < len(texts) else ""
            if block:
                standing = _standing_in(block, start, text)
            elif properties.has(text):
                standing = Standing.HIDDEN
            else:
                standing = _standing(shown[first:end], below)
            yield _line(passage.text, shown, first, end, standing, block is not None)
        start += len(text) + 1


def _line(text: str, shown: str, start: int, end: int, standing: Standing, is_enclosed: bool) -> Line:
    """Returns a line without what is hidden before and behind what it says."""
    line = shown[start:end].rstrip()
    ink = start + len(line) - len(line.lstrip())
    if text[start:ink].strip():
        line, start = shown[ink : start + len(line)], ink
    if not is_enclosed and (trailing := TRAILING_ID.search(line)):
        line = line[: trailing.start()]
    return Line(start, start + len(line), standing)


class _Properties:
    """Tells a line such as "id:: 64f…" from text: it stands first in a note, or below an item of a list."""

    def __init__(self, before: str, begins_note: bool) -> None:
        self._at_top = begins_note and not before.strip()
        self._is_place = ITEM.match(before.rstrip().rpartition("\n")[2]) is not None

    def has(self, line: str) -> bool:
        bare = line[_lead(line) :].strip()
        is_place = self._at_top or (self._is_place and line[:1].isspace())
        form = PROPERTY if is_place else KNOWN_PROPERTY
        is_property = "::" in bare and form.fullmatch(bare) is not None
        self._at_top &= is_property
        self._is_place = is_property or ITEM.match(line) is not None
        return is_property


def _lead(line: str) -> int:
    """Returns where a line says something, behind the marks of quotes, items and tasks."""
    match = LEAD.match(line)
    return match.end() if match else 0


def _standing_in(block: Enclosed, start: int, text: str) -> Standing:
    """Returns the standing of a line in code or in a formula: that of the marks around it is none."""
    is_mark = start == block.start if block.is_code else not any(map(str.isalnum, text))
    is_closing = block.is_code and start + len(text) == block.end and text.strip()[:3] in ("```", "~~~")
    return Standing.HIDDEN if is_mark or is_closing else Standing.STATING


def _standing(line: str, below: str) -> Standing:
    bare = line[_lead(line) :].strip()
    if not _has_word(bare):
        return _standing_of_marks(line)
    is_tag = bare[0] == "<" and "@" not in bare and not _has_word(TAG.sub("", bare))
    if is_tag or BLOCK_ID.fullmatch(bare):
        return Standing.HIDDEN
    if HEADING.fullmatch(bare):
        return Standing.HEADING
    if LEADERS.fullmatch(bare) or LEADERS.fullmatch(line.strip()) or _is_hollow(bare):
        return Standing.HOLLOW
    is_bold = BOLD.fullmatch(line.strip(" \t>")) is not None  # and no item of a list
    is_pointing = is_bold or _is_over_a_rule(line, below) or any(form.fullmatch(bare) for form in (REFERENCE, HASHTAGS))
    linked = _standing_of_links(bare, ITEM.match(line) is not None)
    return min(linked, Standing.POINTING) if is_pointing else linked


def _has_word(text: str) -> bool:
    return any(map(str.isalnum, text))


def _standing_of_marks(line: str) -> Standing:
    if RULE.fullmatch(line):
        return Standing.HIDDEN
    return Standing.HOLLOW if DOTS.fullmatch(line[_lead(line) :]) else Standing.POINTING


def _is_hollow(bare: str) -> bool:
    if CONTENTS.fullmatch(bare):
        return True
    if "![" in bare and not _has_word(LINK.sub("", IMAGE.sub("", bare))):
        return IMAGE.search(bare) is not None
    if bare.startswith("|"):
        first, *others = (cell.strip() for cell in bare.strip("|").split("|"))
        cells = others or [first]
        return any(map(_is_stub, cells)) and all(not cell or _is_stub(cell) for cell in cells)
    marker = MARKER.match(bare)  # "解析：略", and "解析：" alone
    said = bare[marker.end() :] if marker else bare
    return not said or _is_stub(said)


def _is_stub(text: str) -> bool:
    """Says whether a text stands in the place of one that is to come, or that stands elsewhere."""
    return bool(EMPTY.fullmatch(text) or DOTS.fullmatch(text) or STUB.fullmatch(text.strip(AROUND_STUB)))


def _standing_of_links(bare: str, is_item: bool) -> Standing:
    """Returns the standing of a line by what it says beside its links; a line of a table says what its columns mean."""
    if bare.startswith("|") or not ("](" in bare or "[[" in bare or "://" in bare or "www." in bare or "<a" in bare):
        return Standing.STATING
    targets = [match["wiki"] or match["target"] or match["href"] or "" for match in LINK.finditer(bare)]
    linked = LINK.sub("\0", IMAGE.sub("", bare))
    others, urls = URL.subn("\0", NUMBER.sub("", linked, count=1) if NUMBER.match(linked) else linked)
    beside = [part.strip(AROUND_STUB + "|/←→↑↓⬆<>") for part in others.split("\0")]
    if not targets and not urls:
        return Standing.STATING
    words = sum(len(BESIDE.findall(part)) for part in beside)
    if targets and not urls and words <= 2 and all(target.startswith("#") for target in targets):
        return Standing.HOLLOW  # a line of a table of contents
    if all(not BESIDE.search(part) or POINTER.fullmatch(part) for part in beside):
        return Standing.POINTING
    is_labelled = is_item and not urls and words <= 2 and not IN_PROSE.search(others)
    return Standing.LABELLED if is_labelled else Standing.STATING


def _is_over_a_rule(line: str, below: str) -> bool:
    """Says whether a line is the head of a table, or a heading by what underlines it: many draw a rule below prose."""
    if "|" in line:
        return "|" in below and "-" in below and TABLE_RULE.fullmatch(below) is not None
    return TITLE.fullmatch(line) is not None and UNDERLINE.fullmatch(below) is not None
