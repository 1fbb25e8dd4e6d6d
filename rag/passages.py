"""Splits a note into passages, and a text into sentences. Pure: a note comes in, offsets into it come out.

Four steps, each one function: `_layout` says what each line is, `_sections` finds headings and questions, `_blocks`
cuts a section into what stays together, `_pack` joins blocks to passages. All of them count lines from 0.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt

from rag.text.markdown import front_matter
from rag.types import Note, Passage, Span

Ranges = dict[int, tuple[int, int]]

MAX_NESTING = 100  # of lists and quotes; what is nested deeper would be taken for one block with all that follows
SPLITTER_VERSION = 2  # in the index's manifest: another number means other passages from the same notes
MAX_CHARACTERS = 1_000  # an answer up to here stays whole: what the encoder takes in at once, and about a screen
TARGET_CHARACTERS = 500  # a piece of something longer: one topic, and still within the encoder's window
SENTENCE_CHARACTERS = 200  # beyond this a highlighted sentence points at nothing any more
HEADING_CHARACTERS = 200  # a longer "heading" is prose with a mark before it by accident
SECTION_CHARACTERS = 40  # plain text has no heading marks, so only a short line counts as one
GLUED_CHARACTERS = 200  # a head up to here stays with its text even if that makes the piece a little too long

SKIPPED_NUMBERS = 5  # people drop numbers; what goes on far beyond the question's number is another list

# Levels below the six of Markdown, so that plain text sections nest under Markdown headings.
CHAPTER, NUMERAL, PARENTHESIS, QUESTION = 7, 8, 9, 10

# How bad it is to cut before a block: lower is better.
AT_HEADING, AT_PARAGRAPH, AT_ITEM, IN_PARAGRAPH, NEVER = range(5)

HAN_NUMBER = "[一二三四五六七八九十百零〇]+"
SENTENCE_ENDS = ("。", ".", "！", "!", "？", "?", "；", ";")
CLOSERS = " \t\u3000*_)）】]”’」』\"'"

MARKER = re.compile(
    r"\s*(?:[-*+]\s+|>\s*)?(?:\*\*|__|【|\[)?"
    r"(?:参考回答|参考答案|回答|解答|答案|答|解析|Answer|answer|Ans|A\d{0,3})"
    r"(?:(?:\*\*|__|】|\])?\s*[:：](?:\*\*|__)?|】(?:\*\*)?|\*\*(?=\s*$))\s*"
)
INLINE_ANSWER = re.compile(r"(?<=[?？])\s*(?=(?:\*\*)?(?:参考答案|回答|解答|答案|答|Answer|A)(?:\*\*)?\s*[:：])")

SECTIONS = (
    (CHAPTER, re.compile(rf"第\s*({HAN_NUMBER}|\d+)\s*(?:章|节|篇|讲|编|部分|单元)(?=[\s:：、.]|$)")),
    (CHAPTER, re.compile(r"(?:Chapter|Part|Section)\s+(\d+)\b")),
    (NUMERAL, re.compile(rf"({HAN_NUMBER})\s*[、.．]\s*(?=\S)")),
    (PARENTHESIS, re.compile(rf"[（(]({HAN_NUMBER})[)）]\s*(?=\S)")),
)
ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)")
TIGHT_ATX = re.compile(r" {0,3}(#{2,6})(?=[^#\s])")  # "##标题": no heading to CommonMark, one to whoever wrote it
FENCE = re.compile(r"\s*(`{3,}|~{3,})")
BULLET = re.compile(r"\s*[-*+•·]\s+")
ITEM = re.compile(r"(?:[-*+•·]\s|[（(]?\d{1,3}[.．、)）](?!\d)|\|)")
RULE = re.compile(r"\s*(?:[-*_=]\s*){3,}$")
TABLE_RULE = re.compile(r"[\s|:-]*-[\s|:-]*$")
WORDS = re.compile(r"\w")

ASKED = re.compile(
    r"(?P<style>Q|q|问题|问|提问|Question)\s*(?P<number>\d{0,3})\s*(?:[:：]|(?<=\d)[.、](?!\d)|\.(?=\s))(?:\*\*)?\s*(?=\S)"
)
NUMBERED = re.compile(
    r"(?:第\s*)?(?P<open>[(（]?)(?P<number>\d{1,3}(?:\.[1-9]\d{0,2})*)"
    # after a blank alone, "3 种方法" counts something, it is not number 3 of a list
    r"(?P<style>\s*[题问]?[.．、)）:：](?!\d)|\s+(?![种个类步次年层位倍点维张条天月日时分秒]))\s*(?=\S)"
)
ORDINAL = re.compile(rf"(?:第\s*)?(?:{HAN_NUMBER}\s*[、.．]|[（(]{HAN_NUMBER}[)）])\s*")
REQUEST = re.compile(r"请(?![求假柬客教])|简述|简要|阐述|试述|论述|列举|(?:Please|Explain|Describe|Compare)\s+\w")
OPENER = re.compile(
    r"什么|如何|为什么|为何|为啥|怎么|怎样|哪些|哪个|哪种|是否|能否|说说|谈谈|讲讲|介绍[一下]|解释[一下]|讲[一下]|说[一下]|对比一?下|"
    r"(?:What|Why|How|When|Where|Which|Who|Is|Are|Does|Do|Can|Should)\s+\w"
)
ENDER = re.compile(r"(?:是什么|是啥|有哪些|为什么|怎么[^，,。]{1,4}|吗|呢|(?:讲|解释|介绍|描述|说)一?下)$")

MARKUP = re.compile(r"[*`\[<\\]")
IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
TAG = re.compile(r"</?(?:a|b|br|center|code|details|div|em|font|h[1-6]|img|kbd|mark|p|span|strong|summary|u)\b[^>]*>")
EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*]+)(?<=\S)\*(?![\w*])")
ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!&|<>~$])")
DECORATION = re.compile(r"^[^\w\s(（\[【《“\"'「『<$`*.#-]+\s*")

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
SENTENCE_END = re.compile(
    r"`[^`\n]{1,300}`|\$(?![\s$])[^$\n]{1,300}(?<!\s)\$(?!\d)"  # code and formulas are passed over
    r"|(?P<end>(?:[。！？；]|…+(?!\s*[,，、)）])"
    rf"|[!?]+(?=[\s\"'”’」』)）。]|[{HAN}]|$)"
    rf"|(?<![\d.])\.(?=[\"”’)]*(?:\s|$))|(?<=\d)\.(?=\s+[A-Z{HAN}]|\s*$)|(?<=[{HAN}])\.(?=[{HAN}]))"
    r"[。！？；!?…\"”’」』）)]*)"
)
ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|cf|al|fig|eq|no|dr|mr|mrs|ms|prof|approx|resp|sec|[a-z])$", re.IGNORECASE
)
LIST_NUMBER = re.compile(r"\s*(?:[-*+•>#]+\s+)*(?:\*\*)?\d{1,3}$")
SOFT_CUT = re.compile(r"[，,、；;：:\s]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a note; `line` counts from 1, `level` from 1 to 6, `asks` says that it is a question."""

    line: int
    level: int
    text: str
    asks: bool


