"""Markdown as text: front matter, fences, formulas, and what is left of lines and texts without their marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

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

OPENING_FENCE = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,})")  # "```x```" is code within a line
FORMULA_LINES = 100  # a formula is not longer; a lone `$$` must not swallow the text
FORMULA_MARKS = {"$$": "$$", "\\[": "\\]"}
ALIGNING = re.compile(r"(?<=\S)(?:[ \u3000\xa0]{3,}|[ \t]*\t[ \t]*)")  # not what indents, nor two blanks by habit
RULE_ROW = re.compile(r"^(?=[^\n]*\|)(?=[^\n]*-)[ \t|:-]+$", re.MULTILINE)
HIDDEN = re.compile(
    r"`[^`\n]+`"  # what stands in code is passed over
    r"|(?P<hidden><!--.*?-->|^[ \t]*<!--(?!.*?-->).*\Z"
    r"|<summary\b[^>\n]*>.{0,500}?</summary>|</?(?:details|summary)\b[^>\n]*>)",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
INK = re.compile(r"\S")


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


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Lines from an opening mark to the closing one, both included, as offsets: of code, or of a formula."""

    start: int
    end: int
    is_code: bool


def enclosed(text: str) -> tuple[Enclosed, ...]:
    """Returns the fences and the formulas of a text, in order; a fence that is never closed takes all that follows."""
    if not any(mark in text for mark in ("```", "~~~", *FORMULA_MARKS)):
        return ()
    lines = text.split("\n")
    found: list[Enclosed] = []
    first = start = 0
    closing, is_code = "", True
    for number, line in enumerate(lines):
        if not closing:
            first, (closing, is_code) = start, _opened(lines, number)
        elif _closes(line, closing, is_code):
            found.append(Enclosed(first, start + len(line), is_code))
            closing = ""
        start += len(line) + 1
    return (*found, Enclosed(first, len(text), is_code)) if closing else tuple(found)


def _opened(lines: Sequence[str], number: int) -> tuple[str, bool]:
    """Returns the mark that closes what a line opens, "" where it opens nothing, and whether that is code."""
    if fence := OPENING_FENCE.match(lines[number]):
        return fence[1], True
    bare = lines[number].strip()
    closing = FORMULA_MARKS.get(bare[:2], "")
    is_closed = closing and any(closing in line for line in lines[number + 1 : number + FORMULA_LINES])
    return (closing if is_closed and closing not in bare[2:] else ""), False


def _closes(line: str, closing: str, is_code: bool) -> bool:
    bare = line.strip()
    return bare.startswith(closing) and not bare.strip(closing[0]) if is_code else closing in bare


def visible(text: str) -> str:
    """Returns a text, one for one, with blanks for comments, for the marks of what is folded and for its caption."""
    if "<" not in text:
        return text
    code = [block for block in enclosed(text) if block.is_code]

    def blank(match: re.Match[str]) -> str:
        is_code = match["hidden"] is None or any(block.start <= match.start() < block.end for block in code)
        return match[0] if is_code else INK.sub(" ", match[0])

    return HIDDEN.sub(blank, text)


def extent(text: str) -> int:
    """Returns how many characters of a text are read: blanks that align count as one, the rule of a table as none.

    Who aligns the columns of a table by hand writes more blanks than text.
    """
    return len(ALIGNING.sub(" ", RULE_ROW.sub("", text)))


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
