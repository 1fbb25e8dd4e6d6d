from __future__ import annotations

import pytest

from rag.question.facts import asks_for_number, has_number


@pytest.mark.parametrize(
    "question",
    [
        "腊肠要蒸多久",
        "押金交了多少",
        "暖氣幾點開",
        "几号交房租",
        "什么时候复诊",
        "净水器滤芯哪年换的",
        "门禁密码",
        "物业电话",
        "How long does the glue dry?",
        "when is the next inspection",
        "what time does the pool close",
        "price of the desk",
    ],
)
def test_a_number_is_asked_for(question: str) -> None:
    assert asks_for_number(question)


@pytest.mark.parametrize(
    "question",
    [
        "为什么要先焯水",
        "谁负责报销",
        "几何平均是什么",
        "怎么拆滤网",
        "Why is the tap dripping?",
        "who runs the standup",
    ],
)
def test_no_number_is_asked_for(question: str) -> None:
    assert not asks_for_number(question)


@pytest.mark.parametrize(
    "sentence",
    [
        "蒸二十分钟。",
        "| 押金 | 3200 |",
        "每周二下午",
        "大概两勺",
        "Every Tuesday at noon.",
        "dries in half an hour",
        "1. 泡 8 小时",
        "３点",
    ],
)
def test_a_sentence_has_a_number(sentence: str) -> None:
    assert has_number(sentence)


@pytest.mark.parametrize("sentence", ["先把水烧开。", "1. 洗净切片", "一起下锅", "Wipe it dry.", "someone has to sign"])
def test_a_sentence_has_none(sentence: str) -> None:
    assert not has_number(sentence)
