"""A whole note → HTML, rendered or as it stands in the file, in which each line can be found and marked. Pure.

Every line that is not blank stands in a piece: an element of the class kd-l that names its lines by further classes,
"kd-l kd-l12" for line 12. A piece is as small as the line allows: a line of a paragraph, of an item or of code, a row
of a table, a rule. Lines that show nothing, such as a fence or the rule under a heading, are empty pieces. Only a
formula over several lines is one piece for all of them, and only while all of them are marked or none is: otherwise it
is shown as its source, line by line. So what is marked is exactly what is meant, never more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from rag.text.markdown import front_matter
from rag.types import Passage
from rag.ui.elements import button, where
from rag.ui.markup import blocks, encode, formula, named, printable, span, spans
from rag.ui.notes.opened import Lines
from rag.ui.words.base import Words

SHOWN_LINES = 1_500  # of one note at a time: more makes the browser slow, and nobody reads on
SHOWN_CHARACTERS = 150_000
LINE_CHARACTERS = 20_000  # of one line; a longer one is data, not prose
BEFORE = 4  # of what is shown, a quarter stands before the marked lines
ABOVE, BELOW = 20_000, 2  # lines around what is shown that are read too: it may be in a fence, or the head of a table
TELLING = 5  # words on a border

HEADING_LEVELS = 2  # above those of a note: the page's name and the note's title
HOLDS_NO_TEXT = ("ul", "ol", "table", "thead", "tbody", "tr")
INLINE = {"em_open": "em", "strong_open": "strong", "s_open": "del"}
BLOCKS = {
    "paragraph": "p", "blockquote": "blockquote", "bullet_list": "ul", "ordered_list": "ol", "list_item": "li",
    "table": "table", "thead": "thead", "tbody": "tbody", "tr": "tr", "th": "th", "td": "td",
}  # fmt: skip
MARKS = re.compile(r"(?:[\s>*+=_~`|:#-]|\d{1,9}[.)])*")  # a line of these alone shows nothing of its own


@dataclass(frozen=True, slots=True)
class Border:
    """Where a passage of the note begins: its number in the note from 1, and the words that tell it from others."""

    number: int
    passage: Passage
    telling: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of a note that are shown at a time, from 1, inclusive; `total` is how many it has."""

    first: int
    last: int
    total: int


def document(
    text: str, marked: Lines | None, borders: Iterable[Border], words: Words, around: int | None = None
) -> str:
    """Returns a note rendered, `marked` lines with the class kd-marked, and the `borders` before their first lines.

    Of a long note only a part is shown, around the marked lines or around the line `around`.
    """
    lines = lines_of(text)
    part = shown(lines, around or (marked[0] if marked else 1))
    writer = _Writer(lines, part, marked, _by_line(borders, words))
    front = front_matter(lines)
    writer.front_matter(front)
    begin = max(front, part.first - 1 - ABOVE)
    body = [""] * begin + [_tidy(printable(line)) for line in lines[begin : part.last + BELOW]]
    html = writer.write(blocks("\n".join(body)))
    return f'<div class="kd-note" dir="auto">{_frame(named(html), lines, part, words)}</div>'


def source(text: str, marked: Lines | None, borders: Iterable[Border], words: Words, around: int | None = None) -> str:
    """Returns a note as it stands in its file: each line numbered, its piece letter for letter what the line holds."""
    lines = lines_of(text)
    part = shown(lines, around or (marked[0] if marked else 1))
    by_line = _by_line(borders, words)
    html = "".join(
        by_line.get(number, "")
        + f'<div class="kd-row"><span class="kd-number">{number}</span>'
        + f'<code class="{_classes([number], marked)}">{encode(lines[number - 1][:LINE_CHARACTERS])}</code></div>'
        for number in range(part.first, part.last + 1)
    )
    return f'<div class="kd-raw" tabindex="0" dir="auto">{_frame(html, lines, part, words)}</div>'


