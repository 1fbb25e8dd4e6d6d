"""What differs from one run to the next → placeholders, and long texts → lines, so that equal behaviour is equal."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Mask = Callable[[str], str]

DATE = r"\d{4}(?:-|&#45;)\d\d(?:-|&#45;)\d\d"  # the page writes punctuation as entities
CLOCK = r"\d\d(?::|&#58;)\d\d"
NUMBER = r"\d+(?:(?:\.|&#46;)\d+)?(?:e-?\d+)?"
# each with what takes its place; the frames are those of the commands and of the page's sentences
VOLATILE = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(rf'(title="){DATE} {CLOCK}"'), r'\1<time>"'),
    (re.compile(r"kd-at-\d+"), "kd-at-<time>"),
    (re.compile(r'(class="kd-ago[^"]*">)[^<]*'), r"\1<age>"),
    (re.compile(rf'("(?:elapsed_ms|seconds)": ?){NUMBER}'), r"\1<elapsed>"),
    (re.compile(rf"(\bin ){NUMBER}( s\b)"), r"\1<elapsed>\2"),
    (re.compile(rf"(用时 ){NUMBER}( 毫?秒)"), r"\1<elapsed>\2"),
    (re.compile(rf"(· ){NUMBER}( ms\b)"), r"\1<elapsed>\2"),
    (re.compile(r"(127\.0\.0\.1:)\d+"), r"\1<port>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<sha256>"),
]
KEYS = {"elapsed_ms", "seconds", "edited"}  # values that differ although nothing in them says so
SPLIT = re.compile(r"(?<=\n)|(?<=>)(?=<)")  # between lines, and between tags: a page is one line else


def masking(folders: dict[Path, str]) -> Mask:
    """Returns what masks a text; `folders` are temporary ones, or others that differ between machines, by name."""
    known = [(_pattern(path), folders[path]) for path in sorted(folders, reverse=True)]  # an inner one first

    def mask(text: str) -> str:
        for pattern, name in known:
            text = pattern.sub(name, text)
        for pattern, name in VOLATILE:
            text = pattern.sub(name, text)
        return text

    return mask


def _pattern(path: Path) -> re.Pattern[str]:
    """Returns what matches a path, also in a link, where no / is before it, and with its punctuation as entities."""
    characters = path.as_posix().removeprefix("/")
    one = (c if c.isalnum() else f"(?:{re.escape(c)}|&#{ord(c)};)" for c in characters)
    return re.compile("(?:/|&#47;)?" + "".join(one))


def legible(value: Any, mask: Mask) -> Any:
    """Returns a JSON value with its texts masked, and those of more than one line as the list of their pieces."""
    if isinstance(value, dict):
        return {key: f"<{key}>" if key in KEYS else legible(inner, mask) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [legible(inner, mask) for inner in value]
    return _lines(mask(value)) if isinstance(value, str) else value


def _lines(text: str) -> str | list[str]:
    pieces = SPLIT.split(text)
    return text if len(pieces) == 1 else [piece for piece in pieces if piece]