def split(note: Note) -> tuple[Passage, ...]:
    """Returns the passages of `note` in order; every line that is not blank lies in exactly one of them.

    A heading that asks and has no text below is a passage without question: see `is_unanswered`.
    Only a single line over MAX_CHARACTERS is shared between passages, whose offsets stay disjoint even then.
    """
    layout = _layout(note)
    passages: list[Passage] = []
    for section in _Outline(layout).sections():
        for start, end in _pack(_blocks(layout, section)):
            first = bisect.bisect_right(layout.starts, start)
            last = bisect.bisect_right(layout.starts, end - 1)
            text = note.text[start:end]
            passages.append(Passage(note.source, section.headings, section.question, start, end, first, last, text))
    return tuple(passages)


def answer_span(passage: Passage) -> Span:
    """Returns the offsets of the answer in `passage.text`: what follows the question and a marker such as "答：".

    It is the whole text when there is no question, or nothing after it.
    """
    text = passage.text
    start = _after_question(passage) if passage.question else 0
    if passage.question and (marker := MARKER.match(text, start)):
        start = marker.end()
    start += len(text[start:]) - len(text[start:].lstrip())
    return (start, len(text)) if start < len(text) else (0, len(text))


def question_line(passage: Passage) -> Span | None:
    """Returns the offsets of the line of `passage.text` that asks its question, with its end; None without one.

    A later piece of a long answer has none.
    """
    start = 0
    for line in passage.text.split("\n") if passage.question else ():
        end = start + len(line) + 1
        if len(line) <= 2 * HEADING_CHARACTERS and passage.question in _questions(line):
            return start, min(end, len(passage.text))
        start = end
    return None


def is_unanswered(passage: Passage) -> bool:
    """True for headings that ask, with nothing below them: whoever finds them has found no answer."""
    return _open_question(passage) is not None


