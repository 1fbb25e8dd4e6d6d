"""Ratings, gaps and pins: what is kept, what is read back, and that nothing is lost on the way."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import rag.feedback.log
from rag.errors import FeedbackNotWritable, GoldenUnusable
from rag.evaluation.golden import Gold, GoldenQuestion, read_golden, standing, unknown_ratings
from rag.feedback.log import Feedback, Gap, Pin, Rating, anchor
from rag.passages.split import split
from rag.types import Hit, Note, Passage, Span
from tests.process import ROOT, environment

NOTE = Note(
    "a.md", "题", "# 题\n\n## 1. 什么是**位置编码**？\n\n它告诉位置。它是向量。\n\n## 别的\n\n一句。两句话。\n", ""
)
ENTRY, PROSE = split(NOTE)
NOON = "2025-06-01T12:00:00+00:00"


@pytest.fixture
def feedback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Feedback:
    """Logs in a folder that is not there yet, at noon."""

    class Noon(datetime.datetime):
        @classmethod
        def now(cls, zone: datetime.tzinfo | None = None) -> datetime.datetime:
            return datetime.datetime.fromisoformat(NOON)

    monkeypatch.setattr(rag.feedback.log.datetime, "datetime", Noon)
    return Feedback(tmp_path / "feedback")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "feedback" / "feedback.jsonl"


def hit(passage: Passage, best: Span = (0, 1)) -> Hit:
    return Hit(passage, 0.9, best, False, passage.answer_span)


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# ----------------------------------------------------------------------------------------------------------- ratings


def test_a_good_answer_is_a_golden_question(feedback: Feedback, log: Path) -> None:
    feedback.rate("  位置编码\n是什么？ ", True, hit(ENTRY), comment=" 好 ")
    (line,) = records(log)
    name = line.pop("id")
    assert line == {
        "question": "位置编码 是什么？",
        "style": "feedback",
        "gold": [{"source": "a.md", "anchor": "## 1. 什么是**位置编码**？\n"}],
        "good": True,
        "reason": "",
        "comment": "好",
        "at": NOON,
    }
    gold = (Gold("a.md", "## 1. 什么是**位置编码**？\n"),)
    assert read_golden(log) == [GoldenQuestion(name, "位置编码 是什么？", "feedback", gold, "")]
    assert read_golden(log)[0].is_answered_by(ENTRY)
    assert standing(read_golden(log), [NOTE]) == read_golden(log)


def test_the_anchor_of_prose_is_the_sentence_that_matched() -> None:
    place = PROSE.text.index("两句话。")
    assert anchor(hit(PROSE, (place, place + 4))) == "两句话。"


def test_absence_has_no_gold(feedback: Feedback, log: Path) -> None:
    feedback.rate("猫吃什么？", False, hit(ENTRY), "absent")
    feedback.rate("狗吃什么？", True)  # of an answer that said so
    assert [(asked.question, asked.gold) for asked in read_golden(log)] == [("猫吃什么？", ()), ("狗吃什么？", ())]


def test_what_is_wrong_without_a_right_answer_is_left_out(feedback: Feedback, log: Path) -> None:
    feedback.rate("甲？", False, hit(ENTRY), "wrong")
    with pytest.raises(GoldenUnusable) as caught:
        read_golden(log)
    assert str(caught.value) == f"none of the ratings in {log} tells the right answer: rate good answers too"
    feedback.rate("乙？", False, None, "other", "太长")
    feedback.rate("丙？", True, hit(ENTRY))
    assert [record["gold"] for record in records(log)[:2]] == [None, None]
    assert [asked.question for asked in read_golden(log)] == ["丙？"]
    assert unknown_ratings(log) == 2


def test_the_last_rating_of_a_question_counts(feedback: Feedback, log: Path) -> None:
    feedback.rate("ＬoRA 是什麼？", True, hit(ENTRY))
    feedback.rate("丙？", True, hit(ENTRY))
    feedback.rate("lora 是什么？", False, hit(ENTRY), "wrong", "不对")
    assert [asked.question for asked in read_golden(log)] == ["丙？"]
    assert feedback.ratings() == (
        Rating("lora 是什么？", False, "wrong", "不对", NOON),
        Rating("丙？", True, "", "", NOON),
    )
    feedback.rate("LoRA 是什么？", True, hit(ENTRY))
    assert [asked.question for asked in read_golden(log)] == ["LoRA 是什么？", "丙？"]
    assert unknown_ratings(log) == 0


@pytest.mark.parametrize(("good", "reason"), [(True, "wrong"), (False, ""), (False, "boring")])
def test_a_rating_that_contradicts_itself(feedback: Feedback, good: bool, reason: Any) -> None:
    with pytest.raises(ValueError, match="a bad answer has one of the reasons"):
        feedback.rate("甲？", good, None, reason)


def test_a_note_that_was_edited_since(feedback: Feedback, log: Path) -> None:
    feedback.rate("丙？", True, hit(ENTRY))
    edited = Note("a.md", "题", NOTE.text.replace("位置编码", "位置"), "")
    assert standing(read_golden(log), [edited]) == []
    assert standing(read_golden(log), []) == []


# -------------------------------------------------------------------------------------------------------------- gaps


def test_gaps_are_counted_by_normal_form_and_the_newest_is_first(feedback: Feedback) -> None:
    assert feedback.gaps() == ()
    feedback.miss("企鵝吃什么？", "麻雀吃什么？")
    feedback.miss("猫？", "")
    feedback.miss("企鹅吃什么?", "鸟")
    assert feedback.gaps() == (Gap("企鹅吃什么?", 2, NOON, "鸟"), Gap("猫？", 1, NOON, ""))


def test_a_settled_gap_is_gone_until_it_is_missed_again(feedback: Feedback) -> None:
    feedback.miss("猫？", "")
    feedback.miss("猫？", "")
    feedback.settle("猫?")
    assert feedback.gaps() == ()
    feedback.miss("猫？", "狗")
    assert feedback.gaps() == (Gap("猫？", 1, NOON, "狗"),)


# -------------------------------------------------------------------------------------------------------------- pins


def test_pins_keep_their_order_and_what_came_first(feedback: Feedback) -> None:
    feedback.pin("甲？", ENTRY)
    feedback.pin("乙？", None)
    feedback.pin("甲?", PROSE)
    digest = feedback.pins()[0].digest
    assert len(digest) == 16
    assert feedback.pins() == (Pin("甲?", "a.md", "别的", digest, NOON), Pin("乙？", "", "", "", NOON))
    feedback.unpin("甲？")
    assert [pin.question for pin in feedback.pins()] == ["乙？"]


def test_the_digest_is_of_what_the_passage_says_not_where_it_stands() -> None:
    moved = split(Note("a.md", "题", NOTE.text.replace("# 题\n", "\n\n# 题\n"), ""))
    assert rag.feedback.log.digest(moved[1]) == rag.feedback.log.digest(PROSE) != rag.feedback.log.digest(ENTRY)
    assert rag.feedback.log.digest(None) == ""


# ------------------------------------------------------------------------------------------------ files and processes


def test_damaged_lines_are_passed_over_and_kept(feedback: Feedback, log: Path) -> None:
    feedback.rate("甲？", True, hit(ENTRY))
    whole = log.read_bytes()
    damaged = b'{"id": "x", "question": "\xe4\xb8'
    log.write_bytes(whole + b"[1]\n" + b"[" * 100_000 + b'\n{"question": 1}\n\xff\n' + damaged)
    assert [rating.question for rating in feedback.ratings()] == ["甲？"]
    log.write_bytes(whole + damaged)
    feedback.rate("乙？", True, hit(ENTRY))
    assert log.read_bytes().startswith(whole + damaged + b"\n")
    assert [rating.question for rating in feedback.ratings()] == ["乙？", "甲？"]
    assert [asked.question for asked in read_golden(log)] == ["甲？", "乙？"]


def test_a_disk_that_is_full_loses_nothing(feedback: Feedback, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feedback.rate("甲？", True, hit(ENTRY))
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: write(handle, data[:20]))
        with pytest.raises(FeedbackNotWritable) as caught:
            feedback.rate("乙？", True, hit(ENTRY))
    cause = "No space left on device"
    assert str(caught.value) == f"cannot write {log} ({cause}): make the folder writable, or free some space"
    feedback.rate("丙？", True, hit(ENTRY))
    assert [rating.question for rating in feedback.ratings()] == ["丙？", "甲？"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FeedbackNotWritable, match=r"cannot write .*file/gaps\.jsonl \(File exists\)"):
        Feedback(tmp_path / "file").miss("甲？", "")
    with pytest.raises(FeedbackNotWritable, match=r"cannot write .*gaps\.jsonl \(Not a directory\)"):
        Feedback(tmp_path / "file" / "below").miss("甲？", "")
    assert Feedback(tmp_path / "file").gaps() == ()


def test_strange_characters_are_kept_or_dropped_but_never_break_a_line(feedback: Feedback) -> None:
    feedback.miss("a\ud800b\u2028c\x00 👩\u200d💻\r\nd", "x\udfff")
    assert feedback.gaps() == (Gap("abc 👩💻 d", 1, NOON, "x"),)


ADDING = """
import sys
from pathlib import Path
from rag.feedback.log import Feedback
feedback = Feedback(Path(sys.argv[1]))
for number in range(50):
    feedback.miss(f"{sys.argv[2]}-{number}", "近" * 3000)
"""


def test_threads_and_processes_add_whole_lines(tmp_path: Path) -> None:
    folder = tmp_path / "feedback"
    commands = [[sys.executable, "-c", ADDING, str(folder), name] for name in "pq"]
    processes = [subprocess.Popen(command, cwd=ROOT, env=environment()) for command in commands]
    feedback = Feedback(folder)
    threads = [
        threading.Thread(target=lambda name=name: [feedback.miss(f"{name}-{i}", "近" * 3000) for i in range(50)])
        for name in "tu"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(60) for process in processes] == [0, 0]
    expected = {f"{name}-{number}" for name in "pqtu" for number in range(50)}
    assert [gap.times for gap in feedback.gaps()] == [1] * 200
    assert {gap.question for gap in feedback.gaps()} == expected
