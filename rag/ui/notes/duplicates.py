"""Questions that the notes answer twice, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from rag.insights.duplicates import Twin
from rag.types import Passage
from rag.ui.elements import button, empty, percent
from rag.ui.markup import encode, markdown
from rag.ui.notes.tree import entry
from rag.ui.words.base import Words

SHOWN = 50  # pairs; whoever has more begins with these


def twins(found: Sequence[Twin], words: Words) -> str:
    """Returns the pairs whose answers differ, and folded below those that are answered alike."""
    differ = [twin for twin in found if not twin.same_answer]
    same = [twin for twin in found if twin.same_answer]
    heading = f'<h2 class="kd-panel-title">{encode(words.twins)} <span class="kd-count">{len(differ)}</span></h2>'
    hint = f'<p class="kd-twins-hint">{encode(words.twins_hint)}</p>' if differ else empty(words.twins_none)
    folded = (
        f"<details><summary>{encode(words.twins_same.format(count=len(same)))}</summary>{_pairs(same, words)}</details>"
        if same
        else ""
    )
    back = button("note-list", "", words.note_back, css="kd-back")
    return f'<div class="kd-twins">{back}{heading}{hint}{_pairs(differ, words)}{folded}</div>'


def _pairs(found: Sequence[Twin], words: Words) -> str:
    return "".join(_pair(twin, words) for twin in found[:SHOWN])


def _pair(twin: Twin, words: Words) -> str:
    alike = encode(words.twins_alike.format(percent=percent(twin.similarity)))
    sides = f"{_side(twin.first, words)}{_side(twin.second, words)}"
    return f'<div class="kd-twin"><p class="kd-twin-alike">{alike}</p>{sides}</div>'


def _side(passage: Passage, words: Words) -> str:
    answer = passage.text[slice(*passage.answer_span)]
    return (
        f'<div class="kd-twin-side">{entry(passage, words)}<div class="kd-note kd-twin-answer" dir="auto" tabindex="0">'
        f"{markdown(answer)}</div></div>"
    )
