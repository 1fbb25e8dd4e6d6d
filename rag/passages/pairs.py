"""Questions that a structure joins to their answers: folded details, callouts, rows of tables, cards, items, chats.

What only the form of a line says, as "1. …？" over its answer, is `outline`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rag.passages.chats import Turn, turns
from rag.passages.forms import (
    BULLET,
    CARD_TAG,
    FOLD,
    HEADING_CHARACTERS,
    ITEM_MARK,
    LEAD_LABEL,
    MARKER,
    QUOTE,
    WORDS,
    indent,
    is_marker,
    parse_ask,
    reads_as_question,
    unnumbered,
)
from rag.passages.layout import Layout
from rag.text.markdown import plain
from rag.text.tables import FEWEST, MOSTLY, cells, named_pair, plain_pair, records
from rag.types import Span

CALLOUT = re.compile(r"\s{0,3}>\s*\[!(?P<kind>[\w-]+)\][-+]?[ \t]*(?P<title>.*)")
ASKING_CALLOUTS = frozenset(("faq", "question", "help"))
DETAILS = re.compile(
    r"<(?P<open>details)\b[^<>]*>|</(?P<close>details)\s*>|<summary\b[^<>]*>(?P<summary>.{0,2000}?)</summary\s*>",
    re.IGNORECASE | re.DOTALL,
)
CARD = re.compile(r"(?P<lead>\s*(?:[-*+]\s+)?)(?P<question>[^`\s](?:[^`]|`[^`]*`)*?\S?)\s*:::?\s*(?P<answer>[^\s:].*)")
CARDS = "#separator:"  # how a deck of cards begins that was exported
LINKS = re.compile(r"!?\[[^\]]*\]\([^)]*\)|!?\[\[[^\]]*\]\]|https?://\S+")
CARD_RULE = re.compile(r"\s*\?{1,2}\s*")  # between the question and the answer of a card, as plugins for cards have it
PATH = re.compile(r"(?:^|[\s(（])[\w.<>]*[A-Za-z_>]::[~A-Za-z_<]")  # std::move
PROPERTY = re.compile(r"\s*(?:[-*]\s+)?[A-Za-z][\w.-]*::(?:\s|$)")  # `id:: 64f0`, as outliners have it


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer; `first` and `end` are their lines, from 0, end excluded, the spans are of the note.

    The answer may be empty, as a cell of a table can be. `above` are the items over it. `certain` says that it is a
    pair also inside of another answer.
    """

    first: int
    end: int
    question: str
    asks: Span
    answer: Span
    certain: bool = False
    above: tuple[str, ...] = ()


def find_pairs(layout: Layout) -> dict[int, Pair]:
    """Returns the pairs of a note by their first lines; none lies in another one."""
    if layout.separator:
        return {pair.first: pair for pair in _separated(layout, layout.separator)}
    pairs: dict[int, Pair] = {}
    taken = bytearray(len(layout.lines))
    for find in (_details, _callouts, _tables, _cards, _items, _chat):
        for pair in find(layout):
            if not any(taken[pair.first : pair.end]):
                taken[pair.first : pair.end] = b"\1" * (pair.end - pair.first)
                pairs[pair.first] = pair
    return pairs


def _separated(layout: Layout, separator: str) -> Iterator[Pair]:
    """Yields the rows of a table of separated values, when two columns hold questions and answers.

    Without a head that says so and without questions, two columns are the two sides of cards if another program says
    that it wrote them.
    """
    rows = list(records(layout.text, separator))
    values = [[layout.text[slice(*cell)] for cell in row] for row in rows]
    columns = named_pair(values[0]) if values else None
    has_head = columns is not None
    columns = columns or plain_pair(values, reads_as_question)
    if columns and not has_head:
        has_head = columns[0] >= len(values[0]) or not reads_as_question(values[0][columns[0]])
    if columns is None and layout.text.startswith(CARDS):
        columns = 0, 1
    first = 0
    for row in rows[1:] if has_head else rows:
        if columns and max(columns) < len(row):
            last = layout.line_of(row[-1][1]) + 1
            if pair := _row(layout.text, row[columns[0]], row[columns[1]], (first, last)):
                yield pair
                first = last  # a head, or a row that holds no question, is read with the next one


