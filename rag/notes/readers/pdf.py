"""PDF → Markdown by page: headings from the outline or the size of the letters, paragraphs out of lines.

Nothing in a file is run or followed: pypdf reads text, no scripts, forms or attachments.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
import logging
import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.errors import NoteUnreadable
from rag.notes.readers.base import Text
from rag.notes.readers.writing import Writer, inline
from rag.text.normal import HAN
from rag.types import Cause, Reason

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

MAX_PAGES = 2_000
MAX_SECONDS = 300.0  # a page takes 20 ms, so that only a file made to take long is cut here
MAX_OPERATIONS = 500_000  # of a page; a page of text has a few thousand
MAX_LINES = 2_000  # of a page

EDGE_LINES = 2  # at the top and at the bottom of a page, among which running heads are looked for
EDGE_PAGES = 3  # a document of fewer has none that could be told from text
LARGER = 1.15  # times the size of the text: the letters of a heading
HEADING_CHARACTERS = 100
HEADING_SIZES = 4
BEFORE_TITLE = 8  # letters of a heading that its entry in the outline may lack: "Chapter 1"
APART = 1.35  # times the usual distance of lines: a gap between paragraphs
WIDEST_GAP = 1.5  # times the size of the letters: lines of one paragraph are hardly further apart
SHORT = 0.8  # of the widest line: a line that ends a paragraph

SENTENCE_ENDS = tuple("。！？；….!?;:：”」』)）")
CJK = rf"[{HAN}\u3000-\u303f\uff00-\uffef]"
BETWEEN_CJK = re.compile(rf"(?<={CJK}) +(?={CJK})")
ENDS_IN_CJK, BEGINS_WITH_CJK = re.compile(rf"{CJK}$"), re.compile(rf"{CJK}")
WIDE = re.compile(CJK)
DIVIDED = re.compile(r"[^\W\d_]-$")
COMPOUND = re.compile(r"-[^\W\d_]+-$")  # a word that has hyphens of its own: "state-of-the-"
LOWER = re.compile(r"[a-zäöüßàâçéèêëîïôûœæåøñ]")
BULLET = re.compile(r"[•●○◦▪■◆►▶➢✓–·*-]\s+")
ITEM = re.compile(r"(?:\d{1,3}[.、)）]|[(（]\d{1,3}[)）]|[①-⑳]|[一二三四五六七八九十]+、|(?:[QA]|问|答)\d{0,3}[:：])")
DIGITS = re.compile(r"\d+")
NUMBER = re.compile(r"(?:page|p\.|第|[-–—|/\s])*#(?:页|[-–—|/\s]|of|共|#)*", re.IGNORECASE)
CONTENTS = re.compile(r"(?:[.…·]\s*){4,}[\divxl]+$")  # "Introduction . . . . . 3": the heading itself comes later
NOISE = re.compile(r"[\W_]+")

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is odd in a file is nobody's business


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: how large its letters are, and its distance from the line above, 0.0 where that is unknown."""

    text: str
    size: float
    gap: float = 0.0
    level: int = 0  # of a heading


Page = Sequence[Line]


def read(data: bytes) -> Text:
    """Returns the text of the first MAX_PAGES pages; raises NoteUnreadable for a file without any."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    try:
        file = PdfReader(io.BytesIO(data))
        if file.is_encrypted and not file.decrypt(""):
            raise NoteUnreadable(Reason(Cause.ENCRYPTED))
        pages, cut = _pages(file)
    except (DependencyError, FileNotDecryptedError) as error:  # AES without cryptography
        raise NoteUnreadable(Reason(Cause.ENCRYPTED)) from error
    if not any(pages):
        raise NoteUnreadable(Reason(Cause.SCANNED))
    text = _written(_with_headings(_without_running_heads(pages), _outline(file)))
    return dataclasses.replace(text, cut=text.cut or cut)


def _pages(file: PdfReader) -> tuple[list[Page], Reason | None]:
    """Returns the lines of each page, and what of the file is left out."""
    from pypdf.errors import DependencyError, FileNotDecryptedError

    until = time.monotonic() + MAX_SECONDS
    pages: list[Page] = []
    failed = 0
    for page in itertools.islice(file.pages, MAX_PAGES):
        if pages and time.monotonic() > until:
            break
        try:
            pages.append(_lines(page, until))
        except (DependencyError, FileNotDecryptedError):
            raise
        except Exception:  # one damaged page does not take the others away
            failed += 1
            pages.append(())
    if failed and not any(pages):
        raise NoteUnreadable(Reason(Cause.DAMAGED))
    return pages, Reason(Cause.CUT_PLACES, str(len(pages))) if len(pages) < len(file.pages) else None


class _TooLong(Exception):
    """A page has more operations than any page of text."""


class _Pieces:
    """Collects what pypdf tells of a page while it reads it: pieces of text, how large, and how high on the page."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._operations = 0
        self.pieces: list[tuple[str, float, float]] = []

    def operation(self, *_: Any) -> None:
        self._operations += 1
        if self._operations > MAX_OPERATIONS or (self._operations % 1_000 == 0 and time.monotonic() > self._until):
            raise _TooLong

    def text(self, text: str, place: Sequence[float], matrix: Sequence[float], _: object, size: float) -> None:
        if text:
            scale = math.hypot(matrix[2], matrix[3]) * math.hypot(place[2], place[3])
            height = matrix[4] * place[1] + matrix[5] * place[3] + place[5]
            self.pieces.append((text, round(abs(size) * scale, 1), height))


