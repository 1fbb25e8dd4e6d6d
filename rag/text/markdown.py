"""Markdown as text: front matter, fences, and what is left of lines and texts without their marks."""

from __future__ import annotations

import re
from collections.abc import Sequence

FRONT_LINES = 200  # front matter is not longer; a lone `---` above must not swallow the note
FENCE = re.compile(r"\s*(`{3,}|~{3,})")

MARKUP = re.compile(r"[*`\[<\\]")
IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
TAG = re.compile(r"</?(?:a|b|br|center|code|details|div|em|font|h[1-6]|img|kbd|mark|p|span|strong|summary|u)\b[^>]*>")
EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*]+)(?<=\S)\*(?![\w*])")
ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!&|<>~$])")

# Of whole texts, in which a mark may begin any line.
FENCE_LINE = re.compile(r"^\s*(?:`{3,}|~{3,}).*$", re.MULTILINE)
LEAD = re.compile(r"^\s*(?:(?:#{1,6}|>|[-*+•·])\s+)+", re.MULTILINE)
TABLE_RULE = re.compile(r"^[\s|:-]+$", re.MULTILINE)
LINK_OR_IMAGE = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
MARKS = re.compile(r"[*`]|~~|^\s*#+", re.MULTILINE)
BLANKS = re.compile(r"\s+")


def front_matter(lines: Sequence[str]) -> int:
    """Returns how many lines the leading block between `---` takes, 0 without one."""
    if lines[0].rstrip() != "---":
        return 0
    for end, line in enumerate(lines[1:FRONT_LINES], 2):
        if line.rstrip() in ("---", "..."):
            return end if any(":" in line for line in lines[1:end]) else 0
    return 0


def next_fence(fence: str, mark: str) -> str:
    """Returns the fence that is open after a line beginning with `mark`, "" for none."""
    if not fence:
        return mark
    return "" if mark.startswith(fence) else fence


def unbold(line: str) -> str:
    line = line.strip()
    for mark in ("**", "__"):
        if line.startswith(mark):
            line = line.removeprefix(mark).removesuffix(mark)
    return line


def plain(text: str) -> str:
    """Returns a heading or question without Markdown and HTML marks; expects a short line."""
    if not MARKUP.search(text):
        return " ".join(text.split())
    text = TAG.sub("", LINK.sub(r"\1", IMAGE.sub("", text))).replace("**", "").replace("`", "")
    text = ESCAPE.sub(r"\1", EMPHASIS.sub(r"\1", text))
    return " ".join(text.split())


def unmarked(text: str) -> str:
    """Returns any text in one line, without `#`, `*`, backquotes, bullets, quotes, table bars, fences, link targets."""
    bare = TABLE_RULE.sub("", LEAD.sub("", FENCE_LINE.sub("", text)))
    return BLANKS.sub(" ", MARKS.sub("", unlinked(bare)).replace("|", " ")).strip()


def unlinked(text: str) -> str:
    """Returns a text with what links and images say in their place."""
    return LINK_OR_IMAGE.sub(r"\1", text)
