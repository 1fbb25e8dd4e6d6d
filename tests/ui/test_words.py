"""The translation table: nothing is missing in one of the languages."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from string import Formatter

import pytest

import rag.ui
from rag.text.normal import HAN
from rag.types import Cause, Reason
from rag.ui.words.base import Words, as_json, reason_in
from rag.ui.words.chinese import CHINESE
from rag.ui.words.english import ENGLISH

UI = Path(rag.ui.__file__).parent
SAID = "\n".join(path.read_text("utf-8") for path in UI.rglob("*") if path.suffix in (".py", ".js"))
PUT_TOGETHER = ("theme_", "bad_")  # by the scripts, from a beginning and a choice
NAMES = [field.name for field in dataclasses.fields(Words) if field.name != "reasons"]


def fields(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_say_it_with_the_same_values(name: str) -> None:
    chinese, english = getattr(CHINESE, name), getattr(ENGLISH, name)
    assert chinese.strip() and english.strip()
    assert fields(chinese) == fields(english)
    if name != "other_language":
        assert not re.search(rf"[{HAN}]", english)


def test_the_scripts_get_every_sentence() -> None:
    assert set(json.loads(as_json(CHINESE))) == set(NAMES)
    assert json.loads(as_json(ENGLISH))["send"] == "Send"
    assert "</script>" not in as_json(dataclasses.replace(ENGLISH, send="</script>"))


@pytest.mark.parametrize("words", [CHINESE, ENGLISH], ids=["Chinese", "English"])
def test_every_reason_is_said_in_both_languages(words: Words) -> None:
    assert list(words.reasons) == list(Cause)
    for cause, said in words.reasons.items():
        assert fields(said) <= fields(cause.value)
        if cause is not Cause.SYSTEM:
            assert bool(re.search(rf"[{HAN}]", said)) == (words is CHINESE)


def test_a_reason_with_its_detail() -> None:
    for reason, chinese, english in (
        (Reason(Cause.TOO_BIG, "10"), "文件太大", "over 10 MB"),
        (Reason(Cause.NOT_A_NOTE, ".{}"), "不是笔记格式", "not a note (.{})"),
        (Reason(Cause.SYSTEM, "odd {0}"), "odd {0}", "odd {0}"),
    ):
        assert (reason_in(CHINESE, reason), reason_in(ENGLISH, reason)) == (chinese, english)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "language"])
def test_nothing_is_translated_that_nobody_says(name: str) -> None:
    assert re.search(rf'words\.{name}\b|"{name}"', SAID) or name.startswith(PUT_TOGETHER)


def test_the_scripts_say_nothing_that_is_not_there() -> None:
    assert {name for name in re.findall(r'\btext\("(\w+)"', SAID)} <= set(NAMES)
