"""What all pages share about the index, without a page: changes on disk, rebuilding, and rebuilding by itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rag.indexing.freshness
import rag.serving.rebuilds
from rag.assistant import Assistant
from rag.errors import CorpusError
from rag.indexing.sync import sync
from rag.notes.corpus import read_sha256
from rag.notes.watching import Footprint, Moved, Watcher
from rag.serving.rebuilds import RebuildRunning, Rebuilds
from rag.serving.service import Service, Settings
from rag.types import Difference
from tests.small import ENTRY, NOTES, write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
SECONDS = 60  # no wait takes that long but on a machine that stands still


class Looks:
    """What watching did so far, told to whoever waits: a look follows whatever it does."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.count = 0
        self.settled: list[Footprint] = []

    def wait(self, condition: Callable[[], object]) -> None:
        """Waits until `condition` holds after a look."""
        with self.changed:
            assert self.changed.wait_for(condition, SECONDS), "it did not happen in time"

    def wait_for_more(self, count: int) -> None:
        """Waits until watching has looked `count` more times."""
        until = self.count + count
        self.wait(lambda: self.count >= until)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """Tells what watching does, which looks at the disk nearly without pause."""
    told = Looks()

    class Told(Watcher):
        def look(self) -> Footprint | None:
            with told.changed:
                told.count += 1
                told.changed.notify_all()
            return super().look()

        def settle(self, seen: Footprint) -> None:
            super().settle(seen)
            told.settled.append(seen)

    monkeypatch.setattr(rag.serving.rebuilds, "Watcher", Told)
    monkeypatch.setattr(rag.serving.rebuilds, "WATCH_SECONDS", 0.02)
    return told


