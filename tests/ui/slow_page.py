"""`app.py` with an encoder that answers questions with 慢 in them when a test says so, so that there is one to stop.

`--encoder` names the file that the encoder waits for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rag import serve, server
from rag.encoders.base import Encoded, Encoder

SECONDS = 300.0  # no test lets it wait for so long; it shall not stay for ever should one fail


class HeldEncoder:
    """Does what `encoder` does, but does not encode a slow question before the file `until` is there."""

    def __init__(self, encoder: Encoder, until: Path) -> None:
        self._encoder = encoder
        self._until = until

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_questions(self, questions: Sequence[str]) -> Sequence[Encoded]:
        if any("慢" in question for question in questions):
            latest = time.monotonic() + SECONDS
            while not self._until.exists() and time.monotonic() < latest:
                time.sleep(0.02)  # between two looks
        return self._encoder.encode_questions(questions)


def main(arguments: list[str] | None = None) -> int:
    load = server.load_encoder
    server.load_encoder = lambda name: HeldEncoder(load(None), Path(name))  # type: ignore[assignment, return-value]
    return serve.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