def _open_question(passage: Passage) -> str | None:
    """Returns the last question of headings that ask and have nothing below them, None for any other passage."""
    if passage.question is not None:
        return None
    asked = None
    lines = [line for line in passage.text.split("\n") if line.strip()]
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if ATX.match(line) or TIGHT_ATX.match(line) or (RULE.match(below) and not RULE.match(line)):
            text = _unnumbered(_plain(line.strip().strip("#").strip()))
            asked = text if _reads(text) else asked
        elif not _says_nothing(line):
            return None
    return asked


def headings(note: Note) -> tuple[Heading, ...]:
    """Returns the marked headings of `note` in order; a line that only looks like a section is none."""
    layout = _layout(note)
    outline = _Outline(layout)
    found = ((first, outline.heading(first, level, end)) for first, (level, end) in sorted(layout.headings.items()))
    return tuple(Heading(first + 1, mark.level, mark.text, mark.asks) for first, mark in found if mark)


def title(passage: Passage) -> str:
    """Returns what a passage is called in a list: its question, its last heading or how its text begins."""
    heading = passage.headings[-1] if passage.headings else passage.text.split("\n", 1)[0][:SECTION_CHARACTERS]
    return passage.question or _open_question(passage) or heading


def sentences(text: str) -> tuple[Span, ...]:
    """Returns the sentences of `text` as offsets, in order, without white space around them, none left out.

    Lines end sentences, so table rows, list items and lines of code are sentences of their own.
    """
    spans: list[Span] = []
    fence = ""
    start = 0
    for line in text.split("\n"):
        is_fence = FENCE.match(line)
        whole = bool(fence) or is_fence is not None or line.lstrip().startswith("|")
        if is_fence:
            fence = _next_fence(fence, is_fence[1])
        for first, last in [(0, len(line))] if whole else _line_sentences(line):
            spans.extend(_shortened(text, start + first, start + last))
        start += len(line) + 1
    return tuple(spans)


# ---------------------------------------------------------------------------------------------------- what lines are


@dataclass(frozen=True, slots=True)
class _Layout:
    """The lines of a note. `groups` maps each line of a fence, a formula or code to the (first, end) of its block."""

    lines: list[str]
    starts: list[int]
    headings: Ranges  # first line → level, end
    groups: Ranges
    front: int  # lines of front matter
    following: list[int]  # for each line the next one that is not blank, or the number of lines


def _layout(note: Note) -> _Layout:
    lines = note.text.split("\n")
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    front = front_matter(lines)
    body = [""] * front + lines[front:]
    headings, groups = _plain_text(body) if note.source.lower().endswith(".txt") else _markdown(body)
    _add_formulas(body, headings, groups)
    if front:
        groups |= dict.fromkeys(range(front), (0, front))
    following = [len(lines)] * len(lines)
    for i in range(len(lines) - 2, -1, -1):
        following[i] = i + 1 if lines[i + 1].strip() else following[i + 1]
    return _Layout(lines, starts, headings, groups, front, following)


def _markdown(lines: list[str]) -> tuple[Ranges, Ranges]:
    """Returns headings and undivided blocks as markdown-it sees them; inline marks are not parsed, to stay fast."""
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    headings: Ranges = {}
    groups: Ranges = {}
    for token in parser.parse("\n".join(lines)):
        if token.map is None:
            continue
        first, end = token.map
        if token.type == "heading_open" and token.level == 0 and _is_heading(lines, first, end, token.markup):
            headings[first] = int(token.tag[1]), end
        elif token.type in ("fence", "code_block"):
            groups |= dict.fromkeys(range(first, end), (first, end))
    for i, line in enumerate(lines):
        tight = TIGHT_ATX.match(line)
        if tight and i not in groups and len(line) <= HEADING_CHARACTERS:
            headings[i] = len(tight[1]), i + 1
    return headings, groups


def _is_heading(lines: list[str], first: int, end: int, markup: str) -> bool:
    """Tells headings from a paragraph over a rule, which CommonMark makes a heading of any length."""
    if markup.startswith("#"):
        return len(lines[first]) <= HEADING_CHARACTERS
    return end == first + 2 and len(lines[first]) <= SECTION_CHARACTERS and not MARKER.match(lines[first])


def _plain_text(lines: list[str]) -> tuple[Ranges, Ranges]:
    """Returns headings and fences of a .txt: `#` counts after a blank line only, else it is a comment in commands."""
    headings: Ranges = {}
    groups: Ranges = {}
    fence, first = "", 0
    for i, line in enumerate(lines):
        if match := FENCE.match(line):
            opened, fence = fence, _next_fence(fence, match[1])
            if fence and not opened:
                first = i
            elif opened and not fence:
                groups |= dict.fromkeys(range(first, i + 1), (first, i + 1))
        elif not fence and (match := ATX.match(line)) and len(line) <= HEADING_CHARACTERS:
            stands_free = i == 0 or not lines[i - 1].strip() or i - 1 in headings
            headings |= {i: (len(match[1]), i + 1)} if stands_free else {}
    return headings, groups


