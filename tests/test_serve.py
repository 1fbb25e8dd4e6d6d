"""The command that starts the page: where it is, what is said while it starts, and who else runs already.

Most run in a thread here, with what would open the notes held until the test says so.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag import config, serve, server
from rag.errors import CorpusError
from rag.serving import instance, listener
from rag.serving.starting import ROUTE
from tests.process import ROOT, SECONDS, environment
from tests.small import write_notes

MESSAGE = "no notes with text in corpus: put .md, .txt, .pdf or .docx files there and run `python -m rag.build`"


class Held:
    """A page that starts until `release`, and then fails with MESSAGE."""

    def __init__(self, arguments: list[str], index: Path, program: str) -> None:
        self.code: int | None = None
        self._arguments, self._index, self._program = arguments, index, program
        self._is_held, self._go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self.run, daemon=True)

    def start(self) -> str:
        """Returns the address at which it starts, once it has said so and is held."""
        self._thread.start()
        assert self._is_held.wait(SECONDS)
        return instance.running(self._index).url

    def open(self, *arguments: object) -> Any:
        self._is_held.set()
        assert self._go.wait(SECONDS)
        raise CorpusError(MESSAGE)

    def release(self) -> None:
        self._go.set()

    def end(self) -> int | None:
        self.release()
        if self._thread.is_alive():
            self._thread.join(SECONDS)
        return self.code

    def run(self) -> int:
        """Runs here, for what ends by itself."""
        self.code = serve.main(self._arguments, self._program)
        return self.code


def outcome(url: str) -> dict[str, Any]:
    """Asks as the page that waits does until there is an outcome, and returns it."""
    while (told := httpx.get(url + ROUTE, timeout=SECONDS).json())["state"] == "starting":
        pass
    return dict(told)


Hold = Callable[..., Held]


@pytest.fixture
def hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hold]:
    """Makes a held page over the small corpus; `port` None is without --port."""
    started: list[Held] = []

    def holding(*more: str, port: int | None = 0, program: str = "app.py") -> Held:
        corpus, index = write_notes(tmp_path / "corpus"), tmp_path / "index"
        arguments = [str(corpus), "--index", str(index), "--feedback", str(tmp_path / "feedback"), *more]
        held = Held(arguments if port is None else [*arguments, "--port", str(port)], index, program)
        monkeypatch.setattr(server, "open_service", held.open)
        started.append(held)
        return held

    yield holding
    for held in started:
        held.end()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As on a desktop: the addresses that were opened in the browser."""
    addresses: list[str] = []
    monkeypatch.setattr("webbrowser.open", addresses.append)
    monkeypatch.setattr(serve, "browser_wanted", lambda is_terminal: True)
    return addresses


# ----------------------------------------------------------------------------------------------------- while it starts


def test_it_is_reachable_before_anything_is_open(hold: Hold, capsys: pytest.CaptureFixture[str]) -> None:
    held = hold()
    url = held.start()
    assert "Preparing your notes" in httpx.get(url, timeout=SECONDS).text
    assert httpx.get(url + ROUTE, timeout=SECONDS).json()["state"] == "starting"
    assert capsys.readouterr().out == f"preparing the page at {url}\n"
    held.release()
    assert outcome(url)["message"] == MESSAGE


@pytest.mark.parametrize(("program", "cure"), [("app.py", "python -m rag.build"), ("kuaida", "kuaida build")])
def test_who_waits_reads_why_it_fails(hold: Hold, capsys: pytest.CaptureFixture[str], program: str, cure: str) -> None:
    held = hold(program=program)
    url = held.start()
    httpx.get(url, timeout=SECONDS)
    held.release()
    told = outcome(url)
    message = MESSAGE.replace("python -m rag.build", cure)
    assert (told["state"], told["message"]) == ("failed", message)
    assert held.end() == 2
    assert capsys.readouterr().err == f"{program}: {message}\n"


def test_the_browser_is_opened_at_once(hold: Hold, opened: list[str]) -> None:
    held = hold()
    url = held.start()
    httpx.get(url, timeout=SECONDS)
    held.release()
    assert outcome(url)["state"] == "failed"
    assert held.end() == 2
    assert opened == [url]


def test_no_browser_is_opened_where_none_is_wanted(hold: Hold, opened: list[str]) -> None:
    held = hold("--no-browser")
    held.start()
    assert held.end() == 2
    assert opened == []


