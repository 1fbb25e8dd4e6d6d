"""Fits what the search weighs and where "found" begins, on the development halves of golden questions; prints it.

    python -m benchmarks.fit corpus=benchmarks/golden/corpus.jsonl NOTES=benchmarks/golden/notes.jsonl …

Each argument is a folder of notes and its golden questions. First the weights of `fusion.py`: two losses are
minimised together, the cross entropy of the right passage among those read (what comes first), and the logistic loss
of the best passage's logit against whether it is right. The signs of the weights are given, and those for questions in
another language than the notes are drawn towards the others, as there are few of them.

Then the constants of `calibration.py`: the same questions are asked of parts of the notes, of one file up to all
of them, where a question whose answer was left out is one more that the notes do not answer. SLOPE and SHIFT are those
with which wrong refusals and false answers, against what we allow, are fewest over all the parts.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.optimize

from rag.encoders.base import Encoded, Encoder
from rag.encoders.load import load_encoder
from rag.evaluation.golden import GoldenQuestion, read_golden
from rag.evaluation.metrics import auroc
from rag.indexing.sync import sync
from rag.retrieval import fusion
from rag.retrieval.calibration import EVERYDAY, LOWEST
from rag.retrieval.search import rank
from rag.store.local import Index
from rag.types import Span

NAMES = (*fusion.NAMES, "bias")
# "strange" is the same for all passages of a question, so that no order tells its weight; −4 parts questions with an
# answer from those without better than 0 does (AUROC over corpus/ 0.937 for 0.922, over eval-notes 0.939 for 0.930).
STRANGE = -4.0
# Few golden questions ask for a kind of fact that the first passage lacks. Over the questions in training/details/ the
# passage lacks it for 39 % of those that it does not answer and for 0.7 % of the others: the logarithm of that is 4.
KINDLESS = -4.0
# Fewer still name a date or a version. What is said of another one is no answer: more than all else can outweigh.
MISNUMBERED = -14.0
# Of each weight: where fitting starts, how far it may plausibly go (the scale of its penalty), and its bounds.
WEIGHTS: dict[str, tuple[float, float, tuple[float | None, float | None]]] = {
    "dense": (6.0, 8.0, (0, None)),
    "sentence": (6.0, 8.0, (0, None)),
    "late": (6.0, 8.0, (0, None)),
    "weakest": (2.0, 8.0, (0, None)),
    "lexical": (0.4, 1.0, (0, None)),
    "substance": (1.5, 2.0, (0, None)),
    "beside": (-2.0, 4.0, (None, 0)),
    "covered": (10.0, 8.0, (0, None)),
    "strange": (STRANGE, 4.0, (STRANGE, STRANGE)),
    "numberless": (-1.0, 4.0, (None, 0)),
    "kindless": (KINDLESS, 4.0, (KINDLESS, KINDLESS)),
    "misnumbered": (MISNUMBERED, 4.0, (MISNUMBERED, MISNUMBERED)),
    "bias": (-12.0, 8.0, (None, None)),
}
START = np.tile([WEIGHTS[name][0] for name in NAMES], 2)
SPREAD = np.array([WEIGHTS[name][1] for name in NAMES])
SIGNS = [WEIGHTS[name][2] for name in NAMES]
PENALTY, BOND = 0.004, 0.02
ROUNDS = 8
ALLOWED_REFUSALS, ALLOWED_FALSE_ANSWERS = 0.05, 0.10  # what we aim at
PART_SIZES = (1, 2, 4, 8)  # files with answers, of each folder of notes
FEWEST = 7  # answerable questions from which a part of the notes tells something
SLOPES, SHIFTS = np.arange(0.0, 1.21, 0.05), np.arange(-4.0, 6.01, 0.05)
SEED = 7


@dataclass(frozen=True, slots=True)
class Case:
    """One question: signals of the passages read (n, 13), whether each is foreign, whether each is right."""

    signals: np.ndarray
    foreign: np.ndarray
    right: np.ndarray
    answerable: bool

    def only(self, used: np.ndarray) -> Case:
        """Returns the case with the signals where `used` is 0 taken away."""
        return dataclasses.replace(self, signals=self.signals * used)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the notes with the questions asked of them, and the everyday questions."""

    cases: list[Case]
    everyday: list[Case]


