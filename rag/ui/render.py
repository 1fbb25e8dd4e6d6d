"""Answers → what the page shows. Pure: values come in, one line of HTML comes out, all note text through `markup`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.types import Answer, BuildReport, Hit
from rag.ui.markup import encode, highlight, markdown
from rag.ui.words import Words, reason_in

SHOWN_SKIPPED = 200  # beyond this a list helps nobody
TOOLTIP_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and its answer; `number` counts from 1 and makes the anchors of its cards."""

    number: int
    answer: Answer
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class State:
    """What the header says about the index."""

    notes: int
    passages: int
    encoder: str
    generation: str
    warning: str | None


# ---------------------------------------------------------------------------------------------------- conversation


def messages(turns: Iterable[Turn], words: Words) -> list[dict[str, str]]:
    """Returns the messages of the chat, a question and an answer for each turn."""
    return [
        message
        for turn in turns
        for message in (
            {"role": "user", "content": _asked(turn.answer.question)},
            {"role": "assistant", "content": _found(turn, words) if turn.answer.found else _missed(turn, words)},
        )
    ]


def _asked(question: str) -> str:
    return f'<div class="kd-question" dir="auto">{encode(question)}</div>'


def _found(turn: Turn, words: Words) -> str:
    answer = turn.answer
    cited = [answer.hits[rank - 1] for rank in answer.cited]
    matched = _topic(cited[0]) if cited else ""
    score, elapsed = _percent(answer.confidence), f"{turn.elapsed_ms:.0f}"
    return (
        '<div class="kd-answer" dir="auto">'
        + (f'<p class="kd-matched">{encode(matched)}</p>' if matched else "")
        + _cite(turn, words)
        + f'<p class="kd-timing">{encode(words.timing.format(score=score, elapsed=elapsed))}</p></div>'
    )


def _missed(turn: Turn, words: Words) -> str:
    hits = turn.answer.hits
    nearest = "".join(
        f'<li><a href="#{_anchor(turn, rank)}">{encode(_topic(hit) or hit.passage.source)}</a>'
        f'<span class="kd-score">{_percent(hit.score)}</span></li>'
        for rank, hit in enumerate(hits, 1)
    )
    return (
        f'<div class="kd-answer kd-missed"><p><strong>{encode(words.not_found)}</strong></p>'
        f"<p>{encode(words.nearest if hits else words.nothing_near)}</p>"
        + (f'<ul class="kd-nearest">{nearest}</ul></div>' if hits else "</div>")
    )


def _cite(turn: Turn, words: Words) -> str:
    """Returns the text of the answer with its marks as links to the cards.

    The marks are what the text ends in, one for each citation; any other `[1]` belongs to the note. They are taken
    off first, for after a code fence or in a formula they would not be read as marks.
    """
    text = turn.answer.text
    for rank in reversed(turn.answer.cited):
        text = text.rstrip().removesuffix(f"[{rank}]")
    html = markdown(text.rstrip())
    chips = "".join(_chip(turn, rank, words) for rank in turn.answer.cited)
    return f"{html.removesuffix('</p>')}{chips}</p>" if html.endswith("</p>") else f"{html}<p>{chips}</p>"


def _chip(turn: Turn, rank: int, words: Words) -> str:
    hit = turn.answer.hits[rank - 1]
    start, end = hit.best
    tooltip = f"{_place(hit, words)}\n{hit.passage.text[start:end].strip()[:TOOLTIP_CHARACTERS]}"
    return (
        f'<a class="kd-chip" href="#{_anchor(turn, rank)}" title="{encode(tooltip)}"'
        f' aria-label="{encode(words.show_passage)} {rank}">{rank}</a>'
    )


# -------------------------------------------------------------------------------------------------------- evidence


def evidence(turns: Sequence[Turn], words: Words) -> str:
    """Returns the panel beside the chat: the cards of the last answer, and folded below those of the others."""
    title = f'<h2 class="kd-panel-title">{encode(words.evidence)}</h2>'
    if not turns:
        return f'<div class="kd-evidence">{title}<p class="kd-empty">{encode(words.no_evidence)}</p></div>'
    *earlier, last = turns
    folded = "".join(
        f'<details class="kd-earlier"><summary dir="auto">{encode(turn.answer.question)}</summary>'
        f"{_cards(turn, words)}</details>"
        for turn in reversed(earlier)
    )
    if folded:
        folded = f'<h3 class="kd-earlier-title">{encode(words.earlier)}</h3>{folded}'
    return f'<div class="kd-evidence">{title}{_cards(last, words)}{folded}</div>'


