"""Fits the weights in `rag/fusion.py` on the development halves of golden questions, and prints them.

    python benchmarks/fit.py corpus=benchmarks/golden/corpus.jsonl NOTES=benchmarks/golden/notes.jsonl …

Each argument is a folder of notes and its golden questions. Two losses are minimised together: the cross entropy of
the right passage among those read (what comes first), and the logistic loss of the best passage's score against
whether it is right (what "found" and the confidence mean). The signs of the weights are given, and those for
questions in another language than the notes are drawn towards the others, as there are few of them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.optimize

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from golden import auroc, read_golden  # noqa: E402  (the path above must come first)

from rag.assistant import Assistant  # noqa: E402
from rag.encoder import load_encoder  # noqa: E402
from rag.index import sync  # noqa: E402

NAMES = ("dense", "sentence", "lexical", "substance", "beside", "covered", "missed", "strange", "bias")
SPREAD = np.array(
    [8.0, 8.0, 1.0, 2.0, 4.0, 8.0, 4.0, 4.0, 8.0]
)  # how far a weight may plausibly go: the scale of its penalty
PENALTY, BOND = 0.004, 0.02
FOUND_WEIGHT = 1.0
ROUNDS = 8
ALLOWED_REFUSALS, ALLOWED_FALSE_ANSWERS = 0.05, 0.10  # what we aim at


@dataclass(frozen=True, slots=True)
class Case:
    """One question: signals of the passages read (n, 9), whether each is foreign, whether each is right."""

    signals: np.ndarray
    foreign: np.ndarray
    right: np.ndarray
    answerable: bool


def collect(corpus: Path, golden: Path, index: Path) -> list[Case]:
    encoder = load_encoder()
    sync(corpus, index, encoder)
    assistant = Assistant.open(index, encoder)
    cases = []
    for question in read_golden(golden, "dev"):
        read = assistant.read(question.question)
        rows = [
            (s.dense, s.sentence, s.lexical, s.substance, s.beside, s.covered, s.missed, s.strange, 1.0)
            for _, _, s in read
        ]
        foreign = [s.foreign for _, _, s in read]
        right = [question.is_answered_by(passage) for _, passage, _ in read]
        cases.append(Case(np.array(rows), np.array(foreign), np.array(right), bool(question.gold)))
    return cases


def totals(parameters: np.ndarray, case: Case) -> np.ndarray:
    """Returns the logits of the passages of a case; `parameters` are the two weight rows, flat."""
    same, cross = parameters.reshape(2, -1)
    return np.where(case.foreign, case.signals @ cross, case.signals @ same)


def loss(parameters: np.ndarray, cases: list[Case], chosen: list[int]) -> float:
    """Returns what is minimised; `chosen` is the passage of each case whose score means "found"."""
    ranking, found = [], []
    for case, best in zip(cases, chosen, strict=True):
        logits = totals(parameters, case)
        found.append(np.logaddexp(0, -logits[best] if case.right[best] else logits[best]))
        if case.right.any():
            ranking.append(np.logaddexp.reduce(logits) - np.logaddexp.reduce(logits[case.right]))
    same, cross = parameters.reshape(2, -1)
    penalty = PENALTY * np.sum((same / SPREAD) ** 2) + BOND * np.sum(((same - cross) / SPREAD) ** 2)
    return float(np.mean(ranking) + FOUND_WEIGHT * np.mean(found) + penalty)


def fit(parameters: np.ndarray, cases: list[Case]) -> np.ndarray:
    """Returns the best parameters: in turns, the passages that come first are held fixed and the loss is minimised."""
    signs = [(0, None)] * 4 + [(None, 0), (0, None)] + [(None, 0)] * 2 + [(None, None)]
    for _ in range(ROUNDS):
        chosen = [int(totals(parameters, case).argmax()) for case in cases]
        parameters = scipy.optimize.minimize(loss, parameters, (cases, chosen), "L-BFGS-B", bounds=signs * 2).x
    return parameters


def report(parameters: np.ndarray, cases: list[Case]) -> dict[str, float]:
    logits = [totals(parameters, case) for case in cases]
    answerable = [(case, row) for case, row in zip(cases, logits, strict=True) if case.answerable]
    refused = [row.max() for case, row in zip(cases, logits, strict=True) if not case.answerable]
    first = np.mean([case.right[row.argmax()] for case, row in answerable])
    return {"first": float(first), "auroc": auroc([row.max() for _, row in answerable], refused)}


def best_threshold(parameters: np.ndarray, cases: list[Case]) -> tuple[float, float, float]:
    """Returns the score at which the worse of wrong refusals and false answers, against what is allowed, is least."""
    scores = np.array([1 / (1 + np.exp(-totals(parameters, case).max())) for case in cases])
    answerable = np.array([case.answerable for case in cases])
    rows = []
    for threshold in np.unique(scores):
        refused, answered = np.mean(scores[answerable] < threshold), np.mean(scores[~answerable] >= threshold)
        rows.append((max(refused / ALLOWED_REFUSALS, answered / ALLOWED_FALSE_ANSWERS), threshold, refused, answered))
    _, threshold, refused, answered = min(rows)
    return float(threshold), float(refused), float(answered)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", metavar="CORPUS=GOLDEN")
    parser.add_argument("--indexes", type=Path, help="keep the indexes here, to fit again without encoding again")
    options = parser.parse_args()
    folders = [tuple(map(Path, entry.rsplit("=", 1))) for entry in options.sets]
    with tempfile.TemporaryDirectory() as temporary:
        indexes = options.indexes or Path(temporary)
        development = [collect(corpus, golden, indexes / golden.stem) for corpus, golden in folders]
    cases = [case for group in development for case in group]
    start = np.tile([10.0, 9.0, 0.4, 1.5, -2.0, 10.0, -1.0, -1.0, -12.0], 2)
    parameters = fit(start, cases)
    for name, weights in zip(("SAME_LANGUAGE", "CROSS_LANGUAGE"), parameters.reshape(2, -1), strict=True):
        print(f"{name} = Weights({', '.join(f'{k}={v:.2f}' for k, v in zip(NAMES, weights, strict=True))})")
    threshold, refused, answered = best_threshold(parameters, cases)
    print(f"THRESHOLD = {threshold:.2f}  # refused {refused:.3f}, answered {answered:.3f}")
    for (corpus, golden), group in zip(folders, development, strict=True):
        rows = {"before": report(start, group), "dev": report(parameters, group)}
        print(corpus.name, golden.stem, {k: {n: round(x, 3) for n, x in v.items()} for k, v in rows.items()})


if __name__ == "__main__":
    main()