class Recalling:
    """An encoder that encodes no text twice, so that parts of the notes cost nothing."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.revision, self.dimension = encoder.name, encoder.revision, encoder.dimension
        self._encoder = encoder
        self._known: dict[tuple[str, tuple[Span, ...]], Encoded] = {}

    def encode_questions(self, questions: Sequence[str]) -> list[Encoded]:
        return self.encode_passages(questions, [()] * len(questions))

    def encode_passages(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoded]:
        keys = [(text, tuple(spans)) for text, spans in zip(texts, sentences, strict=True)]
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        encoded = self._encoder.encode_passages([text for text, _ in new], [spans for _, spans in new])
        self._known.update(zip(new, encoded, strict=True))
        return [self._known[key] for key in keys]


# ------------------------------------------------------------------------------------------------------ what is asked


def collect(
    corpus: Path, golden: Path, encoder: Encoder, half: str = "dev", files: frozenset[str] | None = None
) -> Part:
    """Asks the questions of `half` of the notes named `files`, of all without it."""
    with tempfile.TemporaryDirectory() as temporary:
        notes = corpus if files is None else _copied(corpus, files, Path(temporary, "notes"))
        sync(notes, Path(temporary, "index"), encoder, calibrated=False)
        index = Index.open(Path(temporary, "index"), encoder)
        asked = (_case(index, encoder, question, files) for question in read_golden(golden, half))
        everyday = (_case(index, encoder, GoldenQuestion("", text, "", (), ""), files) for text in EVERYDAY)
        return Part([case for case in asked if len(case.right)], [case for case in everyday if len(case.right)])


def _copied(corpus: Path, files: frozenset[str], folder: Path) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(corpus / name, folder / name)
    return folder


def _case(index: Index, encoder: Encoder, question: GoldenQuestion, files: frozenset[str] | None) -> Case:
    (ranking,) = rank(index, encoder, [question.question])
    matches = ranking.matches
    rows = [[float(getattr(match.signals, name)) for name in fusion.NAMES] + [1.0] for match in matches]
    right = [question.is_answered_by(match.passage) for match in matches]
    held = any(files is None or gold.source in files for gold in question.gold)
    return Case(np.array(rows), np.array([match.signals.foreign for match in matches]), np.array(right), held)


def parts(corpus: Path, golden: Path, encoder: Encoder) -> Iterator[Part]:
    """Yields parts of the notes, of a file up to a collection: a few files with answers, and each folder at the top."""
    sources = sorted({gold.source for question in read_golden(golden) for gold in question.gold})
    generator = np.random.default_rng(SEED)
    for size in PART_SIZES:
        if size < len(sources):
            yield collect(corpus, golden, encoder, "dev", frozenset(generator.choice(sources, size, replace=False)))
    for folder in sorted({source.split("/")[0] for source in sources if "/" in source}):
        files = (path.relative_to(corpus).as_posix() for path in (corpus / folder).rglob("*") if path.is_file())
        yield collect(corpus, golden, encoder, "dev", frozenset(files))


# -------------------------------------------------------------------------------------------------------- the weights


@dataclass(frozen=True, slots=True)
class Table:
    """All cases as arrays, padded: signals (q, n, 13), foreign, right and real (q, n)."""

    signals: np.ndarray
    foreign: np.ndarray
    right: np.ndarray
    real: np.ndarray

    @classmethod
    def of(cls, cases: Sequence[Case]) -> Table:
        shape = (len(cases), max(len(case.right) for case in cases))
        signals = np.zeros((*shape, len(NAMES)))
        foreign, right, real = (np.zeros(shape, bool) for _ in range(3))
        for row, case in enumerate(cases):
            count = len(case.right)
            signals[row, :count], foreign[row, :count] = case.signals, case.foreign
            right[row, :count], real[row, :count] = case.right, True
        return cls(signals, foreign, right, real)

    def logits(self, parameters: np.ndarray) -> np.ndarray:
        return np.where(self.real, totals(parameters, self), -1e9)


def totals(parameters: np.ndarray, case: Case | Table) -> np.ndarray:
    """Returns the logits of the passages of one case or of all; `parameters` are the two weight rows, flat."""
    same, cross = parameters.reshape(2, -1)
    return np.where(case.foreign, case.signals @ cross, case.signals @ same)


def loss(parameters: np.ndarray, table: Table, chosen: np.ndarray) -> tuple[float, np.ndarray]:
    """Returns what is minimised and its gradient; `chosen` is the passage of each case whose logit means "found"."""
    logits = table.logits(parameters)
    rows = np.arange(len(logits))
    has = table.right.any(1)
    among_all, all_of = _softmax(logits)
    among_right, right_of = _softmax(np.where(table.right, logits, -1e9))
    ranking = (all_of - right_of)[has].mean()
    slope = np.where(has[:, None], among_all - among_right * table.right, 0.0) / has.sum()
    signs = np.where(table.right[rows, chosen], 1.0, -1.0)
    best = signs * logits[rows, chosen]
    slope[rows, chosen] -= signs / (1 + np.exp(best)) / len(rows)
    same, cross = parameters.reshape(2, -1)
    apart = (same - cross) / SPREAD
    penalty = PENALTY * np.sum((same / SPREAD) ** 2) + BOND * np.sum(apart**2)
    gradient_same = np.einsum("qn,qnd->d", slope * ~table.foreign, table.signals) + 2 * PENALTY * same / SPREAD**2
    gradient_cross = np.einsum("qn,qnd->d", slope * table.foreign, table.signals)
    bond = 2 * BOND * apart / SPREAD
    value = float(ranking + np.logaddexp(0, -best).mean() + penalty)
    return value, np.concatenate([gradient_same + bond, gradient_cross - bond])


def _softmax(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the shares (q, n) and the logarithm of the sum of exponentials (q,)."""
    highest = logits.max(1, keepdims=True)
    powers = np.exp(logits - highest)
    sums = powers.sum(1, keepdims=True)
    return powers / sums, (np.log(sums) + highest)[:, 0]


