"""A text beside its normal form: what is found in one is shown in the other."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.text.normal import normalize
from rag.types import Span

JAMO = re.compile("[\u1160-\u11ff]")  # vowels and final consonants, which join what stands before them


@dataclass(frozen=True, slots=True)
class Aligned:
    """The normal form of a text; character i of it comes from `origins[i]` of the text.

    One character may become many (ﷺ) and many one (e with a combining accent): then all have the span of all.
    """

    normal: str
    origins: tuple[Span, ...]

    @classmethod
    def of(cls, text: str) -> Aligned:
        clusters = list(_clusters(text))
        pieces = [unicodedata.normalize("NFKC", text[start:end]).lower() for start, end in clusters]
        origins = tuple(cluster for cluster, piece in zip(clusters, pieces, strict=True) for _ in range(len(piece)))
        normal = normalize(text)
        if len(normal) != len(origins):  # a phrase changed its length: character by character none does
            normal = "".join(map(normalize, "".join(pieces)))
        return cls(normal, origins)

    def span(self, start: int, end: int) -> Span:
        """Returns where the characters from `start` to `end` of the normal form, at least one, are in the text."""
        return self.origins[start][0], self.origins[end - 1][1]


def merged(spans: Iterable[Span], *, touching: bool = True) -> tuple[Span, ...]:
    """Returns the spans in order, those that overlap (or touch) as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1] + touching:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return tuple(joined)


def _clusters(text: str) -> Iterator[Span]:
    """Yields the pieces of a text that normalise independently of each other."""
    start = 0
    for place, character in enumerate(text):
        if place and not _joins(character):
            yield start, place
            start = place
    if text:
        yield start, len(text)


@functools.lru_cache(maxsize=50_000)
def _joins(character: str) -> bool:
    """Says whether a character may become one with what stands before it: a mark, also a half-width one, or a jamo."""
    first = unicodedata.normalize("NFKC", character)[0]
    return unicodedata.category(first)[0] == "M" or bool(JAMO.match(first))