def _cards(turn: Turn, words: Words) -> str:
    answer = turn.answer
    cards = {rank: _card(turn, rank, hit, words) for rank, hit in enumerate(answer.hits, 1)}
    cited = "".join(cards.pop(rank) for rank in answer.cited)
    if not cards:
        return cited
    is_open = "" if answer.found else " open"
    near = f"{encode(words.near)} <span>{len(cards)}</span>"
    return f'{cited}<details class="kd-near"{is_open}><summary>{near}</summary>{"".join(cards.values())}</details>'


def _card(turn: Turn, rank: int, hit: Hit, words: Words) -> str:
    passage = hit.passage
    stale = f'<span class="kd-stale" title="{encode(words.stale_hint)}">{encode(words.stale)}</span>'
    percent = _percent(hit.score)
    trail = "".join(f"<bdi>{encode(heading)}</bdi>" for heading in _trail(hit))
    return (
        f'<div class="kd-card" id="{_anchor(turn, rank)}"><div class="kd-card-head">'
        f'<span class="kd-rank">{rank}</span>'
        f'<span class="kd-source"><bdi>{encode(passage.source)}</bdi>'
        f'<span class="kd-lines" title="{encode(_lines(hit, words))}">&#58;{_line_numbers(hit)}</span></span>'
        + (stale if hit.stale else "")
        + f'<span class="kd-match" title="{encode(words.score)}">'
        f'<span class="kd-bar"><span style="width:{percent}"></span></span>{percent}</span></div>'
        + (f'<div class="kd-trail">{trail}</div>' if trail else "")
        + f'<div class="kd-text" dir="auto">{highlight(passage.text, *hit.best)}</div></div>'
    )


# ---------------------------------------------------------------------------------------------------------- header


def header(state: State, words: Words) -> str:
    """Returns the name of the page, what it is for, and the state of the index."""
    number = state.generation.removeprefix("gen-").lstrip("0") or state.generation
    counts = words.state.format(notes=state.notes, passages=state.passages, encoder=state.encoder)
    generation = words.generation.format(number=number)
    warning = f'<p class="kd-warning">{encode(state.warning)}</p>' if state.warning else ""
    return (
        f'<div class="kd-header"><h1>{encode(words.name)}</h1><p class="kd-tagline">{encode(words.tagline)}</p>'
        f'<p class="kd-state">{encode(counts)} · {encode(generation)}</p>{warning}</div>'
    )


def welcome(words: Words) -> str:
    """Returns what an empty chat shows above the example questions."""
    return f'<div class="kd-welcome"><p>{encode(words.welcome)}</p><p>{encode(words.welcome_hint)}</p></div>'


def notice(sentence: str) -> str:
    """Returns one sentence to the person: why something was not done. Empty for none."""
    return f'<div class="kd-notice" role="alert">{encode(sentence)}</div>' if sentence else ""


def report(built: BuildReport, words: Words) -> str:
    """Returns what a rebuild changed, and the files that it left out with their reasons."""
    changes = (built.added, built.changed, built.removed)
    line = (words.rebuilt if any(changes) else words.unchanged).format(
        notes=built.notes,
        passages=built.passages,
        added=built.added,
        changed=built.changed,
        removed=built.removed,
        seconds=f"{built.seconds:.1f}",
    )
    return f'<div class="kd-report" role="status"><p>{encode(line)}</p>{_skipped(built, words)}</div>'


def _skipped(built: BuildReport, words: Words) -> str:
    if not built.skipped:
        return ""
    files = "".join(
        f"<li><bdi>{encode(file.source)}</bdi><span>{encode(reason_in(words, file.reason))}</span></li>"
        for file in built.skipped[:SHOWN_SKIPPED]
    )
    summary = encode(words.skipped.format(count=len(built.skipped)))
    more = "<li>…</li>" if len(built.skipped) > SHOWN_SKIPPED else ""
    return f"<details><summary>{summary}</summary><ul>{files}{more}</ul></details>"


# --------------------------------------------------------------------------------------------------------- wording


def _anchor(turn: Turn, rank: int) -> str:
    return f"kd-{turn.number}-{rank}"


def _percent(score: float) -> str:
    return f"{100 * min(1.0, max(0.0, score)):.0f}%"


def _trail(hit: Hit) -> tuple[str, ...]:
    """Returns the headings over a passage, and its question unless that is the last of them."""
    headings, question = hit.passage.headings, hit.passage.question
    return headings if question is None or question in headings[-1:] else (*headings, question)


def _topic(hit: Hit) -> str:
    return hit.passage.question or (hit.passage.headings[-1] if hit.passage.headings else "")


def _line_numbers(hit: Hit) -> str:
    first, last = hit.passage.start_line, hit.passage.end_line
    return str(first) if first == last else f"{first}–{last}"


def _lines(hit: Hit, words: Words) -> str:
    first, last = hit.passage.start_line, hit.passage.end_line
    return (words.one_line if first == last else words.lines).format(first=first, last=last)


def _place(hit: Hit, words: Words) -> str:
    return f"{hit.passage.source} {_lines(hit, words)}"
