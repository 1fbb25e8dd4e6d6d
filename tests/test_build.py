"""`python -m rag.build`: one line of result, one line of error, and never a half-built index."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.build import main, summary
from rag.store.local import Index
from rag.types import BuildReport, Cause, Reason, Remark, Skipped
from tests.process import ROOT, SECONDS, environment, run, terminal
from tests.small import NOTES, write_notes
from tests.toy_encoder import ToyEncoder

Build = Callable[..., int]


@pytest.fixture
def build(corpus: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Runs the command in this process with the toy encoder, under the name that --encoder gives it."""
    monkeypatch.setattr("rag.build.load_encoder", lambda name: ToyEncoder(name or "toy"))
    return lambda *options, corpus=corpus, index=folder: main(
        ["--corpus", str(corpus), "--index", str(index), *options]
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def without_seconds(text: str) -> str:
    return re.sub(r"in \d+\.\d s", "in N s", text)


# ----------------------------------------------------------------------------------------------------------- results


def test_the_summary() -> None:
    skipped = (
        Skipped("图.png", Reason(Cause.NOT_A_NOTE, ".png")),
        Skipped("a\x1b[31m.txt", Reason(Cause.BINARY)),
    )
    remarks = (Remark("a.md", Reason(Cause.DAMAGED_PLACES, "2")),)
    report = BuildReport(15, 74, 12, 3, 1, skipped, "gen-00000002", 0.4321, remarks=remarks)
    assert summary(report) == (
        "index: 15 notes, 74 passages (+12 ~3 −1) in 0.4 s\n"
        "remark: a.md: damaged places, each read as U+FFFD: 2\n"
        "skipped: 图.png: not a note (.png)\n"
        "skipped: a[31m.txt: binary"
    )


def test_build_edit_build(build: Build, corpus: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build() == 0
    assert without_seconds(capsys.readouterr().out) == "index: 3 notes, 5 passages (+5 ~0 −0) in N s\n"
    assert build() == 0
    assert without_seconds(capsys.readouterr().out) == "index: 3 notes, 5 passages (+0 ~0 −0) in N s\n"
    write_notes(corpus, {"tuning.md": NOTES["tuning.md"].replace("旧任务", "旧的任务"), "new.txt": "新的一段。\n"})
    (corpus / "分词.txt").unlink()
    (corpus / "broken.txt").write_bytes(b"a\0b")
    assert build() == 0
    out, err = capsys.readouterr()
    assert without_seconds(out) == ("index: 3 notes, 5 passages (+1 ~1 −1) in N s\nskipped: broken.txt: binary\n")
    assert err == ""
    index = Index.open(folder)
    assert [index.passage(number).source for number in range(5)] == [
        "llm/attention.md", "llm/attention.md", "new.txt", "tuning.md", "tuning.md",
    ]  # fmt: skip
    assert index.passage(4).text == "## 什么是灾难性遗忘？\n\n模型学了新任务，却忘了旧的任务。"


def test_full_encodes_again(build: Build, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build()
    assert build("--full") == 0
    assert capsys.readouterr().out.count("\n") == 2
    assert Index.open(folder).generation == "gen-00000002"


def test_json(build: Build, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (corpus / "图.png").write_bytes(b"\x89PNG")
    (corpus / "分词.txt").write_bytes(NOTES["分词.txt"].encode() + b"\xff")
    assert build("--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert values.pop("seconds") > 0
    assert values == {
        "notes": 3,
        "passages": 5,
        "added": 5,
        "changed": 0,
        "removed": 0,
        "skipped": [{"source": "图.png", "reason": "not a note (.png)"}],
        "remarks": [{"source": "分词.txt", "reason": "damaged places, each read as U+FFFD: 1"}],
        "generation": "gen-00000001",
    }


def test_check_changes_nothing(build: Build, corpus: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build("--check") == 1
    assert capsys.readouterr().out == "index: stale, run `python -m rag.build`\n"
    assert not folder.exists()
    build()
    before = files(folder)
    capsys.readouterr()
    assert build("--check") == 0
    assert capsys.readouterr().out == "index: current\n"
    write_notes(corpus, {"new.txt": "新的一段。\n"})
    assert build("--check", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"current": False}
    assert files(folder) == before


def test_check_is_stale_for_another_encoder(build: Build) -> None:
    build()
    assert build("--check", "--encoder", "toy") == 0
    assert build("--check", "--encoder", "other") == 1


def test_another_encoder_makes_the_index_its_own(
    build: Build, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build()
    capsys.readouterr()
    assert build("--encoder", "other") == 0
    assert without_seconds(capsys.readouterr().out) == "index: 3 notes, 5 passages (+0 ~0 −0) in N s\n"
    assert Index.open(folder, ToyEncoder("other")).generation == "gen-00000002"


def test_a_build_mends_a_corrupt_index(build: Build, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build()
    (folder / "gen-00000001" / "passages.faiss").write_bytes(b"x")
    capsys.readouterr()
    assert build("--check") == 1
    assert build() == 0
    assert without_seconds(capsys.readouterr().out.split("\n")[1]) == "index: 3 notes, 5 passages (+5 ~0 −0) in N s"
    assert Index.open(folder).warning is None


# ------------------------------------------------------------------------------------------------------------ errors


def assert_refused(capsys: pytest.CaptureFixture[str], code: int, message: str) -> None:
    out, err = capsys.readouterr()
    assert (code, out, err) == (2, "", f"rag.build: {message}\n")


def test_a_missing_corpus(build: Build, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build()
    before = files(folder)
    capsys.readouterr()
    none = tmp_path / "none"
    message = f"no folder {none}/: create it and put notes in it, or name yours with --corpus"
    assert_refused(capsys, build(corpus=none), message)
    assert_refused(capsys, build("--check", corpus=none), message)
    assert files(folder) == before


def test_an_empty_corpus(build: Build, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build()
    before = files(folder)
    capsys.readouterr()
    empty = tmp_path / "empty"
    empty.mkdir()
    message = f"no notes with text in {empty}: put .md, .txt, .pdf or .docx files there and run `python -m rag.build`"
    assert_refused(capsys, build(corpus=empty), message)
    assert files(folder) == before


def test_a_corpus_that_is_a_file(build: Build, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = corpus / "tuning.md"
    message = f"{note} is not a folder: name the folder that holds your notes with --corpus"
    assert_refused(capsys, build(corpus=note), message)


def test_an_index_that_cannot_be_written(build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for index, cause in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "index", "Not a directory")):
        message = f"cannot write the index in {index} ({cause}): name a folder with --index"
        assert_refused(capsys, build(index=index), message)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into read-only folders")
def test_a_read_only_index(build: Build, corpus: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build()
    before = files(folder)
    capsys.readouterr()
    write_notes(corpus, {"new.txt": "新的一段。\n"})
    folder.chmod(0o500)
    message = (
        f"cannot write the index in {folder} (Permission denied): "
        "make the folder writable, or name another one with --index"
    )
    code = build()
    folder.chmod(0o700)
    assert_refused(capsys, code, message)
    assert files(folder) == before


def test_a_full_disk(
    build: Build, corpus: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    before = files(folder)
    capsys.readouterr()
    write_notes(corpus, {"new.txt": "新的一段。\n"})
    with monkeypatch.context() as patch, open("/dev/full", "wb", buffering=0) as full:
        patch.setattr(os, "write", lambda handle, data: full.write(data))
        code = build()
    message = (
        f"cannot write the index in {folder} (No space left on device): "
        "free some space, then run `python -m rag.build` again"
    )
    assert_refused(capsys, code, message)
    assert files(folder) == before


def test_another_build_is_running(build: Build, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build()
    before = files(folder)
    capsys.readouterr()
    with open(folder / "LOCK", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code = build()
    message = f"another build is running in {folder}: wait until it ends, then run `python -m rag.build` again"
    assert_refused(capsys, code, message)
    assert files(folder) == before
    assert build() == 0


def test_an_unknown_encoder(corpus: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    code = main(["--corpus", str(corpus), "--index", str(folder), "--encoder", "no-such/encoder"])
    message = (
        "cannot load the encoder 'no-such/encoder': give a sentence-transformers folder, or a hub name while online"
    )
    assert_refused(capsys, code, message)
    assert not folder.exists()


# --------------------------------------------------------------------------------------------------------- processes


def test_a_process(corpus: Path, folder: Path, tmp_path: Path) -> None:
    done = run("rag.build", "--corpus", corpus, "--index", folder, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert without_seconds(done.stdout) == "index: 3 notes, 5 passages (+5 ~0 −0) in N s\n"
    done = run("rag.build", "--corpus", tmp_path / "none", "--index", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"rag.build: no folder {tmp_path / 'none'}/: create it and put notes in it, or name yours with --corpus\n"
    )


def test_nobody_reads_the_summary(corpus: Path, folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "rag.build", "--corpus", str(corpus), "--index", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), stdout=writer, stderr=subprocess.PIPE, timeout=SECONDS)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert Index.open(folder).size == 5


def test_a_bar_on_a_terminal(corpus: Path, folder: Path) -> None:
    with terminal("rag.build", "--corpus", corpus, "--index", folder) as screen:
        assert screen.wait() == 0
        assert "encoding" in screen.screen
        assert "5/5" in screen.screen
        assert without_seconds(screen.screen).endswith("index: 3 notes, 5 passages (+5 ~0 −0) in N s\n")


def test_watch(corpus: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "rag.build", "--watch", "--corpus", str(corpus), "--index", str(folder)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        assert without_seconds(process.stdout.readline()) == "index: 3 notes, 5 passages (+5 ~0 −0) in N s\n"
        write_notes(corpus, {"tuning.md": NOTES["tuning.md"].replace("旧任务", "旧的任务")})
        assert without_seconds(process.stdout.readline()) == "index: 3 notes, 5 passages (+0 ~1 −0) in N s\n"
        assert Index.open(folder).passage(3).text.endswith("却忘了旧的任务。")
        moved = corpus.rename(corpus.with_name("moved"))
        assert process.stderr.readline() == (
            f"rag.build: no folder {corpus}/: create it and put notes in it, or name yours with --corpus\n"
        )
        moved.rename(corpus)
        assert without_seconds(process.stdout.readline()) == "index: 3 notes, 5 passages (+0 ~0 −0) in N s\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, out, err) == (2, "", "rag.build: stopped\n")
    finally:
        process.kill()
        process.wait()


def test_watch_sees_an_edit_during_the_first_build(
    corpus: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class EditingEncoder(ToyEncoder):
        """Changes a note while it is asked to encode: after the corpus was read, before the build ends."""

        def encode_passages(self, texts, sentences):  # type: ignore[no-untyped-def]
            if not (corpus / "new.txt").exists():
                write_notes(corpus, {"new.txt": "新的一段。\n"})
            return super().encode_passages(texts, sentences)

    pauses = iter([None, None])

    def pause(seconds: float) -> None:
        if next(pauses, "over") == "over":
            raise KeyboardInterrupt

    monkeypatch.setattr("rag.build.load_encoder", lambda name: EditingEncoder())
    monkeypatch.setattr(time, "sleep", pause)
    assert main(["--watch", "--corpus", str(corpus), "--index", str(folder)]) == 2
    assert without_seconds(capsys.readouterr().out) == (
        "index: 3 notes, 5 passages (+5 ~0 −0) in N s\nindex: 4 notes, 6 passages (+1 ~0 −0) in N s\n"
    )
