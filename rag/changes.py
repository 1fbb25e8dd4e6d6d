"""What a build changed: counts passages that were added, changed and removed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rag.types import Passage

Identity = tuple[tuple[str, ...], str | None, str]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many passages differ between two generations."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(self.added + other.added, self.changed + other.changed, self.removed + other.removed)


@dataclass(frozen=True, slots=True)
class _Unmatched:
    """A passage that only one of two generations has: its question, and the common passage that it follows."""

    question: str | None
    after: Identity | tuple[()]  # () at the beginning of the note


def compare(old: Iterable[Passage], new: Iterable[Passage]) -> Changes:
    """Counts how the passages of one note differ between two generations.

    Passages with equal headings, question and text are the same, wherever in the note they are. Of the others, one
    that went and one that came are a change when they have the same question, or else follow the same passage.
    """
    old_identities = [_identity(passage) for passage in old]
    new_identities = [_identity(passage) for passage in new]
    common = Counter(old_identities) & Counter(new_identities)
    gone, come = list(_unmatched(old_identities, common)), list(_unmatched(new_identities, common))
    changed = 0
    for trait in (lambda passage: passage.question, lambda passage: passage.after):
        pairs = Counter(map(trait, gone)) & Counter(map(trait, come))
        del pairs[None]  # no question is not the same question
        gone, come = _without(gone, trait, pairs), _without(come, trait, pairs)
        changed += pairs.total()
    return Changes(added=len(come), changed=changed, removed=len(gone))


def _identity(passage: Passage) -> Identity:
    return passage.headings, passage.question, passage.text


def _unmatched(identities: Iterable[Identity], common: Counter[Identity]) -> Iterator[_Unmatched]:
    left = common.copy()
    after: Identity | tuple[()] = ()
    for identity in identities:
        if left[identity]:
            left[identity] -= 1
            after = identity
        else:
            yield _Unmatched(identity[1], after)


def _without(
    passages: Iterable[_Unmatched], trait: Callable[[_Unmatched], object], pairs: Counter[Any]
) -> list[_Unmatched]:
    """Returns the passages without those that belong to `pairs`."""
    left = pairs.copy()
    rest: list[_Unmatched] = []
    for passage in passages:
        if left[trait(passage)] > 0:
            left[trait(passage)] -= 1
        else:
            rest.append(passage)
    return rest