def test_a_folder_that_is_not_there_opens_no_browser(
    tmp_path: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    none = tmp_path / "none"
    assert serve.main([str(none), "--index", str(tmp_path / "index")], "kuaida") == 2
    assert capsys.readouterr() == (
        "",
        f"kuaida: no folder {none}/: create it and put notes in it, or name yours with --corpus\n",
    )
    assert opened == []
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------------------ the port


def test_a_taken_port_is_passed_over_unless_it_was_asked_for(
    hold: Hold, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with listener.listen("127.0.0.1", 0) as other:
        taken = listener.port_of(other)
        monkeypatch.setattr(listener, "PORT", taken)
        held = hold(port=None)
        url = held.start()
        assert int(url.rsplit(":", 1)[1]) > taken
        assert capsys.readouterr().err == f"app.py: port {taken} is in use: the page is at {url}\n"
        held.end()
        capsys.readouterr()
        assert hold(port=taken).run() == 2
        assert capsys.readouterr() == ("", f"app.py: port {taken} is in use: choose another one with --port\n")


# ---------------------------------------------------------------------------------------------------------- the second


def test_the_second_shows_the_first(hold: Hold, opened: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    held = hold("--no-browser")
    url = held.start()
    capsys.readouterr()
    assert hold(port=1).run() == 0
    assert capsys.readouterr() == (f"{url}  (runs already)\n", "")
    for thread in threading.enumerate():
        if thread.name == "kuaida-browser":
            thread.join(SECONDS)
    assert opened == [url]


def test_the_second_over_other_notes_is_refused(hold: Hold, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = hold()
    url = held.start()
    capsys.readouterr()
    other = write_notes(tmp_path / "other")
    assert serve.main([str(other), "--index", str(tmp_path / "index")]) == 2
    assert capsys.readouterr() == (
        "",
        f"app.py: the index in {tmp_path / 'index'} is in use by the page over {(tmp_path / 'corpus').resolve()} "
        f"at {url}: stop that, or name another folder with --index\n",
    )


# ----------------------------------------------------------------------------------------------------- the data folder


def test_a_data_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(config, "IS_CLONE", False)
    monkeypatch.setattr(config, "data_folder", lambda: tmp_path / "data")
    (tmp_path / "data").write_text("a file")
    corpus = write_notes(tmp_path / "corpus")
    before = {path: path.read_bytes() for path in corpus.rglob("*") if path.is_file()}
    assert serve.main([str(corpus), "--port", "0"], "kuaida") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"kuaida: cannot write the index in {tmp_path / 'data' / 'notes' / 'corpus-'}")
    assert said.endswith(" (Not a directory): name a folder with --index\n")
    assert {path: path.read_bytes() for path in corpus.rglob("*") if path.is_file()} == before
    assert (tmp_path / "data").read_text() == "a file"


# ----------------------------------------------------------------------------------------------------------- a process


def test_from_the_first_moment_to_ctrl_c(tmp_path: Path) -> None:
    corpus, index = write_notes(tmp_path / "corpus"), tmp_path / "index"
    command = [sys.executable, "app.py", str(corpus), "--index", str(index), "--feedback", str(tmp_path / "f")]
    process = subprocess.Popen(
        [*command, "--port", "0"],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("preparing the page at ").strip()
        with httpx.Client(base_url=url, timeout=SECONDS) as client:
            assert client.get("/").status_code == 200
            assert client.get(ROUTE).json()["state"] in ("starting", "ready")
            assert process.stdout.readline().startswith("index: 3 notes, 5 passages (+5 ~0 −0) in ")
            assert process.stdout.readline() == f"{url}  (Ctrl-C stops it)\n"
            assert client.get(ROUTE).json()["state"] == "ready"
            assert client.get("/kuaida/state").json()["changed"] == 0
            assert "gradio_config" in client.get("/").text
        again = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=SECONDS
        )
        assert (again.returncode, again.stdout, again.stderr) == (0, f"{url}  (runs already)\n", "")
        process.send_signal(signal.SIGINT)
        assert (process.communicate(timeout=SECONDS)[0], process.returncode) == ("\n", 0)
        assert (index / instance.FILE).read_text() == ""
    finally:
        process.kill()
        process.communicate()
