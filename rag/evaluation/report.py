"""A report on golden questions: what became of each, the figures computed from that, and both as text and JSON."""

from __future__ import annotations

import bisect
import dataclasses
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import GoldenUnusable
from rag.evaluation import metrics
from rag.evaluation.metrics import Difference, Estimate, Reliability, RiskCoverage
from rag.text.normal import clean

DEPTH = 10  # passages that are judged: what nDCG@10 looks at
COLUMNS = 80  # of the text
COVERAGES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)  # at which the text says the risk
LONGEST_NAME = 16  # columns for the name of a style


@dataclass(frozen=True, slots=True)
class Setting:
    """What was asked of what."""

    golden: str
    half: str
    corpus: str
    encoder: str
    notes: int
    passages: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one question: `rank` of the first right passage, 0 when it is not among the first DEPTH.

    `wanted` and `first` are for people: where answers stand, and what came first.
    """

    id: str
    question: str
    style: str
    answerable: bool
    wanted: tuple[str, ...]
    rank: int
    first: str
    confidence: float
    found: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well answerable questions of one kind fare; `refused` is the share that "is not in the notes"."""

    name: str
    questions: int
    first: Estimate
    in_five: Estimate
    mrr: Estimate
    ndcg: Estimate
    refused: Estimate


@dataclass(frozen=True, slots=True)
class Refusal:
    """How well questions of one kind that the notes cannot answer are told from all that they can.

    `auroc` is None when there are none of the latter; `answered` is the share that "is in the notes".
    """

    name: str
    questions: int
    auroc: Estimate | None
    answered: Estimate


