"""The golden questions are sound, and so is the reading and judging by them."""

from __future__ import annotations

import collections
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import everyday
from rag.config import DEFAULT_CORPUS, ROOT
from rag.errors import GoldenUnusable
from rag.evaluation.golden import Gold, GoldenQuestion, own_questions, read_golden, standing, unknown_ratings
from rag.notes.corpus import read_note
from rag.types import Note, Passage

GOLDEN = ROOT / "benchmarks" / "golden"
STYLES = {
    "paraphrase", "spoken", "keywords", "english", "mixed", "traditional", "typo", "comparison", "far", "near",
    "verbatim",
}  # fmt: skip
EVERYDAY_STYLES = {"fact", "crosslingual"}
SAMPLES = ROOT / "tests" / "data"
QUESTIONS = (
    *(GOLDEN / name for name in ("corpus.jsonl", "notes.jsonl", "eval-notes.jsonl")),
    *map(everyday.golden, everyday.SETS),
    SAMPLES / "golden.jsonl",
)
CORPORA = {  # what is at hand
    GOLDEN / "corpus.jsonl": DEFAULT_CORPUS,
    **{everyday.golden(name): everyday.notes(name) for name in everyday.SETS},
    SAMPLES / "golden.jsonl": SAMPLES / "notes",
}
ENOUGH = {"corpus.jsonl": (300, 50), "eval-notes.jsonl": (200, 50)}  # answerable questions; far and near, of each
DIALOGUES = GOLDEN / "dialogues.jsonl"
CONVERSATIONS, BOTH_SIDES = GOLDEN / "conversations.jsonl", GOLDEN / "both-sides.jsonl"
GROUPS = {
    CONVERSATIONS: ("kind", {"follow-up", "ellipsis", "comparison", "new-topic"}),
    BOTH_SIDES: ("style", {"comparison", "double"}),
}