# ---------------------------------------------------------------------------------------------------------- details


def _details(layout: Layout) -> Iterator[Pair]:
    """Yields what is folded under a summary that asks; of nested ones, the innermost."""
    opened: list[re.Match[str]] = []
    summary: re.Match[str] | None = None
    for match in DETAILS.finditer(layout.text):
        if layout.line_of(match.start()) in layout.groups:
            continue
        if match["open"]:
            opened.append(match)
            summary = None
        elif match["close"] and opened:
            start = opened.pop().start()
            if summary and summary.start() > start:
                yield from _folded(layout, start, summary, match)
            summary = None
        elif match["summary"] is not None and opened:
            summary = match


def _folded(layout: Layout, start: int, summary: re.Match[str], close: re.Match[str]) -> Iterator[Pair]:
    said = plain(" ".join(summary["summary"].split()))
    ask = None if FOLD.fullmatch(said) else parse_ask(said)
    answer = stripped(layout.text, summary.end(), close.start())
    if ask and (ask.reads or ask.style == "Q") and answer[0] < answer[1]:
        lines = layout.line_of(start), layout.line_of(close.start()) + 1
        yield Pair(*lines, ask.text, summary.span("summary"), answer, certain=True)


# ---------------------------------------------------------------------------------------------------------- callouts


def _callouts(layout: Layout) -> Iterator[Pair]:
    """Yields callouts whose titles ask, `> [!faq]- …` over `> …`."""
    i = 0
    while i < len(layout.lines):
        match = None if i in layout.groups else CALLOUT.match(layout.lines[i])
        end = i + 1
        if match:
            while end < len(layout.lines) and QUOTE.match(layout.lines[end]):
                end += 1
            ask = parse_ask(match["title"])
            if ask and (ask.reads or match["kind"].lower() in ASKING_CALLOUTS):
                begins = layout.starts[i]
                asks = begins + match.start("title"), begins + match.end("title")
                if answer := _quoted(layout, i + 1, end):
                    yield Pair(i, end, ask.text, asks, answer, certain=True)
        i = end


def _quoted(layout: Layout, first: int, end: int) -> Span | None:
    """Returns what lines of a quote say; the mark before it stays where each of several lines has one."""
    said = [i for i in range(first, end) if QUOTE.sub("", layout.lines[i], count=1).strip()]
    if not said:
        return None
    first, last = said[0], said[-1]
    mark = QUOTE.match(layout.lines[first])
    start = layout.starts[first] + (mark.end() if mark and first == last else 0)
    return start, layout.end_of(last)


# ------------------------------------------------------------------------------------------------------------ tables


def _tables(layout: Layout) -> Iterator[Pair]:
    """Yields the rows of tables that have columns of questions and answers."""
    for first, end in layout.tables:
        spans = [cells(layout.lines[i]) for i in range(first, end)]
        values = [[plain(layout.lines[first + i][slice(*cell)]) for cell in row] for i, row in enumerate(spans)]
        columns = named_pair(values[0]) or plain_pair(values[2:], reads_as_question)
        for i, row in enumerate(spans[2:], first + 2):
            if columns is None or max(columns) >= len(row):
                continue
            asks, answer = (_moved(row[column], layout.starts[i]) for column in columns)
            if columns[0] < columns[1]:
                answer = answer[0], layout.starts[i] + row[-1][1]  # with what further columns say
            if pair := _row(layout.text, asks, answer, (first, i + 1)):
                yield pair
                first = i + 1  # the head is read with the first row


