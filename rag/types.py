"""The values that cross module borders: frozen, slotted, with next to no behaviour of their own."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Literal

Span = tuple[int, int]  # start and end character offsets, end excluded
Unit = Literal["line", "page", "slide", "cell", "chapter"]  # what a person is sent to in a file


@dataclass(frozen=True, slots=True)
class Note:
    """One file of the corpus, decoded.

    `source` is the path relative to the corpus, "/" separated; `text` has "\\n" line ends; `sha256` tells one content
    from another: it is of `text`, or of the file where `text` had to be made out of it. `places[i]` is the `unit` of
    the file on which line i of `text`, from 0, stands; None where the lines are what a person looks for.
    `names` are what else the note goes by than its headings: its file's name, and what it calls itself. `flaws` are
    what is wrong with the file, although it was read.
    """

    source: str
    title: str
    text: str
    sha256: str
    unit: Unit = "line"
    places: tuple[int, ...] | None = None
    names: tuple[str, ...] = ()
    flaws: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file as a person sees it: pages 3 to 4, both from 1 and inclusive."""

    kind: Unit
    first: int
    last: int


Entry = tuple[str, tuple[str, ...], str | None]

TITLE_CHARACTERS = 40  # of the beginning of a text that has no heading: what fits into a line of a list


@dataclass(frozen=True, slots=True)
class Passage:
    """One citable piece of a note: `note.text[start:end] == text`; lines are 1-based and inclusive.

    `question` is what the passage answers, `asks` where that stands in `text`: a later piece of a long answer has none.
    `answer` is where in `text` the answer stands, after the question and a marker such as "答："; None for all of it.
    `columns` is the head of the table in which the passage begins, where that stands in an earlier one; `names` are
    those of its note; `place` is where the file has it, None where that is just its lines.
    `open_question` is what headings ask that have nothing below them: who finds such a passage has found no answer.
    """

    source: str
    headings: tuple[str, ...]
    question: str | None
    start: int
    end: int
    start_line: int
    end_line: int
    text: str
    answer: Span | None = None
    asks: Span | None = None
    open_question: str | None = None
    columns: str = ""
    names: tuple[str, ...] = ()
    place: Place | None = None

    @property
    def entry(self) -> Entry:
        """What passages have in common that are pieces of one answer, or stand below one heading."""
        return self.source, self.headings, self.question

    @property
    def answer_span(self) -> Span:
        """Where in `text` the answer stands; all of it where there is no question."""
        return self.answer or (0, len(self.text))

    @property
    def topic(self) -> str:
        """What the passage is about: its question or else its last heading, empty for neither."""
        return self.question or (self.headings[-1] if self.headings else "")

    @property
    def title(self) -> str:
        """What the passage is called in a list; never empty."""
        return self.question or self.open_question or self.topic or self.text.split("\n", 1)[0][:TITLE_CHARACTERS]

    @property
    def trail(self) -> tuple[str, ...]:
        """The headings over the passage, and its question unless that is the last of them."""
        asked = self.question is not None and self.question not in self.headings[-1:]
        return (*self.headings, self.question) if asked and self.question else self.headings


