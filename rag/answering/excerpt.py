"""Which sentences of a passage answer: an excerpt that reads on its own. Pure functions."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.passages.sentences import by_sentence
from rag.passages.statements import announces, table_start
from rag.text.markdown import Enclosed, enclosed, extent
from rag.text.tables import cells
from rag.types import Span

EXCERPT_CHARACTERS = 300  # what a person reads before opening the note
NEAR = 0.2  # a sentence this much less similar than the best neither helps an excerpt nor harms it
NEAR_ROW = 0.1  # the same of a row of a table: its rows are alike, and one is asked for

ITEM = re.compile(r"(?P<indent>[ \t]*)(?:[-*+•·]\s|\d{1,3}[.)．、]|[（(]\d{1,3}[)）])")
BACKQUOTES = re.compile(r"`+")


@dataclass(frozen=True, slots=True)
class Unit:
    """What an excerpt holds or leaves out: a sentence, a whole fence or formula, a line of a long fence.

    `lead` is where an excerpt begins that begins with it: a row needs the head of its table. `block` is the long fence
    that an excerpt with it neither enters nor leaves.
    """

    lead: int
    start: int
    end: int
    similarity: float
    block: Enclosed | None = None


def excerpt(text: str, spans: Sequence[Span], similarities: Sequence[float]) -> Span | None:
    """Returns the run of sentences around the most similar one that says most about a question; None without any.

    `spans` are the sentences of `text` in order, `similarities` theirs to the question. Of all runs that hold the best
    sentence and fit into EXCERPT_CHARACTERS, the one with the largest sum of similarity above (best − NEAR) is taken.
    Then it grows, in a table to the head even beyond that, to what its last sentence announces, and to the beginning of
    a list that it holds most of.
    """
    units = _units(text, spans, similarities)
    if not units:
        return None
    best = max(range(len(units)), key=lambda i: (units[i].similarity, -i))
    floor = units[best].similarity - (NEAR_ROW if _is_row(text, units[best].start) else NEAR)
    gains = [unit.similarity - floor for unit in units]
    first = last = best
    while (side := _better_side(text, units, gains, first, last)) is not None:
        first, last = min(first, side), max(last, side)
    start, end = units[first].lead, _end(text, units, first, last, best)
    if units[first].block is None:
        start = _first_item(text, start, end)
    return indented(text, (start, end))


def indented(text: str, span: Span) -> Span:
    """Returns a part of a text with the indentation of its first line where the lines below go by it, else without."""
    start, end = span
    line = _line_start(text, start)
    start += len(text[start:end]) - len(text[start:end].lstrip())
    is_nested = any(below[:1] in (" ", "\t") for below in text[start:end].split("\n")[1:])
    return (line if is_nested and not text[line:start].strip(" \t") else start), end


def standalone(text: str, span: Span, columns: str = "") -> str:
    """Returns a part of a text as Markdown that shows what the text does: code has a fence, a list no indentation.

    `columns` is the head of a table that the text goes on with: rows of it are given that.
    """
    start, end = span
    quoted = text[start:end]
    if columns.startswith("|") and quoted.startswith("|"):
        return f"{columns}\n{'|---' * len(cells(columns))}|\n{quoted}"
    for block in enclosed(text):
        if block.is_code and block.start < start and end <= block.end:
            fence = "`" * max(3, 1 + max(map(len, BACKQUOTES.findall(quoted)), default=0))
            return f"{fence}\n{textwrap.dedent(quoted)}\n{fence}"
    indent = len(quoted) - len(quoted.lstrip(" \t"))
    return re.sub(rf"^[ \t]{{1,{indent}}}", "", quoted, flags=re.MULTILINE) if indent else quoted


# ------------------------------------------------------------------------------------------------ what stays together


def _units(text: str, spans: Sequence[Span], similarities: Sequence[float]) -> list[Unit]:
    """Returns the sentences, those of one fence or formula as one unless it is code that is too long to be quoted."""
    blocks = enclosed(text)
    units: list[Unit] = []
    sentences = _sentences(text, dict(zip(spans, similarities, strict=True)))
    for block, group in itertools.groupby(sentences, lambda unit: _around(blocks, unit.lead)):
        inside = list(group)
        if block is None:
            units += inside
        elif block.is_code and not _is_short(text, block.start, block.end):
            units += [replace(unit, block=block) for unit in inside]
        else:
            units.append(Unit(block.start, block.start, block.end, max(unit.similarity for unit in inside)))
    return units


def _around(blocks: Sequence[Enclosed], offset: int) -> Enclosed | None:
    return next((block for block in blocks if block.start <= offset < block.end), None)


def _sentences(text: str, similarities: dict[Span, float]) -> Iterator[Unit]:
    """Yields the sentences as units; one that was cut since it is long is whole again if an excerpt can hold it."""
    for pieces in by_sentence(text, list(similarities)):
        start, end = pieces[0][0], pieces[-1][1]
        if _is_row(text, start):
            yield Unit(table_start(text, start), start, end, max(similarities[piece] for piece in pieces))
        elif _is_short(text, start, end):
            yield Unit(start, start, end, max(similarities[piece] for piece in pieces))
        else:
            yield from (Unit(piece[0], *piece, similarities[piece]) for piece in pieces)


def _is_row(text: str, start: int) -> bool:
    return text.startswith("|", start) and not text[_line_start(text, start) : start].strip()


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _is_short(text: str, start: int, end: int) -> bool:
    """Says whether an excerpt can hold a part of a text; the blanks that align a table do not count."""
    return end - start <= EXCERPT_CHARACTERS or extent(text[start:end]) <= EXCERPT_CHARACTERS


# ------------------------------------------------------------------------------------------------- how far it reaches


def _better_side(text: str, units: Sequence[Unit], gains: Sequence[float], first: int, last: int) -> int | None:
    """Returns the end of the run that gains most when the excerpt grows to it, to the left or the right, or None."""
    found: tuple[float, int] | None = None
    for step, end in ((-1, first), (1, last)):
        total, side = 0.0, end + step
        while 0 <= side < len(units) and _fits(text, units, min(first, side), max(last, side)):
            total += gains[side]
            if total > 0 and (found is None or total > found[0]):
                found = total, side
            side += step
    return found[1] if found else None


def _fits(text: str, units: Sequence[Unit], first: int, last: int) -> bool:
    return units[first].block == units[last].block and _is_short(text, units[first].start, units[last].end)


def _end(text: str, units: Sequence[Unit], first: int, last: int, best: int) -> int:
    """Returns where an excerpt ends, which is not where it announces what follows: that is taken too, or left out."""
    if not _leads_on(text, units[last]):
        return units[last].end
    while last + 1 < len(units) and _fits(text, units, first, last + 1):
        last += 1
    while last > best and _leads_on(text, units[last]):
        last -= 1
    if _leads_on(text, units[last]) and last + 1 < len(units):
        following = units[last + 1]  # which is long, and better too long than missing
        return following.block.end if following.block else following.end
    return units[last].end


def _leads_on(text: str, unit: Unit) -> bool:
    return unit.block is None and announces(text[unit.lead : unit.end])


# ------------------------------------------------------------------------------------------------------ where it begins


def _first_item(text: str, start: int, end: int) -> int:
    """Returns the beginning of the list that an excerpt holds most of, or of the item that it goes on from."""
    items = _items_around(text, start)
    top = [offset for offset, indent in items if indent == items[0][1]]
    held = [offset for offset in top if _line_start(text, start) <= offset < end]
    if 2 * len(held) > len(top) and _is_short(text, top[0], end):
        return min(top[0], start)
    own = max((offset for offset, _ in items if offset <= start), default=start)
    goes_on = any(start < offset < end for offset, _ in items)
    return own if goes_on and _is_short(text, own, end) else start


def _items_around(text: str, start: int) -> list[tuple[int, int]]:
    """Returns offset and indentation of the items of the list at an offset, none where no list is."""
    lines = text.split("\n")
    here = text.count("\n", 0, start)
    first = end = here
    while first > 0 and _is_of_list(lines[first - 1]):
        first -= 1
    while end < len(lines) and _is_of_list(lines[end]):
        end += 1
    offsets = itertools.accumulate((len(line) + 1 for line in lines), initial=0)
    found = ((offset, ITEM.match(line)) for offset, line in zip(offsets, lines, strict=False))
    return [(offset, len(item["indent"])) for offset, item in itertools.islice(found, first, end) if item]


def _is_of_list(line: str) -> bool:
    return not line.strip() or line.startswith(("  ", "\t")) or ITEM.match(line) is not None
