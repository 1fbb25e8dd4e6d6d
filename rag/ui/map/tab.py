"""The tab "map": all passages at a glance. assets/map/map.js draws it from the route /kuaida/map when it is opened."""

from __future__ import annotations

from rag.serving.service import Service
from rag.ui.components import html
from rag.ui.map.view import frame
from rag.ui.words.base import Words


def build(service: Service, words: Words) -> None:
    html(frame(words), "kd-map")
