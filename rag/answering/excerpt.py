"""Which sentences of a passage answer: an excerpt that reads on its own. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from rag.types import Span

EXCERPT_CHARACTERS = 300  # what a person reads before opening the note
NEAR = 0.2  # a sentence this much less similar than the best neither helps an excerpt nor harms it
OPENS = ("：", ":")  # a sentence that ends so says nothing without what follows


def excerpt(text: str, spans: Sequence[Span], similarities: Sequence[float]) -> Span | None:
    """Returns the run of sentences around the most similar one that says most about a question; None without any.

    `spans` are the sentences of `text` in order, `similarities` theirs to the question. Of all runs that hold the best
    sentence and fit into EXCERPT_CHARACTERS, the one with the largest sum of similarity above (best − NEAR) is taken.
    """
    if not spans:
        return None
    best = max(range(len(spans)), key=lambda i: (similarities[i], -i))
    floor = similarities[best] - NEAR
    gains = [similarity - floor for similarity in similarities]
    first = last = best
    while (side := _better_side(spans, gains, first, last)) is not None:
        first, last = min(first, side), max(last, side)
    if text[: spans[last][1]].endswith(OPENS):
        while last + 1 < len(spans) and _fits(spans, first, last + 1):
            last += 1
    return spans[first][0], spans[last][1]


def _better_side(spans: Sequence[Span], gains: Sequence[float], first: int, last: int) -> int | None:
    """Returns the end of the run that gains most when the excerpt grows to it, to the left or the right, or None."""
    found: tuple[float, int] | None = None
    for step, end in ((-1, first), (1, last)):
        total, side = 0.0, end + step
        while 0 <= side < len(spans) and _fits(spans, min(first, side), max(last, side)):
            total += gains[side]
            if total > 0 and (found is None or total > found[0]):
                found = total, side
            side += step
    return found[1] if found else None


def _fits(spans: Sequence[Span], first: int, last: int) -> bool:
    return spans[last][1] - spans[first][0] <= EXCERPT_CHARACTERS
