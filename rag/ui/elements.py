"""How passages, scores and buttons look in every part of the page."""

from __future__ import annotations

import urllib.parse

from rag.ui.markup import encode
from rag.ui.words.base import Words


def percent(score: float) -> str:
    return f"{100 * min(1.0, max(0.0, score)):.0f}%"


def line_numbers(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def lines_in(words: Words, first: int, last: int) -> str:
    return (words.one_line if first == last else words.lines).format(first=first, last=last)


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