def _next_fence(fence: str, mark: str) -> str:
    """Returns the fence that is open after a line beginning with `mark`, "" for none."""
    if not fence:
        return mark
    return "" if mark.startswith(fence) else fence


def _add_formulas(lines: list[str], headings: Ranges, groups: Ranges) -> None:
    """Adds blocks between lines `$$` or `\\[` and `\\]`; one that is not closed within 100 lines is no formula."""
    i = 0
    while i < len(lines):
        line = lines[i].strip()
        close = {"$$": "$$", "\\[": "\\]"}.get(line[:2])
        if close and i not in groups and close not in line[2:]:
            for end in range(i + 1, min(i + 100, len(lines))):
                if end in groups or end in headings:
                    break
                if close in lines[end]:
                    groups |= dict.fromkeys(range(i, end + 1), (i, end + 1))
                    i = end
                    break
        i += 1


# ---------------------------------------------------------------------------------------------- headings, questions


@dataclass(frozen=True, slots=True)
class _Ask:
    """A line in the form of a question; `style` is what stands around its number, `text` the question itself."""

    style: str
    number: int
    text: str
    reads: bool  # as a question, by its words
    answered: bool  # on the same line


@dataclass(frozen=True, slots=True)
class _Mark:
    """A line that opens a section. One without text only ends the answer before it."""

    level: int
    text: str
    asks: bool
    style: str = ""
    number: int = 0
    answered: bool = False  # on the same line


@dataclass(slots=True)
class _Section:
    """Lines from `first` to `end` (excluded); those in `heads` lead to the text and stay with what follows."""

    first: int
    headings: tuple[str, ...] = ()
    question: str | None = None
    end: int = 0
    has_text: bool = False
    answered: bool = False
    heads: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Inner:
    """A numbered list inside an answer: the number that would go on with it, and how it looked so far."""

    following: int = 0
    reads: bool = False


