"""Lines of JSON with questions and answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.notes.readers.base import Text, guarded
from rag.notes.readers.pairs import read
from rag.passages.split import split
from rag.types import Cause, Note, Place, Reason
from tests.formats import ENTRIES, cited, refused


def lines(*values: object) -> bytes:
    return "\n".join(json.dumps(value, ensure_ascii=False) for value in values).encode()


HOUSE = lines(*({"question": question, "answer": answer} for question, answer in ENTRIES))


def test_a_pair_is_a_heading_and_its_answer_by_line_of_the_file() -> None:
    data = lines({"question": "忘记密码", "answer": "点链接。\n# 不是标题"}, {"x": 1}, {"Q": "Why?", "A": ["so", 2]})
    text = "## 忘记密码\n\n答：点链接。\n\\# 不是标题\n\n## Why?\n\nA: so\n2\n"
    assert read(data) == Text(text, "line", (1, 1, 1, 1, 3, 3, 3, 3, 3, 3))


@pytest.mark.parametrize(
    ("value", "question", "answer"),
    [
        ({"prompt": "Say hi", "completion": "hi"}, "Say hi", "A: hi"),
        ({"instruction": "翻译", "input": "cat", "output": "猫"}, "翻译 cat", "答：猫"),
        ({"问题": "谁？", "答案": "我"}, "谁？", "答：我"),
        ({"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "谁？"},
                       {"role": "assistant", "content": "我"}]}, "谁？", "答：我"),
        ({"conversations": [{"from": "human", "value": "谁？"}, {"from": "gpt", "value": "我"}]}, "谁？", "答：我"),
    ],
    ids=["completion", "instruction", "Chinese", "messages", "conversations"],
)  # fmt: skip
def test_the_names_people_give_them(value: object, question: str, answer: str) -> None:
    assert read(lines(value)).text == f"## {question}\n\n{answer}\n"


def test_what_does_not_read_as_a_question_is_one() -> None:
    read_text = read(lines({"q": "忘记密码", "a": "点链接。"}, {"q": "Code?", "a": "```\n# x"}))
    first, second = split(Note("a.jsonl", "", read_text.text, "", read_text.unit, read_text.places))
    assert (first.question, first.text[slice(*first.answer_span)], first.place) == (
        "忘记密码", "点链接。", Place("line", 1, 1),
    )  # fmt: skip
    assert (second.question, second.text, second.place) == (
        "Code?",
        "## Code?\n\nA:\n```\n# x\n```",
        Place("line", 2, 2),
    )


def test_a_long_question_is_a_short_heading_and_itself() -> None:
    asked = "很长的问题" * 40
    heading, _, text, *_ = read(lines({"q": asked, "a": "短"})).text.split("\n")
    assert (heading, text) == (f"## {'很长的问题' * 30}…", asked)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (lines({"x": 1}, [1], "a", None), Cause.NO_PAIRS),
        (lines({"question": "谁？", "answer": ""}), Cause.NO_PAIRS),
        (b"no json", Cause.DAMAGED),
        (b"", Cause.DAMAGED),
        (b"[" * 100_000, Cause.DAMAGED),
        (b"\x93\x00\xff\x81random", Cause.BINARY),
    ],
    ids=["no pairs", "no answer", "no JSON", "empty", "nested", "bytes"],
)
def test_what_is_refused(data: bytes, cause: Cause) -> None:
    assert refused(guarded(read), data) == Reason(cause)


def test_a_line_that_is_cut_off_is_passed_over() -> None:
    assert read(HOUSE[:-10]).text.count("## ") == 4


def test_a_question_is_answered_with_the_line_of_the_file(tmp_path: Path, bundled: OnnxEncoder) -> None:
    assert cited(tmp_path, bundled, "house.jsonl", HOUSE) == "house.jsonl line 5"
