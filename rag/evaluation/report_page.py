"""A report as one page that loads nothing and runs nothing: its own style, and plots that are drawn here as SVG."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from rag.evaluation.metrics import Difference, Estimate, Reliability
from rag.evaluation.report import (
    Change,
    Comparison,
    Refusal,
    Report,
    Result,
    chance,
    interval,
    rank_name,
    share,
    signed,
)
from rag.text.normal import clean

STYLE = Path(__file__).with_name("report.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
BAR = (92, 18)  # width and height in SVG units, of the bar of an interval
PLOT = (440, 300)  # of a square-ish plot
HISTOGRAM = (960, 96)
LEFT, RIGHT, TOP, BOTTOM = 44, 22, 10, 40  # margins that hold the axes
HISTOGRAM_BINS = 40
LARGEST_DOT = 9.0
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def render(report: Report) -> str:
    """Returns the page; every text from notes and questions is escaped."""
    setting = report.setting
    title = f"{setting.golden}: how well {len(report.results)} questions are answered"
    half = "" if setting.half == "all" else f", half “{setting.half}”"
    about = f"{setting.golden}{half} · {setting.corpus}: {setting.notes} notes, {setting.passages} passages"
    body = (
        f"<h1>{len(report.results)} golden questions</h1>"
        f'<p class="note">{_escaped(about)} · encoder {_escaped(setting.encoder)}</p>',
        _tiles(report),
        _comparison(report.comparison),
        _tables(report),
        _plots(report),
        _histograms(report),
        _lists(report),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escaped(title)}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n"
        "<body>\n<main>\n" + "\n".join(part for part in body if part) + "\n</main>\n</body>\n</html>\n"
    )


def _escaped(text: str) -> str:
    return html.escape(clean(text))


# -------------------------------------------------------------------------------------------------------------- tiles
def _tiles(report: Report) -> str:
    tiles = []
    for row in report.answerable[:1]:
        tiles += [
            _tile("right passage first (R@1)", _percent(row.first), interval(row.first)),
            _tile("in the first five (R@5)", _percent(row.in_five), interval(row.in_five)),
            _tile("mean reciprocal rank", f"{row.mrr.value:.3f}", _decimals(row.mrr)),
            _tile("refused though answerable", _percent(row.refused), interval(row.refused)),
        ]
    for refusal in report.unanswerable[:1]:
        tiles.append(_tile("answered though not in the notes", _percent(refusal.answered), interval(refusal.answered)))
        if refusal.auroc:
            label = "AUROC, answerable against not"
            tiles.append(_tile(label, f"{refusal.auroc.value:.3f}", _decimals(refusal.auroc)))
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _tile(label: str, value: str, spread: str) -> str:
    return (
        f'<div class="tile"><span class="label">{label}</span>'
        f'<span class="value">{value}</span><span class="range">{spread}</span></div>'
    )


def _percent(estimate: Estimate) -> str:
    return f"{share(estimate.value)}<small> %</small>"


def _decimals(estimate: Estimate) -> str:
    return f"{estimate.low:.2f}–{estimate.high:.2f}"


# ------------------------------------------------------------------------------------------------------------- tables
def _tables(report: Report) -> str:
    parts = [
        "<h2>By kind of question</h2>"
        '<p class="note">Shares in per cent. A dot is what was measured, the band around it the 95 % interval by '
        "resampling the questions: with few questions it is wide. Any right passage of several counts.</p>"
    ]
    if report.answerable:
        rows = [
            (row.name, row.questions, [*map(_figure, (row.first, row.in_five, row.mrr, row.ndcg)), _wrong(row.refused)])
            for row in report.answerable
        ]
        parts.append(_table(("answerable", "R@1", "R@5", "MRR", "nDCG@10", "refused"), rows))
    if report.unanswerable:
        kinds = [(row.name, row.questions, [_auroc(row), _wrong(row.answered)]) for row in report.unanswerable]
        parts.append(_table(("not in the notes", "AUROC", "answered"), kinds, " narrow"))
    return "".join(parts)


def _table(header: Sequence[str], rows: Iterable[tuple[str, int, list[str]]], look: str = "") -> str:
    """Returns a table whose first row, all questions together, stands out."""
    name, *figures = header
    head = f'<th>{name}</th><th class="number">questions</th>' + "".join(f"<th>{figure}</th>" for figure in figures)
    lines = []
    for place, (kind, questions, cells) in enumerate(rows):
        opening = "<tr>" if place else '<tr class="all">'
        shown = _escaped(kind) if place else "all"
        cells = [f"<td>{shown}</td>", f'<td class="number">{questions}</td>', *(f"<td>{cell}</td>" for cell in cells)]
        lines.append(f"{opening}{''.join(cells)}</tr>")
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="scroll{look}"><table>{body}</table></div>'


def _figure(estimate: Estimate, kind: str = "") -> str:
    return f'<span class="figure"><b>{share(estimate.value)}</b>{_bar(estimate, kind)}</span>'


def _wrong(estimate: Estimate) -> str:
    return _figure(estimate, " wrong")


def _auroc(row: Refusal) -> str:
    if row.auroc is None:
        return "–"
    return f'<span class="figure"><b>{row.auroc.value:.3f}</b>{_bar(row.auroc, "")}</span>'


def _bar(estimate: Estimate, kind: str) -> str:
    """Returns the interval on a track from 0 to 1."""
    width, height = BAR
    start, value, end = (6 + x * (width - 12) for x in (estimate.low, estimate.value, estimate.high))
    middle = height / 2
    label = f"{share(estimate.value)} %, between {interval(estimate)} %"
    return (
        f"{_opening(BAR, label)}<title>{label}</title>"
        + _line("track", 6, middle, width - 6, middle)
        + _line(f"span{kind}", start, middle, end, middle)
        + f'<circle class="dot{kind}" cx="{value:.1f}" cy="{middle}" r="4.5"/></svg>'
    )


# --------------------------------------------------------------------------------------------------------- comparison
def _comparison(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    unpaired = f", {comparison.unpaired} in one of them only are left out" if comparison.unpaired else ""
    about = f"This run minus that one, in points, over the {comparison.questions} questions of both{unpaired}."
    tiles = _difference("R@1", comparison.first) + _difference("MRR", comparison.mrr)
    better, worse = (
        _details(name, "", [_change(change, kind) for change in changes])
        for name, kind, changes in (("Better", "right", comparison.better), ("Worse", "wrong", comparison.worse))
    )
    return (
        f'<h2>Against {_escaped(comparison.other)}</h2><p class="note">{about} p is from a paired permutation test.</p>'
        f'<div class="tiles">{tiles}</div>{better}{worse}'
    )


def _difference(name: str, difference: Difference) -> str:
    value, spread = signed(difference.estimate).split(" ", 1)
    return _tile(f"difference in {name}", value, html.escape(f"{spread}, {chance(difference)}"))


def _change(change: Change, kind: str) -> str:
    moved = f"rank {rank_name(change.before)} → {rank_name(change.after)}"
    return _item([change.id], [(moved, kind)], change.question, [])


# -------------------------------------------------------------------------------------------------------------- plots
def _plots(report: Report) -> str:
    return (
        "<h2>Is its confidence to be trusted?</h2>"
        '<p class="note">Over all questions. A question that the notes cannot answer is wrong when it is answered, '
        "any other when the passage that comes first is not right.</p>"
        '<div class="plots">'
        + _card(
            "Risk and coverage",
            f"Answering only the most confident questions: how many of these are wrong. Area {report.risk.area:.3f}.",
            _risk(report),
        )
        + _card(
            "Reliability",
            "Of questions with a confidence of 0.8, four in five should be right: on the dashed line. "
            f"Expected calibration error {report.reliability.error:.3f}.",
            _reliability(report.reliability),
        )
        + "</div>"
    )


def _card(title: str, about: str, plot: str) -> str:
    return f'<figure class="card"><h3>{title}</h3><p class="note">{about}</p>{plot}</figure>'


def _risk(report: Report) -> str:
    """Returns the curve, on an axis that ends at the next tenth, and a dot for the shipped decision."""
    decision = report.decision
    top = min(1.0, max(0.1, math.ceil(10 * max(*report.risk.risk, decision.risk)) / 10))
    points = [_point(x, y / top) for x, y in zip(report.risk.coverage, report.risk.risk, strict=True)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    (first, _), (last, _), (_, floor) = points[0], points[-1], _point(0, 0)
    x, y = _point(decision.coverage, decision.risk / top)
    side, anchor = (-10, "end") if decision.coverage > 0.5 else (10, "start")
    label = f"as shipped: {share(decision.coverage)} % answered, {share(decision.risk)} % of them wrong"
    return (
        _opening(PLOT, label)
        + _axes([(tick, f"{100 * tick:.0f} %") for tick in TICKS], _percents(top), "questions answered", "wrong")
        + f'<polygon class="under" points="{first:.1f},{floor:.1f} {path} {last:.1f},{floor:.1f}"/>'
        + f'<polyline class="curve" points="{path}"/>'
        + f'<circle class="dot wrong" cx="{x:.1f}" cy="{y:.1f}" r="6"><title>{label}</title></circle>'
        + f'<text class="mark" x="{x + side:.1f}" y="{y - 8:.1f}" text-anchor="{anchor}">as shipped</text></svg>'
    )


def _percents(top: float) -> list[tuple[float, str]]:
    steps = 5 if round(10 * top) % 5 == 0 else 4 if round(10 * top) % 4 == 0 else 3 if round(10 * top) % 3 == 0 else 2
    return [(step / steps, f"{100 * top * step / steps:.0f} %") for step in range(steps + 1)]


def _reliability(reliability: Reliability) -> str:
    """Returns a dot a bin, its area after its number of questions, and its gap to the diagonal."""
    most = max(part.questions for part in reliability.bins)
    shapes = []
    for part in reliability.bins:
        if part.confidence is None or part.right is None:
            continue
        x, y = _point(part.confidence, part.right)
        _, ideal = _point(0, part.confidence)
        radius = max(2.5, LARGEST_DOT * math.sqrt(part.questions / most))
        label = f"{part.questions} questions, confidence {part.confidence:.2f}, right {share(part.right)} %"
        shapes.append(
            _line("gap", x, ideal, x, y)
            + f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{label}</title></circle>'
        )
    ticks = [(tick, f"{tick:.1f}") for tick in TICKS]
    return (
        _opening(PLOT, "share of right first passages by confidence")
        + _axes(ticks, [(tick, f"{100 * tick:.0f} %") for tick in TICKS], "confidence", "right passage first")
        + _line("ideal", *_point(0, 0), *_point(1, 1))
        + "".join(shapes)
        + "</svg>"
    )


def _point(x: float, y: float, size: tuple[int, int] = PLOT) -> tuple[float, float]:
    """Returns where (x, y) with both in 0–1 lies in a plot."""
    width, height = size
    return LEFT + x * (width - LEFT - RIGHT), height - BOTTOM - y * (height - TOP - BOTTOM)


def _axes(across: Sequence[tuple[float, str]], up: Sequence[tuple[float, str]], name: str, upper: str) -> str:
    """Returns grid lines with their labels; the axes are named below and beside."""
    (left, floor), (right, ceiling) = _point(0, 0), _point(1, 1)
    parts = []
    for share_across, label in across:
        x, _ = _point(share_across, 0)
        parts.append(_line("grid", x, ceiling, x, floor))
        parts.append(f'<text x="{x:.1f}" y="{floor + 16:.1f}" text-anchor="middle">{label}</text>')
    for share_up, label in up:
        _, y = _point(0, share_up)
        parts.append(_line("grid", left, y, right, y))
        parts.append(f'<text x="{left - 7}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    parts.append(f'<text x="{(left + right) / 2:.1f}" y="{floor + 34:.1f}" text-anchor="middle">{name}</text>')
    parts.append(f'<text x="{left + 6}" y="{ceiling + 14:.1f}">{upper}</text>')
    return "".join(parts)


def _opening(size: tuple[int, int], label: str) -> str:
    return f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="{_escaped(label)}">'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


# --------------------------------------------------------------------------------------------------------- histograms
def _histograms(report: Report) -> str:
    groups = [("answerable", [result for result in report.results if result.answerable])]
    for row in report.unanswerable[1:] or report.unanswerable:
        unanswerable = [result for result in report.results if not result.answerable]
        chosen = [result for result in unanswerable if result.style == row.name]
        groups.append((f"not in the notes, {row.name}", chosen) if chosen else ("not in the notes", unanswerable))
    return (
        '<h2>How confident it is</h2><p class="note">Questions by confidence. '
        '<span class="key found"></span>answered <span class="key refused"></span>“not in the notes”</p>'
        '<div class="card"><div class="stack">'
        + "".join(_histogram(name, results) for name, results in groups if results)
        + "</div></div>"
    )


def _histogram(name: str, results: Sequence[Result]) -> str:
    counts = [[0, 0] for _ in range(HISTOGRAM_BINS)]
    for result in results:
        counts[min(int(result.confidence * HISTOGRAM_BINS), HISTOGRAM_BINS - 1)][result.found] += 1
    width, height = HISTOGRAM
    floor, most = height - 20, max(map(sum, counts))
    step = width / HISTOGRAM_BINS
    shapes = [_line("grid", 0, floor, width, floor)]
    for place, (refused, found) in enumerate(counts):
        y = float(floor)
        low, high = place / HISTOGRAM_BINS, (place + 1) / HISTOGRAM_BINS
        for kind, number in (("found", found), ("refused", refused)):
            tall = number / most * (floor - 6)
            y -= tall
            label = f"{low:.3f}–{high:.3f}: {number} {'answered' if kind == 'found' else 'refused'}"
            if number:
                shapes.append(
                    f'<rect class="{kind}" x="{place * step + 1:.1f}" y="{y:.1f}" width="{step - 2:.1f}" '
                    f'height="{tall:.1f}"><title>{label}</title></rect>'
                )
    anchors = {0.0: "start", 1.0: "end"}
    for tick in TICKS:
        anchor = anchors.get(tick, "middle")
        shapes.append(f'<text x="{tick * width:.1f}" y="{height - 4}" text-anchor="{anchor}">{tick:.1f}</text>')
    label = f"{name}: {len(results)} questions by confidence"
    plot = f"{_opening(HISTOGRAM, label)}{''.join(shapes)}</svg>"
    return f'<figure><h3>{_escaped(name)} <span class="note">{len(results)}</span></h3>{plot}</figure>'


# -------------------------------------------------------------------------------------------------- lists of questions
def _lists(report: Report) -> str:
    results = sorted(report.results, key=lambda result: -result.confidence)
    misses = [result for result in results if result.answerable and result.rank != 1]
    refused = [result for result in reversed(results) if result.answerable and result.rank == 1 and not result.found]
    answered = [result for result in results if not result.answerable and result.found]
    return (
        '<h2>What went wrong</h2><p class="note">Most confident first, where confidence was misplaced.</p>'
        + _details("The right passage does not come first", " open", [_miss(result) for result in misses])
        + _details("Answered though not in the notes", "", [_miss(result) for result in answered])
        + _details("Refused with the right passage first", "", [_miss(result) for result in refused])
    )


def _details(title: str, state: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    return f"<details{state}><summary>{title} <span>{len(items)}</span></summary><ul>{''.join(items)}</ul></details>"


def _miss(result: Result) -> str:
    badges = []
    if result.answerable:
        badges.append((f"rank {rank_name(result.rank)}", "right" if result.rank == 1 else "wrong"))
    decision = "answered" if result.found else "refused"
    badges.append((decision, "" if result.found == result.answerable else "wrong"))
    facts = [result.id, result.style, f"confidence {result.confidence:.2f}"]
    wanted = [("wanted", text) for text in result.wanted]
    return _item(facts, badges, result.question, [*wanted, ("came first", result.first or "nothing")])


def _item(
    facts: Sequence[str], badges: Sequence[tuple[str, str]], question: str, lines: Sequence[tuple[str, str]]
) -> str:
    """Returns a question with what is known of it; badges are (text, "right", "wrong" or "")."""
    marks = "".join(f'<span class="badge {kind}">{text}</span>' for text, kind in badges)
    known = "".join(f"<span>{_escaped(fact)}</span>" for fact in facts)
    described = "".join(f"<dt>{term}</dt><dd>{_escaped(text)}</dd>" for term, text in lines)
    listed = f"<dl>{described}</dl>" if described else ""
    return f'<li><div class="facts">{marks}{known}</div><div class="asked">{_escaped(question)}</div>{listed}</li>'
