"""Prints how well questions in a conversation, comparisons and double questions are answered.

    python -m benchmarks.conversations --half dev [--encoder NAME] [--index DIR]

From `golden/conversations.jsonl` the last question of each conversation is asked with those before it, by kind: how
often the right passage is first and in five. A new topic is also asked alone: what came before must not make it worse.
From `golden/both-sides.jsonl`: how often each side of a comparison, or of two questions in one, has a passage in five,
and how often both are quoted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.assistant import Assistant
from rag.config import DEFAULT_CORPUS
from rag.encoders.load import load_encoder
from rag.evaluation.golden import Gold, GoldenQuestion
from rag.indexing.sync import sync
from rag.types import Answer

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "benchmarks" / "golden"
CONTINUED = ("follow-up", "ellipsis", "comparison")  # kinds that mean nothing, or something else, alone


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions of one person; `last` is the one that is judged, `kind` what it has to do with the `earlier` ones."""

    kind: str
    earlier: tuple[str, ...]
    last: GoldenQuestion


@dataclass(frozen=True, slots=True)
class Double:
    """A question with several parts; any gold of a side answers that side."""

    style: str
    question: str
    sides: tuple[GoldenQuestion, ...]


def read_conversations(half: str) -> list[Conversation]:
    return [
        Conversation(record["kind"], tuple(record["turns"][:-1]), _golden(record["turns"][-1], record["gold"]))
        for record in _records("conversations.jsonl", half)
    ]


def read_doubles(half: str) -> list[Double]:
    return [
        Double(
            record["style"], record["question"], tuple(_golden(record["question"], side) for side in record["sides"])
        )
        for record in _records("both-sides.jsonl", half)
    ]


def _records(name: str, half: str) -> Iterator[dict[str, Any]]:
    for line in (GOLDEN / name).read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if half in ("all", record["half"]):
            yield record


def _golden(question: str, gold: list[dict[str, str]]) -> GoldenQuestion:
    return GoldenQuestion("", question, "", tuple(Gold(**entry) for entry in gold), "")


def rank(answer: Answer, question: GoldenQuestion) -> int:
    """Returns the rank of the first right passage, from 1; 0 when there is none."""
    return next((rank for rank, hit in enumerate(answer.hits, 1) if question.is_answered_by(hit.passage)), 0)


def measure_conversations(assistant: Assistant, conversations: list[Conversation]) -> dict[str, dict[str, float]]:
    """Returns, by kind and for those that go on together, the shares "first" and "in_five"."""
    ranks: dict[str, list[int]] = {}
    for conversation in conversations:
        found = rank(assistant.ask(conversation.last.question, 5, conversation.earlier), conversation.last)
        ranks.setdefault(conversation.kind, []).append(found)
        if conversation.kind in CONTINUED:
            ranks.setdefault("continued", []).append(found)
        else:
            alone = rank(assistant.ask(conversation.last.question), conversation.last)
            ranks.setdefault(f"{conversation.kind} alone", []).append(alone)
    return {
        kind: {"n": len(found), "first": _share(r == 1 for r in found), "in_five": _share(r > 0 for r in found)}
        for kind, found in ranks.items()
    }


def measure_doubles(assistant: Assistant, doubles: list[Double]) -> dict[str, dict[str, float]]:
    """Returns, by style and for all, the shares with each side in five, and with each side quoted."""
    rows: dict[str, list[tuple[bool, bool]]] = {}
    for double in doubles:
        answer = assistant.ask(double.question)
        ranks = [rank(answer, side) for side in double.sides]
        quoted = [any(side.is_answered_by(answer.hits[n - 1].passage) for n in answer.cited) for side in double.sides]
        for style in (double.style, "both sides"):
            rows.setdefault(style, []).append((all(ranks), all(quoted)))
    return {
        style: {"n": len(found), "in_five": _share(row[0] for row in found), "quoted": _share(row[1] for row in found)}
        for style, found in rows.items()
    }


def _share(values: Iterable[bool]) -> float:
    kept = list(values)
    return sum(kept) / len(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=("dev", "test", "all"), default="dev", help="of the questions (default: dev)")
    parser.add_argument("--encoder", metavar="NAME", help="sentence-transformers name or folder (default: bundled)")
    parser.add_argument("--index", type=Path, help="keep the index in this folder (default: a temporary one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.index or Path(temporary) / "index"
        encoder = load_encoder(options.encoder)
        sync(DEFAULT_CORPUS, folder, encoder)
        assistant = Assistant.open(folder, encoder)
        figures = [
            *measure_conversations(assistant, read_conversations(options.half)).items(),
            *measure_doubles(assistant, read_doubles(options.half)).items(),
        ]
    for kind, row in figures:
        shares = "  ".join(f"{name} {share:.3f}" for name, share in row.items() if name != "n")
        print(f"{kind:16}{row['n']:4.0f}  {shares}")


if __name__ == "__main__":
    main()
