"""One normal form for notes and questions: what is compared is never what was typed."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable

import opencc

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
HAN_RUN = re.compile(f"[{HAN}]+")
LANGUAGE_SAMPLE = 200  # characters that tell the language of a text
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufe00-\ufe0f]")
TAGS = re.compile("[\U000e0000-\U000e007f\ud800-\udfff]")


@functools.cache
def _converter() -> Callable[[str], str]:
    return opencc.OpenCC("t2s").convert


def clean(text: str) -> str:
    """Returns `text` without control, zero-width, direction and tag characters; tabs and newlines stay."""
    return TAGS.sub("", CONTROL.sub("", text))


def simplified(text: str) -> str:
    """Returns `text` with traditional characters as simplified ones."""
    return _converter()(text)


def normalize(text: str) -> str:
    """Returns the form that is compared: NFKC, lower case, traditional characters as simplified ones."""
    return simplified(unicodedata.normalize("NFKC", text).lower())


def letters(text: str) -> str:
    """Returns the letters and digits of the normal form: what is the same however it is punctuated and spaced."""
    return "".join(filter(str.isalnum, normalize(text)))


def is_chinese(text: str) -> bool:
    """True when at least a tenth of `text` is Han characters: Chinese technical prose is full of Latin names.

    Only its beginning is looked at.
    """
    sample = text[:LANGUAGE_SAMPLE]
    return 10 * sum(map(len, HAN_RUN.findall(sample))) >= len(sample)
