"""Why a passage was found: where the words of the question stand in it, and in what other form."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from rag.question.frames import FUNCTION, QUESTION_FRAMES, STOP_WORDS
from rag.retrieval.terms import How, Reading, Spelling, Term
from rag.store.base import Store
from rag.text.normal import HAN_RUN
from rag.text.offsets import Aligned, merged
from rag.text.tokens import placed_tokens
from rag.text.typos import is_sound, sounds
from rag.types import Span

AS_SURE = 2 / 3  # of the surest spelling that stands in a text; what is less sure stands there by chance
REMEMBERED = 256  # texts whose tokens stay in memory; the same passages answer many questions


@dataclass(frozen=True, slots=True)
class MatchedTerm:
    """A word as it stands in the question, what it weighs in these notes, and what the passage has for it."""

    text: str
    how: How
    weight: float
    found: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A token of the question that a text has: where it is asked, in what form the text has it, and where.

    `best` are the places of the surest spelling, `spans` those of all that are about as sure.
    """

    asked: Span
    weight: float
    how: How
    best: tuple[Span, ...]
    spans: tuple[Span, ...]


class Matcher:
    """A question that was read once, to be looked for in many passages."""

    def __init__(self, question: str, store: Store) -> None:
        self._question = question
        places = _topic(question)
        terms = Reading.of(question, store).terms if places else ()
        self._terms = [(places[own], term) for term in terms if (own := _own(term)) in places]

    def spans(self, text: str) -> tuple[Span, ...]:
        """Returns where the words of the question are in `text`, in order; none overlaps or touches another."""
        return merged(span for found in self._find(text) for span in found.spans)

    def terms(self, text: str) -> tuple[MatchedTerm, ...]:
        """Returns the words of the question that `text` has in some form, by falling weight.

        Tokens that overlap in the question make one word, which was found in the least literal form of theirs.
        """
        groups: list[list[_Found]] = []
        for found in sorted(self._find(text), key=lambda found: found.asked):
            if groups and found.asked[0] < groups[-1][-1].asked[1]:
                groups[-1].append(found)
            else:
                groups.append([found])
        words = [self._word(group, text) for group in groups]
        return tuple(sorted(words, key=lambda word: (-word.weight, self._question.find(word.text))))

    def _word(self, group: list[_Found], text: str) -> MatchedTerm:
        ((start, end),) = merged((found.asked for found in group), touching=False)
        how = max((found.how for found in group), key=list(How).index)
        where = merged(span for found in group for span in found.best)
        first, last = max(where, key=lambda span: span[1] - span[0])
        weight = sum(found.weight for found in group)
        return MatchedTerm(self._question[start:end], how, weight, text[first:last])

    def _find(self, text: str) -> Iterator[_Found]:
        held = _held(text)
        for asked, term in self._terms:
            places = {spelling: spans for spelling in term.spellings if (spans := held.spans(spelling))}
            if places:
                surest = max(places, key=lambda spelling: spelling.surety)
                sure = (spans for spelling, spans in places.items() if spelling.surety >= AS_SURE * surest.surety)
                yield _Found(asked, term.weight, surest.how, places[surest], tuple(itertools.chain(*sure)))


class _Held:
    """The tokens of a text with their places."""

    def __init__(self, aligned: Aligned) -> None:
        self._aligned = aligned
        self._tokens = list(placed_tokens(aligned.normal))
        self._places: dict[str, list[int]] = defaultdict(list)
        self._heard: dict[str, list[int]] | None = None
        for place, (token, _) in enumerate(self._tokens):
            self._places[token].append(place)

    def spans(self, spelling: Spelling) -> tuple[Span, ...]:
        """Returns where the tokens of a spelling stand one after the other, in the text itself."""
        first, *rest = spelling.tokens
        if not rest and len(first) == 1 and HAN_RUN.match(first):  # a character inside a longer run is no token
            normal = self._aligned.normal
            return tuple(self._aligned.span(i, i + 1) for i, character in enumerate(normal) if character == first)
        starts = self._sounding().get(first, []) if is_sound(first) else self._places.get(first, [])
        return tuple(
            self._aligned.span(*self._tokens[place][1])
            for start in starts
            if all(self._is_at(start + ahead, token) for ahead, token in enumerate(rest, 1))
            for place in range(start, start + len(spelling.tokens))
        )

    def _is_at(self, place: int, token: str) -> bool:
        return place < len(self._tokens) and self._tokens[place][0] == token

    def _sounding(self) -> dict[str, list[int]]:
        if self._heard is None:
            self._heard = defaultdict(list)
            for token, places in self._places.items():
                for sound in sounds(token):
                    self._heard[sound].extend(places)
        return self._heard


@functools.lru_cache(maxsize=REMEMBERED)
def _held(text: str) -> _Held:
    return _Held(Aligned.of(text))


def _topic(question: str) -> dict[str, Span]:
    """Returns the tokens that carry the topic of a question, with where each is first; none when all are frames."""
    aligned = Aligned.of(question)
    topic = QUESTION_FRAMES.sub(lambda frame: " " * len(frame.group()), aligned.normal)
    places: dict[str, Span] = {}
    for token, place in placed_tokens(topic):
        if token not in STOP_WORDS and token not in FUNCTION:
            places.setdefault(token, aligned.span(*place))
    return places


def _own(term: Term) -> str:
    return term.spellings[0].tokens[0]  # as the question has it; `Reading` puts it first