@pytest.fixture
def service(corpus: Path, folder: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service over the small corpus that looks at the disk whenever it is asked what moved."""
    monkeypatch.setattr(rag.indexing.freshness, "LOOK_SECONDS", 0.0)
    sync(corpus, folder, TOY)
    made = Service(Settings(corpus, folder, folder.with_name("feedback")), TOY, Assistant.open(folder, TOY))
    yield made
    stop_watching(made.rebuilds)


@pytest.fixture
def rebuilds(service: Service) -> Rebuilds:
    return service.rebuilds


def edit(corpus: Path, source: str = "tuning.md", before: str = "旧任务", after: str = "旧的任务") -> None:
    text = (corpus / source).read_text(encoding="utf-8")
    assert before in text
    (corpus / source).write_text(text.replace(before, after), encoding="utf-8")


def stop_watching(rebuilds: Rebuilds) -> None:
    """Switches watching off, and waits for a look that is under way."""
    rebuilds.watch(False)
    for thread in threading.enumerate():
        if thread.name == "kuaida-watch":
            thread.join(SECONDS)
            assert not thread.is_alive()


# ---------------------------------------------------------------------------------------------------- what is on disk


def test_files_that_moved_are_named_by_source(rebuilds: Rebuilds, corpus: Path) -> None:
    assert rebuilds.moved == Moved()
    before = rebuilds.disk.token
    edit(corpus)
    (corpus / "分词.txt").unlink()
    write_notes(corpus, {"llm/new\x07.md": "新。\n", ".git/x.md": "藏。\n", "图.png": "x"})
    (corpus / "binary.md").write_bytes(b"a\0b")
    assert rebuilds.moved == Moved(("llm/new\\x07.md",), ("tuning.md",), ("分词.txt",))
    assert rebuilds.disk.token != before
    rebuilds.rebuild()
    assert rebuilds.moved == Moved()


def test_the_glossary_counts_too(rebuilds: Rebuilds, corpus: Path) -> None:
    write_notes(corpus, {"glossary.tsv": "LoRA\t低秩适配\n"})
    assert rebuilds.moved == Moved(added=("glossary.tsv",))
    rebuilds.rebuild()
    assert rebuilds.moved == Moved()
    write_notes(corpus, {"glossary.tsv": "LoRA\t低秩\n"})
    assert rebuilds.moved == Moved(changed=("glossary.tsv",))
    (corpus / "glossary.tsv").unlink()
    assert rebuilds.moved == Moved(removed=("glossary.tsv",))


def test_a_note_is_read_again_only_when_it_moved(
    rebuilds: Rebuilds, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def reading(folder: Path, source: str) -> str:
        read.append(source)
        return read_sha256(folder, source)

    monkeypatch.setattr(rag.indexing.freshness, "read_sha256", reading)
    assert rebuilds.moved == Moved()
    assert sorted(read) == sorted(NOTES)
    read.clear()
    os.utime(corpus / "tuning.md")  # touched, not changed
    assert rebuilds.moved == Moved()
    assert read == ["tuning.md"]
    read.clear()
    rebuilds.rebuild()
    assert (rebuilds.moved, read) == (Moved(), [])


def test_a_folder_that_is_gone(rebuilds: Rebuilds, service: Service, corpus: Path) -> None:
    corpus.rename(corpus.with_name("moved"))
    assert rebuilds.moved is None
    with pytest.raises(CorpusError):
        rebuilds.rebuild()
    assert service.ask(ENTRY)[0].found
    assert (rebuilds.last, rebuilds.is_running) == (None, False)


# --------------------------------------------------------------------------------------------------------- rebuilding


def test_a_rebuild_says_which_passages_it_changed(rebuilds: Rebuilds, service: Service, corpus: Path) -> None:
    edit(corpus)
    steps: list[tuple[int, int]] = []
    news = rebuilds.news
    rebuilt = rebuilds.rebuild(lambda done, total: steps.append((done, total)))
    assert rebuilt.report.differences == (Difference("changed", "tuning.md", "什么是灾难性遗忘？", 7, 9),)
    assert steps == [(1, 1)]
    assert (rebuilds.last, rebuilds.news) == (rebuilt, news + 1)
    assert service.index.generation == "gen-00000002"


def test_one_rebuild_at_a_time(rebuilds: Rebuilds, corpus: Path) -> None:
    edit(corpus)

    def during(done: int, total: int) -> None:
        assert rebuilds.is_running
        with pytest.raises(RebuildRunning):
            rebuilds.rebuild()

    assert rebuilds.rebuild(during).report.changed == 1
    assert not rebuilds.is_running


def test_pinned_questions_whose_first_passage_changed(rebuilds: Rebuilds, service: Service, corpus: Path) -> None:
    for question in ("什么是灾难性遗忘？", "LoRA 的原理是什么？"):
        service.feedback.pin(question, service.ask(question)[0].hits[0].passage)
    edit(corpus)
    rebuilt = rebuilds.rebuild()
    (change,) = rebuilt.pins
    assert (rebuilt.pinned, change.question) == (2, "什么是灾难性遗忘？")
    assert (change.before.source, change.before.title) == ("tuning.md", "什么是灾难性遗忘？")
    assert change.after is not None
    assert change.after.text.endswith("却忘了旧的任务。")
    assert rebuilds.rebuild().pins == ()  # said once
    (corpus / "tuning.md").unlink()
    gone = rebuilds.rebuild().pins
    assert [(change.question, change.after and change.after.source == "tuning.md") for change in gone] == [
        ("什么是灾难性遗忘？", False),
        ("LoRA 的原理是什么？", False),
    ]


def test_what_comes_first_is_that_of_the_index_now(rebuilds: Rebuilds, corpus: Path) -> None:
    first = rebuilds.first(ENTRY)
    assert first is not None
    assert (first.source, first.start_line) == ("llm/attention.md", 7)
    edit(corpus, "llm/attention.md", "# 注意力\n", "\n# 注意力\n")
    rebuilds.rebuild()
    moved = rebuilds.first(ENTRY)
    assert moved is not None
    assert moved.start_line == 8
    assert rebuilds.first("?") is None  # no question, written into the log by hand


# ----------------------------------------------------------------------------------------------------------- watching


def test_watching_rebuilds_after_every_change(rebuilds: Rebuilds, service: Service, corpus: Path, looks: Looks) -> None:
    edit(corpus)  # before it is switched on
    news = rebuilds.news
    rebuilds.watch(True)
    rebuilds.watch(True)
    assert (rebuilds.is_watching, rebuilds.news >= news + 1) == (True, True)
    looks.wait(lambda: service.index.generation == "gen-00000002" and rebuilds.last)
    edit(corpus, before="旧的任务", after="以前的任务")
    looks.wait(lambda: service.index.generation == "gen-00000003" and rebuilds.news == news + 3)
    stop_watching(rebuilds)
    assert (rebuilds.is_watching, rebuilds.is_running, rebuilds.news) == (False, False, news + 4)
    seen = looks.count
    edit(corpus, before="以前的任务", after="任务")
    assert (rebuilds.moved, looks.count) == (Moved(changed=("tuning.md",)), seen)  # nobody looks any more
    assert service.index.generation == "gen-00000003"


def test_touching_a_file_is_no_news(rebuilds: Rebuilds, corpus: Path, looks: Looks) -> None:
    rebuilds.watch(True)
    news = rebuilds.news
    os.utime(corpus / "tuning.md", ns=(1, 1))
    looks.wait(lambda: looks.settled and looks.settled[-1]["tuning.md"][0] == 1)
    assert (rebuilds.last, rebuilds.news) == (None, news)


def test_a_problem_is_said_once_and_goes_away(rebuilds: Rebuilds, service: Service, corpus: Path, looks: Looks) -> None:
    rebuilds.watch(True)
    news = rebuilds.news
    looks.wait(lambda: looks.settled)  # all is well
    moved = corpus.rename(corpus.with_name("moved"))
    looks.wait(lambda: rebuilds.problem)
    assert isinstance(rebuilds.problem, CorpusError)
    looks.wait_for_more(3)
    assert rebuilds.news == news + 1
    assert service.ask(ENTRY)[0].found
    moved.rename(corpus)
    looks.wait(lambda: rebuilds.problem is None and rebuilds.news == news + 2)
    edit(corpus)
    looks.wait(lambda: service.index.generation == "gen-00000002")


def test_what_failed_when_asked_for_goes_away_once_the_index_is_up_to_date(
    rebuilds: Rebuilds, corpus: Path, looks: Looks
) -> None:
    moved = corpus.rename(corpus.with_name("moved"))
    with pytest.raises(CorpusError):
        rebuilds.rebuild()
    assert isinstance(rebuilds.failure, CorpusError)
    moved.rename(corpus)
    news = rebuilds.news
    rebuilds.watch(True)
    looks.wait(lambda: rebuilds.failure is None and rebuilds.news == news + 2)  # it is watched, and all is well
