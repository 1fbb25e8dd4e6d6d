"""What a mistyped word was meant as: slips of the finger in Latin words, characters of one sound in Chinese ones."""

from __future__ import annotations

import pytest

from rag.text.typos import fuzzy, is_sound, nearest_word, readings, sounds

WORDS = ("attention", "batch", "decoder", "encoder", "quantization", "token", "tokens")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tokem", "token"),  # a wrong letter
        ("toke", None),  # too short to guess
        ("batcch", "batch"),  # a doubled one
        ("bathc", "batch"),  # two swapped
        ("decodr", "decoder"),  # a missing one
        ("bacth1", None),  # two slips in a short word
        ("atention", "attention"),
        ("attnetoin", "attention"),  # two slips in a long word
        ("atnetoinn", None),  # three
        ("quantisatoin", "quantization"),
        ("bncoder", None),  # never the first letter: encoder and decoder are other things
        ("tokenz", "token"),  # of equally near ones the first
        ("token", "token"),
        ("注意力机制", None),
        ("", None),
    ],
)
def test_a_slip_of_the_finger(typed: str, meant: str | None) -> None:
    assert nearest_word(typed, WORDS) == meant


def test_without_words_nothing_is_near() -> None:
    assert nearest_word("attention", ()) is None


# ------------------------------------------------------------------------------------------------------------- sounds


@pytest.mark.parametrize(
    ("token", "heard"),
    [
        ("注意", ("~zu-yi", "~zou-yi")),
        ("主义", ("~zu-yi",)),
        ("模型", ("~mo-xin", "~mu-xin")),
        ("显存", ("~xian-cun",)),
        ("吉野", ("~ji-ye", "~ji-su")),
        ("㐁𠀀", ("~tian-he",)),  # rare ones, and beyond the basic plane
        ("𠮷野", ("~𠮷-ye", "~𠮷-su")),  # which of them sounds how is not always known
        ("注", ()),
        ("注意力", ()),
        ("k2", ()),
        ("ab", ()),
        ("", ()),
    ],
)
def test_how_a_pair_of_characters_sounds(token: str, heard: tuple[str, ...]) -> None:
    assert sounds(token) == heard
    assert all(map(is_sound, heard))
    assert not is_sound(token)


def test_similar_sounds_are_one() -> None:
    assert [fuzzy(syllable) for syllable in ("zhuang", "shi", "cheng", "ling", "a", "ng")] == [
        "zuan", "si", "cen", "lin", "a", "ng",
    ]  # fmt: skip
    assert (readings("行"), readings("龘")) == (("xin", "han"), ("da",))