class _Outline:
    """Walks the lines once with the stack of open headings; the deepest one that asks is the question."""

    def __init__(self, layout: _Layout) -> None:
        self.layout = layout
        self.stack: list[_Mark] = []
        self.section = _Section(0)
        self.done: list[_Section] = []
        self.item = _Inner()
        self.numeral = _Inner()
        # a section line that comes again further down is an entry of a table of contents
        self.last_of = {line.strip(): i for i, line in enumerate(layout.lines)}

    def sections(self) -> list[_Section]:
        i = self.layout.front
        self.section.heads.update(range(i))
        while i < len(self.layout.lines):
            mark, end = self._mark(i)
            if mark is not None:
                self._open(mark, i, end)
            elif self.layout.lines[i].strip():
                below_heading = any(head >= self.layout.front for head in self.section.heads)
                self.section.has_text |= below_heading or self._says_something(i)
                self.section.answered |= i in self.layout.groups or not _says_nothing(self.layout.lines[i])
            i = end
        self._close(len(self.layout.lines))
        return [section for section in self.done if any(map(str.strip, self.layout.lines[section.first : section.end]))]

    def _says_something(self, i: int) -> bool:
        """Rules, images and badges above the first heading are no text of their own."""
        line = self.layout.lines[i]
        return len(line) > 2 * HEADING_CHARACTERS or WORDS.search(_plain(line)) is not None

    def _open(self, mark: _Mark, first: int, end: int) -> None:
        question = self._question()
        if mark.level < QUESTION and not mark.asks and question and question.level < mark.level:
            self.section.heads.update(range(first, end))  # a sub-heading within the answer
            return
        while self.stack and self.stack[-1].level >= mark.level:
            self.stack.pop()
        pending = self.layout.starts[first] - self.layout.starts[self.section.first]
        is_left = question is not None and question not in self.stack and (mark.asks or mark.level < question.level)
        if self.section.has_text or is_left or pending > TARGET_CHARACTERS:
            self._close(first)
        if mark.text:
            self.stack.append(mark)
            self.section.heads.update(range(first, end))
        self.section.has_text |= mark.answered or not mark.text
        self.section.answered |= mark.answered
        asking = self._question()
        above = self.stack[: self.stack.index(asking)] if asking else self.stack
        self.section.headings = tuple(entry.text for entry in above)
        self.section.question = asking.text if asking else None
        self.item = _Inner()
        if mark.level < QUESTION:
            self.numeral = _Inner()

    def _close(self, end: int) -> None:
        self.section.end = end
        if not self.section.answered:
            self.section.question = None  # an entry without an answer would be found, and say nothing
        self.done.append(self.section)
        self.section = _Section(end, self.section.headings, self.section.question)

    def _question(self) -> _Mark | None:
        return next((mark for mark in reversed(self.stack) if mark.asks), None)

    def _mark(self, i: int) -> tuple[_Mark | None, int]:
        """Returns what line `i` opens, if anything, and the line after it."""
        if i in self.layout.groups:
            return None, self.layout.groups[i][1]
        if i in self.layout.headings:
            level, end = self.layout.headings[i]
            return self.heading(i, level, end), end
        line = self.layout.lines[i]
        if not line.strip() or len(line) > 2 * HEADING_CHARACTERS or _indent(line) > 3:
            return None, i + 1
        return self._plain_section(i) or self._asked(i), i + 1

    def heading(self, i: int, level: int, end: int) -> _Mark | None:
        """Returns what a marked heading opens, None when nothing is left of it."""
        raw = _plain(self.layout.lines[i].strip().strip("#").strip())
        if not raw:
            return None
        ask = _ask(raw)
        text = ask.text if ask and ask.text else _unnumbered(raw)
        asks = _reads(text) or self._marked(end - 1) or bool(ask and ask.style in ("Q", "问"))
        if level == 1 and asks and i == min(self.layout.headings) and len(self.layout.headings) > 1:
            asks = False  # a title that asks is the subject of the note, not one question of it
        return _Mark(level, text if asks else raw, asks)

    def _plain_section(self, i: int) -> _Mark | None:
        line = _unbold(self.layout.lines[i])
        level, number = _section_number(line)
        question = self._question()
        if not level or self.last_of[self.layout.lines[i].strip()] != i or (question and question.level < level):
            return None
        text = _plain(line)
        reads = _reads(_unnumbered(text))
        if (len(text) > SECTION_CHARACTERS and not reads) or text.endswith(tuple("。；;，,.！!")):
            return None
        if question and question.level == QUESTION and self._is_inner_section(i, level, number):
            return None
        asks = (reads or self._marked(i)) and self._has_answer(i)
        return _Mark(level, _unnumbered(text) if asks else text, asks, number=number)

    def _is_inner_section(self, i: int, level: int, number: int) -> bool:
        """Tells a part of an answer, "一、数据" after a question, from the section that follows the answer."""
        outer = next((mark.number for mark in self.stack if mark.level == level), 0)
        below = self._ask_at(self.layout.following[i])
        begins_questions = below is not None and below.number == 1
        if begins_questions or number not in (1, self.numeral.following) or (number != 1 and not outer):
            return number != 1 and number == self.numeral.following and not begins_questions
        self.numeral.following = number + 1
        return True

    def _asked(self, i: int) -> _Mark | None:
        """Returns the question that line `i` asks outside of headings."""
        ask = self._ask_at(i)
        if ask is None:
            return None
        question = self._question()
        mark = _Mark(QUESTION, ask.text, True, ask.style, ask.number, ask.answered)
        if ask.answered or (self._marked(i) and (ask.style or ask.reads)):
            return mark
        if question and question.level < QUESTION and ask.style not in ("Q", "问"):
            return None
        if ask.style in ("Q", "问") or (ask.style == "问题" and ask.reads):
            return mark if self._has_answer(i) else self._boundary(question)
        if ask.style == "-":
            return mark if ask.reads and self._answers_bullet(i) else None
        if not ask.style:
            return mark if self._stands_alone(i, ask, question) else None
        return self._numbered(i, ask, question)

    def _numbered(self, i: int, ask: _Ask, question: _Mark | None) -> _Mark | None:
        mark = _Mark(QUESTION, ask.text, True, ask.style, ask.number)
        if question is None:
            return mark if ask.reads and self._has_answer(i) else None
        if question.style != ask.style:
            goes_on = question.style == "" or ask.number == question.number + 1
            return mark if goes_on and ask.reads and self._has_answer(i) else None
        if self._continues_list(i, ask, question):
            return None
        is_entry = ask.number == question.number + 1 and self.layout.following[i] in self.layout.groups
        if ask.reads or is_entry:
            return mark if self._has_answer(i) else self._boundary(question)
        if question.number < ask.number <= question.number + SKIPPED_NUMBERS:
            return self._boundary(question)
        if ask.number == 1:
            self.item = _Inner(2)
        return None

    def _continues_list(self, i: int, ask: _Ask, question: _Mark) -> bool:
        """Says whether a numbered line belongs to a list in the answer: one announced by "如下：", or under way."""
        above = i - 1
        while above > 0 and not self.layout.lines[above].strip():
            above -= 1
        announced = above not in self.section.heads and self.layout.lines[above].rstrip(CLOSERS).endswith((":", "："))
        goes_on = ask.number == self.item.following and (not ask.reads or self.item.reads)
        if (announced and ask.number != question.number + 1) or goes_on:
            self.item = _Inner(ask.number + 1, ask.reads)
            return True
        return False

    def _boundary(self, question: _Mark | None) -> _Mark | None:
        """A question without an answer is not an entry, but it ends the answer before it."""
        return _Mark(QUESTION, "", False) if question and question.level == QUESTION else None

    def _stands_alone(self, i: int, ask: _Ask, question: _Mark | None) -> bool:
        """Says whether a line without number is a question: a short paragraph's first line, its answer right below."""
        lines = self.layout.lines
        if not ask.reads or (question and question.style) or not self._has_answer(i):
            return False
        if lines[i].strip().startswith("**") and lines[i].strip().endswith("**"):
            return True
        begins = i == 0 or not lines[i - 1].strip() or i - 1 in self.section.heads
        ends = ask.text.endswith(("?", "？")) and len(ask.text) <= 60
        return begins and ends and self.layout.following[i] == i + 1 and not ITEM.match(lines[i + 1].lstrip())

    def _answers_bullet(self, i: int) -> bool:
        below = self.layout.following[i]
        if below >= len(self.layout.lines) or below in self.layout.headings:
            return False
        line = self.layout.lines[below]
        return not BULLET.match(line) and not line.startswith((" ", "\t")) and not RULE.match(line)

    def _has_answer(self, i: int) -> bool:
        """Says whether text follows line `i` before the next heading or question."""
        below = self.layout.following[i]
        if below >= len(self.layout.lines) or below in self.layout.headings:
            return False
        if below in self.layout.groups or self._marked(i):
            return True
        line = _unbold(self.layout.lines[below])
        if RULE.match(line) or (_section_number(line)[0] and len(line) <= SECTION_CHARACTERS):
            return False
        here, there = self._ask_at(i), self._ask_at(below)
        if here is None or there is None or there.style != here.style:
            return True
        return not (there.reads or there.style in ("Q", "问") or there.number == here.number + 1)

    def _marked(self, i: int) -> bool:
        below = self.layout.following[i]
        return (
            below < len(self.layout.lines) and below not in self.layout.groups and _is_marker(self.layout.lines[below])
        )

    def _ask_at(self, i: int) -> _Ask | None:
        if i >= len(self.layout.lines) or i in self.layout.groups or i in self.layout.headings:
            return None
        line = self.layout.lines[i]
        return None if len(line) > 2 * HEADING_CHARACTERS or _indent(line) > 3 or _is_marker(line) else _ask(line)


