"""A build that was stopped keeps what it encoded: the next one encodes the rest, and trusts nothing that is damaged."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from rag.encoders.base import Encoded
from rag.indexing.checkpoint import FILE, Checkpoint, Row
from rag.indexing.sync import sync
from rag.notes.walking import walk
from rag.store.generations import FileRecord
from rag.store.local import POSTINGS, Index
from rag.types import Span
from tests.toy_encoder import DIMENSION, ToyEncoder

WORTHWHILE, ENCODE_BATCH = 40, 8  # small ones, for quick builds
BATCHES = 3  # that a build gets to encode before it is stopped
PASSAGES = WORTHWHILE + (BATCHES + 1) * ENCODE_BATCH  # so that the build after it keeps what it encodes, too
ENCODED = BATCHES * ENCODE_BATCH


class CountingEncoder(ToyEncoder):
    """Counts the texts that it was asked to encode."""

    def __init__(self, revision: str = "1") -> None:
        super().__init__(revision=revision, late=False)
        self.count = 0

    def encode_passages(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoded]:
        self.count += len(texts)
        return super().encode_passages(texts, sentences)


def entries(first: int, last: int) -> str:
    return "".join(f"## 什么是概念{number}？\n\n概念{number}。\n\n" for number in range(first, last))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.indexing.checkpoint.WORTHWHILE", WORTHWHILE)
    monkeypatch.setattr("rag.indexing.encode.ENCODE_BATCH", ENCODE_BATCH)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two notes: the first has what a build encodes before it is stopped."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.md").write_text(entries(0, ENCODED), encoding="utf-8")
    (folder / "b.md").write_text(entries(ENCODED, PASSAGES), encoding="utf-8")
    return folder


def stopping(stop: Callable[[], None], batches: int = BATCHES) -> Callable[[int, int], None]:
    """Returns a progress callback that calls `stop` after some batches."""

    def advance(done: int, total: int) -> None:
        if done == batches * ENCODE_BATCH:
            stop()

    return advance


def interrupt() -> None:
    raise KeyboardInterrupt


def stop_a_build(corpus: Path, folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        sync(corpus, folder, CountingEncoder(), calibrated=False, progress=stopping(interrupt))


def encoded_by(corpus: Path, folder: Path, *, full: bool = False, revision: str = "1") -> int:
    """Returns how many passages a build encodes, which is published then and keeps nothing."""
    encoder = CountingEncoder(revision)
    sync(corpus, folder, encoder, calibrated=False, full=full)
    assert not (folder / FILE).exists()
    return encoder.count


def test_the_next_build_encodes_the_rest_and_the_index_is_the_same(corpus: Path, folder: Path, tmp_path: Path) -> None:
    stop_a_build(corpus, folder)
    assert sorted(os.listdir(folder)) == ["LOCK", FILE]
    totals: set[int] = set()
    encoder = CountingEncoder()
    report = sync(corpus, folder, encoder, calibrated=False, progress=lambda done, total: totals.add(total))
    assert (report.passages, encoder.count, totals) == (PASSAGES, PASSAGES - ENCODED, {PASSAGES - ENCODED})
    assert sorted(os.listdir(folder)) == ["CURRENT", "LOCK", "gen-00000001"]
    sync(corpus, tmp_path / "other", CountingEncoder(), calibrated=False)
    assert vectors_of(folder) == vectors_of(tmp_path / "other")


def vectors_of(folder: Path) -> dict[str, FileRecord]:
    """Returns size and hash of all files of an index but the postings, whose names are random."""
    files = Index.open(folder).manifest.files
    return {name: record for name, record in files.items() if not name.startswith(POSTINGS)}


def test_a_build_that_is_stopped_twice(corpus: Path, folder: Path) -> None:
    stop_a_build(corpus, folder)
    with pytest.raises(KeyboardInterrupt):
        sync(corpus, folder, CountingEncoder(), calibrated=False, progress=stopping(interrupt, 2))
    assert encoded_by(corpus, folder) == PASSAGES - ENCODED - 2 * ENCODE_BATCH


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_build_that_is_killed(corpus: Path, folder: Path) -> None:
    def build() -> None:
        kill = stopping(lambda: os.kill(os.getpid(), signal.SIGKILL))
        sync(corpus, folder, CountingEncoder(), calibrated=False, progress=kill)

    process = multiprocessing.get_context("fork").Process(target=build)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert encoded_by(corpus, folder) == PASSAGES - ENCODED


@pytest.mark.parametrize("lost", [1, 100, 32 + 8])
def test_a_record_that_broke_off_is_encoded_again(corpus: Path, folder: Path, lost: int) -> None:
    stop_a_build(corpus, folder)
    with open(folder / FILE, "r+b") as file:
        file.truncate(os.path.getsize(folder / FILE) - lost)
    with pytest.raises(KeyboardInterrupt):  # what is added after it counts
        sync(corpus, folder, CountingEncoder(), calibrated=False, progress=stopping(interrupt, 1))
    assert encoded_by(corpus, folder) == PASSAGES - ENCODED


@pytest.mark.parametrize("place", [0.5, 0.9])
def test_a_record_that_was_damaged_is_not_trusted(corpus: Path, folder: Path, place: float) -> None:
    stop_a_build(corpus, folder)
    data = bytearray((folder / FILE).read_bytes())
    data[int(place * len(data))] ^= 1
    (folder / FILE).write_bytes(data)
    before = int(place * BATCHES) * ENCODE_BATCH  # in the records before the damaged one, all of one size
    assert encoded_by(corpus, folder) == PASSAGES - before


def test_a_record_of_any_length_costs_no_memory(corpus: Path, folder: Path) -> None:
    stop_a_build(corpus, folder)
    with open(folder / FILE, "ab") as file:
        file.write(b"\xff" * 40 + b"PK")
    assert encoded_by(corpus, folder) == PASSAGES - ENCODED


@pytest.mark.parametrize("data", [b"", b"\n", b"kuaida", bytes(1_000)], ids=["empty", "line", "text", "zeros"])
def test_a_file_of_nobody_is_removed(corpus: Path, folder: Path, data: bytes) -> None:
    folder.mkdir()
    (folder / FILE).write_bytes(data)
    assert encoded_by(corpus, folder) == PASSAGES


def test_a_folder_in_its_place_is_in_nobodys_way(corpus: Path, folder: Path) -> None:
    (folder / FILE).mkdir(parents=True)
    encoder = CountingEncoder()
    assert sync(corpus, folder, encoder, calibrated=False).passages == encoder.count == PASSAGES


def test_another_encoder_and_a_full_build_encode_all(corpus: Path, folder: Path) -> None:
    stop_a_build(corpus, folder)
    assert encoded_by(corpus, folder, revision="2") == PASSAGES
    stop_a_build_of_all(corpus, folder)
    assert encoded_by(corpus, folder, full=True) == PASSAGES


def stop_a_build_of_all(corpus: Path, folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        sync(corpus, folder, CountingEncoder(), calibrated=False, full=True, progress=stopping(interrupt))
    assert (folder / FILE).exists()


def test_nothing_is_kept_that_no_build_needs_any_more(corpus: Path, folder: Path) -> None:
    assert encoded_by(corpus, folder) == PASSAGES
    stop_a_build_of_all(corpus, folder)
    assert encoded_by(corpus, folder) == 0  # the index is current: the notes did not change


def test_a_file_of_which_little_is_wanted_is_begun_anew(corpus: Path, folder: Path) -> None:
    stop_a_build(corpus, folder)
    size = os.path.getsize(folder / FILE)
    (corpus / "a.md").write_text(entries(0, ENCODE_BATCH), encoding="utf-8")
    (corpus / "c.md").write_text(entries(PASSAGES, PASSAGES + ENCODED), encoding="utf-8")
    stop_a_build(corpus, folder)
    assert os.path.getsize(folder / FILE) == pytest.approx(size, rel=0.05)
    assert encoded_by(corpus, folder) == PASSAGES + ENCODE_BATCH - ENCODED


def test_a_small_build_keeps_nothing(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text(entries(0, WORTHWHILE), encoding="utf-8")
    stop_a_build(tmp_path / "corpus", folder)
    assert os.listdir(folder) == ["LOCK"]


def test_a_disk_that_is_nearly_full_is_left_to_the_index(
    corpus: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("rag.indexing.checkpoint.ROOM", 1 << 50)
        stop_a_build(corpus, folder)
    assert encoded_by(corpus, folder) == PASSAGES


def test_it_is_no_note_where_the_index_is_among_the_notes(corpus: Path) -> None:
    stop_a_build(corpus, corpus)
    assert {found for found in walk(corpus) if isinstance(found, str)} == {"a.md", "b.md"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk to write to")
def test_a_full_disk_costs_the_rows_and_not_the_build() -> None:
    row = Row(np.ones(DIMENSION, np.float32), np.ones((1, DIMENSION), np.float16), np.ones((2, 64), np.int8))
    checkpoint = Checkpoint({}, Path("/dev/full"))
    for key in ("a", "b"):
        checkpoint.add([key], [row])
    assert checkpoint.rows == {}


def test_rows_come_back_as_they_were(folder: Path) -> None:
    folder.mkdir()
    random = np.random.default_rng(0)
    rows = [
        Row(
            random.random(DIMENSION, np.float32),
            random.random((count, DIMENSION), np.float32).astype(np.float16),
            random.integers(-127, 127, (2 * count, 64), np.int8),
        )
        for count in (2, 0, 1)
    ]
    keys = ["a", "b", "c"]
    wanted = {*keys, *map(str, range(WORTHWHILE + 1))}
    written = Checkpoint.open(folder, ToyEncoder(), wanted)
    written.add(keys[:2], rows[:2])
    written.add(keys[2:], rows[2:])
    read = Checkpoint.open(folder, ToyEncoder(), wanted)
    assert list(read.rows) == keys
    for key, row in zip(keys, rows, strict=True):
        assert all(
            np.array_equal(mine, theirs) and mine.dtype == theirs.dtype
            for mine, theirs in (
                (row.whole, read.rows[key].whole),
                (row.sentences, read.rows[key].sentences),
                (row.tokens, read.rows[key].tokens),
            )
        )
