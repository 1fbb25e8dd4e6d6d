"""Records what the product says, and tells what differs after a refactoring that shall change nothing.

    python -m benchmarks.snapshot record FILE
    python -m benchmarks.snapshot compare FILE

Recorded are the answers to the golden questions over corpus/, the commands over a small corpus, and every part of the
page in both languages. `--root DIR` records another checkout, `--notes GOLDEN=FOLDER` further golden questions over
their notes, `--part` only a part. `compare` exits with 0 when all is equal, 1 when something differs, 2 on an error.
"""

from __future__ import annotations

import argparse
import difflib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.masking import legible, masking
from benchmarks.product import Product, ProductFailed
from benchmarks.scenes import Entries, commands, golden
from benchmarks.visits import page

ROOT = Path(__file__).resolve().parent.parent
OWN = ("corpus", "both-sides", "conversations")  # golden sets over corpus/
PARTS = ("golden", "command", "page")
SHOWN = 24  # lines of a value that differ; more are counted


class SnapshotUnusable(Exception):
    """A file that is no snapshot, or of other sets than were asked for."""


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 recorded or equal, 1 different, 2 error."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except (ProductFailed, SnapshotUnusable, OSError, ValueError, LookupError, subprocess.SubprocessError) as error:
        print(f"benchmarks.snapshot: {error}", file=sys.stderr)  # a traceback exits with 1, which means "different"
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.snapshot", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(required=True)
    for name, command, said in (
        ("record", _record, "write FILE"),
        ("compare", _compare, "record again, and tell what differs from FILE"),
    ):
        action = actions.add_parser(name, help=said)
        action.set_defaults(command=command)
        action.add_argument("file", type=Path, metavar="FILE")
        action.add_argument("--root", type=Path, default=ROOT, help="the checkout that is run (default: this one)")
        action.add_argument("--notes", type=_notes, action="append", default=[], metavar="GOLDEN=FOLDER")
        action.add_argument("--part", choices=PARTS, action="append", help="repeatable (default: all)")
    return parser


def _notes(text: str) -> tuple[Path, Path]:
    file, _, folder = text.partition("=")
    if not Path(file).is_file() or not Path(folder).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a file of golden questions = a folder of notes")
    return Path(file).resolve(), Path(folder).resolve()


# -------------------------------------------------------------------------------------------------------- recording


def _record(options: argparse.Namespace) -> int:
    entries = recorded(options)
    write(options.file, entries)
    print(f"{len(entries)} entries in {options.file}")
    return 0


def recorded(options: argparse.Namespace) -> Entries:
    """Returns what the product says now, masked; raises ProductFailed."""
    product = Product(options.root.resolve())
    corpus = product.root / "corpus"
    sets = {ROOT / "benchmarks" / "golden" / f"{name}.jsonl": corpus for name in OWN} | dict(options.notes)
    parts = options.part or PARTS
    entries: Entries = {}
    with tempfile.TemporaryDirectory(prefix="kuaida-snapshot-") as temporary:
        folder = Path(temporary).resolve()
        if "golden" in parts:
            entries |= golden(product, folder / "golden", sets)
        if "command" in parts:
            (folder / "command").mkdir()
            entries |= commands(product, folder / "command")
        if "page" in parts:
            entries |= page(product, folder / "page")
    names = {folder: "<temporary>", product.root: "<root>"}
    names |= {notes: f"<notes of {file.stem}>" for file, notes in options.notes}
    mask = masking(names)
    return {name: legible(value, mask) for name, value in entries.items()}


def write(file: Path, entries: Entries) -> None:
    file.write_text(json.dumps(entries, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read(file: Path) -> Entries:
    """Raises SnapshotUnusable, or OSError when it cannot be read."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SnapshotUnusable(f"{file} is no snapshot: record one") from error
    if not isinstance(entries, dict):
        raise SnapshotUnusable(f"{file} is no snapshot: record one")
    return entries


# -------------------------------------------------------------------------------------------------------- comparing


def _compare(options: argparse.Namespace) -> int:
    parts = options.part or PARTS
    before = {name: value for name, value in read(options.file).items() if name.split("/")[0] in parts}
    _check_sets(before, options)
    return report(before, recorded(options))


def _check_sets(before: Entries, options: argparse.Namespace) -> None:
    """Raises SnapshotUnusable for golden sets that are only recorded when they are named: nothing is left out."""
    there = {name.split("/")[1] for name in before if name.startswith("golden/")}
    named = {*OWN, *(file.stem for file, _ in options.notes)}
    if missing := sorted(there - named):
        raise SnapshotUnusable(f"{options.file} has the golden sets {', '.join(missing)} too: name them with --notes")


def report(before: Entries, after: Entries) -> int:
    """Prints what differs, and returns the exit code."""
    names = sorted({*before, *after})
    different = [name for name in names if _text(before, name) != _text(after, name)]
    for name in different:
        print(*differences(name, before, after), sep="\n")
    print(f"{len(different)} of {len(names)} entries differ" if different else f"{len(names)} entries, equal")
    return 1 if different else 0


def _text(entries: Entries, name: str) -> str:
    """Returns what tells 1 from true, and null from nothing."""
    return json.dumps(entries[name], sort_keys=True) if name in entries else ""


def differences(name: str, before: Entries, after: Entries) -> Iterator[str]:
    """Yields lines like those of a unified diff: which entry, which key, what it was and what it is."""
    if name not in after:
        yield f"@@ {name} is gone"
    elif name not in before:
        yield f"@@ {name} is new"
    else:
        was, now = dict(_flat(before[name])), dict(_flat(after[name]))
        for key in [*was, *(key for key in now if key not in was)]:
            if key not in was or key not in now or was[key] != now[key]:
                yield f"@@ {name}  {key}"
                yield from _lines(was.get(key, []), now.get(key, []))


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yields the values within a value by their paths, like hits[0].score, each as lines."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{key}[{number}]")
    elif isinstance(value, list) and value and all(isinstance(inner, str) for inner in value):
        yield key, value
    else:
        yield key, [json.dumps(value, ensure_ascii=False)]


def _lines(was: list[str], now: list[str]) -> Iterator[str]:
    changed = [line.rstrip("\n") for line in difflib.unified_diff(was, now, n=0, lineterm="")][2:]
    changed = [line for line in changed if not line.startswith("@@")]
    yield from changed[:SHOWN]
    if len(changed) > SHOWN:
        yield f"… {len(changed) - SHOWN} more lines"


if __name__ == "__main__":
    sys.exit(main())
