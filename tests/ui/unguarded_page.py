"""`app.py` without its guard, so that what Gradio does by itself can be seen."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import app
from rag.serving import guard

if __name__ == "__main__":
    guard.Guard = lambda page: page  # type: ignore[assignment, misc]
    sys.exit(app.main())
