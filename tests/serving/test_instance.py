"""One page for one index, told by a lock that ends with its process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag.errors import ServerError
from rag.serving import instance
from rag.serving.instance import Page
from tests.process import ROOT, SECONDS, environment

URL = "http://127.0.0.1:7860"
HOLD = (
    "import sys; from pathlib import Path; from rag.serving import instance\n"
    "held = instance.claim(Path(sys.argv[1])); held.announce(sys.argv[2], Path('/notes'))\n"
    "print('held', flush=True); sys.stdin.read()"
)


def test_the_second_is_told_where_the_first_is(tmp_path: Path) -> None:
    first = instance.claim(tmp_path / "index")
    assert first is not None
    first.announce(URL, tmp_path / "notes")
    assert instance.claim(tmp_path / "index") is None
    assert instance.running(tmp_path / "index") == Page(URL, os.path.realpath(tmp_path / "notes"))
    assert instance.claim(tmp_path / "other") is not None
    first.close()
    second = instance.claim(tmp_path / "index")
    assert second is not None
    second.close()


def test_a_process_that_was_killed_leaves_nothing_that_counts(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path), URL]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert instance.claim(tmp_path) is None
        assert instance.running(tmp_path).url == URL
        process.kill()
        process.wait(SECONDS)
    assert (tmp_path / instance.FILE).read_text() != ""
    after = instance.claim(tmp_path)
    assert after is not None
    after.announce("http://[::1]:1", tmp_path)
    assert instance.running(tmp_path) == Page("http://[::1]:1", os.path.realpath(tmp_path))
    after.close()


@pytest.mark.parametrize("url", ["http://evil.test:80", "file:///etc/passwd", "http://127.0.0.1:80/x", 3])
def test_no_address_of_another_machine_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: object) -> None:
    monkeypatch.setattr(instance, "ANNOUNCE_SECONDS", 0.1)
    for text in (json.dumps({"url": url, "corpus": "/"}), "", "[]", "{"):
        (tmp_path / instance.FILE).write_text(text)
        with pytest.raises(ServerError, match=r"another page over the index in .* is starting or ending: try again"):
            instance.running(tmp_path)


def test_where_nothing_can_be_written_nobody_is_kept_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for _ in range(2):
        claim = instance.claim(tmp_path / "file" / "index")
        assert claim is not None
        claim.announce(URL, tmp_path)
        claim.close()
