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


def keep_libraries_offline() -> None:
    """Switches off what third-party libraries would send or fetch; call before they are imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def history_file() -> Path:
    """Returns where the interactive prompt keeps its history (XDG Base Directory Specification, state)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "kuaida" / "history"


def shorten_pypinyin_import() -> None:
    """Leaves out pypinyin's table of phrases, two thirds of its import time: single characters are all we ask."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