def _row(text: str, asks: Span, answer: Span, lines: Span) -> Pair | None:
    """Returns a row as a pair, None where nothing is asked."""
    ask = parse_ask(plain(" ".join(text[slice(*asks)].split())))
    return Pair(*lines, ask.text, asks, answer, certain=True) if ask else None


# ------------------------------------------------------------------------------------------------------------- cards


def _cards(layout: Layout) -> Iterator[Pair]:
    """Yields `question::answer` on a line, and a question and its answer with a line `?` between them."""
    lines = layout.lines
    cards = {i: match for i in range(layout.front, len(lines)) if (match := _card(layout, i))}
    said = sum(1 for line in lines if line.strip())
    tagged = any(CARD_TAG.search(line) for line in lines)
    meant = tagged or (len(cards) >= FEWEST and len(cards) >= MOSTLY * said)
    for i, match in cards.items():
        ask = parse_ask(f"{match['lead']}{match['question']}")
        if ask and (meant or ask.reads):
            begins = layout.starts[i]
            answer = begins + match.start("answer"), begins + len(lines[i].rstrip())
            yield Pair(i, i + 1, ask.text, _moved(match.span("question"), begins), answer, certain=True)
    for i in range(max(layout.front, 1), len(lines) - 1):
        if CARD_RULE.fullmatch(lines[i]) and i not in layout.groups and lines[i - 1].strip() and lines[i + 1].strip():
            ask = parse_ask(lines[i - 1])
            end = next((j for j in range(i + 1, len(lines)) if not lines[j].strip()), len(lines))
            if ask:
                asks = layout.starts[i - 1], layout.end_of(i - 1)
                yield Pair(i - 1, end, ask.text, asks, (layout.starts[i + 1], layout.end_of(end - 1)), certain=True)


def _card(layout: Layout, i: int) -> re.Match[str] | None:
    line = layout.lines[i]
    if "::" not in line or len(line) > 5 * HEADING_CHARACTERS or i in layout.groups or i in layout.headings:
        return None
    if PATH.search(line) or is_property(layout, i):
        return None
    return CARD.fullmatch(line)


def is_property(layout: Layout, i: int) -> bool:
    """Says whether line `i` is a field of an outliner's block or page: first in the note, or below an item."""
    if not PROPERTY.match(layout.lines[i]):
        return False
    above = next((j for j in range(i - 1, layout.front - 1, -1) if layout.lines[j].strip()), None)
    if above is None:
        return True
    below_item = indent(layout.lines[i]) > 0 and not BULLET.match(layout.lines[i])
    return below_item or (PROPERTY.match(layout.lines[above]) is not None and is_property(layout, above))


# ------------------------------------------------------------------------------------------------------------- items


def _items(layout: Layout) -> Iterator[Pair]:
    """Yields the items of lists that ask and stand over what answers them; of nested ones, the innermost."""
    above: list[tuple[int, str, Pair | None]] = []  # the open items, each with its column, text and what it asks
    for i, line in enumerate(layout.lines):
        if not line.strip() or i < layout.front or (i in layout.groups and layout.groups[i][0] != i):
            continue
        column = indent(line)
        while above and above[-1][0] >= column:
            if pair := above.pop()[2]:
                yield pair
        if i in layout.groups or i in layout.headings or not (match := ITEM_MARK.match(line)):
            continue
        pair = _item(layout, i, match, tuple(text for _, text, _ in above))
        if pair:
            above = [(there, text, None) for there, text, _ in above]
        above.append((column, plain(LEAD_LABEL.sub("", line[match.end() :], count=1)), pair))
    yield from (pair for _, _, pair in above if pair)