def _lines(page: PageObject, until: float) -> Page:
    """Returns the lines of a page from top to bottom, as the file has them."""
    collected = _Pieces(until)
    page.extract_text(visitor_operand_before=collected.operation, visitor_text=collected.text)
    lines: list[Line] = []
    above = math.nan
    for words, sizes, height in _broken(collected.pieces):
        text = BETWEEN_CJK.sub("", inline(words.replace("\xad", "")))
        if text and not CONTENTS.search(text):
            gap = above - height
            lines.append(Line(text, sizes.most_common(1)[0][0], gap if gap > 0 else 0.0))
            above = height
    return lines[:MAX_LINES]


def _broken(pieces: Iterable[tuple[str, float, float]]) -> Iterator[tuple[str, Counter[float], float]]:
    """Yields the text of each line, how many letters it has of each size, and how high it stands."""
    words, sizes, height = "", Counter[float](), 0.0
    for text, size, at in pieces:
        for number, part in enumerate(text.split("\n")):
            if number:
                yield words, sizes, height
                words, sizes = "", Counter()
            if part.strip():
                height = at if not words.strip() else height
                sizes[size] += len(part.strip())
            words += part
    yield words, sizes, height


# ------------------------------------------------------------------------------------------------------- running heads


def _without_running_heads(pages: Sequence[Page]) -> list[Page]:
    """Returns the pages without the lines at their edges that most of them have, or a chapter with its page number."""
    seen = Counter(itertools.chain.from_iterable(set(map(_key, _edges(page))) for page in pages))
    filled = sum(map(bool, pages))
    repeated = {key for key, times in seen.items() if filled >= EDGE_PAGES and times > filled / 2}
    numbers = {key for key, times in seen.items() if NUMBER.fullmatch(key) and 1 < times > filled / 2}
    outermost = Counter(itertools.chain.from_iterable({_key(page[0]), _key(page[-1])} for page in pages if page))
    chapters = {key for key, times in outermost.items() if times >= EDGE_PAGES and "#" in key}  # with the page number
    return [_trimmed(page, repeated | numbers | chapters) for page in pages]


def _edges(page: Page) -> list[Line]:
    return [*page[:EDGE_LINES], *page[max(EDGE_LINES, len(page) - EDGE_LINES) :]]


def _key(line: Line) -> str:
    return DIGITS.sub("#", line.text)


def _trimmed(page: Page, repeated: set[str]) -> Page:
    kept = list(page)
    for at in (0, -1):
        for _ in range(EDGE_LINES):
            if kept and _key(kept[at]) in repeated:
                del kept[at]
    return kept


# ------------------------------------------------------------------------------------------------------------ headings


def _outline(file: PdfReader) -> dict[int, list[tuple[str, int]]]:
    """Returns the entries of the outline with their levels by the number of their page, from 0."""
    found: dict[int, list[tuple[str, int]]] = {}
    try:
        pending: list[tuple[Any, int]] = [(entry, 1) for entry in reversed(file.outline)]
        while pending:
            entry, level = pending.pop()
            if isinstance(entry, list):
                pending += [(inner, level + 1) for inner in reversed(entry)]
                continue
            number = file.get_destination_page_number(entry)
            if number is not None and entry.title:
                found.setdefault(number, []).append((inline(str(entry.title)), level))
    except Exception:  # an outline is a help, and often damaged
        return {}
    return found


