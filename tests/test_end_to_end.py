"""The whole way with the model that ships: real notes and questions, and floors below which quality must not slide."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from benchmarks.conversations import (
    measure_conversations,
    measure_dialogues,
    measure_doubles,
    read_conversations,
    read_dialogues,
    read_doubles,
)
from rag.assistant import Assistant
from rag.config import DEFAULT_CORPUS, ROOT
from rag.encoders.onnx import OnnxEncoder
from rag.evaluate import ask, ask_all
from rag.evaluation.golden import GoldenQuestion, read_golden
from rag.evaluation.metrics import Estimate
from rag.evaluation.report import Setting, summarise
from rag.indexing.sync import sync
from rag.notes.corpus import read_note
from rag.serving.service import Service, Settings
from rag.types import Earlier
from tests.forms import FORMS, shared
from tests.small import write_notes

GOLDEN = ROOT / "benchmarks" / "golden"
DATA = ROOT / "tests" / "data"  # notes of our own in the forms that people use, and questions about them

Figures = dict[tuple[str, str], float]

# The lowest figures that the development half may have, (row, column) of the report by `rag.evaluate`.
# Set a little below what was measured when the ranking was fitted; raise them with it, never lower them to pass.
FLOORS = {
    ("answerable", "first"): 0.76,
    ("answerable", "in_five"): 0.91,
    ("answerable", "mrr"): 0.82,
    ("english", "first"): 0.90,
    ("unanswerable", "auroc"): 0.89,
}
CEILINGS = {
    ("answerable", "refused"): 0.10,
    ("unanswerable", "answered"): 0.30,
}


@pytest.mark.parametrize("form", FORMS)
def test_twenty_sloppy_questions_are_answered_in_every_form(form: str, tmp_path: Path, bundled: OnnxEncoder) -> None:
    twenty = shared()
    notes = write_notes(tmp_path / "notes", {form: FORMS[form]([(question, answer) for question, answer, _ in twenty])})
    sync(notes, tmp_path / "index", bundled)
    assistant = Assistant.open(tmp_path / "index", bundled)
    answers = {answer: assistant.ask(asked) for _, answer, asked in twenty}
    right = [answer for answer, got in answers.items() if got.found and answer in got.text]
    assert len(right) >= 18, [got.question for answer, got in answers.items() if answer not in right]


@pytest.fixture(scope="module")
def assistant(corpus_index: Path, bundled: OnnxEncoder) -> Assistant:
    return Assistant.open(corpus_index, bundled)


@pytest.fixture(scope="module")
def figures(assistant: Assistant) -> Figures:
    """Every share of the development half, by row and column."""
    setting = Setting("corpus", "dev", "corpus", assistant.index.manifest.encoder, 0, assistant.index.size)
    report = summarise(setting, ask_all(assistant, read_golden(GOLDEN / "corpus.jsonl", "dev")))
    return {
        (row.name, field.name): getattr(row, field.name).value
        for row in (*report.answerable, *report.unanswerable)
        for field in dataclasses.fields(row)
        if isinstance(getattr(row, field.name), Estimate)
    }


@pytest.fixture(scope="module")
def samples(bundled: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("samples") / "index"
    sync(DATA / "notes", folder, bundled)
    return Assistant.open(folder, bundled)


def verbatim() -> list[GoldenQuestion]:
    return [question for question in read_golden(DATA / "golden.jsonl") if question.style == "verbatim"]


# ---------------------------------------------------------------------------------------------------- numbered entries


def test_the_fifteen_questions_word_for_word(samples: Assistant) -> None:
    questions = verbatim()
    assert len(questions) == 15
    ranks = {question.question: ask(samples, question).rank for question in questions}
    assert {question: rank for question, rank in ranks.items() if rank != 1} == {}


def test_the_fifteen_answers_are_found_and_exact(samples: Assistant) -> None:
    for question in verbatim():
        answer = samples.ask(question.question)
        passage = answer.hits[0].passage
        lines = read_note(DATA / "notes", passage.source).text.split("\n")
        assert answer.found, question.question
        assert "\n".join(lines[passage.start_line - 1 : passage.end_line]) == passage.text
        assert answer.text.removesuffix(" [1]") in passage.text


def test_other_words_find_the_same_notes(samples: Assistant) -> None:
    questions = [question for question in read_golden(DATA / "golden.jsonl") if question.style != "verbatim"]
    ranks = {question.question: ask(samples, question).rank for question in questions if question.gold}
    assert set(ranks.values()) <= {1, 2}
    assert list(ranks.values()).count(1) >= 0.75 * len(ranks)
    assert [samples.ask(question.question).found for question in questions if not question.gold] == [False, False]


# --------------------------------------------------------------------------------------------------------- the floors


@pytest.mark.parametrize(("row", "column"), FLOORS)
def test_quality_does_not_slide(figures: Figures, row: str, column: str) -> None:
    assert figures[row, column] >= FLOORS[row, column]


@pytest.mark.parametrize(("row", "column"), CEILINGS)
def test_found_is_told_as_well_as_before(figures: Figures, row: str, column: str) -> None:
    assert figures[row, column] <= CEILINGS[row, column]


def test_every_entry_of_the_corpus_answers_its_own_question(assistant: Assistant) -> None:
    index = assistant.index
    asked = dict.fromkeys(filter(None, (index.passage(number).question for number in range(index.size))))
    assert len(asked) >= 100
    missed = []
    asked_twice = "KV cache 是什么，它占多少显存？"  # a message of two questions, were it not one of the notes
    for question in [*list(asked)[::5], asked_twice]:  # a fifth says as much, five times as fast
        answer = assistant.ask(question)
        if answer.cited[:1] != (1,) or answer.hits[0].passage.question != question:
            missed.append(question)
    assert missed == []


def test_the_example_questions_are_answered(assistant: Assistant, corpus_index: Path, bundled: OnnxEncoder) -> None:
    settings = Settings(DEFAULT_CORPUS, corpus_index, corpus_index.with_name("feedback"))
    examples = Service(settings, bundled, assistant).examples(6)
    assert len(examples) == 6
    for question in examples:
        answer = assistant.ask(question)
        assert answer.found, question
        assert answer.hits[0].passage.question == question
        assert answer.hits[0].stale is False


@pytest.mark.parametrize(
    "question",
    ["今天晚饭吃什么好？", "How do I change the oil of my car?", "红烧肉的做法", "asdf qwer zxcv"],
)
def test_what_no_note_answers_is_not_found(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert (answer.found, answer.cited, len(answer.hits)) == (False, (), 5)


# --------------------------------------------------------------------------------------------------- conversations


def test_questions_in_a_conversation_are_understood(assistant: Assistant) -> None:
    found = measure_conversations(assistant, read_conversations("dev"))
    assert found["continued"]["first"] >= 0.80
    assert found["continued"]["in_five"] >= 0.95
    assert found["new-topic"]["first"] >= found["new-topic alone"]["first"]


def test_talking_loses_nothing_and_helps(bundled: OnnxEncoder) -> None:
    """Over a household's notes; `benchmarks.conversations` has the figures of all."""
    found = measure_dialogues([dialogue for dialogue in read_dialogues("dev") if dialogue.notes == "home"], bundled)
    assert found["home, standing alone"]["lost"] <= 0.03
    assert found["home, going on"]["first"] >= 0.75


