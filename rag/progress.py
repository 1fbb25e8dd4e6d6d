"""The bar that the commands show while work goes on; `rich` is imported here only, as a question needs none of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress_bar(work: str) -> Iterator[Callable[[int, int], None] | None]:
    """Shows a bar named `work` on stderr when that is a terminal; yields what takes the number done and of all."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn(work), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(work, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
