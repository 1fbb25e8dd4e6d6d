"""The golden questions are sound, and so are the figures that are computed from them."""

from __future__ import annotations

import collections
import sys
from pathlib import Path

import pytest

from rag.config import DEFAULT_CORPUS, ROOT
from rag.notes import read_note
from rag.types import Passage

sys.path.append(str(ROOT / "benchmarks"))

from golden import Gold, GoldenQuestion, auroc, read_golden

GOLDEN = ROOT / "benchmarks" / "golden"
STYLES = {
    "paraphrase", "spoken", "keywords", "english", "mixed", "traditional", "typo", "comparison", "far", "near",
    "verbatim",
}  # fmt: skip
CORPORA = {
    "corpus.jsonl": DEFAULT_CORPUS,
    "notes.jsonl": ROOT.parent / "shared" / "notes",
    "eval-notes.jsonl": ROOT.parent / "shared" / "eval" / "notes",
}


@pytest.fixture(params=CORPORA)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_anchor_stands_exactly_once_in_its_note(name: str) -> None:
    corpus: Path = CORPORA[name]
    if not corpus.is_dir():
        pytest.skip(f"{corpus} is not here")
    wrong = [
        (question.id, gold.anchor, count)
        for question in read_golden(GOLDEN / name)
        for gold in question.gold
        if (count := read_note(corpus, gold.source).text.count(gold.anchor)) != 1
    ]
    assert wrong == []


def test_questions_are_well_formed(name: str) -> None:
    questions = read_golden(GOLDEN / name)
    assert len({question.id for question in questions}) == len(questions)
    assert len({question.question for question in questions}) == len(questions)
    assert {question.half for question in questions} == {"dev", "test"}
    assert {question.style for question in questions} - STYLES == set()
    for question in questions:
        assert question.question == question.question.strip() != ""
        assert (question.gold == ()) == (question.style in ("far", "near")), question.id


def test_halves_are_balanced_in_every_style(name: str) -> None:
    halves: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for question in read_golden(GOLDEN / name):
        halves[question.style][question.half] += 1
    assert {style: counts for style, counts in halves.items() if abs(counts["dev"] - counts["test"]) > 2} == {}


def test_a_half_is_what_is_read(name: str) -> None:
    everything = read_golden(GOLDEN / name)
    dev, test = read_golden(GOLDEN / name, "dev"), read_golden(GOLDEN / name, "test")
    assert sorted(question.id for question in (*dev, *test)) == sorted(question.id for question in everything)
    assert {question.half for question in dev} == {"dev"}


def test_the_development_set_is_large_enough() -> None:
    questions = read_golden(GOLDEN / "corpus.jsonl") + read_golden(GOLDEN / "notes.jsonl")
    answerable = [question for question in questions if question.gold and question.style != "verbatim"]
    assert len(answerable) >= 150
    assert {question.style for question in answerable} >= STYLES - {"far", "near", "verbatim"}
    for style in ("far", "near"):
        assert sum(question.style == style for question in questions) >= 30


def test_auroc() -> None:
    assert auroc([0.9, 0.8], [0.1, 0.2, 0.3]) == 1.0
    assert auroc([0.1], [0.5, 0.9]) == 0.0
    # of six pairs four are in order and one is a tie: (4 + ½) / 6
    assert auroc([0.8, 0.4], [0.4, 0.1, 0.6]) == pytest.approx(4.5 / 6)


def question(*gold: tuple[str, str]) -> GoldenQuestion:
    return GoldenQuestion("q1", "问", "spoken", tuple(Gold(source, anchor) for source, anchor in gold), "dev")


def passage(source: str, text: str, asked: str | None = None) -> Passage:
    return Passage(source, ("章",), asked, 0, len(text), 1, 1, text)


def test_is_answered_by_the_passage_with_the_anchor() -> None:
    asked = question(("a.md", "两个低秩矩阵"), ("b.md", "低秩"))
    assert asked.is_answered_by(passage("a.md", "LoRA 训练两个低秩矩阵。"))
    assert asked.is_answered_by(passage("b.md", "低秩分解"))
    assert not asked.is_answered_by(passage("a.md", "低秩"))  # the anchor of the other note
    assert not asked.is_answered_by(passage("c.md", "两个低秩矩阵"))
    assert not question().is_answered_by(passage("a.md", ""))


def test_is_answered_by_a_later_piece_of_the_entry() -> None:
    asked = question(("a.md", "什么是 **LoRA**？"))
    assert asked.is_answered_by(passage("a.md", "后半部分。", asked="什么是 LoRA?"))
    assert not asked.is_answered_by(passage("a.md", "后半部分。", asked="什么是 QLoRA?"))
    assert not asked.is_answered_by(passage("a.md", "后半部分。"))
