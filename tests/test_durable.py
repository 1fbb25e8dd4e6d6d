"""What is on the disk after each step, after a fault, and while another process writes too."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from rag import durable


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def failing(code: int) -> Callable[..., None]:
    def fail(*arguments: object, **named: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


# ------------------------------------------------------------------------------------------------------ whole files


def test_short_writes_still_write_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: write(handle, data[:3]))
        durable.write(tmp_path / "a", b"0123456789")
        durable.write(tmp_path / "b", memoryview(b"longer than before")[:6])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"0123456789", "b": b"longer"}


def test_a_file_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a long line")
    durable.write(tmp_path / "a", b"short")
    durable.write(tmp_path / "private", b"", 0o600)
    assert (tmp_path / "a").read_bytes() == b"short"
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600


def test_a_file_is_on_the_disk_before_it_has_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: dict[int, str] = {}
    events: list[str] = []
    real_open, real_replace = os.open, os.replace

    def recorded_open(path: Path, *rest: int) -> int:
        handle = real_open(path, *rest)
        opened[handle] = "folder" if path == tmp_path else "copy"
        return handle

    def recorded_replace(source: Path, target: Path) -> None:
        events.append(f"replace {target.name}")
        real_replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", recorded_open)
        patch.setattr(os, "fsync", lambda handle: events.append(f"fsync {opened[handle]}"))
        patch.setattr(os, "replace", recorded_replace)
        durable.replace(tmp_path / "a", b"new")
    assert events == ["fsync copy", "replace a", "fsync folder"]
    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"new")


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_a_fault_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(errno.ENOSPC))
        with pytest.raises(OSError, match="No space left on device"):
            durable.replace(tmp_path / "a", b"new")
    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"old")


def test_the_last_look_sees_both_and_may_refuse(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), durable.replacing(tmp_path / "a", b"new", 0o600) as copy:
        seen = copy.read_bytes(), (tmp_path / "a").read_bytes(), stat.S_IMODE(copy.stat().st_mode)
        raise KeyboardInterrupt
    assert seen == (b"new", b"old", 0o600)
    assert copy.name.startswith(".kuaida-")
    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"old")


def test_a_folder_that_cannot_be_synchronised_does_not_undo_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "sync_folder", failing(errno.EIO))
    durable.replace(tmp_path / "a", b"new")
    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"new")


# ------------------------------------------------------------------------------------------------------------ lines


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, b"new\n"), (b"", b"new\n"), (b"old\n", b"old\nnew\n"), (b"old\nbro", b"old\nbro\nnew\n")],
    ids=["no file", "empty", "a line", "a broken line"],
)
def test_a_line_is_added(tmp_path: Path, before: bytes | None, after: bytes) -> None:
    if before is not None:
        (tmp_path / "log").write_bytes(before)
    durable.append_line(tmp_path / "log", b"new\n")
    assert (tmp_path / "log").read_bytes() == after


def test_a_line_that_does_not_fit_is_an_error_and_the_next_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: write(handle, data[:2]))
        with pytest.raises(OSError, match="No space left on device") as raised:
            durable.append_line(tmp_path / "log", b"first\n")
    assert raised.value.errno == errno.ENOSPC
    durable.append_line(tmp_path / "log", b"second\n")
    assert (tmp_path / "log").read_bytes() == b"fi\nsecond\n"


def test_who_adds_waits_for_who_holds_the_lock(tmp_path: Path) -> None:
    adding = threading.Thread(target=durable.append_line, args=(tmp_path / "log", b"second\n"))
    with open(tmp_path / "log", "ab") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        adding.start()
        adding.join(0.2)
        assert adding.is_alive()
        log.write(b"first\n")
    adding.join()
    assert (tmp_path / "log").read_bytes() == b"first\nsecond\n"


def test_twenty_at_once_add_twenty_lines(tmp_path: Path) -> None:
    lines = [f"{number}\n".encode() for number in range(20)]
    threads = [threading.Thread(target=durable.append_line, args=(tmp_path / "log", line)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((tmp_path / "log").read_bytes().splitlines(keepends=True)) == sorted(lines)


def test_a_lock_lasts_until_its_handle_is_closed(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / "LOCK", os.O_RDWR | os.O_CREAT) for _ in range(2))
    durable.lock(first, wait=False)
    with pytest.raises(BlockingIOError):
        durable.lock(second, wait=False)
    os.close(first)
    durable.lock(second, wait=False)
    os.close(second)


# -------------------------------------------------------------------------------------------------- other systems


def test_on_windows_replacing_waits_for_readers_and_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    until = 3

    def replace(source: Path, target: Path) -> None:
        calls.append("replace")
        if len(calls) < until:
            raise PermissionError(errno.EACCES, "open in another process")

    monkeypatch.setattr(durable, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(durable, "time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr(os, "replace", replace)
    durable.rename(tmp_path / "a", tmp_path / "b")
    assert len(calls) == 3
    until = 1000
    with pytest.raises(PermissionError):
        durable.rename(tmp_path / "a", tmp_path / "b")
    assert len(calls) == 3 + durable.REPLACE_ATTEMPTS + 1


def test_on_windows_a_byte_beyond_the_end_is_locked_and_no_folder_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, int]] = []

    def locking(handle: int, mode: str, count: int) -> None:
        calls.append((mode, os.lseek(handle, 0, os.SEEK_CUR)))
        if mode == "at once":
            raise PermissionError(errno.EACCES, "locked")

    windows = SimpleNamespace(LK_LOCK="wait", LK_NBLCK="at once", locking=locking)
    monkeypatch.setattr(durable, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(durable, "msvcrt", windows, raising=False)
    durable.append_line(tmp_path / "log", b"line\n")
    assert (tmp_path / "log").read_bytes() == b"line\n"
    with open(tmp_path / "log", "rb") as log, pytest.raises(BlockingIOError, match="locked"):
        durable.lock(log.fileno(), wait=False)
    assert calls == [("wait", durable.FAR), ("at once", durable.FAR)]
    durable.sync_folder(tmp_path / "not there")  # nothing happens


def test_on_macos_the_drive_is_asked_to_empty_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(durable, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(
        durable, "fcntl", SimpleNamespace(F_FULLFSYNC="full", fcntl=lambda handle, what: asked.append(what))
    )
    durable.replace(tmp_path / "a", b"new")
    assert asked == ["full", "full"]
