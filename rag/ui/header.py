"""The name of the page, the state of the index, and the switches for language and theme."""

from __future__ import annotations

from rag.serving.service import State
from rag.ui.elements import button, icon_button
from rag.ui.markup import encode
from rag.ui.words.base import Words


def header(state: State, words: Words) -> str:
    warning = f'<p class="kd-warning">{encode(state.warning)}</p>' if state.warning else ""
    return (
        f'<div class="kd-header"><h1>{encode(words.name)}</h1><p class="kd-tagline">{encode(words.tagline)}</p>'
        f"{button('tab', 'index', summary(state, words), css='kd-state')}"
        f"{button('language', '', words.other_language, css='kd-switch')}"
        f"{icon_button('theme', '', 'theme', words.theme_system)}{warning}</div>"
    )


def summary(state: State, words: Words) -> str:
    """Returns the line that assets/state.js keeps up to date."""
    return words.state.format(notes=state.notes, passages=state.passages)