def _with_headings(pages: Sequence[Page], outline: Mapping[int, list[tuple[str, int]]]) -> list[Page]:
    marked = [_by_outline(page, outline.get(number, ())) for number, page in enumerate(pages)]
    if any(line.level for page in marked for line in page):
        return marked
    levels = _levels(pages)
    return [[_by_size(line, levels) for line in page] for page in pages]


def _by_outline(page: Page, entries: Sequence[tuple[str, int]]) -> Page:
    """Returns a page in which the lines that the outline names are headings, also one that is broken in two."""
    lines = list(page)
    for title, level in entries:
        wanted = _letters(title)
        for count, at in itertools.product((1, 2), range(len(lines))):
            taken = lines[at : at + count]
            said = "".join(_letters(line.text) for line in taken)
            is_it = wanted and said.endswith(wanted) and len(said) <= len(wanted) + BEFORE_TITLE
            if is_it and not any(line.level for line in taken):
                text = _joined([line.text for line in taken])
                lines[at : at + count] = [Line(text, lines[at].size, lines[at].gap, level)]
                break
    return lines


def _letters(text: str) -> str:
    return NOISE.sub("", text).casefold()


def _levels(pages: Sequence[Page]) -> dict[float, int]:
    """Returns the sizes of letters that are those of headings, and their levels."""
    sizes: Counter[float] = Counter()
    for line in itertools.chain.from_iterable(pages):
        sizes[line.size] += len(line.text)
    if not sizes:
        return {}
    body = sizes.most_common(1)[0][0]
    larger = sorted((size for size in sizes if size >= LARGER * body), reverse=True)
    return {size: min(level, HEADING_SIZES) for level, size in enumerate(larger, 1)}


def _by_size(line: Line, levels: Mapping[float, int]) -> Line:
    is_heading = line.size in levels and len(line.text) <= HEADING_CHARACTERS and any(map(str.isalpha, line.text))
    return Line(line.text, line.size, line.gap, levels[line.size]) if is_heading else line


# ---------------------------------------------------------------------------------------------------------- paragraphs


def _written(pages: Sequence[Page]) -> Text:
    writer = Writer("page")
    is_open = False  # a paragraph goes on over the page
    for number, page in enumerate(pages, 1):
        writer.place = number
        for paragraph in _paragraphs(page):
            text = _joined([line.text for line in paragraph])
            goes_on = is_open and paragraph[0] is page[0]
            is_open = not paragraph[0].level and not text.endswith(SENTENCE_ENDS) and _fills(paragraph[-1], page)
            if paragraph[0].level:
                writer.heading(paragraph[0].level, text)
            elif bullet := BULLET.match(text):
                writer.item(text[bullet.end() :])
            else:
                writer.paragraph(text, goes_on=goes_on and not ITEM.match(text))
    return writer.finish(Cause.SCANNED)


def _fills(line: Line, page: Page) -> bool:
    """Says whether a line is about as long as any of its page, so that what it says may go on."""
    return _width(line.text) >= SHORT * max(_width(other.text) for other in page)


def _paragraphs(page: Page) -> Iterator[list[Line]]:
    gaps = sorted(line.gap for line in page if line.gap)
    sizes = sorted(line.size for line in page)
    usual = min(gaps[len(gaps) // 2], WIDEST_GAP * sizes[len(sizes) // 2]) if gaps else 0.0
    widest = max((_width(line.text) for line in page), default=0)
    paragraph: list[Line] = []
    for line in page:
        if paragraph and _parts(paragraph[-1], line, usual, widest):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _parts(above: Line, line: Line, usual: float, widest: int) -> bool:
    """Says whether a paragraph ends between two lines."""
    if above.level or line.level:
        return not (above.level == line.level and above.size == line.size and line.gap <= APART * usual)
    if BULLET.match(line.text) or ITEM.match(line.text) or line.gap > APART * usual or abs(line.size - above.size) > 1:
        return True
    is_short = _width(above.text) < SHORT * widest
    return is_short and (above.text.endswith(SENTENCE_ENDS) or _width(above.text) < SHORT / 2 * widest)


def _width(text: str) -> int:
    return len(text) + len(WIDE.findall(text))


def _joined(lines: Sequence[str]) -> str:
    """Returns the lines of a paragraph as one: a word that was divided is whole, Chinese goes on without a blank."""
    text = ""
    for line in lines:
        if DIVIDED.search(text) and LOWER.match(line):
            text = (text if COMPOUND.search(text) else text[:-1]) + line
        elif not text or (ENDS_IN_CJK.search(text) and BEGINS_WITH_CJK.match(line)):
            text += line
        else:
            text += f" {line}"
    return text