@pytest.fixture(params=QUESTIONS, ids=lambda file: file.name)
def file(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.mark.parametrize("file", CORPORA, ids=lambda file: file.name)
def test_every_anchor_stands_exactly_once_in_its_note(file: Path) -> None:
    wrong = [
        (question.id, gold.anchor, count)
        for question in read_golden(file)
        for gold in question.gold
        if (count := read_note(CORPORA[file], gold.source).text.count(gold.anchor)) != 1
    ]
    assert wrong == []


def test_questions_are_well_formed(file: Path) -> None:
    questions = read_golden(file)
    assert len({question.id for question in questions}) == len(questions)
    assert len({question.question for question in questions}) == len(questions)
    assert {question.half for question in questions} == {"dev", "test"}
    assert {question.style for question in questions} - STYLES - EVERYDAY_STYLES == set()
    for question in questions:
        assert question.question == question.question.strip() != ""
        assert (question.gold == ()) == (question.style in ("far", "near")), question.id


def test_halves_are_balanced_in_every_style(file: Path) -> None:
    halves: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for question in read_golden(file):
        halves[question.style][question.half] += 1
    assert {style: counts for style, counts in halves.items() if abs(counts["dev"] - counts["test"]) > 2} == {}


def test_a_half_is_what_is_read(file: Path) -> None:
    everything = read_golden(file)
    dev, test = read_golden(file, "dev"), read_golden(file, "test")
    assert sorted(question.id for question in (*dev, *test)) == sorted(question.id for question in everything)
    assert {question.half for question in dev} == {"dev"}


def test_the_development_set_is_large_enough() -> None:
    questions = read_golden(GOLDEN / "corpus.jsonl") + read_golden(GOLDEN / "notes.jsonl")
    answerable = [question for question in questions if question.gold and question.style != "verbatim"]
    assert len(answerable) >= 150
    assert {question.style for question in answerable} >= STYLES - {"far", "near", "verbatim"}
    for style in ("far", "near"):
        assert sum(question.style == style for question in questions) >= 30


@pytest.mark.parametrize("file", ENOUGH)
def test_there_are_enough_questions(file: str) -> None:
    questions = read_golden(GOLDEN / file)
    answerable, unanswerable = ENOUGH[file]
    assert sum(question.gold != () for question in questions) >= answerable
    for style in ("far", "near"):
        assert sum(question.style == style for question in questions) >= unanswerable


def test_there_are_enough_questions_about_everyday_notes() -> None:
    questions = [question for name in everyday.SETS for question in read_golden(everyday.golden(name))]
    assert sum(question.gold != () for question in questions) >= 250
    assert sum(question.gold == () for question in questions) >= 100


@pytest.mark.parametrize("name", everyday.SETS)
def test_what_an_answer_must_show_stands_in_its_note(name: str) -> None:
    facts = everyday.facts(name)
    for question in read_golden(everyday.golden(name)):
        assert (facts[question.id] != ()) == (question.gold != ()), question.id
        texts = [read_note(everyday.notes(name), gold.source).text for gold in question.gold]
        assert all(fact and any(fact in text for text in texts) for fact in facts[question.id]), question.id


def records(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def sides(record: dict[str, Any]) -> list[list[dict[str, str]]]:
    """Returns what must be found: one gold of each of the lists."""
    return record["sides"] if "sides" in record else [record["gold"]]


@pytest.mark.parametrize("file", GROUPS, ids=lambda file: file.name)
def test_every_anchor_of_a_side_stands_exactly_once_in_its_note(file: Path) -> None:
    wrong = [
        (record["id"], gold["anchor"], count)
        for record in records(file)
        for side in sides(record)
        for gold in side
        if (count := read_note(DEFAULT_CORPUS, gold["source"]).text.count(gold["anchor"])) != 1
    ]
    assert wrong == []


@pytest.mark.parametrize("file", GROUPS, ids=lambda file: file.name)
def test_ids_are_unique_and_halves_balanced_in_every_group(file: Path) -> None:
    group, known = GROUPS[file]
    halves: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for record in records(file):
        halves[record[group]][record["half"]] += 1
    assert halves.keys() == known
    assert {half for counts in halves.values() for half in counts} == {"dev", "test"}
    assert {name: counts for name, counts in halves.items() if abs(counts["dev"] - counts["test"]) > 2} == {}
    assert len({record["id"] for record in records(file)}) == len(records(file))


def test_conversations_are_well_formed() -> None:
    conversations = records(CONVERSATIONS)
    assert len(conversations) >= 60
    assert sum(conversation["kind"] == "new-topic" for conversation in conversations) >= 20
    assert len({tuple(conversation["turns"]) for conversation in conversations}) == len(conversations)
    for conversation in conversations:
        assert len(conversation["turns"]) in (2, 3), conversation["id"]
        assert all(turn == turn.strip() != "" for turn in conversation["turns"]), conversation["id"]
        assert conversation["gold"], conversation["id"]


def test_dialogues_are_well_formed() -> None:
    dialogues = records(DIALOGUES)
    assert len({dialogue["id"] for dialogue in dialogues}) == len(dialogues) >= 60
    assert {dialogue["notes"] for dialogue in dialogues} == {DEFAULT_CORPUS.name, *everyday.SETS}
    for dialogue in dialogues:
        notes = DEFAULT_CORPUS if dialogue["notes"] == DEFAULT_CORPUS.name else everyday.notes(dialogue["notes"])
        assert 4 <= len(dialogue["turns"]) <= 8, dialogue["id"]
        assert dialogue["turns"][0]["stands"], dialogue["id"]
        for turn in dialogue["turns"]:
            assert turn["question"] == turn["question"].strip() != "", dialogue["id"]
            assert turn["stands"] != bool(turn.get("alone", "").strip()), dialogue["id"]
            for gold in turn["gold"]:
                assert read_note(notes, gold["source"]).text.count(gold["anchor"]) == 1, (dialogue["id"], gold)


def test_there_are_enough_turns_of_either_kind_in_both_halves() -> None:
    dialogues = records(DIALOGUES)
    later = [(turn["stands"], dialogue["half"]) for dialogue in dialogues for turn in dialogue["turns"][1:]]
    counts = collections.Counter(later)
    assert counts[True, "dev"] + counts[True, "test"] >= 150
    assert counts[False, "dev"] + counts[False, "test"] >= 100
    for stands in (True, False):
        assert abs(counts[stands, "dev"] - counts[stands, "test"]) <= 0.2 * (
            counts[stands, "dev"] + counts[stands, "test"]
        )


def test_questions_with_two_sides_are_well_formed() -> None:
    questions = records(BOTH_SIDES)
    assert len(questions) >= 40
    assert len({question["question"] for question in questions}) == len(questions)
    for question in questions:
        assert question["question"] == question["question"].strip() != "", question["id"]
        one, other = ({(gold["source"], gold["anchor"]) for gold in side} for side in question["sides"])
        assert one and other, question["id"]
        assert one.isdisjoint(other), question["id"]


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


def test_what_the_notes_leave_open_is_not_asked() -> None:
    left_open = dataclasses.replace(own_passage("## 什么是A？", None, ("一章标题",)), open_question="什么是A？")
    passages = [left_open, own_passage("正文。", None, ("另一章标题",))]
    assert {question.question for question in own_questions(passages)} == {"另一章标题", "另一题"}


# --------------------------------------------------------------------------------------------------- a log of ratings


def rating(name: str, gold: list[dict[str, str]] | None, style: str = "feedback") -> str:
    return json.dumps({"id": name, "question": f"问{name}", "style": style, "gold": gold}, ensure_ascii=False) + "\n"


RIGHT = [{"source": "a.md", "anchor": "正文"}]


def test_the_last_rating_counts_and_the_unknown_are_left_out(tmp_path: Path) -> None:
    log = tmp_path / "feedback.jsonl"
    lines = [rating("1", None), rating("2", RIGHT), rating("1", RIGHT), rating("3", []), rating("2", None)]
    log.write_text("".join(lines) + '{"id": "4", "que', encoding="utf-8")
    assert read_golden(log) == [
        GoldenQuestion("1", "问1", "feedback", (Gold("a.md", "正文"),), ""),
        GoldenQuestion("3", "问3", "feedback", (), ""),
    ]
    assert unknown_ratings(log) == 1


def test_other_files_stay_strict(tmp_path: Path) -> None:
    golden = tmp_path / "golden.jsonl"
    golden.write_text(rating("1", RIGHT, "spoken") + rating("1", RIGHT, "spoken"), encoding="utf-8")
    with pytest.raises(GoldenUnusable, match="two entries have the id 1: give each its own"):
        read_golden(golden)
    golden.write_text(rating("1", None, "spoken"), encoding="utf-8")
    with pytest.raises(GoldenUnusable, match='line 1: "gold" is no list of objects'):
        read_golden(golden)
    golden.write_text(rating("1", RIGHT, "spoken"), encoding="utf-8")
    assert unknown_ratings(golden) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"question": "问", "style": "feedback", "gold": []}', 'line 1: "id" is missing'),
        ('{"id": "1", "question": "问", "style": "feedback"}', 'line 1: "gold" is missing'),
        ('{"id": "1", "question": "问", "style": "feedback", "gold": [{}]}', 'line 1: "source" is missing'),
    ],
)
def test_a_log_that_something_else_wrote(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "log.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(GoldenUnusable, match=message):
        read_golden(tmp_path / "log.jsonl")


def test_ratings_of_edited_notes_are_left_out() -> None:
    notes = [Note("a.md", "a", "正文。", "")]
    kept, gone = question(("a.md", "正文")), question(("a.md", "没有了"))
    rated = GoldenQuestion("r", "问", "feedback", gone.gold, "")
    assert standing([kept, rated], notes) == [kept]
    with pytest.raises(GoldenUnusable, match="question q1: “没有了” does not stand in"):
        standing([gone], notes)


# ------------------------------------------------------------------------------------------- the notes' own questions


def own_passage(text: str, question: str | None = None, headings: tuple[str, ...] = ()) -> Passage:
    return Passage("a.md", headings, question, 0, len(text), 1, 1, text)


def test_the_notes_own_questions() -> None:
    passages = [
        own_passage("## 什么是位置编码？\n\n它告诉位置。", "什么是位置编码？"),
        own_passage("后半段。", "什么是位置编码？"),
        own_passage("正文。", None, ("章", "如何训练模型")),
        own_passage("没有标题。"),
        own_passage("简介一。", None, ("简介简介", "一样的标题")),
        own_passage("简介二。", None, ("另一章节", "一样的标题")),
        own_passage("短。", None, ("短",)),
    ]
    own = own_questions(passages)
    assert {(question.style, question.question): set(numbers) for question, numbers in own.items()} == {
        ("own", "什么是位置编码？"): {0, 1},
        ("shortened", "什么置编码"): {0, 1},
        ("own", "如何训练模型"): {2},
        ("shortened", "如何模型"): {2},
    }
    for question, numbers in own.items():
        assert [number for number, passage in enumerate(passages) if question.is_answered_by(passage)] == sorted(
            numbers
        )
