"""How Chinese is typed: input methods confuse characters of the same or a similar sound."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable

MARK = "~"  # no lexical token begins with it
READINGS = 2  # of a character; the third reading of one is never what was typed
# What southern speakers and hasty fingers do not tell apart; every input method offers these pairs as "fuzzy pinyin".
FUZZY = ((re.compile("^([zcs])h"), r"\1"), (re.compile("(?<=[aei])ng$"), "n"))
PAIR = re.compile("[\u4e00-\u9fff]{2}")


@functools.lru_cache(maxsize=200_000)  # about the pairs of characters in use; notes repeat the same few thousand
def sounds(token: str) -> tuple[str, ...]:
    """Returns how a token of two Han characters may sound, as tokens that begin with MARK; () for any other token."""
    if not PAIR.fullmatch(token):
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
