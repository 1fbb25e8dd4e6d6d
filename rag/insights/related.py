"""What to ask after an answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from rag.encoders.base import Encoded
from rag.insights.completion import Suggestion, squeeze
from rag.store.base import Store, is_beside_questions
from rag.text.normal import normalize
from rag.types import Answer, Passage

FOLLOW_UPS = 4
NEAR = 30  # passages by vector, among which there usually are enough questions of other notes


def related(store: Store, answer: Answer, limit: int = FOLLOW_UPS) -> tuple[Suggestion, ...]:
    """Returns what to ask after an answer: the entries beside the first that it cites, then those like it elsewhere.

    Never what was asked or what is cited. Where the notes had no answer, the questions among the nearest hits.
    """
    asked = [answer.question, answer.asked or ""]
    if not answer.found:
        return _suggested((hit.passage for hit in answer.hits if hit.passage.question), asked, limit)
    cited = [answer.hits[rank - 1].passage for rank in answer.cited]
    own = cited[0]
    note = list(store.passages(own.source))
    place = next((place for place, (_, passage) in enumerate(note) if passage == own), None)
    if place is None:
        return ()  # of an older generation: what stood beside it then may be gone
    others = itertools.chain(_beside(store, own, note, place), _elsewhere(store, own, note[place][0]))
    return _suggested(others, [*asked, *(passage.topic for passage in cited)], limit)


def _suggested(passages: Iterable[Passage], told: Iterable[str], limit: int) -> tuple[Suggestion, ...]:
    """Returns the titles of passages without those that were `told` and without repetitions."""
    seen = {squeeze(normalize(text)) for text in told}
    kept: list[Suggestion] = []
    for passage in passages:
        title = passage.topic
        squeezed = squeeze(normalize(title))
        if squeezed and squeezed not in seen:
            seen.add(squeezed)
            kept.append(Suggestion(title, passage.source, passage.start_line, passage.end_line))
            if len(kept) == limit:
                break
    return tuple(kept)


def _beside(store: Store, own: Passage, note: Sequence[tuple[int, Passage]], place: int) -> Iterator[Passage]:
    """Yields the next entry of the same note and the one before, where there are such."""
    for way in (note[place + 1 :], reversed(note[:place])):
        others = (passage for _, passage in way)
        yield from itertools.islice((other for other in others if _is_entry(store, other, own)), 1)


def _elsewhere(store: Store, own: Passage, id: int) -> Iterator[Passage]:
    """Yields the entries of other notes whose passages are nearest, nearest first."""
    near = store.candidates(Encoded.without_tokens(store.vectors([id])), {}, NEAR)
    passages = (store.passage(candidate.id) for candidate in near)
    return (passage for passage in passages if passage.source != own.source and _is_entry(store, passage, own))


def _is_entry(store: Store, passage: Passage, own: Passage) -> bool:
    return not is_beside_questions(store, passage) and passage.topic not in ("", own.topic)
