"""What the tests of all readers share: five questions with their answers, and asking a note made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.encoders.base import Encoder
from rag.errors import NoteUnreadable
from rag.indexing.sync import sync
from rag.notes.corpus import read_note
from rag.notes.readers.base import Reader
from rag.query import render
from rag.types import Reason

ENTRIES = (
    ("洗衣机怎么用？", "先放衣服，再放洗衣液，最后按开始键。"),
    ("热水器的温度设多少？", "夏天四十五度，冬天五十五度。"),
    ("猫粮多久买一次？", "每个月的第一个周末买一袋。"),
    ("When is the rent due?", "The rent is due on the third day of every month."),
    ("Where is the spare key?", "The spare key hangs behind the blue door."),
)
ASKED, ANSWER = "where do I find the spare key", ENTRIES[4][1]


def cited(folder: Path, encoder: Encoder, name: str, data: bytes, question: str = ASKED, answer: str = ANSWER) -> str:
    """Returns how the terminal cites what answers a question to a folder with the one file; it must say `answer`."""
    corpus, index = folder / "corpus", folder / "index"
    corpus.mkdir()
    (corpus / name).write_bytes(data)
    report = sync(corpus, index, encoder)
    assert (report.notes, report.skipped) == (1, ())
    found = Assistant.open(index, encoder).ask(question)
    passage = found.hits[0].passage
    assert answer in passage.text and not found.hits[0].stale
    assert read_note(corpus, name).text[passage.start : passage.end] == passage.text
    rows = render(found, colours=False).splitlines()
    return next(row.partition("] ")[2].partition("  ")[0] for row in rows if row[1:].startswith("[1] "))


def refused(reader: Reader, data: bytes) -> Reason:
    """Returns why `reader` cannot read `data`."""
    with pytest.raises(NoteUnreadable) as caught:
        reader(data)
    return caught.value.reason
