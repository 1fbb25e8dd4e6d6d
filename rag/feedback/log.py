"""What people said about answers, what they missed and what they pinned: three logs that are only ever added to.

    feedback.jsonl   a rating a line, which `rag.evaluation.golden` reads as golden questions of style "feedback"
    gaps.jsonl       a question that was not in the notes, or that its gap was settled
    pinned.jsonl     a question that was pinned with what came first then, or that it was unpinned

The last line about a question counts; questions that are equal in normal form are one. A line that was damaged, by a
full disk or a power failure, stays where it is and is passed over.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from rag import durable
from rag.errors import FeedbackNotWritable
from rag.text.normal import clean, letters, normalize
from rag.types import Hit, Passage

RATINGS, GAPS, PINNED = "feedback.jsonl", "gaps.jsonl", "pinned.jsonl"
MAX_COMMENT = 1_000  # characters
Complaint = Literal["", "absent", "wrong", "other"]
Record = dict[str, Any]
Shape = dict[str, type]


@dataclass(frozen=True, slots=True)
class Rating:
    """What was last said of the answer to `question`; of a bad one `reason` says why, `at` is ISO 8601 in UTC."""

    question: str
    good: bool
    reason: Complaint
    comment: str
    at: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that is not in the notes, as it was last typed; `last` is ISO 8601 in UTC."""

    question: str
    times: int
    last: str
    nearest: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned question with the passage that came first when it was pinned, "" in all three when none was found."""

    question: str
    source: str
    title: str
    digest: str
    at: str


class Feedback:
    """The logs in one folder, which is made when first written to; safe to share between threads and processes.

    Whatever adds a line raises FeedbackNotWritable when it cannot.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._adding = threading.Lock()

    def rate(
        self, question: str, good: bool, hit: Hit | None = None, reason: Complaint = "", comment: str = ""
    ) -> None:
        """Keeps what a person thinks of an answer.

        A good answer has the passage of `hit` as its gold; a good one without a hit, which said that the notes hold
        none, and a bad one that should have said so (`reason` "absent") have no gold; what a bad answer should have
        been otherwise nobody knows. Raises ValueError for a reason that there is not, or a good answer with one.
        """
        if reason not in get_args(Complaint) or good == bool(reason):
            raise ValueError(f"a bad answer has one of the reasons {get_args(Complaint)[1:]}, a good one has none")
        question = _question(question)
        gold: list[Record] | None = [] if good or reason == "absent" else None
        if good and hit:
            gold = [{"source": hit.passage.source, "anchor": anchor(hit)}]
        said = {"gold": gold, "good": good, "reason": reason, "comment": clean(comment).strip()[:MAX_COMMENT]}
        self._add(RATINGS, {"id": _id(question), "question": question, "style": "feedback", **said})

    def ratings(self) -> tuple[Rating, ...]:
        """Returns what was last said of each question, the newest first."""
        shape: Shape = {"question": str, "good": bool, "reason": str, "comment": str, "at": str}
        latest: dict[str, Rating] = {}
        for record in self._records(RATINGS, shape):
            latest.pop(_key(record["question"]), None)  # so that the newest is last
            latest[_key(record["question"])] = Rating(**{name: record[name] for name in shape})
        return tuple(reversed(latest.values()))

    def miss(self, question: str, nearest: str) -> None:
        """Keeps that `question` was not in the notes; `nearest` is the title of what came closest, or ""."""
        self._add(GAPS, {"question": _question(question), "nearest": clean(nearest), "missed": True})

    def settle(self, question: str) -> None:
        """Keeps that a gap was closed or is none: it is no gap any more until it is missed again."""
        self._add(GAPS, {"question": _question(question), "nearest": "", "missed": False})

    def gaps(self) -> tuple[Gap, ...]:
        """Returns the gaps, the one that was missed last first; `times` counts since it was last settled."""
        found: dict[str, Gap] = {}
        for record in self._records(GAPS, {"question": str, "nearest": str, "missed": bool, "at": str}):
            before = found.pop(_key(record["question"]), None)
            if record["missed"]:
                times = before.times + 1 if before else 1
                found[_key(record["question"])] = Gap(record["question"], times, record["at"], record["nearest"])
        return tuple(reversed(found.values()))

    def pin(self, question: str, first: Passage | None) -> None:
        """Keeps a question with the passage that comes first for it now; once more, to know what changed since."""
        source, name = (first.source, first.title) if first else ("", "")
        seen = {"source": source, "title": name, "digest": digest(first)}
        self._add(PINNED, {"question": _question(question), **seen, "pinned": True})

    def unpin(self, question: str) -> None:
        self._add(PINNED, {"question": _question(question), "source": "", "title": "", "digest": "", "pinned": False})

    def pins(self) -> tuple[Pin, ...]:
        """Returns what is pinned, in the order in which it was."""
        shape: Shape = {"question": str, "source": str, "title": str, "digest": str, "at": str}
        found: dict[str, Pin] = {}
        for record in self._records(PINNED, {**shape, "pinned": bool}):
            if record["pinned"]:
                found[_key(record["question"])] = Pin(**{name: record[name] for name in shape})
            else:
                found.pop(_key(record["question"]), None)
        return tuple(found.values())

    def _records(self, name: str, shape: Shape) -> Iterator[Record]:
        """Yields the records of a log that have fields of the types in `shape`; a log that cannot be read is empty."""
        try:
            data = (self._folder / name).read_bytes()
        except OSError:
            return
        for line in data.split(b"\n"):
            try:
                record = json.loads(line)
                if all(isinstance(record[key], kind) for key, kind in shape.items()):
                    yield record
            except (KeyError, TypeError, ValueError, RecursionError):
                continue

    def _add(self, name: str, record: Record) -> None:
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        line = json.dumps({**record, "at": at}, ensure_ascii=False).encode() + b"\n"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._adding:
                durable.append_line(self._folder / name, line)
        except OSError as error:
            raise FeedbackNotWritable(
                f"cannot write {self._folder / name} ({error.strerror}): make the folder writable, or free some space"
            ) from error


def anchor(hit: Hit) -> str:
    """Returns an exact part of the note that tells the passage of `hit` from others.

    It is the line that asks its question, to its end so that no longer question has it too; else the sentence that
    matched best.
    """
    line = hit.passage.asks
    return hit.passage.text[slice(*(line or hit.best))]


def digest(first: Passage | None) -> str:
    """Returns what tells whether another passage comes first, or the same one with another text; "" for none."""
    if first is None:
        return ""
    identity = [first.source, *first.headings, first.question or "", first.text]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]


def _question(question: str) -> str:
    return " ".join(clean(question).split())


def _key(question: str) -> str:
    """Returns what is the same for 长城有多长？ and 长城有多长, or the marks where there is nothing else."""
    return letters(question) or normalize(question)


def _id(question: str) -> str:
    return f"feedback-{hashlib.sha256(_key(question).encode()).hexdigest()[:16]}"
