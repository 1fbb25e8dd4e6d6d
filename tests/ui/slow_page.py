"""`app.py` with an encoder that takes its time over questions with 慢 in them, so that there is something to stop."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rag import server
from rag.encoders.base import Encoded, Encoder
from rag.serve import main

SECONDS = 6.0  # also a browser on a busy machine stops the answer before that


class SlowEncoder:
    """Does what `encoder` does, late."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_questions(self, questions: Sequence[str]) -> Sequence[Encoded]:
        if any("慢" in question for question in questions):
            time.sleep(SECONDS)
        return self._encoder.encode_questions(questions)


if __name__ == "__main__":
    load = server.load_encoder
    server.load_encoder = lambda name: SlowEncoder(load(name))  # type: ignore[assignment, return-value]
    sys.exit(main())
