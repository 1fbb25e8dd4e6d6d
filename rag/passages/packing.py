"""Sections → passages of a size that an encoder takes in and a person reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.passages.forms import (
    BULLET,
    CLOSERS,
    ITEM,
    NUMBERED,
    ORDINAL,
    SECTION_CHARACTERS,
    SENTENCE_ENDS,
    indent,
    is_bare_marker,
)
from rag.passages.layout import Layout
from rag.passages.outline import TARGET_CHARACTERS, Section
from rag.passages.sentences import sentences
from rag.text.markdown import extent, unbold
from rag.types import Span

MAX_CHARACTERS = 1_000  # an answer up to here stays whole: what the encoder takes in at once, and about a screen
RAW = 4  # times a limit is what a piece may have together with the blanks that align it
GLUED_CHARACTERS = 200  # a head up to here stays with its text even if that makes the piece a little too long

# How bad it is to cut before a block: lower is better.
AT_HEADING, AT_PARAGRAPH, AT_ITEM, IN_PARAGRAPH, NEVER = range(5)
TABLE_RULE = re.compile(r"[\s|:-]*-[\s|:-]*$")


@dataclass(frozen=True, slots=True)
class Block:
    """What stays together: a line, a fence, a sentence of an overlong line.

    `cost` is that of cutting before it; `blanks` counts what only aligns a table, and is no text.
    """

    start: int
    end: int
    cost: int
    blanks: int


def blocks(layout: Layout, section: Section) -> list[Block]:
    """Returns the blocks of a section in order, heads joined to what they lead to."""
    blocks: list[Block] = []
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
        leads = is_head or (i not in layout.groups and is_bare_marker(line))
        i = end
    return blocks


def _append(blocks: list[Block], block: Block) -> None:
    """Adds `block`, joined to the one before when the two must not be cut apart."""
    if blocks and block.cost == NEVER and _fits(blocks, len(blocks) - 1, len(blocks), GLUED_CHARACTERS):
        head = blocks[-1]
        blocks[-1] = Block(head.start, block.end, head.cost, head.blanks + block.blanks)
    else:
        blocks.append(block)


def _is_subheading(layout: Layout, i: int) -> bool:
    """Says whether line `i` heads a part of an answer: "Prompt Tuning(提示微调):", bold, or numbered above prose."""
    line = layout.lines[i].strip()
    if not line or layout.separator or len(line) > SECTION_CHARACTERS or BULLET.match(line):
        return False
    bare = unbold(line)
    if bare.endswith((":", "：")) or (line.startswith("**") and line.endswith("**")):
        return True
    below = unbold(layout.lines[layout.following[i]]) if layout.following[i] < len(layout.lines) else ""
    for numbers in (NUMBERED, ORDINAL):
        if numbers.match(bare) and not bare.endswith(SENTENCE_ENDS):
            return not numbers.match(below) and below != ""
    return False


def _cost(layout: Layout, i: int) -> int:
    """Returns how bad a cut before line `i` is, judged by the line above."""
    line, above = layout.lines[i], layout.lines[i - 1] if i else ""
    if any("|" in row and TABLE_RULE.match(row) for row in (line, above)):
        return NEVER  # a table's header says what its rows mean
    announced = above or (layout.lines[i - 2] if i > 1 else "")
    if announced.rstrip(CLOSERS).endswith((":", "：")):
        return IN_PARAGRAPH
    if indent(line) > indent(above) and above:
        return IN_PARAGRAPH
    if line.startswith((" ", "\t")):
        return AT_ITEM if not above.strip() or ITEM.match(line.lstrip()) else IN_PARAGRAPH
    if not above.strip() or i in layout.groups or i - 1 in layout.groups:
        return AT_PARAGRAPH
    return AT_ITEM if ITEM.match(line) or above.rstrip(CLOSERS).endswith(SENTENCE_ENDS) else IN_PARAGRAPH


def _parts(layout: Layout, first: int, end: int, cost: int) -> Iterator[Block]:
    """Yields lines `first` to `end` as one block, or in smaller ones when they are over the limit."""
    while first < end and not layout.lines[first].strip():
        first += 1
    while first < end and not layout.lines[end - 1].strip():
        end -= 1  # a fence that is never closed may end in blank lines
    if first == end:
        return
    whole = _block("\n".join(layout.lines[first:end]), layout.starts[first], cost)
    if _fits([whole], 0, 1, MAX_CHARACTERS):
        yield whole
        return
    for i in range(first, end):
        line = layout.lines[i]
        is_short = _fits([_block(line, 0, cost)], 0, 1, MAX_CHARACTERS)
        for left, right in [(0, len(line))] if is_short else sentences(line):
            if line[left:right].strip():
                yield _block(line[left:right], layout.starts[i] + left, cost)
                cost = IN_PARAGRAPH


def _block(text: str, start: int, cost: int) -> Block:
    return Block(start, start + len(text), cost, len(text) - extent(text))


def _fits(blocks: Sequence[Block], first: int, end: int, limit: int) -> bool:
    """Says whether the text of blocks `first` to `end` is within a limit, and with all blanks within RAW times that."""
    length = blocks[end - 1].end - blocks[first].start
    return length <= RAW * limit and _size(blocks, first, end) <= limit


def _size(blocks: Sequence[Block], first: int, end: int) -> int:
    """Returns how many characters blocks `first` to `end` have together without the blanks that align a table."""
    return blocks[end - 1].end - blocks[first].start - sum(blocks[k].blanks for k in range(first, end))


def pack(blocks: list[Block]) -> Iterator[Span]:
    """Yields passages as offsets: everything when it is short, else pieces of up to TARGET_CHARACTERS of text.

    Each cut is the best border in the second half of a piece, the last one among equals.
    """
    first = 0
    while first < len(blocks):
        if _fits(blocks, first, len(blocks), MAX_CHARACTERS):
            yield blocks[first].start, blocks[-1].end
            return
        cut = first + 1
        while cut < len(blocks) and _fits(blocks, first, cut + 1, TARGET_CHARACTERS):
            cut += 1
        choices = [k for k in range(first + 1, cut + 1) if _size(blocks, first, k) >= TARGET_CHARACTERS // 2]
        cut = min(choices, key=lambda k: (blocks[k].cost, -k), default=cut) if cut < len(blocks) else cut
        yield blocks[first].start, blocks[cut - 1].end
        first = cut
