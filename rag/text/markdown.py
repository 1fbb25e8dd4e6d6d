"""Markdown as text: its front matter."""

from __future__ import annotations

from collections.abc import Sequence

FRONT_LINES = 200  # front matter is not longer; a lone `---` above must not swallow the note


def front_matter(lines: Sequence[str]) -> int:
    """Returns how many lines the leading block between `---` takes, 0 without one."""
    if lines[0].rstrip() != "---":
        return 0
    for end, line in enumerate(lines[1:FRONT_LINES], 2):
        if line.rstrip() in ("---", "..."):
            return end if any(":" in line for line in lines[1:end]) else 0
    return 0
