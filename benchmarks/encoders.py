"""Compares encoders on the development halves of golden questions, and prints a Markdown table.

    python -m benchmarks.encoders --encoders FOLDER FOLDER … -- corpus=benchmarks/golden/corpus.jsonl NOTES=…

For each folder made by `training/export.py`: how often the right passage is first by the vectors of whole passages
alone, by late interaction alone, and first, in five and as MRR by the whole search, with weights fitted anew by the
code of fit.py: an encoder must not suffer from weights made for another.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.fit import NAMES, START, Case, Recalling, collect, fit, golden_set, totals
from rag.encoders.load import load_encoder
from rag.evaluation.metrics import recall_at, reciprocal_rank


def rank_of_right(right: np.ndarray, scores: np.ndarray) -> int:
    """Returns the rank of the first right passage, 0 when there is none."""
    places = np.flatnonzero(right[np.argsort(-scores, kind="stable")])
    return int(places[0]) + 1 if len(places) else 0


def row(name: str, cases: Sequence[Case]) -> str:
    asked = [case for case in cases if case.answerable]
    alone = []
    for signal in ("dense", "late"):
        column = NAMES.index(signal)
        ranks = [rank_of_right(case.right, case.signals[:, column]) for case in asked]
        alone.append(f"{recall_at(ranks, 1).mean():.3f}")
    parameters = fit(START, cases)
    ranks = [rank_of_right(case.right, totals(parameters, case)) for case in asked]
    whole = (recall_at(ranks, 1), recall_at(ranks, 5), reciprocal_rank(ranks))
    return f"| {name} | {' | '.join([*alone, *(f'{values.mean():.3f}' for values in whole)])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoders", nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("sets", nargs="+", type=golden_set, metavar="CORPUS=GOLDEN")
    options = parser.parse_args()
    print("| encoder | one vector: first | late interaction: first | whole search: first | in five | MRR |")
    print("|---|---|---|---|---|---|")
    for name in options.encoders:
        encoder = Recalling(load_encoder(name))
        cases = [case for corpus, golden in options.sets for case in collect(corpus, golden, encoder).cases]
        print(row(Path(name).name, cases), flush=True)


if __name__ == "__main__":
    main()
