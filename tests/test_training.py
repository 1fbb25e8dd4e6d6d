"""What the encoder learnt from must be whole, and hold nothing of what it is measured by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.text.normal import letters

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "training" / "questions").glob("*.jsonl"))
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


def test_no_golden_question_was_learnt() -> None:
    golden: set[str] = set()
    for path in GOLDEN:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        golden.update(letters(line["question"]) for line in lines if "question" in line)
    learnt = {letters(text) for path in FILES for entry in entries(path) for text in (entry["q"], *entry["asked"])}
    assert len(learnt) > 6_000 and len(golden) > 900
    assert golden.isdisjoint(learnt)
