"""A text → its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.text.markdown import FENCE, next_fence
from rag.text.normal import HAN
from rag.types import Span

SENTENCE_CHARACTERS = 200  # beyond this a highlighted sentence points at nothing any more

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
LIST_NUMBER = re.compile(r"\s*(?:[-*+•>#]+\s+)*(?:\*\*)?\d{1,3}(?:\.\d{1,3})*$")
ENDS = '。！？；!?…."”’」』）)'
SOFT_CUT = re.compile(r"[，,、；;：:\s]")


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
            fence = next_fence(fence, is_fence[1])
        for first, last in [(0, len(line))] if whole else _line_sentences(line):
            spans.extend(_shortened(text, start + first, start + last))
        start += len(line) + 1
    return tuple(spans)


def by_sentence(text: str, spans: Sequence[Span]) -> list[list[Span]]:
    """Returns some of the `sentences` of a text in order, those together that are one and were cut since it is long."""
    whole: list[list[Span]] = []
    for start, end in spans:
        if whole and text[whole[-1][-1][1] - 1] not in ENDS and "\n" not in text[whole[-1][-1][1] : start]:
            whole[-1].append((start, end))
        else:
            whole.append([(start, end)])
    return whole


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