def shown(lines: Sequence[str], around: int) -> Part:
    """Returns the part of a note that is shown for the line `around`: bounded in lines and in characters."""
    if len(lines) <= SHOWN_LINES and sum(map(_cost, lines)) <= SHOWN_CHARACTERS:
        return Part(1, len(lines), len(lines))
    middle = min(max(around, 1), len(lines))
    above = _fitting(reversed(lines[: middle - 1]), SHOWN_LINES // BEFORE, SHOWN_CHARACTERS // BEFORE)
    first = middle - above
    spent = sum(map(_cost, lines[first - 1 : middle - 1]))
    below = _fitting(lines[middle:], SHOWN_LINES - above - 1, SHOWN_CHARACTERS - spent - _cost(lines[middle - 1]))
    return Part(first, middle + below, len(lines))


def _fitting(lines: Iterable[str], count: int, characters: int) -> int:
    """Returns how many of the first `lines` are at most `count` lines and `characters` characters."""
    fitting = 0
    for line in lines:
        characters -= _cost(line)
        if fitting == count or characters < 0:
            break
        fitting += 1
    return fitting


def _cost(line: str) -> int:
    return min(len(line), LINE_CHARACTERS)


def _frame(html: str, lines: list[str], part: Part, words: Words) -> str:
    """Returns the shown part between sentences that say what is not shown, and buttons for it."""
    cut = any(len(line) > LINE_CHARACTERS for line in lines[part.first - 1 : part.last])
    said = [words.note_part.format(total=part.total, first=part.first, last=part.last)] * (part != _whole(lines))
    said += [words.note_cut.format(limit=LINE_CHARACTERS)] * cut
    notices = "".join(f'<p class="kd-part">{encode(sentence)}</p>' for sentence in said)
    above = (
        button("note-part", str(max(1, part.first - SHOWN_LINES * 3 // 4)), words.note_above) if part.first > 1 else ""
    )
    below = button("note-part", str(part.last + 1), words.note_below) if part.last < part.total else ""
    return notices + above + html + below


def _whole(lines: list[str]) -> Part:
    return Part(1, len(lines), len(lines))


def lines_of(text: str) -> list[str]:
    """Returns the lines of a note; the line end at its end begins no line."""
    return text.removesuffix("\n").split("\n")


def _tidy(line: str) -> str:
    """Returns a line without the blanks at its end that only Markdown takes for text, such as a full-width one."""
    line = line[:LINE_CHARACTERS]
    bare = line.rstrip()
    return line if not line[len(bare) :].strip(" \t") else bare


def _classes(numbers: Iterable[int], marked: Lines | None) -> str:
    """Returns the classes of a piece; `numbers` are all marked or none is."""
    numbers = list(numbers)
    is_marked = bool(numbers) and marked is not None and marked[0] <= numbers[0] <= marked[1]
    return " ".join(["kd-l", *(f"kd-l{number}" for number in numbers), *["kd-marked"] * is_marked])


def _by_line(borders: Iterable[Border], words: Words) -> dict[int, str]:
    """Returns the markers of passages by the line before which they stand."""
    found: dict[int, str] = {}
    for border in borders:
        line = border.passage.start_line
        found[line] = found.get(line, "") + _border(border, words)
    return found


def _border(border: Border, words: Words) -> str:
    passage = border.passage
    asked = passage.question or " › ".join(passage.headings)
    telling = " ".join(border.telling[:TELLING])
    return (
        f'<span class="kd-border"><b>{encode(words.note_passage.format(number=border.number))}</b> '
        f"<span>{encode(where(words, passage))}</span>"
        + (f' <span class="kd-border-asked">{encode(asked)}</span>' if asked else "")
        + (f' <span class="kd-border-telling">{encode(telling)}</span>' if telling else "")
        + "</span>"
    )


class _Writer:
    """Writes the blocks of a note; `_next` is the first line, from 1, that has not been written yet."""

    def __init__(self, lines: list[str], part: Part, marked: Lines | None, borders: dict[int, str]) -> None:
        self._lines = lines
        self._part = part
        self._marked = marked
        self._borders = sorted((item for item in borders.items() if item[0] >= part.first), reverse=True)
        self._html: list[str] = []
        self._next = part.first
        self._stack: list[tuple[str, int]] = []  # open tags of blocks, and the last line of each
        self._row: int | None = None  # the line of the table row that is open
        self._line = 0  # the line of text that is open
        self._tags: list[str] = []  # what is open in it

    def front_matter(self, count: int) -> None:
        if count and self._is_shown(1, count):
            self._html.append('<pre class="kd-front" tabindex="0"><code>')
            self._code_lines(1, [line.rstrip() for line in self._lines[:count]])
            self._html.append("</code></pre>")
        self._next = max(self._next, count + 1)

    def write(self, tokens: Iterable[Token]) -> str:
        """Returns the HTML of all blocks that reach into the part that is shown."""
        left_out: int | None = None  # the level of a block that is not shown, until it closes
        for token in tokens:
            if left_out is not None:
                left_out = None if token.nesting < 0 and token.level == left_out else left_out
            elif token.map and not self._is_shown(token.map[0] + 1, token.map[1]):
                left_out = token.level if token.nesting > 0 else None
            else:
                self._block(token)
        self._rest(len(self._lines))
        return "".join(self._html)

    def _block(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._text(token)
            case "fence" | "code_block":
                self._code(token)
            case "math_block":
                self._formula(token)
            case "hr":
                self._rule(token)
            case _ if token.hidden:  # the paragraph of a tight list item
                pass
            case _ if token.nesting > 0:
                self._open(token)
            case _:
                self._close(token)

    def _open(self, token: Token) -> None:
        kind = token.type.removesuffix("_open")
        first, last = (token.map[0] + 1, token.map[1]) if token.map else (self._next, self._next - 1)
        tag = _heading(token) if kind == "heading" else BLOCKS[kind]
        if kind == "tr":
            self._row = first
            self._html.append(f'<tr class="{_classes([first], self._marked)}">')
            self._next = first + 1
        elif kind in ("th", "td"):
            self._html.append(f"<{tag}>{self._pending(self._row or 0)}")
        else:
            self._before(first)
            self._html.append(_opening(token, tag))
        self._stack.append((tag, last))

    def _close(self, token: Token) -> None:
        tag, last = self._stack.pop()
        if tag == "tr":
            self._row = None
        elif tag == "thead":  # the line under the head of a table
            self._html.append(f'<tr class="{_classes([self._next], self._marked)}" hidden><td></td></tr>')
            self._next += 1
        elif tag not in (*HOLDS_NO_TEXT, "th", "td"):
            self._rest(last)
        self._html.append("</table></div>" if tag == "table" else f"</{tag}>")

    def _before(self, line: int) -> None:
        """Writes what stands before a block: lines that no block took, and the border of a passage."""
        if not self._stack or self._stack[-1][0] not in HOLDS_NO_TEXT:
            self._rest(line - 1)
            self._html.append(self._pending(line))

    def _rest(self, last: int) -> None:
        """Writes the lines up to `last` that no block took: marks alone, or what is nested too deep for Markdown."""
        for number in range(self._next, min(last, self._part.last) + 1):
            line = self._lines[number - 1][:LINE_CHARACTERS]
            if line.strip():
                text = "" if MARKS.fullmatch(line) else encode(line.strip())
                self._piece(number, text)
        self._next = max(self._next, last + 1)

    def _piece(self, number: int, html: str, css: str = "") -> None:
        self._html.append(self._pending(number))
        self._html.append(f'<span class="{css}{_classes([number], self._marked)}">{html}</span>')

    def _pending(self, line: int) -> str:
        """Returns the borders up to `line` that have not been written."""
        html = ""
        while self._borders and self._borders[-1][0] <= line:
            html += self._borders.pop()[1]
        return html

    def _is_shown(self, first: int, last: int) -> bool:
        return first <= self._part.last and last >= self._part.first

    def _is_one(self, first: int, last: int) -> bool:
        """Says whether lines can be one piece: all shown, all marked or none, and no passage begins among them."""
        filled = self._filled(first, last)
        low, high = self._marked or (0, 0)
        return (
            self._part.first <= first
            and last <= self._part.last
            and len({low <= number <= high for number in filled}) == 1
            and not any(first < line <= last for line, _ in self._borders)
        )

    def _filled(self, first: int, last: int) -> list[int]:
        return [number for number in range(first, last + 1) if self._lines[number - 1].strip()]

    # ------------------------------------------------------------------------------------------ code, formulas, rules

    def _rule(self, token: Token) -> None:
        assert token.map
        number = token.map[0] + 1
        self._before(number)
        self._html.append(f'<hr class="{_classes([number], self._marked)}">')
        self._next = number + 1

    def _code(self, token: Token) -> None:
        assert token.map
        first, last = token.map[0] + 1, token.map[1]
        self._before(first)
        self._html.append('<pre tabindex="0"><code>')
        if token.type == "fence":
            if self._part.first <= first:
                self._piece(first, encode(token.info.strip()), "kd-fence ")
            first += 1
            self._next = max(self._next, first)
        self._code_lines(first, token.content.rstrip().split("\n"))
        self._rest(last)
        self._html.append("</code></pre>")

    def _code_lines(self, first: int, lines: Sequence[str]) -> None:
        for number, line in enumerate(lines, first):
            if not self._part.first <= number <= self._part.last or number > len(self._lines):
                continue
            if self._lines[number - 1].strip():
                self._piece(number, encode(line))
            self._html.append("&#10;")
            self._next = number + 1

    def _formula(self, token: Token) -> None:
        assert token.map
        first, last = token.map[0] + 1, token.map[1]
        self._before(first)
        if self._is_one(first, last):
            classes = _classes(self._filled(first, last), self._marked)
            self._html.append(
                f'<div class="kd-math {classes}" tabindex="0">{formula(token.content, display=True)}</div>'
            )
        else:
            self._html.append('<pre tabindex="0"><code>')
            self._code_lines(first, [line.strip() for line in self._lines[first - 1 : last]])
            self._html.append("</code></pre>")
        self._next = max(self._next, last + 1)

    # ---------------------------------------------------------------------------------------------------- lines of text

    def _text(self, token: Token) -> None:
        if self._row is not None:
            self._html.extend(map(span, spans(token)))
            return
        assert token.map
        self._rest(token.map[0])
        self._tags = []
        self._begin(token.map[0] + 1)
        for piece in spans(token):
            self._span(piece)
        self._end()

    def _span(self, token: Token) -> None:
        breaks = int(token.meta.get("breaks", 0))
        if token.type in ("softbreak", "hardbreak"):
            self._break("<br>")
        elif breaks and token.type == "math_inline":
            self._long_formula(token, breaks)
        elif breaks and token.type == "code_inline":
            source = str(token.meta["source"]).removeprefix(token.markup).removesuffix(token.markup)
            self._code_spans(source.split("\n"))
        else:
            if token.type in INLINE:
                self._tags.append(INLINE[token.type])
            elif token.type.removesuffix("close") + "open" in INLINE:
                self._tags.pop()
            self._emit(span(token))
            for _ in range(breaks):  # in the address of a link, which is not shown
                self._break("")

    def _long_formula(self, token: Token, breaks: int) -> None:
        first, last = self._line, self._line + breaks
        if not self._is_one(first, last):
            self._code_spans(str(token.meta["source"]).split("\n"))
            return
        self._end()
        classes = _classes(self._filled(first, last), self._marked)
        html = formula(token.content, display=token.markup == "display")
        self._html.append(f'<span class="kd-math {classes}">{html}</span>')
        self._begin(last)

    def _code_spans(self, lines: Sequence[str]) -> None:
        for place, line in enumerate(lines):
            if place:
                self._break("<br>")
            self._emit(f"<code>{encode(line.strip())}</code>")

    def _break(self, html: str) -> None:
        self._emit(html)
        self._end()
        self._begin(self._line + 1)

    def _begin(self, number: int) -> None:
        self._line = number
        if number >= self._part.first:
            self._html.append(self._pending(number))
        self._emit(f'<span class="{_classes([number], self._marked)}">' + "".join(f"<{tag}>" for tag in self._tags))
        self._next = max(self._next, number + 1)

    def _end(self) -> None:
        self._emit("".join(f"</{tag}>" for tag in reversed(self._tags)) + "</span>")

    def _emit(self, html: str) -> None:
        """Writes a piece of the line of text that is open, if that line is shown."""
        if self._part.first <= self._line <= self._part.last:
            self._html.append(html)


def _heading(token: Token) -> str:
    return f"h{min(6, int(token.tag[1]) + HEADING_LEVELS)}"


def _opening(token: Token, tag: str) -> str:
    if tag == "table":  # a wide table scrolls, the page does not
        return '<div class="kd-scroll" tabindex="0"><table>'
    if tag == "ol":
        return f'<ol start="{int(token.attrs.get("start", 1))}">'
    return f"<{tag}>"
