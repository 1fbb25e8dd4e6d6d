"""`python -m rag.build`: brings the index up to date with the notes."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time

from rag import console
from rag.encoders.base import Encoder
from rag.encoders.load import load_encoder
from rag.errors import KuaidaError
from rag.folders import Folders, folders, remember
from rag.indexing import sync
from rag.notes.watching import WATCH_SECONDS, Watcher
from rag.progress import progress_bar
from rag.text.normal import clean
from rag.types import BuildReport


def main(arguments: list[str] | None = None, program: str = "rag.build") -> int:
    """Returns the exit code: 0 done or current, 1 stale (`--check`), 2 error."""
    options = _parser(program).parse_args(arguments)
    return console.run(program, lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    chosen = folders(options.corpus, options.index)
    encoder = load_encoder(options.encoder)
    if options.check:
        return _check(options, chosen, encoder)
    watcher = Watcher(chosen.corpus)  # before the build, so that no edit falls between the two
    _build(options, chosen, encoder)
    if options.index is None:  # else a question would not find this index by itself
        remember(chosen.corpus)
    if options.watch:
        _watch(options, chosen, encoder, watcher)
    return 0


def summary(report: BuildReport) -> str:
    """Returns lines like `index: 15 notes, 74 passages (+12 ~3 −1) in 0.4 s`, then one a remark or a skipped file."""
    lines = [
        f"index: {report.notes} notes, {report.passages} passages "
        f"(+{report.added} ~{report.changed} −{report.removed}) in {report.seconds:.1f} s"
    ]
    lines += [f"remark: {clean(remark.source)}: {remark.reason}" for remark in report.remarks]
    lines += [f"skipped: {clean(file.source)}: {file.reason}" for file in report.skipped]
    return "\n".join(lines)


def _parser(program: str) -> argparse.ArgumentParser:
    description = "Bring the index up to date with the notes."
    parser = console.parser(program, description, "--corpus", "--index", "--encoder")
    parser.add_argument("--full", action="store_true", help="encode every passage again")
    parser.add_argument("--watch", action="store_true", help="go on, and build again after every change")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 0 when current, 1 when stale")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


def _check(options: argparse.Namespace, chosen: Folders, encoder: Encoder) -> int:
    current = sync.is_current(chosen.corpus, chosen.index, encoder)
    if options.json:
        sys.stdout.write(json.dumps({"current": current}) + "\n")
    else:
        stale = console.in_words_of(options.program, "index: stale, run `python -m rag.build`\n")
        sys.stdout.write("index: current\n" if current else stale)
    return 0 if current else 1


def _build(options: argparse.Namespace, chosen: Folders, encoder: Encoder, full: bool | None = None) -> None:
    with progress_bar("encoding") as advance:
        report = sync.sync(
            chosen.corpus,
            chosen.index,
            encoder,
            full=options.full if full is None else full,
            progress=advance,
        )
    sys.stdout.write((_to_json(report) if options.json else summary(report)) + "\n")
    sys.stdout.flush()


def _to_json(report: BuildReport) -> str:
    """Returns all but which passages changed, which is for the page."""
    values = dataclasses.asdict(report)
    del values["differences"]
    for name, named in (("skipped", report.skipped), ("remarks", report.remarks)):
        values[name] = [{"source": file.source, "reason": str(file.reason)} for file in named]
    return json.dumps(values, ensure_ascii=False)


def _watch(options: argparse.Namespace, chosen: Folders, encoder: Encoder, watcher: Watcher) -> None:
    said = ""
    while True:
        time.sleep(WATCH_SECONDS)
        seen = watcher.look()
        if seen is None:
            continue
        try:
            _build(options, chosen, encoder, full=False)
            watcher.settle(seen)
            said = ""
        except KuaidaError as error:  # another build at work, an emptied folder: say so once, try again
            if str(error) != said:
                console.say(options.program, error)
            said = str(error)


if __name__ == "__main__":
    sys.exit(main())