def test_both_sides_are_brought(assistant: Assistant) -> None:
    found = measure_doubles(assistant, read_doubles("dev"))
    assert found["both sides"]["in_five"] >= 0.80
    assert found["both sides"]["quoted"] >= 0.75


def test_a_new_topic_is_never_dragged_back(assistant: Assistant) -> None:
    questions = read_golden(GOLDEN / "corpus.jsonl", "dev")[::4]
    dragged = [
        (before.question, question.question, answer.asked)
        for before, question in zip(questions[::-1], questions, strict=True)
        if (answer := assistant.ask(question.question, history=[Earlier(before.question)])).asked
    ]
    assert dragged == []


# --------------------------------------------------------------------------------------------------------- editing


def test_an_edited_note_is_found_after_a_rebuild(corpus_index: Path, bundled: OnnxEncoder, tmp_path: Path) -> None:
    """Clone, ask, edit, rebuild in a moment, ask again."""
    corpus, folder = tmp_path / "corpus", tmp_path / "index"
    shutil.copytree(DEFAULT_CORPUS, corpus)
    shutil.copytree(corpus_index, folder)
    assistant = Assistant.open(folder, bundled)
    question = "紫水晶露营清单有哪几样？"
    assert assistant.ask(question).found is False
    note = corpus / "finetuning.md"
    before = note.read_text(encoding="utf-8").rstrip("\n")
    body = "紫水晶露营清单有三样：帐篷、炉子和头灯，另外带够热水。"
    note.write_text(f"{before}\n\n## {question}\n\n{body}\n", encoding="utf-8")
    report = sync(corpus, folder, bundled)
    assert (report.added, report.changed, report.removed) == (1, 0, 0)
    assert assistant.refresh() is True
    answer = assistant.ask("紫水晶清单要带啥？")
    passage = answer.hits[0].passage
    first = before.count("\n") + 3
    assert (passage.source, passage.start_line, passage.end_line) == ("finetuning.md", first, first + 2)
    assert passage.text == f"## {question}\n\n{body}"
    assert (answer.found, answer.text) == (True, f"{body} [1]")
    assert answer.hits[0].stale is False
