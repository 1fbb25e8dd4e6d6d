"""What somebody who types may mean: the questions and headings of the notes."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.question.frames import QUESTION_FRAMES, content_tokens
from rag.store.base import Store
from rag.store.local import Index
from rag.text.normal import HAN_RUN, normalize
from rag.text.offsets import Aligned, merged
from rag.text.tokens import RUN
from rag.text.typos import fuzzy, readings
from rag.types import Span

COMPLETIONS = 8
SPELLINGS = 12  # ways to cut typed letters into syllables that are tried; "xian" has two, nothing sensible has more
ENOUGH = 300  # titles that sound like it; the best are among the first as surely as anywhere
SYLLABLE = 6  # letters of the longest, "zhuang"
GAPS = re.compile(r"[\W_]+")  # what people leave out or add when they type in a hurry
BETWEEN_LETTERS = re.compile(r"(?<=[a-z])\s+(?=[a-z])")
BREAKS = re.compile(r"\s+")
WORD_START = "(?<![a-z0-9])"
INITIALS = re.compile("[zcs]h|[a-z]")
PINYIN = re.compile(r"[a-z]+(?:\s+[a-z]+)*")
LETTERS = re.compile("[a-z]{2,}")  # one letter is the sound of too much
Rank = tuple[int, ...]
Match = tuple[int, tuple[Span, ...]]  # the number of a title, and where in its squeezed form
Classes = tuple[str, ...]  # for each character that is looked for, all those that may stand there


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question or a heading of the notes; `matched` are the spans of `text` that what was typed stands for."""

    text: str
    source: str
    first_line: int
    last_line: int
    matched: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class _Title:
    """A title in the notes; `squeezed` is its normal form without anything but letters and digits."""

    suggestion: Suggestion
    asks: bool
    normal: str
    squeezed: str


class Suggestions:
    """The titles of one generation, for completing what somebody types; safe to share between threads."""

    def __init__(self, titles: Sequence[_Title]) -> None:
        self._titles = titles

    @classmethod
    def of(cls, index: Index) -> Suggestions:
        """Reads every passage of a generation: keep what is returned as long as the generation."""
        return cls(_titles(index))

    def complete(self, typed: str, limit: int = COMPLETIONS) -> tuple[Suggestion, ...]:
        """Returns the titles that somebody who has typed so far may mean, likeliest first.

        Titles that begin with it, have it within, have all its words. Without any such, those that sound like it or
        have most of its words; letters may be pinyin in any case. Spaces, punctuation, case, width and traditional
        characters make no difference.
        """
        normal = normalize(typed)
        if not squeeze(normal):
            return ()
        found: dict[int, tuple[Span, ...]] = {}
        for look in (self._beginning, self._holding, self._with_words):
            _add(found, look(normal), limit)
        if not found or PINYIN.fullmatch(normal):
            _add(found, self._sounding(normal), limit)
        if not found:
            _add(found, self._with_most_words(normal), limit)
        return tuple(self._marked(number, spans) for number, spans in found.items())

    def _beginning(self, normal: str) -> Iterator[Match]:
        typed = squeeze(normal)
        numbers = [number for number, title in enumerate(self._titles) if title.squeezed.startswith(typed)]
        yield from ((number, ((0, len(typed)),)) for number in sorted(numbers, key=self._plainness))

    def _holding(self, normal: str) -> Iterator[Match]:
        """Yields the titles that hold all of it in one piece, those that only have it inside a Latin word last."""
        typed = squeeze(normal)
        at_start = re.compile(WORD_START + r"[\W_]*".join(map(re.escape, typed)))
        held: list[tuple[Rank, int, int]] = []
        for number, title in enumerate(self._titles):
            place = title.squeezed.find(typed)
            if place >= 0:
                inside = typed[0].isascii() and not at_start.search(title.normal)
                held.append(((inside, not title.asks, place, len(title.squeezed)), number, place))
        yield from ((number, ((place, place + len(typed)),)) for _, number, place in sorted(held))

    def _plainness(self, number: int) -> Rank:
        """Returns by what equally good titles are ordered: questions, then short ones, as they come in the notes."""
        title = self._titles[number]
        return not title.asks, len(title.squeezed), number

    def _with_words(self, normal: str) -> Iterator[Match]:
        words = dict.fromkeys(content_tokens(normal))
        starting = [re.compile(WORD_START + re.escape(word)) for word in words if word.isascii()]
        numbers = [
            number
            for number, title in enumerate(self._titles)
            if all(word in title.squeezed for word in words)
            and all(pattern.search(title.normal) for pattern in starting)
        ]
        yield from ((number, self._places(number, words)) for number in sorted(numbers, key=self._plainness))

    def _sounding(self, normal: str) -> Iterator[Match]:
        topic = QUESTION_FRAMES.sub(" ", normal)
        for spaced in dict.fromkeys((BETWEEN_LETTERS.sub("", topic), topic)):  # zhu yi li is one word or three
            if words := [match.group() for match in RUN.finditer(spaced)]:
                yield from self._with_sounds([re.compile(self._heard(word)) for word in words])

    def _with_sounds(self, patterns: Sequence[re.Pattern[str]]) -> Iterator[Match]:
        """Yields the titles in which every word is heard, those with the first word foremost first."""
        first, *others = patterns
        held: list[tuple[Rank, int, tuple[Span, ...]]] = []
        for number, title in enumerate(self._titles):
            if (match := first.search(title.squeezed)) is None:
                continue
            further = [pattern.search(title.squeezed) for pattern in others]
            if all(further):
                spans = (match.span(), *(other.span() for other in further if other))
                held.append(((match.start() > 0, not title.asks, match.start(), len(title.squeezed)), number, spans))
                if len(held) == ENOUGH:
                    break
        yield from ((number, merged(spans)) for _, number, spans in sorted(held))

    def _with_most_words(self, normal: str) -> Iterator[Match]:
        words = dict.fromkeys(content_tokens(normal))
        counts = {number: sum(map(title.squeezed.__contains__, words)) for number, title in enumerate(self._titles)}
        numbers = [number for number, count in counts.items() if 2 * count >= len(words)]
        numbers.sort(key=lambda number: (-counts[number], *self._plainness(number)))
        yield from ((number, self._places(number, words)) for number in numbers)

    def _places(self, number: int, words: Iterable[str]) -> tuple[Span, ...]:
        squeezed = self._titles[number].squeezed
        return merged(match.span() for word in words for match in re.finditer(re.escape(word), squeezed))

    def _heard(self, word: str) -> str:
        """Returns a regular expression for what a typed word may stand for: itself, or what sounds so."""
        spelled: Iterable[Classes] = ()
        if HAN_RUN.fullmatch(word) and len(word) > 1:
            spelled = [tuple(map(self._alphabet.sounding, word))]
        elif LETTERS.fullmatch(word):
            spelled = itertools.islice(self._alphabet.spelled(word), SPELLINGS)
        return "|".join((re.escape(word), *map(_pattern, spelled)))

    @functools.cached_property
    def _alphabet(self) -> _Alphabet:
        return _Alphabet("".join(title.squeezed for title in self._titles))

    def _marked(self, number: int, spans: Iterable[Span]) -> Suggestion:
        suggestion = self._titles[number].suggestion
        aligned = Aligned.of(suggestion.text)
        kept = [place for place, character in enumerate(aligned.normal) if not GAPS.match(character)]
        matched = merged(aligned.span(kept[start], kept[end - 1] + 1) for start, end in spans)
        return dataclasses.replace(suggestion, matched=matched)


