"""Golden questions: what they are, reading them, and judging passages by them.

Three formats are read:

    a file of JSON lines   {"id", "question", "gold": [{"source", "anchor"}]}, and "style" and "half" if wished
    a log of ratings       as `feedback.log` writes it, with the style "feedback": of two lines with one id the
                           later counts, and what has no known answer ("gold": null) or was damaged is left out
    a folder as BEIR's     corpus.jsonl {"_id", "title", "text"}, queries.jsonl {"_id", "text"}, qrels.tsv
                           (query-id, corpus-id, score): each document is a note, any of its passages is right
"""

from __future__ import annotations

import collections
import hashlib
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import GoldenUnusable
from rag.text.normal import HAN, letters
from rag.types import Hit, Note, Passage

DOCUMENTS, QUERIES, JUDGEMENTS = "corpus.jsonl", "queries.jsonl", "qrels.tsv"
LINE = 'a line is {"id": "…", "question": "…", "gold": [{"source": "…", "anchor": "…"}]}'
FEEDBACK = "feedback"  # the style of questions that were rated
RATING = re.compile(rf'"style"\s*:\s*"{FEEDBACK}"')
MAX_NAME = 200  # characters of a file's name; systems allow 255
SHORTEST_OWN = 4  # characters
PIECE = re.compile(rf"[^\W{HAN}]+|[{HAN}]{{1,2}}|[^\w{HAN}]")  # a word, two Han characters, or a mark
SHOWN = 40  # characters of an anchor in a message


@dataclass(frozen=True, slots=True)
class Gold:
    """Where an answer stands: `anchor` is an exact substring of the note `source`; empty, it is anywhere in it."""

    source: str
    anchor: str


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """A question as a person would type it; any of `gold` answers it, and without any the notes hold no answer."""

    id: str
    question: str
    style: str
    gold: tuple[Gold, ...]
    half: str

    def is_answered_by(self, passage: Passage) -> bool:
        """True when the passage holds an anchor, or is a later piece of the entry whose question the anchor is."""
        return any(
            gold.source == passage.source
            and (gold.anchor in passage.text or letters(gold.anchor) == letters(passage.question or ""))
            for gold in self.gold
        )

    def rank_in(self, hits: Iterable[Hit]) -> int:
        """Returns the rank, from 1, of the first passage that answers; 0 when there is none."""
        return next((rank for rank, hit in enumerate(hits, 1) if self.is_answered_by(hit.passage)), 0)


def read_golden(path: Path, half: str = "all") -> list[GoldenQuestion]:
    """Returns the questions in the JSON lines at `path`; `half` is "dev", "test" or "all". Raises GoldenUnusable."""
    if _is_log(path):
        questions, unknown = _ratings(path)
    else:
        questions, unknown = [_question(record, place) for place, record in _records(path, LINE)], 0
        _check_ids(path, (question.id for question in questions))
    if unknown and not questions:
        raise GoldenUnusable(f"none of the ratings in {path} tells the right answer: rate good answers too")
    if not questions:
        raise GoldenUnusable(f"no questions in {path}: name golden questions with --golden")
    chosen = [question for question in questions if half in ("all", question.half)]
    if not chosen:
        raise GoldenUnusable(f"no questions of half {half} in {path}: choose another --half or --golden file")
    return chosen


def unknown_ratings(path: Path) -> int:
    """Returns how many ratings `read_golden` leaves out because they do not tell the right answer."""
    return _ratings(path)[1] if _is_log(path) else 0


def _is_log(path: Path) -> bool:
    return RATING.search(_read(path, "replace")) is not None


def _ratings(path: Path) -> tuple[list[GoldenQuestion], int]:
    """Returns the last rating of each question that tells the right answer, and of how many none does."""
    latest = {str(record.get("id")): (record, place) for place, record in _records(path, LINE, skip_damaged=True)}
    known = [(record, place) for record, place in latest.values() if record.get("gold", ()) is not None]
    return [_question(record, place) for record, place in known], len(latest) - len(known)


def own_questions(passages: Iterable[Passage]) -> dict[GoldenQuestion, frozenset[int]]:
    """Returns what the notes themselves ask, their questions and headings, with the numbers of the passages they head.

    In style "own" as it stands, in style "shortened" with every third piece left out. What heads several entries alike,
    and what is shorter than SHORTEST_OWN characters, asks nothing in particular.
    """
    entries: dict[tuple[str, tuple[str, ...], str], list[int]] = {}
    anchors: dict[tuple[str, tuple[str, ...], str], str] = {}
    for number, passage in enumerate(passages):
        if passage.open_question:
            continue
        title = passage.topic
        if len(title) >= SHORTEST_OWN:
            key = (passage.source, passage.headings, title)
            entries.setdefault(key, []).append(number)
            anchors.setdefault(key, passage.question or passage.text)
    times = collections.Counter(title for _, _, title in entries)
    alone = {key: frozenset(numbers) for key, numbers in entries.items() if times[key[2]] == 1}
    return {
        GoldenQuestion(f"{style}-{min(numbers)}", question, style, (Gold(key[0], anchors[key]),), ""): numbers
        for key, numbers in alone.items()
        for style, question in (("own", key[2]), ("shortened", _shortened(key[2])))
    }


def _shortened(title: str) -> str:
    pieces = PIECE.findall(title)
    return "".join(piece for place, piece in enumerate(pieces) if place % 3 != 1) if len(pieces) > 2 else title


