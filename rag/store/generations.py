"""Generations on disk: immutable folders with checksums, an atomic pointer to the current one, one writer at a time.

    index/LOCK            locked while a build runs, never deleted
    index/CURRENT         the name of a generation and the sha256 of its manifest
    index/gen-00000007/   manifest.json, manifest.sha256, and the files that the manifest lists
    index/tmp-…/          a build at work, or the debris of one that was killed

What the files mean is known to `rag.store.local` alone. At every instant CURRENT names a complete generation: files are
written and synchronised before the folder gets its name, and the folder before CURRENT is replaced.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rag import durable
from rag.errors import IndexCorrupt, IndexNotWritable

MANIFEST = "manifest.json"
MANIFEST_SHA256 = "manifest.sha256"
GENERATION = re.compile(r"gen-(\d{8})")
POINTER = re.compile(r"(gen-\d{8}) ([0-9a-f]{64})\n")
FILE_NAME = re.compile(r"(?:[A-Za-z0-9]\w*/)?[A-Za-z0-9][\w.-]*")  # at most one folder deep, and never out of it

AGAIN = "run `python -m rag.build` again"
CURES = {
    errno.ENOSPC: f"free some space, then {AGAIN}",
    errno.EDQUOT: f"free some space, then {AGAIN}",
    errno.EACCES: "make the folder writable, or name another one with --index",
    errno.EPERM: "make the folder writable, or name another one with --index",
    errno.EROFS: "name a folder that is writable with --index",
    errno.ENOTDIR: "name a folder with --index",
    errno.EEXIST: "name a folder with --index",
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """What CURRENT holds."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a manifest says about one file; `size` in bytes."""

    size: int
    sha256: str


def current(index: Path) -> Pointer | None:
    """Returns the pointer to the current generation, None when nothing was published; raises IndexCorrupt."""
    try:
        text = (index / "CURRENT").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise IndexCorrupt(f"CURRENT cannot be read ({_cause(error)})") from error
    match = POINTER.fullmatch(text.decode("ascii", "replace"))
    if match is None:
        raise IndexCorrupt("CURRENT is damaged")
    return Pointer(match[1], match[2])


def newest_first(index: Path) -> list[str]:
    """Returns the names of the generations in the folder, whether published or not."""
    with contextlib.suppress(OSError):
        return sorted((name for name in os.listdir(index) if GENERATION.fullmatch(name)), reverse=True)
    return []


def read_manifest(folder: Path, sha256: str | None = None) -> bytes:
    """Returns the manifest of a generation; raises IndexCorrupt unless both hashes, of CURRENT and beside it, agree.

    `sha256` is None when CURRENT names another generation.
    """
    data = _read(folder, MANIFEST)
    beside = _read(folder, MANIFEST_SHA256)
    actual = hashlib.sha256(data).hexdigest()
    if beside != _sha256_line(actual) or (sha256 is not None and sha256 != actual):
        raise IndexCorrupt(f"{folder.name}/{MANIFEST} is damaged")
    return data


def read_file(folder: Path, name: str, record: FileRecord) -> bytes:
    """Returns the bytes of a file that the manifest lists; raises IndexCorrupt unless size and hash are as recorded."""
    if not FILE_NAME.fullmatch(name):
        raise IndexCorrupt(f"{folder.name} lists a file outside of it")
    data = _read(folder, name)
    if len(data) != record.size or hashlib.sha256(data).hexdigest() != record.sha256:
        raise IndexCorrupt(f"{folder.name}/{name} is damaged")
    return data


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise IndexCorrupt(f"{folder.name}/{name} cannot be read ({_cause(error)})") from error


def _sha256_line(sha256: str) -> bytes:
    """Returns the line that `sha256sum --check` understands."""
    return f"{sha256}  {MANIFEST}\n".encode()


