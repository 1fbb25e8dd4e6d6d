"""Prints how well questions in a conversation, comparisons and double questions are answered.

    python -m benchmarks.conversations --half dev [--encoder NAME] [--index DIR]

From `golden/conversations.jsonl` the last question of each conversation is asked with those before it, by kind: how
often the right passage is first and in five. A new topic is also asked alone: what came before must not make it worse.
From `golden/dialogues.jsonl` whole conversations of 4 to 8 turns over four sets of notes are held as on the page, and
every turn after the first is judged. One that stands alone is asked alone, too: "lost" are those that were right only
there. One that does not is also asked in full, as a person would have had to type it.
From `golden/both-sides.jsonl`: how often each side of a comparison, or of two questions in one, has a passage in five,
and how often both are quoted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import everyday
from rag.assistant import Assistant
from rag.config import DEFAULT_CORPUS
from rag.encoders.base import Encoder
from rag.encoders.load import load_encoder
from rag.evaluation.golden import Gold, GoldenQuestion
from rag.indexing.sync import sync
from rag.types import Earlier

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


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a dialogue; `alone` says it in full where it does not stand alone, else it is empty."""

    question: GoldenQuestion
    alone: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A whole conversation over the notes of that name."""

    notes: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """How a turn after the first fared: the rank of the right passage in the conversation, and alone; 0 for none."""

    turn: Turn
    rank: int
    rank_alone: int
    found: bool


def read_dialogues(half: str) -> list[Dialogue]:
    return [
        Dialogue(
            record["notes"],
            tuple(Turn(_golden(turn["question"], turn["gold"]), turn.get("alone", "")) for turn in record["turns"]),
        )
        for record in _records("dialogues.jsonl", half)
    ]


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


def _history(assistant: Assistant, asked: Sequence[str]) -> list[Earlier]:
    """Returns the questions as a conversation has them once they were answered."""
    earlier: list[Earlier] = []
    for question in asked:
        earlier.append(assistant.ask(question, history=earlier).earlier)
    return earlier


def measure_conversations(assistant: Assistant, conversations: list[Conversation]) -> dict[str, dict[str, float]]:
    """Returns, by kind and for those that go on together, the shares "first" and "in_five"."""
    ranks: dict[str, list[int]] = {}
    for conversation in conversations:
        earlier = _history(assistant, conversation.earlier)
        found = conversation.last.rank_in(assistant.ask(conversation.last.question, 5, earlier).hits)
        ranks.setdefault(conversation.kind, []).append(found)
        if conversation.kind in CONTINUED:
            ranks.setdefault("continued", []).append(found)
        else:
            alone = conversation.last.rank_in(assistant.ask(conversation.last.question).hits)
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
        ranks = [side.rank_in(answer.hits) for side in double.sides]
        quoted = [any(side.is_answered_by(answer.hits[n - 1].passage) for n in answer.cited) for side in double.sides]
        for style in (double.style, "both sides"):
            rows.setdefault(style, []).append((all(ranks), all(quoted)))
    return {
        style: {"n": len(found), "in_five": _share(row[0] for row in found), "quoted": _share(row[1] for row in found)}
        for style, found in rows.items()
    }


def hold(assistant: Assistant, dialogue: Dialogue) -> Iterator[Heard]:
    """Yields how each turn after the first fares, held as on the page."""
    earlier: list[Earlier] = []
    for place, turn in enumerate(dialogue.turns):
        answer = assistant.ask(turn.question.question, 5, earlier)
        earlier.append(answer.earlier)
        if place:
            alone = assistant.ask(turn.alone or turn.question.question)
            ranks = (turn.question.rank_in(one.hits) for one in (answer, alone))
            yield Heard(turn, *ranks, answer.found)


def measure_dialogues(dialogues: list[Dialogue], encoder: Encoder) -> dict[str, dict[str, float]]:
    """Returns, by notes and together, the shares of the turns that stand alone, that go on, and that have no answer."""
    heard: dict[str, list[Heard]] = {}
    for name in dict.fromkeys(dialogue.notes for dialogue in dialogues):
        with tempfile.TemporaryDirectory() as folder:
            sync(_notes(name), Path(folder) / "index", encoder)
            assistant = Assistant.open(Path(folder) / "index", encoder)
            heard[name] = [one for dialogue in dialogues if dialogue.notes == name for one in hold(assistant, dialogue)]
    heard["together"] = [one for group in heard.values() for one in group]
    return {f"{name}, {row}": shares for name, group in heard.items() for row, shares in _rows(group).items()}


def _notes(name: str) -> Path:
    return DEFAULT_CORPUS if name == DEFAULT_CORPUS.name else everyday.notes(name)


def _rows(heard: list[Heard]) -> dict[str, dict[str, float]]:
    answered = [one for one in heard if one.turn.question.gold]
    groups = {
        "standing alone": [one for one in answered if not one.turn.alone],
        "going on": [one for one in answered if one.turn.alone],
    }
    rows: dict[str, dict[str, float]] = {
        name: {
            "n": len(group),
            "first": _share(one.rank == 1 for one in group),
            "in_five": _share(one.rank > 0 for one in group),
            "asked_alone": _share(one.rank_alone == 1 for one in group),
            "lost": _share(one.rank != 1 and one.rank_alone == 1 for one in group),
            "refused": _share(not one.found for one in group),
        }
        for name, group in groups.items()
        if group
    }
    if others := [one for one in heard if not one.turn.question.gold]:
        rows["no answer"] = {"n": len(others), "answered": _share(one.found for one in others)}
    return rows


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
            *measure_dialogues(read_dialogues(options.half), encoder).items(),
        ]
    for kind, row in figures:
        shares = "  ".join(f"{name} {share:.3f}" for name, share in row.items() if name != "n")
        print(f"{kind:26}{row['n']:4.0f}  {shares}")


if __name__ == "__main__":
    main()