class Cause(enum.Enum):
    """Why a file is left out or not written to; the value is how English says it, {} is the detail of a `Reason`."""

    # not opened
    HIDDEN = "hidden"
    OWN = "our own index or feedback"
    IGNORED = "in .kuaidaignore"
    PROGRAM_FOLDER = "a folder of another program"
    EDITOR_FILE = "a backup or lock file of an editor"
    FOLDER_LINK = "a link to a folder"
    NOT_A_NOTE = "not a note ({})"
    # not found
    OUTSIDE = "outside the corpus"
    LINK_OUT = "a link out of the corpus"
    LINK_CIRCLE = "the link leads in a circle"
    NOT_A_NAME = "not a file name"
    PATH_TOO_LONG = "the path is too long"
    GONE = "not there any more"
    # not read
    NOT_A_FILE = "not a regular file"
    NO_PERMISSION = "no permission"
    CANNOT_READ = "cannot be read"
    TOO_BIG = "over {} MB"
    BINARY = "binary"
    DAMAGED_UTF16 = "damaged UTF-16"
    DAMAGED_UTF32 = "damaged UTF-32"
    UNKNOWN_ENCODING = "unknown encoding (save it as UTF-8)"
    NO_LIBRARY = 'its reader is not installed: pip install ".[formats]"'
    DAMAGED = "damaged, or not such a file"
    ENCRYPTED = "encrypted"
    BOMB = "unpacks to far more than such a file holds"
    SCANNED = "scanned, without text"
    NO_TEXT = "without text"
    NO_PAIRS = "holds no questions with answers"
    # read, but not all of it
    DAMAGED_PLACES = "damaged places, each read as U+FFFD: {}"
    CUT_PLACES = "only its first {} pages, slides or chapters are read"
    CUT_CHARACTERS = "only its first {} characters are read"
    # of a line of the glossary
    ONE_NAME = "only one name: write the names of one thing on one line, with a tab between them"
    # of a line of an ignore file
    BAD_PATTERN = "not a pattern of gitignore"
    # not written to
    READ_ONLY = "read-only"
    NOT_UTF8 = "not UTF-8"
    NO_QUESTION = "the question is empty"
    LONG_QUESTION = "the question is too long"
    ASKED_ALREADY = "it has this question already"
    ENDS_IN_CODE = "it ends inside a code block"
    CHANGED = "it was changed at the same moment"
    CANNOT_WRITE = "cannot be written"
    WRITING_DENIED = "Permission denied"
    DISK_FULL = "No space left on device"
    DISK_READ_ONLY = "Read-only file system"
    # whatever else the system says; last, since its text can be any
    SYSTEM = "{}"


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause with its detail, if it has one; as text it is one line of English."""

    cause: Cause
    detail: str = ""

    def __str__(self) -> str:
        return self.cause.value.format(self.detail)

    @classmethod
    def from_text(cls, text: str) -> Reason:
        """Returns the reason that reads as `text`; one of another version stays as it is."""
        for cause in Cause:
            pattern = re.escape(cause.value).replace(re.escape("{}"), "(.*)")
            if match := re.fullmatch(pattern, text, re.DOTALL):
                return cls(cause, "".join(match.groups()))
        raise AssertionError("SYSTEM is any text")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out of the index, and why."""

    source: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Remark:
    """A note that is in the index, and what is wrong with its file."""

    source: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question.

    `score` is calibrated, 0–1, higher is better; `best` is the sentence that matched best, in `passage.text`;
    `stale` says that the file on disk no longer holds this text; `excerpt` is what an answer quotes of the passage.
    """

    passage: Passage
    score: float
    best: Span
    stale: bool
    excerpt: Span


@dataclass(frozen=True, slots=True)
class Earlier:
    """A question of a conversation as those after it see it: as it was typed, and its topic where it did not say it.

    `source` is the note that answered it, empty when none did.
    """

    typed: str
    topic: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gets: `hits` ranked and always given, `cited` counts from 1 into them.

    `asked` is how the question was understood from those before it, None where that is what was typed. `marks` are the
    places of the citations in `text`, in their order, each `[n]` with n in `cited`; any other `[n]` is the notes' own.
    `topic` is what it was about where that was understood from questions before it. `maybe`: nothing was found that
    surely answers, and what is quoted may be it. `small_talk`: nothing was asked, as with 你好.
    """

    question: str
    text: str
    hits: tuple[Hit, ...]
    cited: tuple[int, ...]
    found: bool
    confidence: float
    asked: str | None = None
    marks: tuple[Span, ...] = ()
    topic: str = ""
    maybe: bool = False
    small_talk: bool = False

    @property
    def earlier(self) -> Earlier:
        """The question as those after it see it: what a person typed, so that no misreading is handed on."""
        source = self.hits[self.cited[0] - 1].passage.source if self.cited else ""
        return Earlier(self.question, self.topic, source)


Kind = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A passage that a build added, changed or removed; the lines are those it has now, or had last."""

    kind: Kind
    source: str
    title: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did; `added`, `changed` and `removed` count passages against the generation before.

    `differences` are these passages, or some of each kind when they are very many.
    """

    notes: int
    passages: int
    added: int
    changed: int
    removed: int
    skipped: tuple[Skipped, ...]
    generation: str
    seconds: float
    differences: tuple[Difference, ...] = ()
    remarks: tuple[Remark, ...] = ()
