"""Defaults and environment: the only reader of `os.environ`."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_CORPUS = ROOT / "corpus"
DEFAULT_INDEX = ROOT / "index"
DEFAULT_FEEDBACK = ROOT / "feedback"
BUNDLED_ENCODER = Path(__file__).resolve().parent / "model"

MAX_QUESTION_CHARACTERS = 4_000


def colours_wanted(is_terminal: bool) -> bool:
    """True on a terminal unless NO_COLOR is set to anything (no-color.org) or the terminal is dumb."""
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def configure_libraries() -> None:
    """Tells third-party libraries what they read only once, when they are imported; `rag/__init__.py` calls it.

    Nothing is sent or fetched that nobody asked for. OpenBLAS gets one thread: its threads spin between products that
    are too small to share out, against those of onnxruntime. pypinyin leaves out its table of phrases, two thirds of
    its import time, since only single characters are looked up.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")


def history_file() -> Path:
    """Returns where the interactive prompt keeps its history (XDG Base Directory Specification, state)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "kuaida" / "history"
