"""Prints how well small everyday notes are answered: a household's, a company's handbook, travels and studies.

    python -m benchmarks.everyday --half test [--encoder NAME]

The notes are in `notes/`, the questions in `golden/` under the same name. Beside the place of the right passage it says
for how many questions the answer itself holds the fact: a person reads the answer, and not always the passage.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rag.assistant import Assistant
from rag.encoders.base import Encoder
from rag.encoders.load import load_encoder
from rag.evaluation.golden import GoldenQuestion, read_golden
from rag.evaluation.metrics import auroc, recall_at, reciprocal_rank
from rag.indexing.sync import sync

ROOT = Path(__file__).resolve().parent
SETS = ("home", "handbook", "journeys")
DEPTH = 10  # passages that are looked at for the right one


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question: `rank` of the first right passage, 0 for none.

    `shown`: the answer holds the fact, be it as one that only may be it, which is `maybe`.
    """

    question: GoldenQuestion
    rank: int
    shown: bool
    found: bool
    maybe: bool
    confidence: float


def notes(name: str) -> Path:
    return ROOT / "notes" / name


def golden(name: str) -> Path:
    return ROOT / "golden" / f"{name}.jsonl"


def facts(name: str) -> dict[str, tuple[str, ...]]:
    """Returns, by the id of a question that the notes answer, texts of which an answer must hold one."""
    records = map(json.loads, golden(name).read_text(encoding="utf-8").splitlines())
    return {record["id"]: tuple(record.get("shown", ())) for record in records}


def ask(assistant: Assistant, question: GoldenQuestion, shown: Sequence[str]) -> Outcome:
    answer = assistant.ask(question.question, DEPTH)
    holds = bool(answer.cited) and any(fact in answer.text for fact in shown)
    return Outcome(question, question.rank_in(answer.hits), holds, answer.found, answer.maybe, answer.confidence)


def measure(name: str, half: str, encoder: Encoder) -> list[Outcome]:
    """Asks a set over an index of its own."""
    shown = facts(name)
    with tempfile.TemporaryDirectory() as folder:
        sync(notes(name), Path(folder) / "index", encoder)
        assistant = Assistant.open(Path(folder) / "index", encoder)
        return [ask(assistant, question, shown[question.id]) for question in read_golden(golden(name), half)]


def row(name: str, outcomes: Sequence[Outcome]) -> str:
    """Returns the figures of some questions in one line."""
    answered = [outcome for outcome in outcomes if outcome.question.gold]
    others = [outcome for outcome in outcomes if not outcome.question.gold]
    said = f"{name:14}{len(outcomes):5}"
    if answered:
        ranks = [outcome.rank for outcome in answered]
        said += f"  first {recall_at(ranks, 1).mean():.3f}  five {recall_at(ranks, 5).mean():.3f}"
        said += f"  MRR {reciprocal_rank(ranks).mean():.3f}"
        said += f"  shown {fmean(outcome.shown for outcome in answered):.3f}"
        said += f"  refused {fmean(not outcome.found for outcome in answered):.3f}"
        said += f" (of these in doubt {fmean(outcome.maybe for outcome in answered):.3f})"
    if others:
        said += f"  answered wrongly {fmean(outcome.found for outcome in others):.3f}"
        said += f" (and in doubt {fmean(outcome.maybe for outcome in others):.3f})"
    if answered and others:
        scores = [[outcome.confidence for outcome in group] for group in (answered, others)]
        said += f"  AUROC {auroc(*scores):.3f}"
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=("dev", "test", "all"), default="dev", help="of the questions (default: dev)")
    parser.add_argument("--encoder", metavar="NAME", help="sentence-transformers name or folder (default: bundled)")
    options = parser.parse_args()
    encoder = load_encoder(options.encoder)
    sets = {name: measure(name, options.half, encoder) for name in SETS}
    everything = [outcome for outcomes in sets.values() for outcome in outcomes]
    styles = {outcome.question.style: None for outcome in everything}
    rows = {**sets, "together": everything}
    rows |= {style: [one for one in everything if one.question.style == style] for style in styles}
    for name, outcomes in rows.items():
        print(row(name, outcomes))


if __name__ == "__main__":
    main()
