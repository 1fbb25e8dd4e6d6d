"""What the encoder learnt from must be whole, and hold nothing of what it is measured by."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from rag.text.normal import letters

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "training" / "questions").glob("*.jsonl"))
PASSAGES = ROOT / "training" / "passages"
DETAILS = sorted((ROOT / "training" / "details").glob("*.jsonl"))
GOLDEN = sorted((ROOT / "benchmarks" / "golden").glob("*.jsonl"))


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_entry_is_asked_in_six_ways(path: Path) -> None:
    for entry in entries(path):
        assert set(entry) == {"q", "p", "asked"}
        assert isinstance(entry["asked"], list)
        texts = [entry["q"], entry["p"], *entry["asked"]]
        assert len(set(texts)) == 8 and all(isinstance(text, str) and text.strip() for text in texts), entry


def test_each_passage_is_asked_for_in_four_ways() -> None:
    passages = [entry for path in sorted(PASSAGES.glob("*.jsonl")) for entry in entries(path)]
    assert len({entry["sha256"] for entry in passages}) == len(passages) >= 2_800
    sources = {
        line.split("\t")[0] for line in (ROOT / "training" / "SOURCES.tsv").read_text(encoding="utf-8").split("\n")
    }
    for entry in passages:
        assert set(entry) == {"src", "sha256", "asked"}
        assert re.fullmatch("[0-9a-f]{64}", entry["sha256"])
        assert "/".join(entry["src"].split("/")[:2]) in sources, entry
        assert len(set(entry["asked"])) == 4 and all(text == text.strip() != "" for text in entry["asked"]), entry


def test_details_are_of_known_passages_and_say_where_the_answer_stands() -> None:
    known = {hashlib.sha256(entry["p"].encode()).hexdigest(): entry["p"] for path in FILES for entry in entries(path)}
    linked = {entry["sha256"] for path in PASSAGES.glob("*.jsonl") for entry in entries(path)}
    details = [entry for path in DETAILS for entry in entries(path)]
    assert len({entry["sha256"] for entry in details}) == len(details) >= 3_200
    for entry in details:
        assert set(entry) == {"sha256", "held", "lacks"}
        assert entry["sha256"] in known or entry["sha256"] in linked, entry
        texts = [*(question for question, _, _ in entry["held"]), *entry["lacks"]]
        assert len(set(texts)) == 5 and all(text == text.strip() != "" for text in texts), entry
        passage = known.get(entry["sha256"])
        for _, start, end in entry["held"]:
            assert 0 <= start < end <= start + 60 and (passage is None or passage[start:end].strip()), entry


def test_no_golden_question_was_learnt() -> None:
    golden = {letters(question) for path in GOLDEN for entry in entries(path) for question in asked_in(entry)}
    learnt = {letters(text) for path in FILES for entry in entries(path) for text in (entry["q"], *entry["asked"])}
    for path in DETAILS:
        for entry in entries(path):
            learnt |= {letters(text) for text in (*(question for question, _, _ in entry["held"]), *entry["lacks"])}
    learnt |= {letters(text) for path in PASSAGES.glob("*.jsonl") for entry in entries(path) for text in entry["asked"]}
    assert len(learnt) > 43_000 and len(golden) > 1_500
    assert golden.isdisjoint(learnt)


def asked_in(entry: dict[str, Any]) -> list[str]:
    """Returns what is judged by an entry of a golden file."""
    turns = [turn["question"] for turn in entry.get("turns", ()) if isinstance(turn, dict)]
    return [entry["question"]] if "question" in entry else turns[1:]
