"""Numbers that are names, by value: dates, versions and addresses, however they are written."""

from __future__ import annotations

import pytest

from rag.text.figures import Date, Named, Version, dates, versions
from rag.text.normal import normalize
from rag.text.tokens import needle, runs, tokens


@pytest.mark.parametrize(
    "text",
    [
        "2018年4月9日",
        "2018 年 4 月 9 号",
        "２０１８年４月９日",
        "二〇一八年四月九日",
        "2018-04-09",
        "2018/4/9",
        "2018.4.9",
        "9 April 2018",
        "9th of April, 2018",
        "April 9, 2018",
        "Apr. 9th 2018",
    ],
)
def test_one_day_in_all_its_forms(text: str) -> None:
    assert dates(normalize(f"见面 {text} 下午")) == [Date(2018, 4, 9)]
    assert {"2018-04-09", "2018-04", "04-09"} <= set(tokens(text))
    assert needle("2018-04-09") in runs(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("四月九号", [Date(0, 4, 9)]),
        ("十二月二十五日", [Date(0, 12, 25)]),
        ("廿三年", []),
        ("2018年4月", [Date(2018, 4)]),
        ("April 2018", [Date(2018, 4)]),
        ("in 2018", [Date(2018)]),
        ("2018年", [Date(2018)]),
        ("上下文 2048 个词", []),
        ("2018.04 米", []),
        ("13月5日", []),
        ("2018-04-09 到 2018-04-11", [Date(2018, 4, 9), Date(2018, 4, 11)]),
        ("you may 5 times", [Date(0, 5, 5)]),  # "may" cannot be told; it only adds a token
    ],
)
def test_dates(text: str, expected: list[Date]) -> None:
    assert dates(normalize(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.3.2", [Version((1, 3, 2))]),
        ("v1.3", [Version((1, 3))]),
        ("版本 2", [Version((2,))]),
        ("1.7 版", [Version((1, 7))]),
        ("1.7 版面", []),
        ("温度 0.7", []),
        ("192.168.1.10", [Version((192, 168, 1, 10))]),
        ("2018.4.9", []),
        (f"v{'9' * 5000}", []),
    ],
)
def test_versions(text: str, expected: list[Version]) -> None:
    assert versions(normalize(text)) == expected


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("升级到 1.3.2 之后", "1.3.2"),
        ("升级到 1.3.2 之后", "1.3"),
        ("一共 1,200 元", "1200"),
        ("早上 07:30 出发", "7:30"),
        ("电话 138-0013-8000", "13800138000"),
        ("学习率 0.1", "0.1"),
    ],
)
def test_numbers_of_several_parts_are_tokens_as_wholes(text: str, token: str) -> None:
    assert token in tokens(text)
    assert needle(token) in runs(text)


def lacks(asked: str, held: str) -> bool:
    named = Named.of(normalize(asked))
    return named is not None and named.is_lacking_in(normalize(held))


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("1.3.2 修了什么", "3.2.1：修了登录"),
        ("v2 有什么新的", "1.9 有新的图标，1.10 也有"),
        ("4月9日去了哪", "2018-04-10 去河边"),
        ("9 April 2018 where", "2019年4月9日 去河边"),
        ("2018年的预算", "2019 年的预算是十万"),
        ("192.168.1.7 是哪台", "192.168.1.17 是打印机"),
        ("13800138000 是谁", "阿明：13900139000"),
    ],
)
def test_a_text_that_lacks_what_the_question_names(asked: str, held: str) -> None:
    assert lacks(asked, held)


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("1.3.2 修了什么", "v1.3.2：修了登录"),
        ("v1.3 修了什么", "1.3.2 修了登录"),
        ("1.3.0 呢", "1.3 修了登录"),
        ("4月9日去了哪", "2018-04-09 去河边"),
        ("2018年4月9日去了哪", "四月九号去河边"),
        ("April 2018", "2018-04-11 去河边"),
        ("2018年的预算", "预算是十万"),
        ("138 0013 8000 是谁", "阿明 138-0013-8000"),
        ("32000 和 128256 的词表", "词表多大"),
        ("三点开门吗", "九点开门"),
        ("下午 3:30 开门吗", "九点开门"),  # a time asks for what holds then, a day often too: only names are missed
    ],
)
def test_a_text_that_may_have_it(asked: str, held: str) -> None:
    assert not lacks(asked, held)
