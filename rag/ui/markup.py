"""Note text → HTML that can neither run nor load anything. Pure.

Two rules make it safe by construction. Text of a note only reaches the page through `encode`, which leaves no ASCII
punctuation, so that neither HTML nor Markdown nor a template engine finds a mark in it. And tags only come from the
literals below: images become their description, links their text, HTML stays text.

What comes out is one line without blank lines, beginning with a block tag: to the Markdown renderer of Gradio that is
one block of HTML, which it passes on as it is. Formulas stand between bare `\\(…\\)` and `\\[…\\]`, which KaTeX, the
copy that Gradio bundles, finds in the page afterwards.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~\t\n\r]")
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

LATEX: list[dict[str, str | bool]] = [
    {"left": "\\(", "right": "\\)", "display": False},
    {"left": "\\[", "right": "\\]", "display": True},
]

# $…$ as Pandoc has it: no blank inside the dollars and no digit after them, so that prices stay prices
INLINE_MATH = re.compile(
    r"\$\$(?P<double>[^$]+?)\$\$|\\\[(?P<bracket>.+?)\\\]|\\\((?P<parenthesis>.+?)\\\)"
    r"|\$(?!\s)(?P<dollar>(?:\\\$|[^$])+?)(?<!\s)\$(?!\d)",
    re.DOTALL,
)
BLOCK_MATH = re.compile(
    r"[ \t]*(?:\$\$(?P<double>[^$]+?)\$\$|\\\[(?P<bracket>.+?)\\\])[ \t]*(?:(?P<rest>\S.*))?$", re.DOTALL
)
MATH_ENDS = re.compile(r"(?:\$\$|\\\])\s*$")
MATH_LINES = 60  # a formula is not longer; a lone `$$` must not swallow the note

TAGS = {
    "paragraph": "p", "heading": "h4", "blockquote": "blockquote",
    "bullet_list": "ul", "ordered_list": "ol", "list_item": "li",
    "table": "table", "thead": "thead", "tbody": "tbody", "tr": "tr", "th": "th", "td": "td",
    "em": "em", "strong": "strong", "s": "del",
}  # fmt: skip


def encode(text: str) -> str:
    """Returns `text` as HTML text or attribute value: exact to the reader, without any ASCII punctuation in it."""
    return PUNCTUATION.sub(lambda match: f"&#{ord(match.group())};", UNPRINTABLE.sub("\ufffd", text))


def highlight(text: str, start: int, end: int) -> str:
    """Returns `text` encoded, with the characters from `start` to `end` marked."""
    start, end = max(0, start), min(len(text), end)
    if start >= end:
        return encode(text)
    return f"{encode(text[:start])}<mark>{encode(text[start:end])}</mark>{encode(text[end:])}"


def markdown(text: str) -> str:
    """Returns `text` rendered: paragraphs, lists, tables, code and formulas."""
    return "".join(map(_block, PARSER.parse(UNPRINTABLE.sub("\ufffd", text))))


def _block(token: Token) -> str:
    match token.type:
        case "inline":
            return "".join(map(_span, token.children or ()))
        case "fence" | "code_block":
            return f'<pre tabindex="0"><code>{encode(token.content.rstrip())}</code></pre>'
        case "math_block":
            return f'<div class="kd-math">{_math(token.content, display=True)}</div>'
        case "hr":
            return "<hr>"
        case _:
            return _tag(token)


def _span(token: Token) -> str:
    match token.type:
        case "code_inline":
            return f"<code>{encode(token.content)}</code>"
        case "math_inline":
            return f'<span class="kd-math">{_math(token.content, display=token.markup == "display")}</span>'
        case "softbreak" | "hardbreak":
            return "<br>"  # people break lines in notes because they mean it
        case "image":
            return f'<span class="kd-picture">{encode(token.content or "…")}</span>'
        case "link_open" | "link_close":
            return ""
        case _:
            return _tag(token)


def _math(formula: str, display: bool) -> str:
    left, right = ("\\[", "\\]") if display else ("\\(", "\\)")
    return f"{left}{encode(' '.join(formula.split()))}{right}"


def _tag(token: Token) -> str:
    """Returns the tag of a token that opens or closes something, and the text of any other."""
    kind = token.type.removesuffix("_open").removesuffix("_close")
    if kind not in TAGS:
        return encode(token.content)
    if token.hidden:  # the paragraph of a tight list item
        return ""
    tag = TAGS[kind]
    opens = token.nesting > 0
    if kind == "table":  # a wide table scrolls, the page does not
        return '<div class="kd-scroll" tabindex="0"><table>' if opens else "</table></div>"
    if kind == "ordered_list" and opens:
        return f'<ol start="{int(token.attrs.get("start", 1))}">'
    return f"<{tag}>" if opens else f"</{tag}>"


# ------------------------------------------------------------------------------------------------- formulas in Markdown


def _inline_math(state: StateInline, silent: bool) -> bool:
    """Takes a formula before the other rules see its underscores and backslashes."""
    if state.src[state.pos] not in "$\\":
        return False
    match = INLINE_MATH.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        token = state.push("math_inline", "", 0)
        token.content = match[match.lastgroup or 0]
        token.markup = "display" if match.lastgroup in ("double", "bracket") else "inline"
    state.pos = match.end()
    return True


def _block_math(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Takes a formula that fills whole lines: within it `=` underlines no heading and `+` begins no list."""
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if not first.startswith(("$$", "\\[")):
        return False
    for last in range(start, min(end, start + MATH_LINES)):
        lines = state.getLines(start, last + 1, state.blkIndent, False)
        if MATH_ENDS.search(lines) and (match := BLOCK_MATH.match(lines)) and match["rest"] is None:
            if not silent:
                token = state.push("math_block", "", 0)
                token.content = match["double"] or match["bracket"]
                token.map = [start, last + 1]
            state.line = last + 1
            return True
    return False


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # a reference definition would vanish from the text, and make of our own [1] a link
    parser.disable(["reference", "html_block", "html_inline", "autolink"])
    parser.inline.ruler.before("escape", "math_inline", _inline_math)
    parser.block.ruler.before("fence", "math_block", _block_math, {"alt": ["paragraph", "blockquote", "list"]})
    return parser


PARSER = _parser()
