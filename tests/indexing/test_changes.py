"""Which passages a build changed, told by value."""

from __future__ import annotations

import pytest

from rag.indexing.changes import NAMED, Changes, compare
from rag.passages.split import split
from rag.types import Difference, Note, Passage


def note(*entries: str, source: str = "a.md") -> tuple[Passage, ...]:
    return split(Note(source, "a", "# 题\n\n" + "\n".join(entries), ""))


A, B, C = "## 什么是A？\n\n甲。\n", "## 什么是B？\n\n乙。\n", "## 什么是C？\n\n丙。\n"


def titles(changes: Changes) -> tuple[list[str | None], ...]:
    kinds = (changes.added, changes.changed, changes.removed)
    return tuple([passage.question for passage in passages] for passages in kinds)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ((A, B), (A, B), ([], [], [])),
        ((A, B), (B, A), ([], ["什么是B？", "什么是A？"], [])),  # the title goes with the first
        ((A, B), (A, C, B), (["什么是C？"], [], [])),
        ((A, B, C), (A, C), ([], [], ["什么是B？"])),
        ((A, B), (A, B.replace("乙", "巳")), ([], ["什么是B？"], [])),
        ((A, B), (A, B.replace("B", "D")), ([], ["什么是D？"], [])),  # another question in the same place
        ((A, B), (A, B.replace("乙", "巳"), B.replace("乙", "午")), (["什么是B？"], ["什么是B？"], [])),
        ((), (A,), (["什么是A？"], [], [])),
    ],
)
def test_compare(old: tuple[str, ...], new: tuple[str, ...], expected: tuple[list[str], ...]) -> None:
    assert titles(compare(note(*old) if old else (), note(*new))) == expected


def test_prose_is_compared_by_its_place() -> None:
    def prose(*paragraphs: str) -> tuple[Passage, ...]:
        return tuple(Passage("a.txt", (), None, i, i + 1, i, i, text) for i, text in enumerate(paragraphs, 1))

    changes = compare(prose("一", "二", "三"), prose("一", "贰", "三", "四"))
    assert [[passage.text for passage in kind] for kind in (changes.added, changes.changed, changes.removed)] == [
        ["四"],
        ["贰"],
        [],
    ]


def test_differences_name_kind_place_and_title() -> None:
    old = {"a.md": note(A, B), "b.md": note(C, source="b.md")}
    new = {"a.md": note(A, B.replace("乙", "巳")), "c.md": note(C, source="c.md")}
    changes = Changes.between(old, new)
    assert changes.differences() == (
        Difference("added", "c.md", "什么是C？", 1, 5),
        Difference("changed", "a.md", "什么是B？", 7, 9),
        Difference("removed", "b.md", "什么是C？", 1, 5),
    )


@pytest.mark.parametrize(
    ("counts", "named"),
    [
        ((500, 0, 0), (200, 0, 0)),
        ((500, 3, 1), (196, 3, 1)),
        ((500, 500, 500), (66, 67, 67)),
        ((0, 150, 90), (0, 110, 90)),
        ((100, 50, 50), (100, 50, 50)),
    ],
)
def test_each_kind_gets_its_share_of_the_differences(counts: tuple[int, ...], named: tuple[int, ...]) -> None:
    passage = Passage("a.md", (), None, 0, 1, 1, 1, "文")
    changes = Changes(*((passage,) * count for count in counts))
    kinds = [difference.kind for difference in changes.differences()]
    assert tuple(map(kinds.count, ("added", "changed", "removed"))) == named
    assert len(kinds) <= NAMED
