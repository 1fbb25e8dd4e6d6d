"""Questions and answers in all the forms that people write: small notes with their pairs beside them, and one list."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from rag.passages.split import split
from rag.types import Note
from tests.forms import FORMS, shared
from tests.splitting import check

FOLDER = Path(__file__).parent / "forms"
NOTES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".jsonl" and path.name != "shared.tsv")


def pairs(note: Note) -> list[dict[str, object]]:
    return [
        {
            "lines": [each.start_line, each.end_line],
            "headings": list(each.headings),
            "question": each.question,
            "answer": each.text[slice(*each.answer_span)],
        }
        for each in split(note)
        if each.question
    ]


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.name)
def test_a_note_gives_its_pairs_and_no_others(path: Path) -> None:
    expected = [json.loads(line) for line in path.with_name(f"{path.name}.jsonl").read_text("utf-8").splitlines()]
    assert pairs(Note(path.name, "", path.read_text("utf-8"), "")) == expected


@pytest.mark.parametrize("form", FORMS)
def test_the_same_twenty_pairs_come_out_of_every_form(form: str) -> None:
    twenty = [(question, answer) for question, answer, _ in shared()]
    passages = split(Note(form, "", FORMS[form](twenty), ""))
    found = [(each.question or "", each.text[slice(*each.answer_span)]) for each in passages if each.question]
    if form == "choice.md":
        expected = [(f"{question.rstrip('？?')}（ ）", f"答案：B\n解析：{answer}") for question, answer in twenty]
    elif form == "table with more columns.md":
        expected = [(question, f"{answer} | 老王") for question, answer in twenty]
    else:
        expected = twenty
    assert found == expected


def test_no_mixture_of_forms_loses_a_line() -> None:
    blocks = [block for path in NOTES for block in path.read_text("utf-8").split("\n\n")]
    lines = [line for block in blocks for line in block.split("\n")]
    chance = random.Random(11)
    for _ in range(400):
        text = "\n".join(chance.choices(blocks, k=3) + chance.choices(lines, k=6))
        for source in ("a.md", "a.txt", "a.csv", "a.tsv"):
            check(Note(source, "", text, ""))


def test_a_question_with_an_empty_cell_stays_open() -> None:
    passages = split(Note("a.md", "", "| 问题 | 答案 |\n|---|---|\n| 甲是什么？ | 一。 |\n| 乙是什么？ |  |\n", ""))
    assert [(each.question, each.open_question) for each in passages] == [
        ("甲是什么？", None),
        (None, "乙是什么？"),
    ]


def test_rows_that_begin_a_passage_know_their_columns() -> None:
    rows = "".join(f"| 螺丝 {i} | 盒子 {i}，抽屉的第 {i} 层 | 还剩 {i} 个，用完了去买 |\n" for i in range(60))
    first, *later = split(Note("a.md", "", f"| 名称 | 放在哪里 | 备注 |\n|---|---|---|\n{rows}", ""))
    assert first.columns == ""
    assert {each.columns for each in later} == {"| 名称 | 放在哪里 | 备注 |"}
    two = split(Note("b.md", "", "| 问题 | 答案 |\n|---|---|\n| 甲是什么？ | 一。 |\n| 乙是什么？ | 二。 |\n", ""))
    assert [each.columns for each in two] == ["", ""]  # what the two sides are is known


def test_the_question_is_over_where_its_line_or_its_cell_is() -> None:
    """So that no longer question holds it: what is rated or pinned is found again by it."""
    notes = {
        "a.md": ("- 甲是什么？\n  - 一。\n", "甲是什么？\n"),
        "b.md": ("| 问题 | 答案 |\n|---|---|\n| 甲是什么？ | 一。 |\n", "甲是什么？ | "),
        "c.md": ("甲是什么？::一。\n", "甲是什么？::"),
        "d.csv": ("问题,答案\n甲是什么？,一。\n", "甲是什么？,"),
    }
    for source, (text, expected) in notes.items():
        (passage,) = split(Note(source, "", text, ""))
        assert passage.text[slice(*passage.asks or (0, 0))] == expected
