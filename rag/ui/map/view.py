"""The frame that assets/map/map.js draws the map into."""

from __future__ import annotations

from rag.ui.markup import encode
from rag.ui.words.base import Words


def frame(words: Words) -> str:
    return (
        f'<div class="kd-map"><p class="kd-map-hint">{encode(words.map_hint)}</p>'
        f'<div class="kd-map-body" id="kd-map-body">{encode(words.map_loading)}</div></div>'
    )