def _is_marker(line: str) -> bool:
    return MARKER.match(line) is not None


def _says_nothing(line: str) -> bool:
    """Says whether a line that is not blank is a rule, or announces an answer that is not there."""
    return RULE.match(line) is not None or _is_bare_marker(line)


def _is_bare_marker(line: str) -> bool:
    return _is_marker(line) and not MARKER.sub("", line, count=1).strip()


def _ask(line: str) -> _Ask | None:
    """Returns `line` taken as a question: "1. …", "Q1: …", "- …？" or a plain line; None when nothing is left of it."""
    line, *answer = INLINE_ANSWER.split(line, maxsplit=1)
    is_bullet = BULLET.match(line) is not None
    bare = _unbold(BULLET.sub("", line, count=1) if is_bullet else line)
    bare = DECORATION.sub("", bare)
    style, number = "-" if is_bullet else "", 0
    if match := ASKED.match(bare):
        style, number = {"问题": "问题", "问": "问", "提问": "问"}.get(match["style"], "Q"), int(match["number"] or 0)
        bare = bare[match.end() :]
    elif (match := NUMBERED.match(bare)) and not is_bullet:
        style, number = match["open"] + match["style"].strip() or " ", int(match["number"].rsplit(".", 1)[-1])
        bare = bare[match.end() :]
    text = DECORATION.sub("", _plain(_unnumbered(bare) if style == "-" else bare))
    if not text or len(text) > HEADING_CHARACTERS:
        return None
    if style == " " and not text.endswith(("?", "？")):
        return None
    return _Ask(style, number, text, _reads(text), bool(answer))