@dataclass(frozen=True, slots=True)
class Decision:
    """What "found" does as shipped: the share of questions answered, and of those the share that is wrong."""

    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Change:
    """A question whose first right passage moved; ranks as in Result."""

    id: str
    question: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """This run minus another over the answerable questions of both; `unpaired` are in one of them only."""

    other: str
    questions: int
    unpaired: int
    first: Difference
    mrr: Difference
    better: tuple[Change, ...]
    worse: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it; `answerable` and `unanswerable` begin with all questions together and are empty without any."""

    setting: Setting
    answerable: tuple[Ranking, ...]
    unanswerable: tuple[Refusal, ...]
    risk: RiskCoverage
    decision: Decision
    reliability: Reliability
    comparison: Comparison | None
    results: tuple[Result, ...]


# ------------------------------------------------------------------------------------------------------------ figures
def summarise(setting: Setting, results: Sequence[Result], comparison: Comparison | None = None) -> Report:
    """Returns the report on at least one result."""
    answerable = [result for result in results if result.answerable]
    unanswerable = [result for result in results if not result.answerable]
    confidences = [result.confidence for result in results]
    right = [result.rank == 1 for result in results]
    answered = [result.rank == 1 for result in results if result.found]
    return Report(
        setting,
        tuple(_ranking(name, group) for name, group in _groups("answerable", answerable)),
        tuple(_refusal(name, group, answerable) for name, group in _groups("unanswerable", unanswerable)),
        metrics.risk_coverage(confidences, [not is_right for is_right in right]),
        Decision(len(answered) / len(results), answered.count(False) / len(answered) if answered else 0.0),
        metrics.reliability(confidences, right),
        comparison,
        tuple(results),
    )


def _groups(name: str, results: Sequence[Result]) -> Iterable[tuple[str, list[Result]]]:
    """Yields all results under `name`, then those of each style when there are several."""
    styles: dict[str, list[Result]] = {}
    for result in results:
        styles.setdefault(result.style, []).append(result)
    if results:
        yield name, list(results)
    if len(styles) > 1:
        yield from styles.items()


def _ranking(name: str, results: Sequence[Result]) -> Ranking:
    ranks = [result.rank for result in results]
    return Ranking(
        name,
        len(results),
        first=metrics.mean(metrics.recall_at(ranks, 1)),
        in_five=metrics.mean(metrics.recall_at(ranks, 5)),
        mrr=metrics.mean(metrics.reciprocal_rank(ranks)),
        ndcg=metrics.mean(metrics.ndcg_at(ranks, DEPTH)),
        refused=metrics.mean([not result.found for result in results]),
    )


def _refusal(name: str, results: Sequence[Result], answerable: Sequence[Result]) -> Refusal:
    highs, lows = ([result.confidence for result in group] for group in (answerable, results))
    auroc = metrics.auroc_estimate(highs, lows) if highs else None
    return Refusal(name, len(results), auroc, metrics.mean([result.found for result in results]))


def compare(other: str, before: Mapping[str, int], results: Iterable[Result]) -> Comparison:
    """Compares with the ranks that `saved_ranks` read from `other`; raises GoldenUnusable when no id is in both."""
    after = {result.id: result for result in results if result.answerable}
    paired = [result for name, result in after.items() if name in before]
    if not paired:
        raise GoldenUnusable(f"{other} has no question in common with this run: compare runs on the same questions")
    changes = [Change(r.id, r.question, before[r.id], r.rank) for r in paired if before[r.id] != r.rank]
    old, new = [before[result.id] for result in paired], [result.rank for result in paired]
    return Comparison(
        other,
        len(paired),
        len(before.keys() ^ after.keys()),
        metrics.paired_difference(metrics.recall_at(old, 1), metrics.recall_at(new, 1)),
        metrics.paired_difference(metrics.reciprocal_rank(old), metrics.reciprocal_rank(new)),
        tuple(change for change in changes if _place(change.after) < _place(change.before)),
        tuple(change for change in changes if _place(change.after) > _place(change.before)),
    )


def _place(rank: int) -> int:
    return rank or DEPTH + 1


# --------------------------------------------------------------------------------------------------------------- JSON
def to_json(report: Report) -> str:
    """Returns one JSON object, the fields of Report."""
    return json.dumps(dataclasses.asdict(report), ensure_ascii=False)


def saved_ranks(path: Path) -> dict[str, int]:
    """Returns the rank of each answerable question in a report saved with `--json`; raises GoldenUnusable."""
    try:
        results = json.loads(path.read_text(encoding="utf-8-sig"))["results"]
        return {str(result["id"]): int(result["rank"]) for result in results if result["answerable"]}
    except OSError as error:
        raise GoldenUnusable(f"cannot read {path} ({error.strerror}): save a report there with --json") from error
    except (KeyError, TypeError, ValueError) as error:
        raise GoldenUnusable(f"{path} is no report: save one with --json, and compare with that") from error


# --------------------------------------------------------------------------------------------------------------- text
def render(report: Report) -> str:
    """Returns the figures for a terminal of 80 columns, without the single results."""
    setting = report.setting
    half = f", half {setting.half}" if setting.half != "all" else ""
    blocks = [
        [
            f"{setting.golden}{half}: {len(report.results)} questions",
            f"{setting.corpus}: {setting.notes} notes, {setting.passages} passages, by {setting.encoder}",
        ],
        _answerable(report),
        _unanswerable(report),
        _risk(report),
        _reliability(report.reliability),
        _comparison(report.comparison),
        ["shares in %; after each figure its 95 % interval (bootstrap over questions)"],
    ]
    return "\n\n".join("\n".join(clean(line).rstrip() for line in block) for block in blocks if block)


def share(value: float) -> str:
    """Returns a share as 82.5, in per cent; all is 100."""
    return f"{100 * value:.1f}" if value < 1 else "100"


def interval(estimate: Estimate) -> str:
    """Returns the interval of a share as 75–89, in per cent."""
    return f"{100 * estimate.low:.0f}–{100 * estimate.high:.0f}"


def rank_name(rank: int) -> str:
    return str(rank) if rank else f"not in {DEPTH}"


def _answerable(report: Report) -> list[str]:
    if not report.answerable:
        return []
    header = ("n", "R@1", "R@5", "MRR", "nDCG@10", "refused")
    rows = [
        (
            row.name,
            str(row.questions),
            *map(_cell, (row.first, row.in_five, row.mrr, row.ndcg)),
            f"{share(row.refused.value):>4}",
        )
        for row in report.answerable
    ]
    return _table(("", *header), rows)


def _unanswerable(report: Report) -> list[str]:
    rows = [
        (
            row.name,
            str(row.questions),
            f"{row.auroc.value:.3f} {row.auroc.low:.2f}–{row.auroc.high:.2f}" if row.auroc else "",
            _cell(row.answered),
        )
        for row in report.unanswerable
    ]
    return _table(("", "n", "AUROC", "answered"), rows) if rows else []


def _risk(report: Report) -> list[str]:
    risks = [report.risk.risk[bisect.bisect_left(report.risk.coverage, level - 1e-9)] for level in COVERAGES]
    decision = report.decision
    return [
        "answered, the most confident " + "".join(f"{100 * level:7.0f}" for level in COVERAGES),
        "of these wrong               " + "".join(f"{share(risk):>7}" for risk in risks),
        f"area under the curve {report.risk.area:.3f}; "
        f"as shipped {share(decision.coverage)} answered, of these {share(decision.risk)} wrong",
    ]


def _reliability(reliability: Reliability) -> list[str]:
    rows = [
        (f"{part.low:.1f}–{part.high:.1f}", str(part.questions), _figure(part.confidence), _figure(part.right))
        for part in reliability.bins
    ]
    error = f"expected calibration error {reliability.error:.3f}"
    return [*_table(("confidence", "n", "mean", "right first"), rows), error]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _comparison(comparison: Comparison | None) -> list[str]:
    if comparison is None:
        return []
    unpaired = f", {comparison.unpaired} only in one of them" if comparison.unpaired else ""
    lines = [f"against {comparison.other}: {comparison.questions} questions in both{unpaired}"]
    for name, difference in (("R@1", comparison.first), ("MRR", comparison.mrr)):
        lines.append(f"{name}  {signed(difference.estimate)}  {chance(difference)}")
    for name, changes in (("better", comparison.better), ("worse", comparison.worse)):
        lines.append(f"{name}: {len(changes)}")
        lines += [_change(change) for change in changes]
    return lines


def signed(estimate: Estimate) -> str:
    """Returns a difference of shares in points, as +2.5 (−1.0 to +6.0)."""
    value, low, high = (f"{100 * x:+.1f}".replace("-", "−") for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low} to {high})"


def chance(difference: Difference) -> str:
    return f"p = {difference.p:.3f}" if difference.p >= 0.001 else "p < 0.001"


def _change(change: Change) -> str:
    moved = f"{rank_name(change.before)} → {rank_name(change.after)}"
    start = f"  {moved:<14}  {_cut(clean(change.id), LONGEST_NAME)}  "
    return start + _cut(clean(change.question), COLUMNS - width(start))


def _cell(estimate: Estimate) -> str:
    return f"{share(estimate.value):>4} {interval(estimate)}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns aligned lines: the first column to the left, the second to the right, figures under their header."""
    rows = [(_cut(row[0], LONGEST_NAME), *row[1:]) for row in rows]
    widths = [max(map(width, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for row in (header, *rows):
        name, number, *figures = row
        start = f"{_padded(name, widths[0])}  {number:>{widths[1]}}"
        lines.append("  ".join((start, *(_padded(cell, w) for cell, w in zip(figures, widths[2:], strict=True)))))
    return lines


def width(text: str) -> int:
    """Returns the columns that `text` takes on a terminal: two for a Chinese character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def _cut(text: str, columns: int) -> str:
    """Returns `text` in at most so many columns, "…" where something is missing."""
    if width(text) <= columns:
        return text
    while width(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"
