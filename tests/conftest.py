"""What all layers share: temporary folders in memory, the bundled encoder, and an index of `corpus/` built once."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # no test may wait for a hub; read when the libraries are imported

from rag.config import DEFAULT_CORPUS
from rag.encoders.load import load_encoder
from rag.encoders.onnx import OnnxEncoder
from rag.indexing.sync import sync
from tests.small import write_notes

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 1 << 29  # many times what the tests hold at once


def pytest_configure() -> None:
    """Puts the temporary folders into memory where there is some: builds of few notes mostly wait for the disk.

    Ctrl-C works, as on a terminal: what a shell starts in the background ignores it, and so do its children.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The small corpus, to be edited."""
    return write_notes(tmp_path / "corpus")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an index goes; it is not there yet."""
    return tmp_path / "index"


@pytest.fixture(autouse=True)
def lazy_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere nothing waits for the disk either; only a power failure could tell the difference."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(scope="session")
def bundled() -> OnnxEncoder:
    """The encoder that ships, loaded once."""
    encoder = load_encoder()
    assert isinstance(encoder, OnnxEncoder)
    return encoder


@pytest.fixture(scope="session")
def corpus_index(bundled: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of `corpus/` by the bundled encoder, built once; tests only read it."""
    folder = tmp_path_factory.mktemp("corpus") / "index"
    sync(DEFAULT_CORPUS, folder, bundled)
    return folder


@pytest.fixture(scope="session")
def bundled_index(bundled: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the small corpus by the bundled encoder, for processes that load it; tests only read it."""
    folder = tmp_path_factory.mktemp("small")
    sync(write_notes(folder / "corpus"), folder / "index", bundled)
    return folder / "index"
