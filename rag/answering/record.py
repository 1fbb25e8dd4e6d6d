"""An answer ↔ JSON: the one form that command line, page and API share."""

from __future__ import annotations

import dataclasses

from rag.types import Answer


def record(answer: Answer, elapsed_ms: float) -> dict[str, object]:
    """Returns the JSON object that command line, page and API share; no key is called "path" (Gradio's file marker)."""
    return {
        "question": answer.question,
        **({"asked": answer.asked} if answer.asked else {}),
        "found": answer.found,
        "confidence": round(answer.confidence, 4),
        "answer": answer.text,
        "cited": list(answer.cited),
        "hits": [
            {
                "rank": rank,
                "source": hit.passage.source,
                "headings": list(hit.passage.headings),
                "question": hit.passage.question,
                "start_line": hit.passage.start_line,
                "end_line": hit.passage.end_line,
                **({"place": dataclasses.asdict(place)} if (place := hit.passage.place) else {}),
                "text": hit.passage.text,
                "best": list(hit.best),
                "score": round(hit.score, 4),
                "stale": hit.stale,
            }
            for rank, hit in enumerate(answer.hits, 1)
        ],
        "elapsed_ms": round(elapsed_ms, 1),
    }