def _section_number(line: str) -> tuple[int, int]:
    """Returns level and number of a plain text section, (0, 0) when `line` is none."""
    for level, pattern in SECTIONS:
        if match := pattern.match(line):
            return level, _han_number(match[1])
    return 0, 0


def _han_number(numeral: str) -> int:
    """Returns 1 for 一, 12 for 十二, 25 for 二十五; beyond 99 the order of sections does not matter."""
    if numeral.isdecimal():
        return int(numeral)
    digits = "零一二三四五六七八九"
    tens, ten, ones = numeral.rpartition("十")
    return (max(digits.find(tens[-1:]), 1) * 10 if ten else 0) + max(digits.find(ones[-1:] or "零"), 0)


def _reads(text: str) -> bool:
    """Says whether `text` reads as a question or a request to explain."""
    core = text.rstrip(CLOSERS)
    if core.endswith(("?", "？")):
        return True
    if len(core) > 2 * SECTION_CHARACTERS and not REQUEST.match(core):
        return False
    if re.search(r"[:：].*\w", core):
        return False  # "如何优化：剪枝和量化" says it
    if REQUEST.match(core):
        return True
    return not core.endswith(tuple("。.；;！!，,")) and bool(OPENER.match(core) or ENDER.search(core))


def _unnumbered(text: str) -> str:
    return ORDINAL.sub("", text, count=1) if ORDINAL.match(text) else NUMBERED.sub("", text, count=1)


def _unbold(line: str) -> str:
    line = line.strip()
    for mark in ("**", "__"):
        if line.startswith(mark):
            line = line.removeprefix(mark).removesuffix(mark)
    return line


def _plain(text: str) -> str:
    """Returns a heading or question without Markdown and HTML marks; expects a short line."""
    if not MARKUP.search(text):
        return " ".join(text.split())
    text = TAG.sub("", LINK.sub(r"\1", IMAGE.sub("", text))).replace("**", "").replace("`", "")
    text = ESCAPE.sub(r"\1", EMPHASIS.sub(r"\1", text))
    return " ".join(text.split())


def _after_question(passage: Passage) -> int:
    """Returns the offset after the line of `passage.text` that asks its question, 0 in a later piece."""
    span = question_line(passage)
    if span is None:
        return 0
    line, below = passage.text[slice(*span)].rstrip("\n"), passage.text[span[1] :].split("\n", 1)[0]
    if inline := INLINE_ANSWER.search(line):
        return span[0] + inline.end()
    return span[1] + (len(below) + 1 if RULE.match(below) and not below.startswith("*") else 0)


def _questions(line: str) -> set[str]:
    """Returns the ways in which `_Outline` may have read the question of a line."""
    raw = _plain(line.strip().strip("#").strip())
    asks = (_ask(line), _ask(raw))
    return {ask.text for ask in asks if ask} | {_unnumbered(raw), _unnumbered(_plain(_unbold(line)))}


# ---------------------------------------------------------------------------------------------------------- packing


@dataclass(frozen=True, slots=True)
class _Block:
    """What stays together: a line, a fence, a sentence of an overlong line; `cost` is that of cutting before it."""

    start: int
    end: int
    cost: int


def _blocks(layout: _Layout, section: _Section) -> list[_Block]:
    """Returns the blocks of a section in order, heads joined to what they lead to."""
    blocks: list[_Block] = []
    leads = False
    i = section.first
    while i < section.end:
        line = layout.lines[i]
        end = min(layout.groups.get(i, (i, i + 1))[1], section.end)
        if not line.strip() and i not in layout.groups:
            i = end
            continue
        is_head = i in section.heads or (i not in layout.groups and _is_subheading(layout, i))
        cost = NEVER if leads else AT_HEADING if is_head else _cost(layout, i)
        for block in _parts(layout, i, end, cost):
            _append(blocks, block)
        leads = is_head or (i not in layout.groups and _is_bare_marker(line))
        i = end
    return blocks


def _append(blocks: list[_Block], block: _Block) -> None:
    """Adds `block`, joined to the one before when the two must not be cut apart."""
    if blocks and block.cost == NEVER and blocks[-1].end - blocks[-1].start <= GLUED_CHARACTERS:
        blocks[-1] = _Block(blocks[-1].start, block.end, blocks[-1].cost)
    else:
        blocks.append(block)


