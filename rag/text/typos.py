"""How words are mistyped: fingers slip on Latin letters, input methods confuse characters of the same sound."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from rag.text.tokens import HAN_PAIR

LATIN = re.compile("[a-z][a-z0-9]{4,}")  # shorter words are too close to each other to guess what was meant
TWO_SLIPS = 8  # letters from which a word may have two
MARK = "~"  # no lexical token begins with it
READINGS = 2  # of a character; the third reading of one is never what was typed
# What southern speakers and hasty fingers do not tell apart; every input method offers these pairs as "fuzzy pinyin".
FUZZY = ((re.compile("^([zcs])h"), r"\1"), (re.compile("(?<=[aei])ng$"), "n"))


def nearest_word(word: str, words: Iterable[str]) -> str | None:
    """Returns which of `words` a misspelt Latin `word` most likely is; None when no such word is near enough.

    One slip of the finger (wrong, missing, doubled or swapped letter), two in long words, never the first letter
    (optimal string alignment distance). Of equally near ones the first.
    """
    if not LATIN.fullmatch(word):
        return None
    slips = 1 if len(word) < TWO_SLIPS else 2
    alike = [known for known in words if known[0] == word[0] and abs(len(known) - len(word)) <= slips]
    found = process.extractOne(word, alike, scorer=OSA.distance, score_cutoff=slips)
    return str(found[0]) if found else None


@functools.lru_cache(maxsize=200_000)  # about the pairs of characters in use; notes repeat the same few thousand
def sounds(token: str) -> tuple[str, ...]:
    """Returns how a token of two Han characters may sound, as tokens that begin with MARK; () for any other token."""
    if not HAN_PAIR.fullmatch(token):
        return ()
    first, second = map(readings, token)
    return tuple(f"{MARK}{a}-{b}" for a, b in itertools.product(first, second))


def is_sound(token: str) -> bool:
    return token.startswith(MARK)


@functools.cache
def readings(character: str) -> tuple[str, ...]:
    """Returns the toneless, fuzzy readings of a character, most frequent first."""
    return tuple(dict.fromkeys(map(fuzzy, _spell()(character))))[:READINGS]


@functools.cache
def _spell() -> Callable[[str], list[str]]:
    from pypinyin import Style, pinyin  # here, not above: only questions with unknown words pay for the import

    return lambda character: pinyin(character, style=Style.NORMAL, heteronym=True)[0]


def fuzzy(syllable: str) -> str:
    """Returns a toneless syllable as those write it who do not tell similar sounds apart."""
    for pattern, replacement in FUZZY:
        syllable = pattern.sub(replacement, syllable)
    return syllable
