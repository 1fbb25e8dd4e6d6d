"""Nothing leaves the machine, judged at the system call: native code opens sockets that Python does not see."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from tests.process import ROOT, SECONDS, environment
from tests.small import ENTRY, write_notes

STRACE = ("strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "-e", "trace=%network", "-o")
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
LOOPBACK = re.compile(r"127\.|::1$|::ffff:127\.")
NOBODY = {"0.0.0.0", "::"}  # what a socket of one's own is called that is not bound to an address

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace: apt-get install strace")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def traced(trace: Path, home: Path, *command: str) -> subprocess.Popen[str]:
    """Starts a Python process below strace, which writes every system call about a socket into `trace`."""
    variables = environment(HOME=str(home), XDG_CACHE_HOME=str(home / ".cache"), ORT_DISABLE_TELEMETRY="0")
    return subprocess.Popen(
        [*STRACE, str(trace), sys.executable, *command],
        cwd=ROOT, env=variables, text=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def others(trace: str) -> list[str]:
    """Returns the addresses in a trace that are not of this machine."""
    found = [first or second for first, second in ADDRESS.findall(trace)]
    return [address for address in found if address not in NOBODY and not LOOPBACK.match(address)]


def files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def ended(process: subprocess.Popen[str], codes: Sequence[int]) -> str:
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode in codes, said
    return said


def test_the_reader_of_traces_tells_this_machine_from_others() -> None:
    trace = (
        '7 connect(5, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("20.44.10.122")}, 16) = -1\n'
        '7 connect(6, {sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "2603:1061::2", &a)}, 28) = -1\n'
        '7 bind(7, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0\n'
        '7 getsockname(8, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, [16]) = 0\n'
        '7 connect(9, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0\n'
    )
    assert others(trace) == ["20.44.10.122", "2603:1061::2", "10.0.0.2"]


def test_build_and_question_stay_on_this_machine(tmp_path: Path, home: Path) -> None:
    corpus, index, trace = write_notes(tmp_path / "corpus"), tmp_path / "index", tmp_path / "trace"
    ended(traced(trace, home, "-m", "rag.build", "--corpus", str(corpus), "--index", str(index)), [0])
    calls = trace.read_text()
    ended(traced(trace, home, "-m", "rag.query", "--index", str(index), ENTRY), [0])
    assert others(calls + trace.read_text()) == []
    assert files(home) == []


def test_the_page_stays_on_this_machine(tmp_path: Path, home: Path) -> None:
    corpus, index, trace = write_notes(tmp_path / "corpus"), tmp_path / "index", tmp_path / "trace"
    folders = ("--corpus", str(corpus), "--index", str(index), "--feedback", str(tmp_path / "feedback"))
    page = traced(trace, home, "app.py", "--port", "0", *folders)
    assert page.stdout is not None
    url = next(line.split()[0] for line in page.stdout if line.startswith("http://"))
    for path in ("/", "/kuaida/suggest?q=zy", "/kuaida/map"):
        assert httpx.get(url + path, timeout=SECONDS).status_code == 200
    event = httpx.post(f"{url}/gradio_api/call/ask", json={"data": [ENTRY, 1]}, timeout=SECONDS).json()["event_id"]
    assert httpx.get(f"{url}/gradio_api/call/ask/{event}", timeout=SECONDS).text.startswith("event: complete")
    (server,) = Path(f"/proc/{page.pid}/task/{page.pid}/children").read_text().split()
    os.kill(int(server), signal.SIGINT)
    ended(page, [0])
    assert re.search(r'bind\(.*inet_addr\("127\.0\.0\.1"\)', trace.read_text())
    assert others(trace.read_text()) == []
    assert files(home) == []
