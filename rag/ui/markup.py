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
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline, backtick, image, link
from markdown_it.token import Token

from rag.types import Span

InlineRule = Callable[[StateInline, bool], bool]

PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~\t\n\r]")
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

SEAL = "\x01"  # in a mark for which HTML of ours stands: no `printable` text holds it, so no note can forge one
SEALED = re.compile(rf"\[(\d+){SEAL}\]")

LATEX: list[dict[str, str | bool]] = [
    {"left": "\\(", "right": "\\)", "display": False},
    {"left": "\\[", "right": "\\]", "display": True},
]

# $…$ as Pandoc has it: no blank inside the dollars and no digit after them, so that prices stay prices; and
# bounded, so that many marks that open and never close take no time
INLINE_MATH = re.compile(
    r"\$\$(?P<double>[^$]{1,2000}?)\$\$|\\\[(?P<bracket>.{1,2000}?)\\\]|\\\((?P<parenthesis>.{1,2000}?)\\\)"
    r"|\$(?!\s)(?P<dollar>(?:\\\$|[^$]){1,2000}?)(?<!\s)\$(?!\d)",
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
    return PUNCTUATION.sub(lambda match: f"&#{ord(match.group())};", printable(text))


def highlight(text: str, sentence: Span | None, terms: Sequence[Span] = ()) -> str:
    """Returns `text` encoded, with the best sentence in a `<mark>` and, inside or outside of it, the terms that match.

    Terms may overlap, and one that crosses an end of the sentence is marked in two pieces.
    """
    start, end = _clipped(sentence or (0, 0), 0, len(text))
    inside = _with_terms(text, (start, end), terms)
    if inside:
        inside = f"<mark>{inside}</mark>"
    return _with_terms(text, (0, start), terms) + inside + _with_terms(text, (end, len(text)), terms)


def _with_terms(text: str, within: Span, terms: Sequence[Span]) -> str:
    """Returns the part `within` of `text` encoded, what of the terms lies there marked."""
    html, at = "", within[0]
    for start, end in sorted(_clipped(term, *within) for term in terms):
        start = max(start, at)
        if start < end:
            html += f'{encode(text[at:start])}<mark class="kd-term">{encode(text[start:end])}</mark>'
            at = end
    return html + encode(text[at : within[1]])


def _clipped(span: Span, start: int, end: int) -> Span:
    """Returns what of `span` lies between `start` and `end`, an empty span for nothing."""
    first, last = max(start, span[0]), min(end, span[1])
    return (first, last) if first < last else (start, start)


def markdown(text: str, marks: Sequence[tuple[Span, str]] = ()) -> str:
    """Returns `text` rendered: paragraphs, lists, tables, code and formulas.

    `marks` are the places of marks such as `[1]` in the text, in their order, each with the HTML that is shown instead;
    one in code or in a formula stays text.
    """
    text = printable(text)
    shown = {text[start:end]: html for (start, end), html in marks}
    for (_, end), _html in reversed(marks):
        text = f"{text[: end - 1]}{SEAL}{text[end - 1 :]}"
    tokens = PARSER.parse(text, {"marks": shown})
    if marks:
        _unseal(tokens)
    return named("".join(map(_block, tokens)))


def _unseal(tokens: Sequence[Token]) -> None:
    for token in tokens:
        token.content = token.content.replace(SEAL, "")
        _unseal(token.children or ())


def named(html: str) -> str:
    """Returns `html` without heads of columns that name nothing: to who hears the page they are an open question."""
    return html.replace("<th></th>", "<td></td>")


def printable(text: str) -> str:
    """Returns `text` with U+FFFD for what is no character of a text, one for one."""
    return UNPRINTABLE.sub("\ufffd", text)


def blocks(text: str) -> list[Token]:
    """Returns the blocks of a Markdown text with the lines that they fill, from 0; what is in them is not parsed."""
    return BLOCKS.parse(text)


def spans(token: Token) -> list[Token]:
    """Returns what is in an inline token of `blocks`.

    A token that takes line ends of its own has them in `meta`: "source" is what it was, "breaks" their number.
    """
    found: list[Token] = []
    PARSER.inline.parse(token.content, PARSER, {}, found)
    return found


def _block(token: Token) -> str:
    match token.type:
        case "inline":
            return "".join(map(span, token.children or ()))
        case "fence" | "code_block":
            return f'<pre tabindex="0"><code>{encode(token.content.rstrip())}</code></pre>'
        case "math_block":
            return f'<div class="kd-math" tabindex="0">{formula(token.content, display=True)}</div>'
        case "hr":
            return "<hr>"
        case _:
            return _tag(token)


def span(token: Token) -> str:
    """Returns a token of `spans` as HTML: a tag that opens or closes, or a piece of text, code, formula."""
    match token.type:
        case "code_inline":
            return f"<code>{encode(token.content)}</code>"
        case "math_inline":
            return f'<span class="kd-math">{formula(token.content, display=token.markup == "display")}</span>'
        case "mark":
            return str(token.meta["html"])
        case "softbreak" | "hardbreak":
            return "<br>"  # people break lines in notes because they mean it
        case "image":
            return f'<span class="kd-picture">{encode(token.content or "…")}</span>'
        case "link_open" | "link_close":
            return ""
        case _:
            return _tag(token)


def formula(text: str, display: bool) -> str:
    """Returns a formula between the marks by which KaTeX finds it."""
    left, right = ("\\[", "\\]") if display else ("\\(", "\\)")
    return f"{left}{encode(' '.join(text.split()))}{right}"


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


def _mark(state: StateInline, silent: bool) -> bool:
    """Takes a sealed mark before it can be the text of a link."""
    match = SEALED.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("mark", "", 0).meta = {"html": state.env["marks"][f"[{match[1]}]"]}
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


def _counted(rule: InlineRule) -> InlineRule:
    """Returns `rule` with the line ends that it takes in the `meta` of its last token; see `spans`."""

    def counted(state: StateInline, silent: bool) -> bool:
        start, made = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if not silent and len(state.tokens) > made and "\n" in state.src[start : state.pos]:
            source = state.src[start : state.pos]
            inner = sum(map(_breaks, state.tokens[made:]))
            state.tokens[-1].meta = {"source": source, "breaks": source.count("\n") - inner}
        return True

    return counted


def _breaks(token: Token) -> int:
    return 1 if token.type in ("softbreak", "hardbreak") else int(token.meta.get("breaks", 0))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # a reference definition would vanish from the text, and make of our own [1] a link
    parser.disable(["reference", "html_block", "html_inline", "autolink"])
    for name, rule in (("backticks", backtick), ("link", link), ("image", image)):
        parser.inline.ruler.at(name, _counted(rule))
    parser.inline.ruler.before("escape", "math_inline", _counted(_inline_math))
    parser.inline.ruler.before("link", "mark", _mark)
    parser.block.ruler.before("fence", "math_block", _block_math, {"alt": ["paragraph", "blockquote", "list"]})
    return parser


PARSER = _parser()
BLOCKS = _parser()
BLOCKS.core.ruler.enableOnly(["normalize", "block"])
