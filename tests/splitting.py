"""What holds for the passages of any note."""

from __future__ import annotations

from collections import Counter

from rag.passages.packing import MAX_CHARACTERS
from rag.passages.split import split
from rag.types import Note, Passage


def check(whole: Note) -> tuple[Passage, ...]:
    """Asserts what holds for every note."""
    passages = split(whole)
    covered: Counter[int] = Counter()
    end = 0
    for each in passages:
        assert whole.text[each.start : each.end] == each.text
        assert each.start >= end
        assert whole.text.count("\n", 0, each.start) + 1 == each.start_line
        assert whole.text.count("\n", 0, each.end) + 1 == each.end_line
        lines = each.text.split("\n")
        assert lines[0].strip() and lines[-1].strip()
        covered.update(range(each.start_line, each.end_line + 1))
        first, last = each.answer_span
        assert 0 <= first < last <= len(each.text)
        end = each.end
    for number, line in enumerate(whole.text.split("\n"), 1):
        if line.strip() and len(line) <= MAX_CHARACTERS:
            assert covered[number] == 1, (whole.source, number, line[:80])
    return passages
