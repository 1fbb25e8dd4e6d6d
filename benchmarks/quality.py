"""Asks golden questions and prints how often the right passage comes first, by style, and how well "found" is told.

python benchmarks/quality.py                                   # corpus/ with benchmarks/golden/corpus.jsonl
python benchmarks/quality.py --corpus NOTES --golden FILE --half test --json
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from golden import GoldenQuestion, auroc, read_golden  # noqa: E402  (the path above must come first)

from rag import fusion  # noqa: E402
from rag.assistant import Assistant  # noqa: E402
from rag.encoder import load_encoder  # noqa: E402
from rag.index import sync  # noqa: E402

DEPTH = 10


def first_right(assistant: Assistant, question: GoldenQuestion) -> tuple[int, float]:
    """Returns the rank of the first right passage (0 when it is not among the first ten) and the confidence."""
    answer = assistant.ask(question.question, DEPTH)
    ranks = (rank for rank, hit in enumerate(answer.hits, 1) if question.is_answered_by(hit.passage))
    return next(ranks, 0), answer.confidence


def measure(assistant: Assistant, questions: list[GoldenQuestion]) -> dict[str, dict[str, float]]:
    """Returns a row of figures by style, `answerable` for all styles together, and `found` for the refusals."""
    ranks: dict[str, list[int]] = collections.defaultdict(list)
    confidences: dict[str, list[float]] = collections.defaultdict(list)
    for question in questions:
        rank, confidence = first_right(assistant, question)
        confidences[question.style if not question.gold else "answerable"].append(confidence)
        if question.gold:
            ranks[question.style].append(rank)
            ranks["answerable"].append(rank)
    table: dict[str, dict[str, float]] = {}
    for style, found in ranks.items():
        table[style] = {
            "questions": len(found),
            "first": sum(rank == 1 for rank in found) / len(found),
            "in_five": sum(1 <= rank <= 5 for rank in found) / len(found),
            "mrr": sum(1 / rank for rank in found if rank) / len(found),
        }
    refused = confidences["far"] + confidences["near"]
    if refused:
        answerable = confidences["answerable"]
        table["found"] = {
            "auroc": auroc(answerable, refused),
            "auroc_far": auroc(answerable, confidences["far"]),
            "auroc_near": auroc(answerable, confidences["near"]),
            "refused_though_answerable": sum(c < fusion.THRESHOLD for c in answerable) / len(answerable),
            "answered_though_not_in_notes": sum(c >= fusion.THRESHOLD for c in refused) / len(refused),
        }
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=ROOT / "corpus")
    parser.add_argument("--golden", type=Path, default=ROOT / "benchmarks" / "golden" / "corpus.jsonl")
    parser.add_argument("--half", choices=("dev", "test", "all"), default="all")
    parser.add_argument("--encoder")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as index:
        encoder = load_encoder(options.encoder)
        sync(options.corpus, Path(index), encoder)
        table = measure(Assistant.open(Path(index), encoder), read_golden(options.golden, options.half))
    if options.json:
        print(json.dumps(table))
        return
    print(f"{options.golden.stem}, half: {options.half}")
    for name, row in table.items():
        print(f"{name:12}", "  ".join(f"{key} {value:.3f}".replace(".000", "") for key, value in row.items()))


if __name__ == "__main__":
    main()