def _is_subheading(layout: _Layout, i: int) -> bool:
    """Says whether line `i` heads a part of an answer: "Prompt Tuning(提示微调):", bold, or numbered above prose."""
    line = layout.lines[i].strip()
    if not line or len(line) > SECTION_CHARACTERS or BULLET.match(line):
        return False
    bare = _unbold(line)
    if bare.endswith((":", "：")) or (line.startswith("**") and line.endswith("**")):
        return True
    below = _unbold(layout.lines[layout.following[i]]) if layout.following[i] < len(layout.lines) else ""
    for numbers in (NUMBERED, ORDINAL):
        if numbers.match(bare) and not bare.endswith(SENTENCE_ENDS):
            return not numbers.match(below) and below != ""
    return False


def _cost(layout: _Layout, i: int) -> int:
    """Returns how bad a cut before line `i` is, judged by the line above."""
    line, above = layout.lines[i], layout.lines[i - 1] if i else ""
    if any("|" in row and TABLE_RULE.match(row) for row in (line, above)):
        return NEVER  # a table's header says what its rows mean
    announced = above or (layout.lines[i - 2] if i > 1 else "")
    if announced.rstrip(CLOSERS).endswith((":", "：")):
        return IN_PARAGRAPH
    if _indent(line) > _indent(above) and above:
        return IN_PARAGRAPH
    if line.startswith((" ", "\t")):
        return AT_ITEM if not above.strip() or ITEM.match(line.lstrip()) else IN_PARAGRAPH
    if not above.strip() or i in layout.groups or i - 1 in layout.groups:
        return AT_PARAGRAPH
    return AT_ITEM if ITEM.match(line) or above.rstrip(CLOSERS).endswith(SENTENCE_ENDS) else IN_PARAGRAPH


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _parts(layout: _Layout, first: int, end: int, cost: int) -> Iterator[_Block]:
    """Yields lines `first` to `end` as one block, or in smaller ones when they are over the limit."""
    while first < end and not layout.lines[first].strip():
        first += 1
    while first < end and not layout.lines[end - 1].strip():
        end -= 1  # a fence that is never closed may end in blank lines
    if first == end:
        return
    start, stop = layout.starts[first], layout.starts[end - 1] + len(layout.lines[end - 1])
    if stop - start <= MAX_CHARACTERS:
        yield _Block(start, stop, cost)
        return
    for i in range(first, end):
        line = layout.lines[i]
        spans = [(0, len(line))] if len(line) <= MAX_CHARACTERS else sentences(line)
        for left, right in spans:
            if line[left:right].strip():
                yield _Block(layout.starts[i] + left, layout.starts[i] + right, cost)
                cost = IN_PARAGRAPH


def _pack(blocks: list[_Block]) -> Iterator[Span]:
    """Yields passages as offsets: everything when it is short, else pieces of up to TARGET_CHARACTERS.

    Each cut is the best border in the second half of a piece, the last one among equals.
    """
    first = 0
    while first < len(blocks):
        start = blocks[first].start
        if blocks[-1].end - start <= MAX_CHARACTERS:
            yield start, blocks[-1].end
            return
        cut = first + 1
        while cut < len(blocks) and blocks[cut].end - start <= TARGET_CHARACTERS:
            cut += 1
        choices = [k for k in range(first + 1, cut + 1) if blocks[k - 1].end - start >= TARGET_CHARACTERS // 2]
        cut = min(choices, key=lambda k: (blocks[k].cost, -k), default=cut) if cut < len(blocks) else cut
        yield start, blocks[cut - 1].end
        first = cut


# -------------------------------------------------------------------------------------------------------- sentences


def _line_sentences(line: str) -> Iterator[Span]:
    start = 0
    for match in SENTENCE_END.finditer(line):
        if match["end"] is not None and not _is_abbreviation(line, match.start()):
            yield start, match.end()
            start = match.end()
    yield start, len(line)


def _is_abbreviation(line: str, dot: int) -> bool:
    """Says whether the full stop at `dot` ends "e.g.", an initial or the number of a list item, not a sentence."""
    before = line[max(dot - 12, 0) : dot]
    return line[dot] == "." and bool(ABBREVIATION.search(before) or (dot < 12 and LIST_NUMBER.match(before)))


def _shortened(text: str, start: int, end: int) -> Iterator[Span]:
    """Yields `start` to `end` without white space around, cut at commas or hard where it is too long."""
    while start < end:
        if text[start].isspace():
            start += 1
            continue
        while text[end - 1].isspace():
            end -= 1
        cut = end
        if end - start > SENTENCE_CHARACTERS:
            half = start + SENTENCE_CHARACTERS // 2
            cuts = [match.end() for match in SOFT_CUT.finditer(text, half, start + SENTENCE_CHARACTERS)]
            cut = cuts[-1] if cuts else start + SENTENCE_CHARACTERS
        yield start, start + len(text[start:cut].rstrip())
        start = cut
