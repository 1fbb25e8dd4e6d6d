"""What a build changed: which passages were added, changed and removed. Pure."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.types import Difference, Kind, Passage

NAMED = 200  # differences in a report: more than anybody reads, and little to carry about

Identity = tuple[tuple[str, ...], str | None, str]


@dataclass(frozen=True, slots=True)
class Changes:
    """The passages that differ between two generations; of one that changed, as it is now."""

    added: tuple[Passage, ...] = ()
    changed: tuple[Passage, ...] = ()
    removed: tuple[Passage, ...] = ()

    @classmethod
    def between(cls, old: Mapping[str, Sequence[Passage]], new: Mapping[str, Sequence[Passage]]) -> Changes:
        """Compares the passages of notes, by source; those of `new` come first."""
        notes = [compare(old.get(source, ()), new.get(source, ())) for source in dict.fromkeys((*new, *old))]
        return cls(
            tuple(itertools.chain.from_iterable(note.added for note in notes)),
            tuple(itertools.chain.from_iterable(note.changed for note in notes)),
            tuple(itertools.chain.from_iterable(note.removed for note in notes)),
        )

    def differences(self) -> tuple[Difference, ...]:
        """Returns NAMED of them at most, by kind: what was added, changed, removed; each kind gets its share."""
        kinds: dict[Kind, tuple[Passage, ...]]
        kinds = {"added": self.added, "changed": self.changed, "removed": self.removed}
        shares = _shares([len(passages) for passages in kinds.values()], NAMED)
        return tuple(
            Difference(kind, passage.source, passage.title, passage.start_line, passage.end_line)
            for (kind, passages), share in zip(kinds.items(), shares, strict=True)
            for passage in passages[:share]
        )


@dataclass(frozen=True, slots=True)
class _Unmatched:
    """A passage that only one of two generations has, and the common passage that it follows."""

    passage: Passage
    after: Identity | tuple[()]  # () at the beginning of the note

    @property
    def question(self) -> str | None:
        return self.passage.question


def compare(old: Iterable[Passage], new: Iterable[Passage]) -> Changes:
    """Tells how the passages of one note differ between two generations.

    Passages with equal headings, question and text are the same, wherever in the note they are. Of the others, one
    that went and one that came are a change when they have the same question, or else follow the same passage.
    """
    old, new = tuple(old), tuple(new)
    common = Counter(map(_identity, old)) & Counter(map(_identity, new))
    gone, come = list(_unmatched(old, common)), list(_unmatched(new, common))
    changed: list[Passage] = []
    traits: tuple[Callable[[_Unmatched], object], ...] = (lambda one: one.question, lambda one: one.after)
    for trait in traits:
        gone, come, pairs = _paired(gone, come, trait)
        changed += pairs
    return Changes(
        added=tuple(one.passage for one in come),
        changed=tuple(sorted(changed, key=lambda passage: passage.start)),
        removed=tuple(one.passage for one in gone),
    )


def _identity(passage: Passage) -> Identity:
    return passage.headings, passage.question, passage.text


def _unmatched(passages: Iterable[Passage], common: Counter[Identity]) -> Iterator[_Unmatched]:
    left = common.copy()
    after: Identity | tuple[()] = ()
    for passage in passages:
        identity = _identity(passage)
        if left[identity]:
            left[identity] -= 1
            after = identity
        else:
            yield _Unmatched(passage, after)


def _paired(
    gone: Iterable[_Unmatched], come: Iterable[_Unmatched], trait: Callable[[_Unmatched], object]
) -> tuple[list[_Unmatched], list[_Unmatched], list[Passage]]:
    """Returns what is left of both, and of each pair with an equal trait that is not None the passage that came."""
    waiting: defaultdict[object, deque[_Unmatched]] = defaultdict(deque)
    for one in gone:
        waiting[trait(one)].append(one)
    rest: list[_Unmatched] = []
    pairs: list[Passage] = []
    kept = waiting.pop(None, deque())  # no question is not the same question
    for one in come:
        if waiting[trait(one)]:
            waiting[trait(one)].popleft()
            pairs.append(one.passage)
        else:
            rest.append(one)
    left = itertools.chain(kept, *waiting.values())
    return sorted(left, key=lambda one: one.passage.start), rest, pairs


def _shares(counts: Sequence[int], limit: int) -> list[int]:
    """Returns how many of each kind are named, `limit` together: the smallest kind whole, before a larger one."""
    shares = [0] * len(counts)
    left = limit
    order = sorted(range(len(counts)), key=counts.__getitem__)
    for place, kind in enumerate(order):
        shares[kind] = min(counts[kind], left // (len(counts) - place))
        left -= shares[kind]
    return shares
