"""Words of a question in the other language: a word list made from parallel sentences by `training/lexicon.py`."""

from __future__ import annotations

import functools
from pathlib import Path

LEXICON = Path(__file__).resolve().parent / "lexicon.tsv"
Translation = tuple[str, float]  # a word of the other language, and how surely it belongs to this one, 0–1


def translations(word: str) -> tuple[Translation, ...]:
    """Returns the Chinese words for an English one or its plain plural, the English words for a Chinese one.

    `word` is in normal form. Surest first; () when unknown.
    """
    lexicon = _lexicon()
    singular = word[:-1] if len(word) > 4 and word.endswith("s") else word
    return lexicon.get(word) or lexicon.get(singular) or ()


@functools.cache
def _lexicon() -> dict[str, tuple[Translation, ...]]:
    """Returns both directions in one: no word is written the same in the two languages."""
    entries: dict[str, tuple[Translation, ...]] = {}
    for line in LEXICON.read_text(encoding="utf-8").splitlines():
        chinese, english, dice = line.split("\t")
        entries[english] = (*entries.get(english, ()), (chinese, float(dice)))
        entries[chinese] = (*entries.get(chinese, ()), (english, float(dice)))
    return entries
