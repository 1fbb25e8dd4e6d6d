"""How passages, scores and buttons look in every part of the page."""

from __future__ import annotations

import urllib.parse

from rag.types import Passage, Place
from rag.ui.markup import encode
from rag.ui.words.base import Words


def percent(score: float) -> str:
    return f"{100 * min(1.0, max(0.0, score)):.0f}%"


def line_numbers(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def lines_in(words: Words, first: int, last: int) -> str:
    return (words.one_line if first == last else words.lines).format(first=first, last=last)


def where(words: Words, passage: Passage) -> str:
    """Returns where a passage stands as a person finds it: its pages, slides, cells or chapters, or else its lines."""
    if passage.place is None:
        return lines_in(words, passage.start_line, passage.end_line)
    return place_in(words, passage.place)


def place_in(words: Words, at: Place) -> str:
    one, many = {
        "line": (words.one_line, words.lines),
        "page": (words.one_page, words.pages),
        "slide": (words.one_slide, words.slides),
        "cell": (words.one_cell, words.cells),
        "chapter": (words.one_chapter, words.chapters),
    }[at.kind]
    return (one if at.first == at.last else many).format(first=at.first, last=at.last)


def where_short(words: Words, passage: Passage) -> str:
    """Returns the same as HTML, as it follows the name of the note: ":12–14", " p. 3"."""
    if passage.place is None:
        return f"&#58;{line_numbers(passage.start_line, passage.end_line)}"
    return f" {encode(where(words, passage))}"


def copied(words: Words, passage: Passage) -> str:
    """Returns the place of a passage as plain text for the clipboard: "a.md:12", "a.pdf p. 3"."""
    if passage.place is None:
        return f"{passage.source}:{passage.start_line}"
    return f"{passage.source} {where(words, passage)}"


def place(source: str, first: int = 0, last: int = 0) -> str:
    """Returns where something stands, as the actions "open" and "copy" of assets/bridge.js take it."""
    quoted = urllib.parse.quote(source, safe="")
    return f"{quoted}:{first}-{last or first}" if first else quoted


def hidden(sentence: str) -> str:
    """Returns text for those who hear the page."""
    return f'<span class="kd-sr">{encode(sentence)}</span>'


def button(action: str, argument: str, label: str, *, css: str = "", disabled: bool = False) -> str:
    """Returns a button that says `label` and does `action` of the page's scripts."""
    return _button(action, argument, encode(label), css, "", disabled)


def icon_button(action: str, argument: str, icon: str, label: str) -> str:
    """Returns a button that shows an icon of assets/icons.css; `label` is its tooltip and what is read aloud."""
    return _button(action, argument, hidden(label), f"kd-icon kd-icon-{icon}", label, disabled=False)


def icon_link(href: str, icon: str, label: str) -> str:
    return f'<a class="kd-icon kd-icon-{icon}" href="{encode(href)}" title="{encode(label)}">{hidden(label)}</a>'


def _button(action: str, argument: str, inner: str, css: str, title: str, disabled: bool) -> str:
    shown = f' title="{encode(title)}"' if title else ""
    off = " disabled" if disabled else ""
    return (
        f'<button type="button" class="kd-do {css}" name="{action}" value="{encode(argument)}"{shown}{off}>'
        f"{inner}</button>"
    )


def notice(sentence: str) -> str:
    """Returns one sentence to the person: why something was not done. Empty for none."""
    return f'<div class="kd-notice" role="alert">{encode(sentence)}</div>' if sentence else ""


def thanks(sentence: str) -> str:
    """Returns one sentence that something was done."""
    return f'<div class="kd-thanks" role="status">{encode(sentence)}</div>'


def empty(sentence: str) -> str:
    """Returns what a part shows that has nothing to show yet."""
    return f'<p class="kd-empty">{encode(sentence)}</p>'