def standing(questions: Iterable[GoldenQuestion], notes: Iterable[Note]) -> list[GoldenQuestion]:
    """Returns the questions whose gold stands in its note.

    Ratings whose note was edited since are left out; raises GoldenUnusable for the first other question.
    """
    texts = {note.source: note.text for note in notes}
    kept = []
    for question in questions:
        cause = next(filter(None, (_missing(gold, texts) for gold in question.gold)), None)
        if cause is None:
            kept.append(question)
        elif question.style != FEEDBACK:
            raise GoldenUnusable(
                f"question {question.id}: {cause}: mend its gold, or name the notes that it is about with --corpus"
            )
    return kept


def _missing(gold: Gold, texts: Mapping[str, str]) -> str | None:
    if gold.source not in texts:
        return f"there is no note {gold.source}"
    if gold.anchor not in texts[gold.source]:
        return f"“{gold.anchor[:SHOWN]}” does not stand in {gold.source}"
    return None


def _question(record: dict[str, Any], place: str) -> GoldenQuestion:
    try:
        entries = record["gold"]
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise TypeError('"gold" is no list of objects')
        gold = tuple(Gold(_text(entry, "source"), _text(entry, "anchor")) for entry in entries)
        style, half = (_text(record, key) if key in record else "" for key in ("style", "half"))
        return GoldenQuestion(_text(record, "id"), _text(record, "question"), style or "question", gold, half)
    except (KeyError, TypeError) as error:
        raise GoldenUnusable(f"{place}: {_what(error)}: {LINE}") from error


def _text(record: dict[str, Any], key: str) -> str:
    value = record[key]
    if not isinstance(value, str):
        raise TypeError(f'"{key}" is no text')
    return value


def _what(error: Exception) -> str:
    return f'"{error.args[0]}" is missing' if isinstance(error, KeyError) else str(error)


def _check_ids(path: Path, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise GoldenUnusable(f"{path}: two entries have the id {name}: give each its own")
        seen.add(name)


# -------------------------------------------------------------------------------------------------------- BEIR folders
def read_folder(folder: Path) -> tuple[dict[str, str], list[GoldenQuestion]]:
    """Returns the text of each note by its source, and the questions that are judged. Raises GoldenUnusable."""
    documents = _entries(folder / DOCUMENTS)
    queries = _entries(folder / QUERIES)
    gold: dict[str, list[Gold]] = {}
    for place, query, document in _judgements(folder / JUDGEMENTS):
        for name, entries, file in ((query, queries, QUERIES), (document, documents, DOCUMENTS)):
            if name not in entries:
                raise GoldenUnusable(f"{place}: {name} is not in {file}: add it there, or drop this line")
        gold.setdefault(query, []).append(Gold(_source(document), ""))
    if not gold:
        raise GoldenUnusable(f"{folder / JUDGEMENTS} names no right document: give it lines with a score above 0")
    return (
        {_source(name): _note(record) for name, record in documents.items()},
        [GoldenQuestion(name, queries[name]["text"], "question", tuple(gold[name]), "") for name in gold],
    )


def _entries(path: Path) -> dict[str, dict[str, str]]:
    """Returns "text" and "title" of each line by its "_id"."""
    shape = 'a line is {"_id": "…", "text": "…"}'
    records = []
    for place, record in _records(path, shape):
        try:
            title = _text(record, "title") if "title" in record else ""
            records.append({"id": _text(record, "_id"), "text": _text(record, "text"), "title": title})
        except (KeyError, TypeError) as error:
            raise GoldenUnusable(f"{place}: {_what(error)}: {shape}") from error
    _check_ids(path, (record["id"] for record in records))
    return {record["id"]: record for record in records}


def _judgements(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yields place, query and document of each line whose score is above 0."""
    for number, line in enumerate(_read(path).split("\n"), 1):
        fields = line.split("\t")
        if not line or (number == 1 and fields[-1] == "score"):
            continue
        try:
            query, document, score = fields
            is_right = float(score) > 0
        except ValueError as error:
            raise GoldenUnusable(f"{path}, line {number}: expected query-id, corpus-id and score with tabs") from error
        if is_right:
            yield f"{path}, line {number}", query, document


def _source(document: str) -> str:
    """Returns a file name that holds nothing but letters, digits, "-", "_", "~" and "%", whatever the id holds."""
    name = urllib.parse.quote(document, safe="", errors="replace").replace(".", "%2E")
    if len(name) > MAX_NAME:
        name = f"{name[:MAX_NAME]}~{hashlib.sha256(document.encode(errors='replace')).hexdigest()[:16]}"
    return f"{name}.md"


def _note(record: dict[str, str]) -> str:
    title = " ".join(record["title"].split())
    return f"# {title}\n\n{record['text']}\n" if title else f"{record['text']}\n"


# -------------------------------------------------------------------------------------------------------------- files
def _records(path: Path, shape: str, skip_damaged: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the JSON object on each line that is not empty, with the place to name in a message."""
    for number, line in enumerate(_read(path, "replace" if skip_damaged else "strict").split("\n"), 1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            record = json.loads(line)
        except ValueError as error:
            if skip_damaged:
                continue
            raise GoldenUnusable(f"{place}: not JSON: {shape}") from error
        if not isinstance(record, dict):
            raise GoldenUnusable(f"{place}: not a JSON object: {shape}")
        yield place, record


def _read(path: Path, errors: str = "strict") -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors=errors)
    except OSError as error:
        raise GoldenUnusable(f"cannot read {path} ({error.strerror}): name golden questions with --golden") from error
    except UnicodeDecodeError as error:
        raise GoldenUnusable(f"{path} is not UTF-8: save it as UTF-8") from error
