"""Headings and questions → sections."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rag.passages.forms import (
    ANSWER_HEADING,
    ASK_HEADING,
    BOLD_ASK,
    BULLET,
    CHAPTER,
    CLOSERS,
    HEADING_CHARACTERS,
    HEADING_LEAD,
    ITEM,
    OPTION,
    QUESTION,
    QUOTE,
    RULE,
    SECTION_CHARACTERS,
    WORDS,
    Ask,
    indent,
    is_choice,
    is_marker,
    parse_ask,
    reads_as_question,
    says_nothing,
    section_number,
    unlabelled,
    unnumbered,
)
from rag.passages.layout import Layout, read_layout
from rag.passages.pairs import Pair
from rag.text.markdown import plain, unbold
from rag.types import Note, Span

TARGET_CHARACTERS = 500  # a piece of something longer: one topic, and still within the encoder's window

SKIPPED_NUMBERS = 5  # people drop numbers; what goes on far beyond the question's number is another list


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a note; `line` counts from 1, `level` from 1 to 6, `asks` says that it is a question."""

    line: int
    level: int
    text: str
    asks: bool


def headings(note: Note) -> tuple[Heading, ...]:
    """Returns the marked headings of `note` in order; a line that only looks like a section is none."""
    layout = read_layout(note)
    outline = Outline(layout)
    found = ((first, outline.heading(first, level, end)) for first, (level, end) in sorted(layout.headings.items()))
    return tuple(Heading(first + 1, mark.level, mark.text, mark.asks) for first, mark in found if mark)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A line that opens a section. One without text only ends the answer before it."""

    level: int
    text: str
    asks: bool
    style: str = ""
    number: int = 0
    answer: int | None = None  # where in the line that asks its answer begins
    line: int | None = None  # that asks, where it is not the first of the mark


@dataclass(slots=True)
class Section:
    """Lines from `first` to `end` (excluded); those in `heads` lead to the text and stay with what follows.

    `asks` is where in the note the question stands, None where that is in an earlier section; `answer` is where its
    answer stands, or begins, when that is known; `open_question` is what its headings ask when nothing answers it.
    """

    first: int
    headings: tuple[str, ...] = ()
    question: str | None = None
    asks: Span | None = None
    answer: tuple[int, int | None] | None = None
    open_question: str | None = None
    end: int = 0
    has_text: bool = False
    answered: bool = False
    heads: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Inner:
    """A numbered list inside an answer: the number that would go on with it, and how it looked so far."""

    following: int = 0
    reads: bool = False


class Outline:
    """Walks the lines once with the stack of open headings; the deepest one that asks is the question."""

    def __init__(self, layout: Layout, pairs: Mapping[int, Pair] | None = None) -> None:
        self.layout = layout
        self.pairs = pairs or {}
        self.stack: list[_Mark] = []
        self.section = Section(0)
        self.done: list[Section] = []
        self.item = _Inner()
        self.numeral = _Inner()
        # a section line that comes again further down is an entry of a table of contents
        self.heading_lines = sorted(layout.headings)
        self.last_of = {line.strip(): i for i, line in enumerate(layout.lines)}

    def sections(self) -> list[Section]:
        i = self.layout.front
        self.section.heads.update(range(i))
        while i < len(self.layout.lines):
            if (pair := self.pairs.get(i)) and self._stands(pair):
                self._enter(pair)
                i = pair.end
                continue
            mark, end = self._mark(i)
            if mark is not None:
                self._open(mark, i, end)
            elif self.layout.lines[i].strip():
                below_heading = any(head >= self.layout.front for head in self.section.heads)
                self.section.has_text |= below_heading or self._says_something(i)
                self.section.answered |= i in self.layout.groups or not says_nothing(self.layout.lines[i])
            i = end
        self._close(len(self.layout.lines))
        return [section for section in self.done if any(map(str.strip, self.layout.lines[section.first : section.end]))]

    def _stands(self, pair: Pair) -> bool:
        """Says whether a pair is an entry: inside of an answer, only one whose form leaves no doubt."""
        return pair.certain or self._question() is None

    def _enter(self, pair: Pair) -> None:
        """Makes a section of a pair; the heads before it, and those of its table, lead to it."""
        while self.stack and self.stack[-1].level >= QUESTION:
            self.stack.pop()
        if self.section.has_text:
            self._close(pair.first)
        self.section.headings = (*(mark.text for mark in self.stack), *pair.above)
        self.section.question = self.section.open_question = pair.question
        self.section.asks, self.section.answer = self._question_of(pair), pair.answer
        self.section.answered = pair.answer[0] < pair.answer[1]
        self._close(pair.end)
        asking = self._question()
        above = self.stack[: self.stack.index(asking)] if asking else self.stack
        self.section.headings = tuple(mark.text for mark in above)
        self.section.question = asking.text if asking else None

    def _question_of(self, pair: Pair) -> Span:
        """Returns where a question stands with what ends it, which tells it from a longer one: a line end, a bar."""
        start, end = pair.asks
        line = self.layout.line_of(end - 1)
        after = self.layout.starts[line] + len(self.layout.lines[line]) + 1
        return start, min(after, pair.answer[0]) if pair.answer[0] > start else after

    def _says_something(self, i: int) -> bool:
        """Rules, images and badges above the first heading are no text of their own."""
        line = self.layout.lines[i]
        return len(line) > 2 * HEADING_CHARACTERS or WORDS.search(plain(line)) is not None

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
        self.section.has_text |= mark.answer is not None or not mark.text
        self.section.answered |= mark.answer is not None
        asking = self._question()
        above = self.stack[: self.stack.index(asking)] if asking else self.stack
        self.section.headings = tuple(entry.text for entry in above)
        self.section.question = asking.text if asking else None
        if asking is mark:
            self._ask(mark, first if mark.line is None else mark.line)
        if mark.level < CHAPTER and reads_as_question(text := unnumbered(mark.text)):
            self.section.open_question = text
        self.item = _Inner()
        if mark.level < QUESTION:
            self.numeral = _Inner()

    def _ask(self, mark: _Mark, line: int) -> None:
        start = self.layout.starts[line]
        if mark.answer is None:
            self.section.asks = start, start + len(self.layout.lines[line]) + 1
        else:
            self.section.asks = start, start + mark.answer
            self.section.answer = start + mark.answer, None

    def _close(self, end: int) -> None:
        self.section.end = end
        if self.section.answered:
            self.section.open_question = None
        else:
            # an entry without an answer would be found, and say nothing
            self.section.question = self.section.asks = self.section.answer = None
        self.done.append(self.section)
        self.section = Section(end, self.section.headings, self.section.question)

    def _question(self) -> _Mark | None:
        return next((mark for mark in reversed(self.stack) if mark.asks), None)

    def _mark(self, i: int) -> tuple[_Mark | None, int]:
        """Returns what line `i` opens, if anything, and the line after it."""
        if i in self.layout.groups:
            return None, self.layout.groups[i][1]
        if self.layout.separator:
            return None, i + 1
        if i in self.layout.headings:
            level, end = self.layout.headings[i]
            return self.heading(i, level, end), end
        line = self.layout.lines[i]
        if not line.strip() or len(line) > 2 * HEADING_CHARACTERS or indent(line) > self.layout.deepest:
            return None, i + 1
        return self._plain_section(i) or self._asked(i), i + 1

    def heading(self, i: int, level: int, end: int) -> _Mark | None:
        """Returns what a marked heading opens, None when nothing is left of it, or when it is that of an answer."""
        raw = plain(unlabelled(HEADING_LEAD.sub("", self.layout.lines[i], count=1)).strip().rstrip("#").strip())
        if not raw or (ANSWER_HEADING.fullmatch(raw) and self._answers_above(i)):
            return None
        below = self.layout.following[i]
        line = below if ASK_HEADING.fullmatch(raw) and self._says_what_is_asked(below) else None
        ask = parse_ask(raw if line is None else self.layout.lines[line])
        text = ask.text if ask and ask.text else unnumbered(raw)
        is_form = reads_as_question(text) or self._is_answered_as_question(i, level, end)
        is_form = is_form or bool(ask and ask.style in ("Q", "问"))
        asks = line is not None or (is_form and not ASK_HEADING.fullmatch(raw))
        if level == 1 and asks and i == min(self.layout.headings) and len(self.layout.headings) > 1:
            asks = False  # a title that asks is the subject of the note, not one question of it
        return _Mark(level, text if asks else raw, asks, line=line if asks else None)

    def _is_answered_as_question(self, i: int, level: int, end: int) -> bool:
        """Says whether below a heading comes what is only below questions: "答：", "### 答案", or options."""
        following = self._next_heading(i)
        if following is not None and self.layout.headings[following][0] >= level and self._is_answer_heading(following):
            return True
        return self._marked(end - 1) or is_choice(self.layout.lines, end - 1)

    def _answers_above(self, i: int) -> bool:
        """Says whether a heading such as "### 答案" is that of the answer to the question over it."""
        asking = self._question()
        return asking is not None and asking.level <= self.layout.headings[i][0]

    def _is_answer_heading(self, i: int) -> bool:
        return ANSWER_HEADING.fullmatch(HEADING_LEAD.sub("", self.layout.lines[i], count=1)) is not None

    def _next_heading(self, i: int) -> int | None:
        place = bisect.bisect_right(self.heading_lines, i)
        return self.heading_lines[place] if place < len(self.heading_lines) else None

    def _says_what_is_asked(self, i: int) -> bool:
        """Says whether line `i` can be the question that "### 题目 3" only announces."""
        if i >= len(self.layout.lines) or i in self.layout.headings or i in self.layout.groups:
            return False
        following = self._next_heading(i)
        is_answered = self._marked(i) or (following is not None and self._is_answer_heading(following))
        ask = parse_ask(self.layout.lines[i])
        end = len(self.layout.lines) if following is None else following
        others = (self._ask_at(j) for j in range(i + 1, end))  # a list of questions, with one of answers below
        is_one = ask is None or not ask.number or not any(other and other.style == ask.style for other in others)
        return ask is not None and is_one and (ask.reads or is_answered)

    def _plain_section(self, i: int) -> _Mark | None:
        line = unbold(self.layout.lines[i])
        level, number = section_number(line)
        question = self._question()
        if not level or self.last_of[self.layout.lines[i].strip()] != i or (question and question.level < level):
            return None
        text = plain(line)
        reads = reads_as_question(unnumbered(text))
        if (len(text) > SECTION_CHARACTERS and not reads) or text.endswith(tuple("。；;，,.！!")):
            return None
        if question and question.level == QUESTION and self._is_inner_section(i, level, number):
            return None
        asks = (reads or self._marked(i)) and self._has_answer(i)
        return _Mark(level, unnumbered(text) if asks else text, asks, number=number)

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
        if ask.answer is None and question and question.answer is not None and BOLD_ASK.match(self.layout.lines[i]):
            return self._boundary(question)  # "**怎么去** …" and "**住处** …" are told apart alike
        mark = _Mark(QUESTION, ask.text, True, ask.style, ask.number, ask.answer)
        if ask.answer is not None or (self._marked(i) and (ask.style or ask.reads)):
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

    def _numbered(self, i: int, ask: Ask, question: _Mark | None) -> _Mark | None:
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

    def _continues_list(self, i: int, ask: Ask, question: _Mark) -> bool:
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

    def _stands_alone(self, i: int, ask: Ask, question: _Mark | None) -> bool:
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
        line, ask = self.layout.lines[below], self._ask_at(below)
        is_item = BULLET.match(line) or line.startswith((" ", "\t")) or RULE.match(line)
        return not is_item and not (ask and ask.reads)

    def _has_answer(self, i: int) -> bool:
        """Says whether text follows line `i` before the next heading or question."""
        below = self.layout.following[i]
        if below >= len(self.layout.lines) or below in self.layout.headings:
            return False
        if below in self.layout.groups or self._marked(i):
            return True
        line = unbold(self.layout.lines[below])
        if RULE.match(line) or (section_number(line)[0] and len(line) <= SECTION_CHARACTERS):
            return False
        here, there = self._ask_at(i), self._ask_at(below)
        if here is None or there is None or there.style != here.style:
            return True
        return not (there.reads or there.style in ("Q", "问") or there.number == here.number + 1)

    def _marked(self, i: int) -> bool:
        below = self.layout.following[i]
        return (
            below < len(self.layout.lines) and below not in self.layout.groups and is_marker(self.layout.lines[below])
        )

    def _ask_at(self, i: int) -> Ask | None:
        if i >= len(self.layout.lines) or i in self.layout.groups or i in self.layout.headings:
            return None
        line = self.layout.lines[i]
        if len(line) > 2 * HEADING_CHARACTERS or indent(line) > self.layout.deepest or is_marker(line):
            return None
        is_quote = self._is_lone_quote(i)
        ask = parse_ask(QUOTE.sub("", line, count=1) if is_quote else line)
        if ask is None or (OPTION.match(line) and not ask.reads):
            return None
        if is_quote and not ask.style:
            ask = replace(ask, style=">")
        return replace(ask, reads=True) if not ask.reads and is_choice(self.layout.lines, i) else ask

    def _is_lone_quote(self, i: int) -> bool:
        """Says whether line `i` is a quotation of one line, as some mark a question over its answer."""
        lines = self.layout.lines
        beside = (lines[j] for j in (i - 1, i + 1) if 0 <= j < len(lines))
        return lines[i].lstrip().startswith(">") and not any(line.lstrip().startswith(">") for line in beside)
