"""English words of a question in Chinese: a word list made from parallel sentences by `training/lexicon.py`."""

from __future__ import annotations

import functools
from pathlib import Path

LEXICON = Path(__file__).resolve().parent / "lexicon.tsv"

Translation = tuple[str, float]  # a Chinese word, and how surely it belongs to the English one, 0–1


def translations(word: str) -> tuple[Translation, ...]:
    """Returns the Chinese words for a normalised English word or its plain plural, surest first; () when unknown."""
    lexicon = _lexicon()
    singular = word[:-1] if len(word) > 4 and word.endswith("s") else word
    return lexicon.get(word) or lexicon.get(singular) or ()


@functools.cache
def _lexicon() -> dict[str, tuple[Translation, ...]]:
    entries: dict[str, tuple[Translation, ...]] = {}
    for line in LEXICON.read_text(encoding="utf-8").splitlines():
        chinese, english, dice = line.split("\t")
        entries[english] = (*entries.get(english, ()), (chinese, float(dice)))
    return entries
