from __future__ import annotations

import pytest

from rag.question.smalltalk import REPLIES, small_talk


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("你好", "greeting"),
        ("您好呀！", "greeting"),
        ("在吗？", "greeting"),
        ("早上好～", "greeting"),
        ("Hello there", "greeting"),
        ("謝謝", "thanks"),
        ("好的，谢谢啦", "thanks"),
        ("👍谢谢", "thanks"),
        ("Thank you so much!!", "thanks"),
        ("知道了", "thanks"),
        ("再见", "farewell"),
        ("bye bye", "farewell"),
        ("谢谢，再见", "farewell"),
        ("你是谁？", "who"),
        ("What can you do?", "who"),
    ],
)
def test_courtesy_is_returned_in_its_language(said: str, kind: str) -> None:
    assert small_talk(said) == REPLIES[kind][0 if any(c >= "\u4e00" for c in said) else 1]


@pytest.mark.parametrize(
    "asked",
    [
        "你好用日语怎么说",
        "谢谢信怎么写",
        "早餐吃什么",
        "行李超重怎么办",
        "好的收纳盒在哪买",
        "您好，请问报销找谁",
        "",
        "？",
        "不错的餐厅",
        "hello world in Rust",
        "thanks to whom did we win",
        "okay plan",
        "再见一面约在哪",
    ],
)
def test_what_asks_something_is_no_small_talk(asked: str) -> None:
    assert small_talk(asked) is None
