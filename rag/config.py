"""Defaults and environment: the only reader of `os.environ`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent
IS_CLONE = (ROOT / "app.py").is_file() and (ROOT / "corpus").is_dir()  # no installed package has these beside it
DEFAULT_CORPUS = ROOT / "corpus" if IS_CLONE else PACKAGE / "bundled_notes"  # where setup.py puts corpus/
DEFAULT_INDEX = ROOT / "index"  # this and the next of a clone; rag/folders.py knows where they are else
DEFAULT_FEEDBACK = ROOT / "feedback"
BUNDLED_ENCODER = PACKAGE / "model"

MAX_QUESTION_CHARACTERS = 4_000


def colours_wanted(is_terminal: bool) -> bool:
    """True on a terminal unless NO_COLOR is set to anything (no-color.org) or the terminal is dumb."""
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def browser_wanted(is_terminal: bool) -> bool:
    """True where a person sits before a desktop: a text browser would take over the terminal."""
    has_desktop = sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return is_terminal and has_desktop


def data_folder() -> Path:
    """Returns where an installed command keeps what it makes, by the custom of the platform."""
    import platformdirs  # here, since a clone and --help need none

    return Path(platformdirs.user_data_dir("kuaida", appauthor=False))


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
