"""Where index and feedback lie: in a clone beside the code, installed in the user's data folder."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from rag import config
from rag.folders import Folders, folders, remember
from tests.process import ROOT


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if the package were installed: returns the user's data folder, which is not there yet."""
    monkeypatch.setattr(config, "IS_CLONE", False)
    monkeypatch.setattr(config, "data_folder", lambda: tmp_path / "data")
    return tmp_path / "data"


def notes(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_a_clone_has_them_beside_the_code(tmp_path: Path) -> None:
    assert folders() == Folders(ROOT / "corpus", ROOT / "index", ROOT / "feedback")
    assert folders(tmp_path, tmp_path / "i") == Folders(tmp_path, tmp_path / "i", ROOT / "feedback")
    remember(tmp_path)
    assert folders().corpus == ROOT / "corpus"


def test_each_folder_of_notes_has_its_own(installed: Path, tmp_path: Path) -> None:
    corpus = notes(tmp_path / "my thesis 论文")
    digest = hashlib.sha256(os.fsencode(os.path.realpath(corpus))).hexdigest()[:12]
    own = installed / "notes" / f"my-thesis-论文-{digest}"
    assert folders(corpus) == Folders(corpus, own / "index", own / "feedback")
    other = notes(tmp_path / "b" / "my thesis 论文")
    assert folders(other).index != folders(corpus).index
    assert folders(other, tmp_path / "i", tmp_path / "f") == Folders(other, tmp_path / "i", tmp_path / "f")
    assert not installed.exists()


def test_a_folder_is_the_same_by_whatever_path(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = notes(tmp_path / "notes")
    (tmp_path / "link").symlink_to(corpus)
    monkeypatch.chdir(tmp_path)
    assert {folders(path).index for path in (corpus, tmp_path / "link", Path("notes"), Path("notes/."))} == {
        folders(corpus).index
    }


def test_the_bundled_notes_keep_their_index_wherever_they_are(installed: Path) -> None:
    assert folders() == Folders(
        config.DEFAULT_CORPUS, installed / "notes/bundled/index", installed / "notes/bundled/feedback"
    )


def test_the_last_folder_is_remembered(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = notes(tmp_path / "notes")
    monkeypatch.chdir(tmp_path)
    remember(Path("notes"))
    assert json.loads((installed / "last.json").read_text(encoding="utf-8")) == {"corpus": os.path.realpath(corpus)}
    assert [path.name for path in installed.iterdir()] == ["last.json"]
    assert folders().corpus == Path(os.path.realpath(corpus))
    remember(config.DEFAULT_CORPUS)
    assert json.loads((installed / "last.json").read_text(encoding="utf-8")) == {"corpus": None}
    assert folders().corpus == config.DEFAULT_CORPUS


def test_a_name_that_is_no_text_is_remembered_too(installed: Path, tmp_path: Path) -> None:
    corpus = notes(tmp_path / os.fsdecode(b"caf\xe9"))
    remember(corpus)
    assert folders().corpus == Path(os.path.realpath(corpus))
    assert folders().index.parent.name.startswith("caf--")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"corpus": 3}', '{"corps": "/"}', "null", "\xff"])
def test_what_somebody_wrote_into_it_is_as_if_there_were_none(installed: Path, text: str) -> None:
    installed.mkdir()
    (installed / "last.json").write_text(text, encoding="latin-1")
    assert folders().corpus == config.DEFAULT_CORPUS


def test_a_data_folder_that_cannot_be_made_remembers_nothing(installed: Path, tmp_path: Path) -> None:
    installed.write_text("a file")
    remember(notes(tmp_path / "notes"))
    assert folders().corpus == config.DEFAULT_CORPUS
    assert installed.read_text() == "a file"
