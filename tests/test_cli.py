"""`kuaida` and `python -m rag`: the commands under one roof, called by either name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rag
from rag import build, cli, evaluate, query
from rag.console import in_words_of, typed
from rag.indexing.sync import sync
from tests.process import ROOT, environment, run
from tests.small import ENTRY, ENTRY_ANSWER, ENTRY_PLACE, write_notes
from tests.toy_encoder import ToyEncoder

FOXES = "# Foxes\n\n## What is a fox?\n\nA fox is a small red animal.\n\n## What is a den?\n\nWhere a fox lives.\n"
UNKNOWN = "饕餮蹀躞"

Main = Callable[..., int]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (query, build, evaluate):
        monkeypatch.setattr(command, "load_encoder", lambda name: ToyEncoder(name or "toy"))


@pytest.fixture
def index(tmp_path: Path) -> Path:
    sync(write_notes(tmp_path / "corpus"), tmp_path / "index", ToyEncoder())
    return tmp_path / "index"


def test_it_asks(toy: None, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", ENTRY, "--index", str(index)]) == 0
    assert capsys.readouterr().out.startswith(f"{ENTRY_ANSWER}\n\n引用\n*[1] {ENTRY_PLACE}  ")
    assert cli.main(["ask", UNKNOWN, "--index", str(index)]) == 1


def test_it_builds(toy: None, corpus: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--corpus", str(corpus), "--index", str(folder)]
    assert cli.main(["build", *where, "--check"]) == 1
    assert capsys.readouterr().out == "index: stale, run `kuaida build`\n"
    assert cli.main(["build", *where]) == 0
    assert capsys.readouterr().out.startswith("index: 3 notes, 5 passages (+5 ~0 −0) in ")
    assert cli.main(["build", *where, "--check"]) == 0


def test_it_evaluates(toy: None, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", "--corpus", str(corpus)]) == 0
    assert "corpus" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("program", "prefix", "cure"),
    [("kuaida", "kuaida ask", "kuaida build"), ("rag", "rag ask", "python -m rag.build")],
)
def test_an_error_names_the_program_that_was_called(
    toy: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], program: str, prefix: str, cure: str
) -> None:
    assert cli.main(["ask", ENTRY, "--index", str(tmp_path)], program) == 2
    assert capsys.readouterr() == ("", f"{prefix}: no index in {tmp_path}: run `{cure}`\n")


def test_the_cure_keeps_its_options(toy: None, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", ENTRY, "--index", str(index), "--encoder", "other"]) == 2
    assert capsys.readouterr().err == (
        "kuaida ask: the index was made by toy (revision 1), not by other (revision 1): "
        "run `kuaida build --encoder other`\n"
    )


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("rag.query", "python -m rag.query"),
        ("rag ask", "python -m rag ask"),
        ("app.py", "python app.py"),
        ("kuaida ask", "kuaida ask"),
    ],
)
def test_how_a_program_is_called(program: str, expected: str) -> None:
    assert typed(program) == expected


def test_commands_in_a_message_are_called_as_the_program_was() -> None:
    message = "run `python -m rag.build`, `python -m rag.query` or `python -m rag.evaluate`"
    assert in_words_of("kuaida", message) == "run `kuaida build`, `kuaida ask` or `kuaida evaluate`"
    assert in_words_of("rag.query", message) == message


@pytest.mark.parametrize(("command", "main"), [("ask", query.main), ("build", build.main), ("evaluate", evaluate.main)])
def test_the_options_are_those_of_the_modules(command: str, main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for help_of in (lambda: cli.main([command, "--help"]), lambda: main(["--help"])):
        with pytest.raises(SystemExit) as ended:
            help_of()
        assert ended.value.code == 0
        told.append(capsys.readouterr().out)
    assert told[0].startswith(f"usage: kuaida {command} [-h]")
    assert told[0].split("\n\n", 1)[1] == told[1].split("\n\n", 1)[1]


def test_a_folder_that_is_called_as_a_command_is_named_with_a_path(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ask").write_text("not even a folder")
    assert cli.main(["./ask", "--index", "index"]) == 2
    assert capsys.readouterr().err == (
        "kuaida: ask is not a folder: name the folder that holds your notes with --corpus\n"
    )
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert "A folder that is called as a command is named with a path: `kuaida ./ask`." in capsys.readouterr().out


def test_an_unknown_command_is_a_folder_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["serach"]) == 2
    assert capsys.readouterr().err == (
        "kuaida: no folder serach/: create it and put notes in it, or name yours with --corpus\n"
    )


def test_a_folder_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["a", "--corpus", "b"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("kuaida: error: name the folder of the notes once\n")


def test_python_m_rag_says_what_there_is() -> None:
    done = run("rag")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python -m rag [FOLDER] [OPTIONS]\n")
    for command in ("ask [QUESTION]", "build ", "evaluate "):
        assert f"\n  {command}" in done.stdout


def test_python_m_rag_is_kuaida(bundled_index: Path) -> None:
    done = run("rag", "ask", ENTRY, "--index", bundled_index)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{ENTRY_ANSWER}\n\n引用\n*[1] {ENTRY_PLACE}  ")
    assert run("rag", "--version").stdout == f"kuaida {rag.__version__}\n"


def test_help_waits_for_no_library() -> None:
    code = (
        "import sys; from rag.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "others = {name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names) - {'rag', '__main__'}\n"
        "sys.stderr.write(str(sorted(name for name in sys.modules if name.startswith('rag.')) + sorted("
        "name for name in others if 'site-packages' in str(getattr(sys.modules[name], '__file__', '')) "
        "and not name.startswith(('_distutils', '_virtualenv', 'sitecustomize')))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=60
    )
    own = "rag.cli rag.config rag.console rag.durable rag.errors rag.folders rag.serve rag.types".split()
    assert (done.returncode, done.stderr) == (0, str(own))


def test_labels_are_in_the_language_of_the_question(
    toy: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_notes(tmp_path / "corpus", {"foxes.md": FOXES})
    sync(corpus, tmp_path / "index", ToyEncoder())
    where = ["--index", str(tmp_path / "index")]
    assert cli.main(["ask", "What is a fox?", *where]) == 0
    assert "\n\nCited\n*[1] foxes.md:1-5  " in capsys.readouterr().out
    assert cli.main(["ask", "zzz qqq", *where]) == 1
    assert "\nNearest passages\n [1] " in capsys.readouterr().out
    (corpus / "foxes.md").write_text(FOXES + "\nMore.\n", encoding="utf-8")
    cli.main(["ask", "What is a fox?", *where])
    assert "  (the note has changed: build the index again)\n" in capsys.readouterr().out
    cli.main(["ask", "什么是狐狸？", *where])
    assert "  （笔记已改动，请重建索引）\n" in capsys.readouterr().out
