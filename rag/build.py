"""`python -m rag.build`: brings the index up to date with the notes."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from rag import console, index
from rag.config import DEFAULT_CORPUS, DEFAULT_INDEX
from rag.encoder import Encoder, load_encoder
from rag.errors import KuaidaError
from rag.text import clean
from rag.types import BuildReport

WATCH_SECONDS = 1.0

Footprint = dict[str, tuple[int, int]]


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done or current, 1 stale (`--check`), 2 error."""
    options = _parser().parse_args(arguments)
    return console.run("rag.build", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    encoder = load_encoder(options.encoder)
    if options.check:
        return _check(options, encoder)
    seen = _footprint(options.corpus)  # before the build, so that no edit falls between the two
    _build(options, encoder)
    if options.watch:
        _watch(options, encoder, seen)
    return 0


def summary(report: BuildReport) -> str:
    """Returns lines like `index: 15 notes, 74 passages (+12 ~3 −1) in 0.4 s`, then one a skipped file."""
    lines = [
        f"index: {report.notes} notes, {report.passages} passages "
        f"(+{report.added} ~{report.changed} −{report.removed}) in {report.seconds:.1f} s"
    ]
    lines += [f"skipped: {clean(file.source)}: {file.reason}" for file in report.skipped]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rag.build", description="Bring the index up to date with the notes."
    )
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS, help="folder of notes (default: corpus)")
    parser.add_argument("--index", type=Path, default=DEFAULT_INDEX, help="folder of the index (default: index)")
    parser.add_argument("--encoder", metavar="NAME", help="sentence-transformers name or folder (default: bundled)")
    parser.add_argument("--full", action="store_true", help="encode every passage again")
    parser.add_argument("--watch", action="store_true", help="go on, and build again after every change")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 0 when current, 1 when stale")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


def _check(options: argparse.Namespace, encoder: Encoder) -> int:
    current = index.is_current(options.corpus, options.index, encoder)
    if options.json:
        sys.stdout.write(json.dumps({"current": current}) + "\n")
    else:
        sys.stdout.write("index: current\n" if current else "index: stale, run `python -m rag.build`\n")
    return 0 if current else 1


def _build(options: argparse.Namespace, encoder: Encoder, full: bool | None = None) -> None:
    with progress_bar() as advance:
        report = index.sync(
            options.corpus, options.index, encoder, full=options.full if full is None else full, progress=advance
        )
    text = json.dumps(dataclasses.asdict(report), ensure_ascii=False) if options.json else summary(report)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _watch(options: argparse.Namespace, encoder: Encoder, seen: Footprint) -> None:
    said = ""
    while True:
        time.sleep(WATCH_SECONDS)
        now = _footprint(options.corpus)
        if now == seen and not said:
            continue
        try:
            _build(options, encoder, full=False)
            seen, said = now, ""
        except KuaidaError as error:  # another build at work, an emptied folder: say so once, try again
            if str(error) != said:
                sys.stderr.write(f"rag.build: {error}\n")
            said = str(error)


def _footprint(corpus: Path) -> Footprint:
    """Returns modification time and size of every file: cheap enough to look every second."""
    footprint = {}
    for folder, _, names in os.walk(corpus):
        for name in names:
            file = os.path.join(folder, name)
            try:
                status = os.lstat(file)
            except OSError:
                continue  # gone between the listing and the look
            footprint[file] = (status.st_mtime_ns, status.st_size)
    return footprint


@contextmanager
def progress_bar() -> Iterator[index.Progress | None]:
    """Shows a bar on stderr when that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("encoding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("encoding", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


if __name__ == "__main__":
    sys.exit(main())