def fit(parameters: np.ndarray, cases: Sequence[Case]) -> np.ndarray:
    """Returns the best parameters: in turns, the passages that come first are held fixed and the loss is minimised."""
    table = Table.of(cases)
    for _ in range(ROUNDS):
        chosen = table.logits(parameters).argmax(1)
        parameters = scipy.optimize.minimize(
            loss, parameters, (table, chosen), "L-BFGS-B", jac=True, bounds=SIGNS * 2
        ).x
    return parameters


# ---------------------------------------------------------------------------------------------------- the calibration


def firsts(parameters: np.ndarray, cases: Sequence[Case]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the logit of the passage that comes first in each case, and whether it is right."""
    table = Table.of(cases)
    logits = table.logits(parameters)
    rows, first = np.arange(len(logits)), logits.argmax(1)
    return logits[rows, first], table.right[rows, first]


def level(parameters: np.ndarray, part: Part) -> float:
    """Returns what `rag.retrieval.search.measure_level` would measure."""
    return float(np.median(firsts(parameters, part.everyday)[0]))


def calibrate(parameters: np.ndarray, studied: Sequence[Part]) -> tuple[float, float]:
    """Returns SLOPE and SHIFT."""
    told = [part for part in studied if FEWEST <= sum(case.answerable for case in part.cases) < len(part.cases)]
    costs = np.zeros((len(SLOPES), len(SHIFTS)))
    for part in told:
        found_from = np.maximum(LOWEST, SLOPES[:, None] * level(parameters, part) + SHIFTS)
        refused, answered = _wrong(parameters, part, found_from.ravel())
        worse = np.maximum(refused / ALLOWED_REFUSALS, answered / ALLOWED_FALSE_ANSWERS)
        costs += worse.reshape(costs.shape) * min(1.0, sum(case.answerable for case in part.cases) / 60)
    lowest = np.argwhere(costs <= costs.min() * 1.05)  # the middle of what is about as good
    return float(SLOPES[lowest[:, 0]].mean()), float(SHIFTS[lowest[:, 1]].mean())


def _wrong(parameters: np.ndarray, part: Part, found_from: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns for each threshold the share refused though answerable and the share answered though not in the notes."""
    logits, _ = firsts(parameters, part.cases)
    answerable = np.array([case.answerable for case in part.cases])
    refused = (logits[answerable][:, None] < found_from).mean(0)
    return refused, (logits[~answerable][:, None] >= found_from).mean(0)


def reliability(parameters: np.ndarray, whole: Sequence[Part], calibration: tuple[float, float]) -> tuple[float, float]:
    """Returns SHARPNESS and THRESHOLD: how a logit above where "found" begins tells whether the first passage is right.

    Parts of the notes are left out: their questions without an answer are too many for a probability.
    """
    above, right = [], []
    for part in whole:
        logits, first_right = firsts(parameters, part.cases)
        above.append(logits - _found_from(parameters, part, calibration))
        right.append(first_right)
    values, signs = np.concatenate(above), np.where(np.concatenate(right), 1.0, -1.0)
    found = scipy.optimize.minimize(lambda b: np.logaddexp(0, -signs * (b[0] * values + b[1])).mean(), [0.5, 0.0])
    return float(found.x[0]), float(1 / (1 + np.exp(-found.x[1])))


def _found_from(parameters: np.ndarray, part: Part, calibration: tuple[float, float]) -> float:
    return max(LOWEST, calibration[0] * level(parameters, part) + calibration[1])


def report(parameters: np.ndarray, part: Part, calibration: tuple[float, float]) -> str:
    logits, first = firsts(parameters, part.cases)
    answerable = np.array([case.answerable for case in part.cases])
    refused, answered = _wrong(parameters, part, np.array([_found_from(parameters, part, calibration)]))
    told = auroc(logits[answerable], logits[~answerable])
    return (
        f"{answerable.sum():4} answerable, {(~answerable).sum():4} not: first {first[answerable].mean():.3f}, "
        f"AUROC {told:.3f}, refused {refused[0]:.3f}, answered {answered[0]:.3f}"
    )


def golden_set(text: str) -> tuple[Path, Path]:
    """Returns the folder of notes and the golden questions of an argument CORPUS=GOLDEN."""
    corpus, golden = text.rsplit("=", 1)
    return Path(corpus), Path(golden)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=golden_set, metavar="CORPUS=GOLDEN")
    parser.add_argument("--encoder", metavar="NAME")
    options = parser.parse_args()
    sets = options.sets
    encoder = Recalling(load_encoder(options.encoder))
    whole = [collect(corpus, golden, encoder) for corpus, golden in sets]
    parameters = fit(START, [case for part in whole for case in part.cases])
    for name, weights in zip(("SAME_LANGUAGE", "CROSS_LANGUAGE"), parameters.reshape(2, -1), strict=True):
        print(f"{name} = Weights({', '.join(f'{k}={v:.2f}' for k, v in zip(NAMES, weights, strict=True))})")
    smaller = [part for corpus, golden in sets for part in parts(corpus, golden, encoder)]
    calibration = calibrate(parameters, [*whole, *smaller])
    print("SLOPE, SHIFT = {:.2f}, {:.2f}".format(*calibration))
    print("SHARPNESS, THRESHOLD = {:.2f}, {:.2f}".format(*reliability(parameters, whole, calibration)))
    for (_, golden), part in zip(sets, whole, strict=True):
        print(f"{golden.stem:12}", report(parameters, part, calibration))
    for part in smaller:
        if 0 < sum(case.answerable for case in part.cases) < len(part.cases):
            print("part        ", report(parameters, part, calibration))


if __name__ == "__main__":
    main()
