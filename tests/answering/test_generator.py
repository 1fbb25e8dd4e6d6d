"""A written answer: whatever a generator says, a citation leads to a hit, and what is wrong is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rag.answering.generator import Generator, answer_from, check
from rag.answering.record import record
from rag.assistant import Assistant
from rag.indexing.sync import sync
from rag.types import Hit, Passage
from tests.small import ENTRY
from tests.toy_encoder import ToyEncoder


def hit(text: str) -> Hit:
    return Hit(Passage("a.md", (), None, 0, len(text), 1, 1, text), 0.9, (0, 1), False, (0, len(text)))


HITS = (
    hit("位置编码告诉模型每个词在哪里。"),
    hit("注意力由查询、键\n和值组成 [1]，见 [99]。"),
    hit("The cache grows with every token."),
)


def cited(text: str) -> tuple[str, tuple[int, ...]]:
    checked = check(text, HITS)
    return checked.text, checked.cited


def test_the_marks_are_where_the_citations_stand() -> None:
    checked = check("甲 [99]。乙 [1, 3]，`a[1]`，“值组成 [1]，见 [99]。”丙[2]。", HITS)
    assert checked.text == "甲。乙 [1][3]，`a[1]`，“值组成 [1]，见 [99]。”丙[2]。"
    assert [checked.text[start:end] for start, end in checked.marks] == ["[1]", "[3]", "[2]"]
    assert checked.marks == ((4, 7), (7, 10), (36, 39))
    assert answer_from("问", HITS, checked).marks == checked.marks
    assert check("甲。", HITS).marks == ()


def uncited(text: str) -> list[str]:
    checked = check(text, HITS)
    return [checked.text[start:end] for start, end in checked.uncited]


# ------------------------------------------------------------------------------------------------------- citations


@pytest.mark.parametrize(
    ("generated", "text", "ranks"),
    [
        ("甲 [1]。", "甲 [1]。", (1,)),
        ("甲[3]。乙[1]。丙[3]。", "甲[3]。乙[1]。丙[3]。", (3, 1)),
        ("甲 [0]。", "甲。", ()),
        ("甲 [99]。", "甲。", ()),
        ("甲 [4] 乙", "甲 乙", ()),
        ("甲 [1][2]。", "甲 [1][2]。", (1, 2)),
        ("甲 [1, 2]。", "甲 [1][2]。", (1, 2)),
        ("甲 [2，0、 1]。", "甲 [2][1]。", (2, 1)),
        ("甲 [0, 99][2]。", "甲[2]。", (2,)),
        ("甲 [ 1 ]。", "甲 [1]。", (1,)),
        ("甲 [1000] [-1] [a] [] [1-2]", "甲 [1000] [-1] [a] [] [1-2]", ()),
        ("[1]", "[1]", (1,)),
        ("", "", ()),
    ],
)
def test_a_citation_leads_to_a_hit_or_goes(generated: str, text: str, ranks: tuple[int, ...]) -> None:
    assert cited(generated) == (text, ranks)


def test_without_hits_there_is_nothing_to_cite() -> None:
    checked = check("甲 [1]。", ())
    assert (checked.text, checked.cited) == ("甲。", ())


@pytest.mark.parametrize(
    ("generated", "ranks"),
    [
        ("笔记说“由查询、键和值组成 [1]，见 [99]” [2]。", (2,)),  # as the note has it
        ("笔记说「见 [99]」[2]。", (2,)),
        ('It says "见 [99]" [2].', (2,)),
        ("取 `a[1]` 和 `b[0]` [3]。", (3,)),
        ("```python\na[0] = b[1]\n```\n[3]", (3,)),
    ],
)
def test_what_only_looks_like_a_citation_stays(generated: str, ranks: tuple[int, ...]) -> None:
    assert cited(generated) == (generated, ranks)


def test_a_citation_inside_a_quote_is_one_where_the_note_has_none() -> None:
    checked = check("“位置编码告诉模型每个词在哪里 [1]”，“别的 [99]”。", HITS)
    assert (checked.text, checked.cited) == ("“位置编码告诉模型每个词在哪里 [1]”，“别的”。", (1,))
    assert checked.misquoted == ("别的",)


# ---------------------------------------------------------------------------------------- sentences without a source


@pytest.mark.parametrize(
    ("generated", "expected"),
    [
        ("甲是乙 [1]。丙是丁。", ["丙是丁。"]),
        ("甲是乙。[1] 丙是丁。[2]", []),
        ("甲是乙。丙是丁。[2]", ["甲是乙。"]),
        ("A is fast.[1] B is slow. [2] C is new.", ["C is new."]),
        ("甲是乙 [99]。", ["甲是乙。"]),
        ("甲是乙。\n[1] 说丙。", ["甲是乙。"]),
        ("要点如下：\n- 甲 [1]\n- 乙\n\n---\n", ["要点如下：", "- 乙"]),
        ("说" * 150 + "，" + "好" * 150 + " [1]。", []),  # one sentence, however long
        ("说" * 250 + "。好 [1]。", ["说" * 250 + "。"]),
        ("[1]", []),
        ("", []),
    ],
)
def test_sentences_without_a_citation(generated: str, expected: list[str]) -> None:
    assert uncited(generated) == expected


# ----------------------------------------------------------------------------------------------------------- quotes


@pytest.mark.parametrize(
    ("generated", "expected"),
    [
        ("“位置编码告诉模型每个词在哪里” [1]。", ()),
        ("“注意力由查询、键和值组成” [2]。", ()),  # the note breaks the line
        ("“位置编码告诉模型” [2]。", ("位置编码告诉模型",)),  # of a passage that is not cited
        ("「每个字在哪里」[1]，「每个词」[1]。", ("每个字在哪里",)),
        ('It says "the cache" and "The cache grows" [3].', ("the cache",)),
        ("“位置编码”", ("位置编码",)),
        ("没有引文 [1]。", ()),
    ],
)
def test_a_quote_is_in_a_cited_passage_letter_for_letter(generated: str, expected: tuple[str, ...]) -> None:
    assert check(generated, HITS).misquoted == expected


# ------------------------------------------------------------------------------------------------------- all the way


class Scripted:
    """Says what it was told, in pieces that break anywhere, and remembers what it was given."""

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces
        self.seen: list[tuple[str, tuple[Hit, ...]]] = []

    def answer(self, question: str, hits: Sequence[Hit]) -> Iterator[str]:
        self.seen.append((question, tuple(hits)))
        yield from self._pieces


def test_from_hits_to_an_answer(corpus: Path, folder: Path) -> None:
    toy = ToyEncoder()
    sync(corpus, folder, toy)
    hits = Assistant.open(folder, toy).ask(ENTRY).hits
    generator = Scripted("它告诉模型“每个词在", "哪里” [", "1", "]，也", "许 [7, 2]。没", "有出处。")
    used: Generator = generator
    checked = check("".join(used.answer(ENTRY, hits)), hits)
    answer = answer_from(ENTRY, hits, checked)
    assert generator.seen == [(ENTRY, hits)]
    assert (len(hits), hits[0].passage.question, checked.misquoted) == (5, ENTRY, ())
    assert [answer.text[start:end] for start, end in checked.uncited] == ["没有出处。"]
    assert (answer.found, answer.cited, answer.confidence) == (True, (1, 2), hits[0].score)
    assert record(answer, 0.0)["answer"] == "它告诉模型“每个词在哪里” [1]，也许 [2]。没有出处。"


def test_a_text_that_cites_nothing_is_no_answer() -> None:
    answer = answer_from("甲？", HITS, check("笔记里没有 [9]。", HITS))
    assert (answer.found, answer.cited, answer.text, answer.hits) == (False, (), "笔记里没有。", HITS)
    assert answer_from("甲？", (), check("", ())).confidence == 0.0