def _item(layout: Layout, i: int, lead: re.Match[str], above: tuple[str, ...]) -> Pair | None:
    """Returns an item as a question with what stands below it, or behind its bold question, as the answer."""
    line = layout.lines[i]
    is_at_margin = not BULLET.match(line) and not indent(line)  # read line by line, with what is not indented below it
    if len(line) > 2 * HEADING_CHARACTERS or is_marker(line) or is_at_margin:
        return None
    ask = parse_ask(BULLET.sub("- ", line, count=1))
    is_card = CARD_TAG.search(line) is not None
    if ask is None or not (ask.reads or is_card):
        return None
    begins = layout.starts[i]
    end = _end_of_item(layout, i)
    if ask.answer is not None:
        shift = len(line) - len(BULLET.sub("- ", line, count=1))
        start = begins + ask.answer + shift
        return Pair(i, end, ask.text, (begins + lead.end(), start), (start, layout.end_of(end - 1)), False, above)
    said = [j for j in range(i + 1, end) if layout.lines[j].strip() and not is_property(layout, j)]
    if not any(j in layout.groups or _may_answer(layout.lines[j]) for j in said):
        return None
    below = said[0]
    answer = _text_of_items(layout, below, end), layout.end_of(end - 1)
    return Pair(i, end, ask.text, (begins + lead.end(), begins + len(line)), answer, is_card, above)


def _may_answer(line: str) -> bool:
    """Says whether a line below a question can answer it: a list of questions, or of links to answers, does not."""
    ask = parse_ask(BULLET.sub("", line, count=1))
    return not (ask and ask.reads) and WORDS.search(LINKS.sub("", line)) is not None


def _text_of_items(layout: Layout, first: int, end: int) -> int:
    """Returns where what is written below a question begins: behind the mark of an item that is the only one."""
    lines = layout.lines
    column = indent(lines[first])
    start = layout.starts[first]
    if not any(lines[i].strip() and indent(lines[i]) <= column for i in range(first + 1, end)):
        item = ITEM_MARK.match(lines[first])
        start += item.end() if item else len(lines[first]) - len(lines[first].lstrip())
    marker = MARKER.match(layout.text, start)
    return marker.end() if marker else start


def _end_of_item(layout: Layout, i: int) -> int:
    """Returns the line after an item: its children are indented further, lines of its paragraph need not be."""
    column, end, j = indent(layout.lines[i]), i + 1, i + 1
    while j < len(layout.lines):
        line = layout.lines[j]
        stop = layout.groups.get(j, (j, j + 1))[1]
        if line.strip() or j in layout.groups:
            lazy = j == end and not ITEM_MARK.match(line) and j not in layout.headings and j not in layout.groups
            if indent(line) <= column and not lazy:
                break
            end = stop
        j = stop
    return end


# ------------------------------------------------------------------------------------------------------------- chats


def _chat(layout: Layout) -> Iterator[Pair]:
    """Yields what one asks and another one answers; what both say then, until somebody asks again, belongs to it."""
    said = turns(layout.lines, layout.groups.keys() | layout.headings.keys())
    asking = [k for k, (turn, reply) in enumerate(pairwise(said)) if _is_answered(layout, turn, reply)]
    for k, following in pairwise([*asking, len(said)]):
        asks = _said(layout, said[k])
        ask = parse_ask(" ".join(layout.text[slice(*asks)].split()))
        if ask:
            last = k + 1
            while last + 1 < following and said[last + 1].speaker != said[k].speaker:
                last += 1
            answer = _said(layout, said[k + 1])[0], _said(layout, said[last])[1]
            yield Pair(said[k].first, said[following - 1].end, ask.text, asks, answer)


def _said(layout: Layout, turn: Turn) -> Span:
    return stripped(layout.text, layout.starts[turn.said] + turn.column, layout.end_of(turn.end - 1))


def _asks(layout: Layout, turn: Turn) -> bool:
    return reads_as_question(unnumbered(" ".join(layout.text[slice(*_said(layout, turn))].split())))


def _is_answered(layout: Layout, turn: Turn, reply: Turn) -> bool:
    return reply.speaker != turn.speaker and _asks(layout, turn) and not _asks(layout, reply)


def stripped(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _moved(span: Span, by: int) -> Span:
    return span[0] + by, span[1] + by
