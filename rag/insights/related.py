"""What to ask after an answer."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator

from rag.insights.completion import Suggestion, squeeze
from rag.store.local import Index
from rag.text.normal import normalize
from rag.types import Answer, Passage

FOLLOW_UPS = 4
NEAR = 30  # passages by vector, among which there usually are enough questions of other notes


def related(index: Index, answer: Answer, limit: int = FOLLOW_UPS) -> tuple[Suggestion, ...]:
    """Returns what to ask after an answer: the entries beside the first that it cites, then those like it elsewhere.

    Never what was asked or what is cited. Where the notes had no answer, the questions among the nearest hits.
    """
    if not answer.found:
        near = [hit.passage for hit in answer.hits if hit.passage.question]
        return _suggested(near, [answer.question, answer.asked or ""], limit)
    cited = [answer.hits[rank - 1].passage for rank in answer.cited]
    number = _number(index, cited[0])
    if number is None:
        return ()  # of an older generation: what stood beside it then may be gone
    told = [answer.question, answer.asked or "", *filter(None, map(_title_of, cited))]
    return _suggested(itertools.chain(_beside(index, number), _elsewhere(index, number)), told, limit)


def _suggested(passages: Iterable[Passage], told: Iterable[str], limit: int) -> tuple[Suggestion, ...]:
    """Returns the titles of passages without those that were `told` and without repetitions."""
    seen = {squeeze(normalize(text)) for text in told}
    kept: list[Suggestion] = []
    for passage in passages:
        title = _title_of(passage)
        squeezed = squeeze(normalize(title or ""))
        if title and squeezed and squeezed not in seen:
            seen.add(squeezed)
            kept.append(Suggestion(title, passage.source, passage.start_line, passage.end_line))
            if len(kept) == limit:
                break
    return tuple(kept)


def _beside(index: Index, number: int) -> Iterator[Passage]:
    """Yields the next entry of the same note and the one before, where there are such."""
    own = index.passage(number)
    numbers = index.numbers(own.source)
    for way in (range(number + 1, numbers.stop), range(number - 1, numbers.start - 1, -1)):
        others = (index.passage(other) for other in way)
        yield from itertools.islice((other for other in others if _is_entry(index, other, own)), 1)


def _elsewhere(index: Index, number: int) -> list[Passage]:
    """Returns the entries of other notes whose passages are nearest, nearest first."""
    own = index.passage(number)
    near = index.candidates(index.passage_vectors([number])[0], {}, NEAR)
    passages = (index.passage(candidate.number) for candidate in near)
    return [passage for passage in passages if passage.source != own.source and _is_entry(index, passage, own)]


def _is_entry(index: Index, passage: Passage, own: Passage) -> bool:
    return not index.is_beside_questions(passage) and _title_of(passage) not in (None, _title_of(own))


def _number(index: Index, passage: Passage) -> int | None:
    """Returns the number of a passage in this generation, None when it is not there as it is."""
    numbers = index.numbers(passage.source)
    place = bisect.bisect_left(numbers, passage.start, key=lambda number: index.passage(number).start)
    return numbers[place] if place < len(numbers) and index.passage(numbers[place]) == passage else None


def _title_of(passage: Passage) -> str | None:
    return passage.question or (passage.headings[-1] if passage.headings else None)
