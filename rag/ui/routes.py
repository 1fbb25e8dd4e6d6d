"""What the scripts of the page read and Gradio has no component for: JSON under /kuaida/."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException

from rag.errors import QuestionRejected
from rag.insights.map import Charts
from rag.serving.service import Service
from rag.ui.header import summary
from rag.ui.words.base import Words

TYPED = 200  # characters that suggestions are looked for by; a longer question is none of the notes' own


def router(service: Service, words: Words) -> APIRouter:
    """Returns the routes over `service`, whose sentences are in the language of `words`."""
    routes = APIRouter(prefix="/kuaida")
    charts = Charts(service.settings.index)

    @routes.get("/suggest")
    def suggest(q: str = "") -> list[dict[str, Any]]:
        return [
            {"text": found.text, "source": found.source, "line": found.first_line, "spans": found.matched}
            for found in service.complete(q[:TYPED])
        ]

    @routes.get("/state")
    def state() -> dict[str, Any]:
        service.refresh()
        return {
            "summary": summary(service.state, words),
            "identity": service.index.identity,
            "changed": len(service.rebuilds.moved or ()),
            "edited": service.rebuilds.disk.token,
            "watching": service.rebuilds.is_watching,
            "rebuilds": service.rebuilds.news,
        }

    @routes.get("/map")
    def chart() -> dict[str, Any]:
        return charts.of(service.index).record

    @routes.get("/map/question")
    def chart_question(q: str) -> dict[str, float]:
        try:
            x, y = charts.question(service.index, service.encoder, q)
        except QuestionRejected as error:
            raise HTTPException(400, str(error)) from error
        return {"x": x, "y": y}

    return routes
