"""The panel beside the chat: a card for each passage, with why it matched and whether the note still says so."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.citations import Evidence
from rag.serving.turns import Turn
from rag.ui.elements import copied, empty, icon_button, icon_link, percent, place, where, where_short
from rag.ui.markup import encode, highlight
from rag.ui.words.base import Words

SHOWN_TERMS = 8  # more say no more about why


def panel(turns: Sequence[Turn], evidence: Sequence[Sequence[Evidence]], words: Words) -> str:
    """Returns the cards of the last answer, and folded below those of the others; `evidence` is that of each turn."""
    title = f'<h2 class="kd-panel-title">{encode(words.evidence)}</h2>'
    if not turns:
        return f'<div class="kd-evidence">{title}{empty(words.no_evidence)}</div>'
    *earlier, last = zip(turns, evidence, strict=True)
    folded = "".join(
        f'<details class="kd-earlier"><summary dir="auto">{encode(turn.answer.question)}</summary>'
        f"{_cards(turn, shown, words)}</details>"
        for turn, shown in reversed(earlier)
        if shown  # small talk has none
    )
    if folded:
        folded = f'<h3 class="kd-earlier-title">{encode(words.earlier)}</h3>{folded}'
    return f'<div class="kd-evidence">{title}{_cards(*last, words)}{folded}</div>'


def anchor(turn: Turn, rank: int) -> str:
    """Returns the id of a card, by which the chips of an answer find it."""
    return f"kd-{turn.number}-{rank}"


def _cards(turn: Turn, evidence: Sequence[Evidence], words: Words) -> str:
    answer = turn.answer
    cited = [rank for rank in answer.cited if rank <= len(evidence)]
    cards = {rank: _card(turn, rank, shown, rank in cited, words) for rank, shown in enumerate(evidence, 1)}
    first = "".join(cards.pop(rank) for rank in cited)
    if not cards:
        return first
    is_open = "" if answer.found else " open"
    near = f"{encode(words.near)} <span>{len(cards)}</span>"
    return f'{first}<details class="kd-near"{is_open}><summary>{near}</summary>{"".join(cards.values())}</details>'


def _card(turn: Turn, rank: int, shown: Evidence, is_cited: bool, words: Words) -> str:
    passage = shown.hit.passage
    headings = "".join(f"<bdi>{encode(heading)}</bdi>" for heading in passage.trail)
    return (
        f'<div class="kd-card" id="{anchor(turn, rank)}" tabindex="-1"><div class="kd-card-head">'
        f'<span class="kd-rank">{rank}</span>{_source(shown, words)}{_standing(shown, is_cited, words)}'
        f"{_match(shown.hit.score, words)}</div>"
        + (f'<div class="kd-trail">{headings}</div>' if headings else "")
        + f'<div class="kd-text" dir="auto">{highlight(passage.text, shown.hit.best, shown.spans)}</div>'
        + f'<div class="kd-card-foot">{_why(shown, words)}{_actions(shown, words)}</div></div>'
    )


def _source(shown: Evidence, words: Words) -> str:
    """Returns the place of the passage as the button that opens it."""
    passage = shown.hit.passage
    first, last = passage.start_line, passage.end_line
    return (
        f'<button type="button" class="kd-do kd-source" name="open" value="{place(passage.source, first, last)}"'
        f' title="{encode(words.open_note)}"><bdi>{encode(passage.source)}</bdi>'
        f'<span class="kd-lines" title="{encode(where(words, passage))}">{where_short(words, passage)}</span>'
        "</button>"
    )


def _standing(shown: Evidence, is_cited: bool, words: Words) -> str:
    if shown.gone:
        return f'<span class="kd-stale" title="{encode(words.gone_hint)}">{encode(words.gone)}</span>'
    stale = f'<span class="kd-stale" title="{encode(words.stale_hint)}">{encode(words.stale)}</span>'
    verbatim = f'<span class="kd-verbatim" title="{encode(words.quoted_hint)}">✓ {encode(words.quoted)}</span>'
    return (verbatim if is_cited and shown.verbatim else "") + (stale if shown.stale else "")


def _match(score: float, words: Words) -> str:
    return (
        f'<span class="kd-match" title="{encode(words.score)}"><span class="kd-bar">'
        f'<span style="width:{percent(score)}"></span></span>{percent(score)}</span>'
    )


def _why(shown: Evidence, words: Words) -> str:
    terms = "".join(f"<li><bdi>{encode(term)}</bdi></li>" for term in shown.terms[:SHOWN_TERMS])
    return f'<ul class="kd-why" title="{encode(words.why)}">{terms}</ul>' if terms else ""


def _actions(shown: Evidence, words: Words) -> str:
    passage = shown.hit.passage
    at = copied(words, passage)
    editor = icon_link(shown.editor, "editor", words.open_editor) if shown.editor else ""
    return (
        f'<span class="kd-actions">'
        f"{icon_button('open', place(passage.source, passage.start_line, passage.end_line), 'note', words.open_note)}"
        f"{editor}{icon_button('copy', at, 'copy', f'{words.copy_place} {at}')}</span>"
    )
