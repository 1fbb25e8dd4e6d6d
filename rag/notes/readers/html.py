"""HTML → Markdown: what a person reads of a page, as Notion, Yuque, Feishu and browsers save it.

Nothing of a page is ever loaded or run: scripts, styles and pictures are passed over, and no address is followed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import NoteUnreadable
from rag.notes.readers import text as plain
from rag.notes.readers.base import Text
from rag.notes.readers.writing import Writer, inline
from rag.text.encodings import REPLACEMENT
from rag.types import Cause, Reason

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_DEPTH = 1_000  # of elements; the parser's time grows with the square of it, and browsers stop at 512
BOLD_CHARACTERS = 150  # of a paragraph that heads something; a longer one is emphasis
CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w:.-]+)", re.IGNORECASE)
HEAD_BYTES = 4_096
WIDER = {"gb2312": "gb18030", "gbk": "gb18030"}  # as browsers take them: pages hold more than they declare
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:[^<>]*?)(/?)>")
ENDS = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
EMPTY = re.compile(r"<([A-Za-z][\w:]*)((?:\s[^<>]*)?)/>")  # which HTML takes for a beginning
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
CLOSED_BY_OTHERS = VOID | frozenset(
    "p li dt dd tr td th thead tbody tfoot option optgroup colgroup rt rp html head body".split()
)

PASSED_OVER = frozenset(
    """head title script style nav footer template noscript svg iframe object embed canvas audio video select button
    textarea dialog menu""".split()
)
BLOCKS = frozenset(
    """address article aside blockquote body center dd details div dl dt fieldset figcaption figure form header hgroup
    hr legend li main ol p section summary tbody td tfoot th thead tr ul""".split()
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BOLD = frozenset(("b", "strong"))
CODE = frozenset(("code", "kbd", "samp", "tt"))
UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
PERMALINK = re.compile(r"\b(?:headerlink|anchor|permalink|header-anchor)\b")
LANGUAGE = re.compile(r"\b(?:language|lang|highlight-source)-([\w+#-]+)")
TEXT = "-text"


def read(data: bytes) -> Text:
    """Returns the main text of a page, its title before it unless it has a heading of the first level.

    The lines are those of what was read: a browser shows none. Raises NoteUnreadable.
    """
    file = decoded(data)
    page = parsed(file.text)
    root = _main(page)
    if root is None:
        raise NoteUnreadable(Reason(Cause.NO_TEXT))
    writer = Writer()
    writer.damaged = file.damaged
    if not root.css_first("h1"):
        writer.heading(1, title(page))
    before = writer.length
    write(root, writer)
    if writer.length == before:
        raise NoteUnreadable(Reason(Cause.NO_TEXT))
    return writer.finish()


def decoded(data: bytes) -> Text:
    """Returns what a page holds, in UTF-8 or what it declares; raises NoteUnreadable."""
    if data[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"\0" not in data:
        try:
            return Text(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            pass
        declared = CHARSET.search(data[:HEAD_BYTES])
        name = declared[1].decode("ascii", "replace").lower() if declared else ""
        if name and name not in ("utf-8", "utf8") and _is_text_encoding(name):
            text = data.decode(WIDER.get(name, name), "replace")
            return Text(text, damaged=text.count(REPLACEMENT))
    return plain.read(data)


def _is_text_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except LookupError:
        return False


def parsed(text: str) -> LexborHTMLParser:
    """Returns a page as a tree; raises NoteUnreadable when it is nested so deep that this would take long."""
    from selectolax.lexbor import LexborHTMLParser

    depth = 0
    for closes in _nesting(text):
        depth = max(0, depth - 1) if closes else depth + 1
        if depth > MAX_DEPTH:
            raise NoteUnreadable(Reason(Cause.DAMAGED))
    return LexborHTMLParser(text)


def parsed_xml(text: str) -> LexborHTMLParser:
    """Returns a page of XHTML as a tree, where an element may be empty; raises NoteUnreadable as `parsed`."""
    return parsed(EMPTY.sub(lambda tag: tag[0] if tag[1] in VOID else f"<{tag[1]}{tag[2]}></{tag[1]}>", text))


def _nesting(text: str) -> Iterator[bool]:
    """Yields for each tag that nests whether it is one that closes; what scripts write is none."""
    tag = TAG.search(text)
    while tag:
        name, at = tag[2].lower(), tag.end()
        if name in ENDS and not tag[1]:
            end = ENDS[name].search(text, at)
            at = end.end() if end else len(text)
        elif not tag[3] and name not in CLOSED_BY_OTHERS:
            yield bool(tag[1])
        tag = TAG.search(text, at)


def title(page: LexborHTMLParser) -> str:
    found = page.css_first("title")
    return inline(found.text()) if found else ""


def _main(page: LexborHTMLParser) -> LexborNode | None:
    """Returns what holds the text that the page is about."""
    for selector in ("main", "[role=main]", "article"):
        found = page.css(selector)
        if len(found) == 1 and found[0].text(strip=True):
            return found[0]
    return page.body


def write(root: LexborNode, writer: Writer, shift: int = 0) -> None:
    """Writes what stands below `root`; `shift` is added to the level of each heading."""
    page = _Page(writer, shift)
    for enters, node in _walk(root):
        if writer.cut:
            return
        if not enters:
            page.leave(node.tag or "")
        elif node.tag == TEXT:
            page.text(node.text_content or "")
        else:
            page.enter(node)
    page.flush()


def _walk(root: LexborNode) -> Iterator[tuple[bool, LexborNode]]:
    """Yields each node that is seen when it begins, and each element when it ends; a stack, however deep the page."""
    stack: list[LexborNode] = []
    node = root.child
    while node is not None or stack:
        if node is None:
            node = stack.pop()
            yield False, node
            node = node.next
        elif node.tag == TEXT:
            yield True, node
            node = node.next
        elif _is_unseen(node):
            node = node.next
        else:
            yield True, node
            stack.append(node)
            node = node.child


def _is_unseen(node: LexborNode) -> bool:
    tag = node.tag or ""
    if tag.startswith("-") or tag in PASSED_OVER:
        return True
    attributes = node.attributes
    return bool(
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") == "navigation"
        or UNSEEN.search(attributes.get("style") or "")
        or (tag == "a" and PERMALINK.search(attributes.get("class") or ""))
    )


@dataclass(slots=True)
class _List:
    """A list that is open: the number of its next item, 0 for bullets, and how far its items stand from the left."""

    number: int
    indent: int


class _Page:
    """Turns the beginnings and ends of elements into blocks."""

    def __init__(self, writer: Writer, shift: int) -> None:
        self._writer = writer
        self._shift = shift
        self._said: list[str] = []  # of the block that is open
        self._bold = 0
        self._is_bold = True  # all that was said
        self._lists: list[_List] = []
        self._shelved: list[list[_List]] = []  # the lists around toggles: what is within stands by itself
        self._marker = ""  # of an item whose text has not come yet
        self._quotes = 0
        self._pre: list[str] | None = None
        self._language = ""
        self._rows: list[list[str]] | None = None
        self._tex: list[str] | None = None
        self._in_math = 0

    def text(self, data: str) -> None:
        if self._tex is not None:
            self._tex.append(data)
        elif self._in_math:
            pass
        elif self._pre is not None:
            self._pre.append(data)
        else:
            self._say(re.sub(r"\s+", " ", data))

    def _say(self, text: str) -> None:
        self._said.append(text)
        self._is_bold = self._is_bold and (self._bold > 0 or not text.strip())

    def enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if self._pre is not None:
            self._pre += ["\n"] if tag == "br" else []
        elif self._rows is not None:
            self._enter_cell(tag)
        elif tag == "pre":
            self.flush()
            self._pre = []
            self._language = _language(node)
        elif tag == "table" and not node.css("table")[1:] and node.css_first("h1,h2,h3,h4,h5,h6,pre") is None:
            self.flush()
            self._rows = []
        elif tag in BLOCKS or tag in HEADINGS or tag == "table":
            self.flush()
            self._enter_block(node, tag)
        else:
            self._enter_inline(node, tag)

    def _enter_block(self, node: LexborNode, tag: str) -> None:
        if tag in ("ul", "ol"):
            indent = self._lists[-1].indent + (3 if self._lists[-1].number else 2) if self._lists else 0
            start = node.attributes.get("start") or "1"
            if not self._lists:
                self._writer.end_list()
            self._lists.append(_List(int(start) if start.isdecimal() and tag == "ol" else int(tag == "ol"), indent))
        elif tag == "li":
            self._marker = self._next_marker()
        elif tag == "blockquote":
            self._quotes += 1
        elif tag == "details":
            self._shelved.append(self._lists)
            self._lists, self._marker = [], ""

    def _next_marker(self) -> str:
        if not self._lists or not self._lists[-1].number:
            return "-"
        self._lists[-1].number += 1
        return f"{self._lists[-1].number - 1}."

    def _enter_inline(self, node: LexborNode, tag: str) -> None:
        if tag == "br":
            self._said.append("\n")
        elif tag in BOLD:
            self._bold += 1
        elif tag in CODE:
            self._say("`")
        elif tag == "math":
            self._in_math += node.css_first("annotation") is not None
        elif tag == "annotation":
            self._tex = []
        elif tag == "input" and node.attributes.get("type") == "checkbox":
            self._say("[x] " if "checked" in node.attributes else "[ ] ")

    def _enter_cell(self, tag: str) -> None:
        assert self._rows is not None
        if tag == "tr":
            self._rows.append([])
        elif tag in BLOCKS or tag in HEADINGS or tag == "br":
            self._said.append(" ")
        if tag in ("td", "th", "caption"):
            self._said.clear()

    def leave(self, tag: str) -> None:
        if tag == "pre" and self._pre is not None:
            self._writer.code("".join(self._pre), self._language)
            self._pre = None
        elif self._pre is not None:
            pass
        elif self._rows is not None:
            self._leave_cell(tag)
        elif tag in HEADINGS:
            self._writer.heading(HEADINGS[tag] + self._shift, self._taken())
        elif tag in ("summary", "dt"):
            self._is_bold = True
            self.flush()
        elif tag in BLOCKS or tag == "table":
            self.flush()
            self._leave_block(tag)
        else:
            self._leave_inline(tag)

    def _leave_block(self, tag: str) -> None:
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "li":
            self._marker = ""
        elif tag == "blockquote":
            self._quotes -= 1
        elif tag == "details":
            self._lists = self._shelved.pop()

    def _leave_inline(self, tag: str) -> None:
        if tag in BOLD:
            self._bold -= 1
        elif tag in CODE:
            if self._said and self._said[-1] == "`":
                self._said.pop()  # there was nothing in it
            else:
                self._say("`")
        elif tag == "annotation" and self._tex is not None:
            formula, self._tex = inline("".join(self._tex)), None
            self._say(f"${formula}$")
        elif tag == "math":
            self._in_math = max(0, self._in_math - 1)

    def _leave_cell(self, tag: str) -> None:
        assert self._rows is not None
        if tag == "table":
            self._writer.table(self._rows)
            self._rows = None
            self._said.clear()
        elif tag == "caption":
            self._writer.paragraph(self._taken())
        elif tag in ("td", "th"):
            if not self._rows:  # a row that nothing opens
                self._rows.append([])
            self._rows[-1].append(self._taken())
        else:
            self._leave_inline(tag)

    def _taken(self) -> str:
        said = "".join(self._said)
        self._said.clear()
        self._is_bold = True
        return said

    def flush(self) -> None:
        """Writes what was said since the last block, as an item, a quotation, or a paragraph."""
        is_bold = self._is_bold
        said = self._taken().strip()
        if not said:
            return
        if is_bold and len(said) <= BOLD_CHARACTERS and not {"\n", "*"} & set(said):
            said = f"**{inline(said)}**"
        indent = self._lists[-1].indent if self._lists else 0
        if self._marker:
            self._writer.item(said, self._marker, indent)
            self._marker = ""
        else:
            beside = " " * (indent + (3 if self._lists[-1].number else 2)) if self._lists else ""
            self._writer.paragraph(said, prefix=beside + "> " * min(self._quotes, 1))


def _language(node: LexborNode) -> str:
    code = node.css_first("code")
    names = f"{node.attributes.get('class') or ''} {(code.attributes.get('class') or '') if code else ''}"
    found = LANGUAGE.search(names)
    return found[1] if found else ""