@contextlib.contextmanager
def exclusive(index: Path) -> Iterator[None]:
    """Holds the lock of the index folder, which is made if need be; removes what a killed build left behind.

    Raises IndexNotWritable at once when another build holds it.
    """
    with _writing(index):
        index.mkdir(parents=True, exist_ok=True)
        lock = os.open(index / "LOCK", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(lock, index)
        with _writing(index):
            _remove(index, [name for name in os.listdir(index) if name.startswith("tmp-")])
        yield
    finally:
        os.close(lock)  # which also unlocks


class Draft:
    """The next generation while it is written: `write` each file, `seal` with the manifest, `publish`.

    A context manager; what is not published by its end is removed. Every method raises IndexNotWritable.
    """

    def __init__(self, index: Path) -> None:
        self.index = index
        self.folder = index / f"tmp-{secrets.token_hex(8)}"
        self.files: dict[str, FileRecord] = {}
        self._folders = {self.folder}
        self._manifest_sha256 = ""

    def __enter__(self) -> Self:
        with _writing(self.index):
            os.mkdir(self.folder)
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)  # gone already when it was published

    def scratch(self) -> Path:
        """Makes and returns a folder for files that do not belong to the generation; `seal` removes it."""
        with _writing(self.index):
            os.mkdir(self.folder / "scratch")
        return self.folder / "scratch"

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Writes a file down to the disk and records its size and hash, taken from memory: a disk may lie."""
        path = self.folder / name
        with _writing(self.index):
            if path.parent not in self._folders:
                os.mkdir(path.parent)
                self._folders.add(path.parent)
            durable.write(path, data)
        self.files[name] = FileRecord(len(data), hashlib.sha256(data).hexdigest())

    def seal(self, manifest: bytes) -> None:
        """Writes the manifest last, so that a folder with a manifest is complete."""
        shutil.rmtree(self.folder / "scratch", ignore_errors=True)
        self._manifest_sha256 = hashlib.sha256(manifest).hexdigest()
        with _writing(self.index):
            durable.write(self.folder / MANIFEST, manifest)
            durable.write(self.folder / MANIFEST_SHA256, _sha256_line(self._manifest_sha256))
            for folder in sorted(self._folders, reverse=True):
                durable.sync_folder(folder)

    def publish(self, keep: str | None) -> str:
        """Makes the draft the current generation and returns its name; of the others only `keep` stays."""
        others = newest_first(self.index)
        name = f"gen-{int(others[0].removeprefix('gen-')) + 1 if others else 1:08d}"
        with _writing(self.index):
            os.rename(self.folder, self.index / name)
            durable.sync_folder(self.index)
            durable.write(self.index / "CURRENT.tmp", f"{name} {self._manifest_sha256}\n".encode())
            durable.rename(self.index / "CURRENT.tmp", self.index / "CURRENT")
            durable.sync_folder(self.index)
        _remove(self.index, (other for other in others if other != keep))
        return name


@contextlib.contextmanager
def _writing(index: Path) -> Iterator[None]:
    """Turns an error of the operating system into one sentence with a cure."""
    try:
        yield
    except OSError as error:
        cure = CURES.get(error.errno or 0, f"check the disk, then {AGAIN}")
        raise IndexNotWritable(f"cannot write the index in {index} ({_cause(error)}): {cure}") from error


def _cause(error: OSError) -> str:
    return error.strerror or str(error)


def _lock(handle: int, index: Path) -> None:
    try:
        durable.lock(handle, wait=False)
    except BlockingIOError as error:
        raise IndexNotWritable(f"another build is running in {index}: wait until it ends, then {AGAIN}") from error
    except OSError as error:
        raise IndexNotWritable(f"cannot lock the index in {index} ({_cause(error)}): {AGAIN}") from error


def _remove(index: Path, names: Iterable[str]) -> None:
    """Removes folders; one that cannot be removed now, open on Windows, is debris for the next build."""
    for name in names:
        shutil.rmtree(index / name, ignore_errors=True)
