"""Lexical tokens of a text: one list for the index and for the question."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from rag.text.normal import HAN, normalize

RUN = re.compile(rf"(?P<han>[{HAN}]+)|(?P<word>[^\W_{HAN}]+)")
HAN_PAIR = re.compile(f"[{HAN}]{{2}}")


def tokens(text: str) -> Iterator[str]:
    """Yields lexical tokens in order: Latin words and numbers, and the bigrams of each run of Han characters.

    Expects nothing of `text`; it is normalised here. A run of one character is yielded as it is.
    """
    for match in RUN.finditer(normalize(text)):
        run = match.group()
        if match.lastgroup == "word" or len(run) == 1:
            yield run
        else:
            yield from (run[i : i + 2] for i in range(len(run) - 1))


def runs(text: str) -> str:
    """Returns the words and the runs of Han characters of `text`, each between blanks.

    `needle(token) in runs(text)` says whether `tokens(text)` has the token, in a tenth of the time and memory.
    """
    return f" {' '.join(match.group() for match in RUN.finditer(normalize(text)))} "


@functools.lru_cache(maxsize=10_000)
def needle(token: str) -> str:
    """Returns what to look for in `runs`: a bigram anywhere in a run, anything else between blanks."""
    return token if HAN_PAIR.fullmatch(token) else f" {token} "