class _Alphabet:
    """The Han characters of a text by their sound."""

    def __init__(self, text: str) -> None:
        self._by_sound: dict[str, str] = defaultdict(str)
        self._by_beginning: dict[str, str] = defaultdict(str)
        for character in sorted(set("".join(HAN_RUN.findall(text)))):
            for sound in readings(character):
                self._by_sound[sound] += character
                for length in range(1, len(sound) + 1):
                    self._by_beginning[sound[:length]] += character

    def sounding(self, character: str) -> str:
        """Returns the characters that may sound as this one does, itself included."""
        return character + "".join(self._by_sound.get(sound, "") for sound in readings(character))

    def spelled(self, letters: str) -> Iterator[Classes]:
        """Yields what pinyin letters may stand for: syllables, of which the last may be unfinished, then initials."""
        if last := self._by_beginning.get(fuzzy(letters)):
            yield (last,)
        for length in range(min(SYLLABLE, len(letters) - 1), 0, -1):
            if first := self._by_sound.get(fuzzy(letters[:length])):
                yield from ((first, *others) for others in self.spelled(letters[length:]))
        initials = tuple(self._by_beginning.get(initial[0], "") for initial in INITIALS.findall(letters))
        if len(initials) > 1 and all(initials):
            yield initials


def _titles(store: Store) -> list[_Title]:
    """Returns every question and heading once, with all the lines below it where it stands first."""
    placed: dict[tuple[str, tuple[str, ...]], Suggestion] = {}
    asking: set[str] = set()
    for _, passage in store.passages():
        trail = passage.headings if passage.question is None else (*passage.headings, passage.question)
        asking.update([passage.question] if passage.question else [])
        for depth, text in enumerate(trail, 1):
            known = placed.get((passage.source, trail[:depth]))
            first = known.first_line if known else passage.start_line
            text = BREAKS.sub(" ", text)
            placed[passage.source, trail[:depth]] = Suggestion(text, passage.source, first, passage.end_line)
    joined = "\n".join(suggestion.text for suggestion in placed.values())
    normals = normalize(joined).split("\n") if placed else []
    titles: dict[str, _Title] = {}
    for suggestion, normal in zip(placed.values(), normals, strict=True):
        squeezed = squeeze(normal)
        if squeezed:
            titles.setdefault(squeezed, _Title(suggestion, suggestion.text in asking, normal, squeezed))
    return list(titles.values())


def _add(found: dict[int, tuple[Span, ...]], matches: Iterator[Match], limit: int) -> None:
    """Adds what is not yet found, until there are `limit`; asks `matches` for no more than that."""
    while len(found) < limit and (match := next(matches, None)):
        found.setdefault(*match)


def squeeze(normal: str) -> str:
    return GAPS.sub("", normal)


def _pattern(classes: Classes) -> str:
    return "".join(f"[{characters}]" for characters in classes)
