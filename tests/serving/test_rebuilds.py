"""What all pages share about the index, without a page: changes on disk, rebuilding, and rebuilding by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rag.indexing.freshness
import rag.serving.rebuilds
from rag.assistant import Assistant
from rag.errors import CorpusError
from rag.indexing.sync import sync
from rag.notes.corpus import read_note
from rag.notes.watching import Moved
from rag.serving.rebuilds import RebuildRunning, Rebuilds
from rag.serving.service import Service, Settings
from rag.types import Difference
from tests.small import ENTRY, NOTES, write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
SECONDS = 20


@pytest.fixture
def service(corpus: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service over the small corpus that looks at the disk without pause."""
    monkeypatch.setattr(rag.serving.rebuilds, "WATCH_SECONDS", 0.02)
    monkeypatch.setattr(rag.indexing.freshness, "LOOK_SECONDS", 0.0)
    sync(corpus, folder, TOY)
    made = Service(Settings(corpus, folder, folder.with_name("feedback")), TOY, Assistant.open(folder, TOY))
    yield made
    made.rebuilds.watch(False)


@pytest.fixture
def rebuilds(service: Service) -> Rebuilds:
    return service.rebuilds


def edit(corpus: Path, source: str = "tuning.md", before: str = "旧任务", after: str = "旧的任务") -> None:
    text = (corpus / source).read_text(encoding="utf-8")
    assert before in text
    (corpus / source).write_text(text.replace(before, after), encoding="utf-8")


def wait(condition: Callable[[], object]) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


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

    def reading(folder: Path, source: str) -> object:
        read.append(source)
        return read_note(folder, source)

    monkeypatch.setattr(rag.indexing.freshness, "read_note", reading)
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


def test_watching_rebuilds_after_every_change(rebuilds: Rebuilds, service: Service, corpus: Path) -> None:
    edit(corpus)  # before it is switched on
    news = rebuilds.news
    rebuilds.watch(True)
    rebuilds.watch(True)
    assert (rebuilds.is_watching, rebuilds.news >= news + 1) == (True, True)
    wait(lambda: service.index.generation == "gen-00000002" and rebuilds.last)
    edit(corpus, before="旧的任务", after="以前的任务")
    wait(lambda: service.index.generation == "gen-00000003" and rebuilds.news == news + 3)
    rebuilds.watch(False)
    assert (rebuilds.is_watching, rebuilds.news) == (False, news + 4)
    wait(lambda: not rebuilds.is_running)
    time.sleep(0.1)  # for a look that was under way
    edit(corpus, before="以前的任务", after="任务")
    time.sleep(0.3)
    assert service.index.generation == "gen-00000003"


def test_touching_a_file_is_no_news(rebuilds: Rebuilds, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilds.watch(True)
    news = rebuilds.news
    done: list[bool] = []
    settle = rag.serving.rebuilds.Watcher.settle

    def settled(watcher: rag.serving.rebuilds.Watcher, seen: dict[str, tuple[int, int]]) -> None:
        settle(watcher, seen)
        done.append(True)

    monkeypatch.setattr(rag.serving.rebuilds.Watcher, "settle", settled)
    os.utime(corpus / "tuning.md")
    wait(lambda: done)
    assert (rebuilds.last, rebuilds.news) == (None, news)


def test_a_problem_is_said_once_and_goes_away(rebuilds: Rebuilds, service: Service, corpus: Path) -> None:
    rebuilds.watch(True)
    news = rebuilds.news
    moved = corpus.rename(corpus.with_name("moved"))
    wait(lambda: rebuilds.problem)
    assert isinstance(rebuilds.problem, CorpusError)
    time.sleep(0.2)  # several looks
    assert rebuilds.news == news + 1
    assert service.ask(ENTRY)[0].found
    moved.rename(corpus)
    wait(lambda: rebuilds.problem is None)
    assert rebuilds.news == news + 2
    edit(corpus)
    wait(lambda: service.index.generation == "gen-00000002")


def test_what_failed_when_asked_for_goes_away_once_the_index_is_up_to_date(rebuilds: Rebuilds, corpus: Path) -> None:
    moved = corpus.rename(corpus.with_name("moved"))
    with pytest.raises(CorpusError):
        rebuilds.rebuild()
    assert isinstance(rebuilds.failure, CorpusError)
    moved.rename(corpus)
    news = rebuilds.news
    rebuilds.watch(True)
    wait(lambda: rebuilds.failure is None)
    assert rebuilds.news == news + 2  # that it is watched, and that all is well
