"""What kind of fact is asked for, and what holds one; also over questions that people wrote to real passages."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from rag.question.facts import (
    ADDRESS,
    ANY_NUMBER,
    CLOCK,
    DAY,
    DURATION,
    KINDS,
    LENGTH,
    MONEY,
    SHARE,
    TELEPHONE,
    TEMPERATURE,
    VOLUME,
    WEIGHT,
    YEAR,
    Kind,
    has_number,
    kind_asked_for,
)

TRAINING = Path(__file__).resolve().parents[2] / "training"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("腊肠要蒸多久", DURATION),
        ("胶水几个小时能干", DURATION),
        ("How long does the glue dry?", DURATION),
        ("暖氣幾點開", CLOCK),
        ("what time does the pool close", CLOCK),
        ("几号交房租", DAY),
        ("社区合唱星期几排练", DAY),
        ("which day is the bin collected", DAY),
        ("净水器滤芯哪年换的", YEAR),
        ("what year was the boiler put in", YEAR),
        ("门诊挂号多少钱", MONEY),
        ("price of the desk", MONEY),
        ("物业电话", TELEPHONE),
        ("the plumber's phone number", TELEPHONE),
        ("房东邮箱是多少", ADDRESS),
        ("书架隔板多少厘米", LENGTH),
        ("面粉放几克", WEIGHT),
        ("变速箱油要几升", VOLUME),
        ("烤箱调到多少度", TEMPERATURE),
        ("what percentage of the deposit comes back", SHARE),
        ("押金交了多少", ANY_NUMBER),
        ("什么时候复诊", ANY_NUMBER),
        ("门禁密码", ANY_NUMBER),
        ("when is the next inspection", ANY_NUMBER),
    ],
)
def test_the_kind_that_is_asked_for(question: str, kind: Kind) -> None:
    asked = kind_asked_for(question)
    assert asked is kind


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
    assert kind_asked_for(question) is None


@pytest.mark.parametrize(
    "question", ["打电话给谁", "会不会把电话号码泄露出去", "can the app read a phone number from a picture"]
)
def test_what_is_only_mentioned_is_not_asked_for(question: str) -> None:
    assert kind_asked_for(question) not in KINDS


@pytest.mark.parametrize(
    ("kind", "held", "lacking"),
    [
        (TELEPHONE, "师傅 0571-8765 4321，下午接", "师傅姓邵，收了 120 元，2023 年来的"),
        (ADDRESS, "写信给 hall@parish.example", "钥匙在 3 号柜"),
        (MONEY, "押金 ３００，退租时还", "四楼，朝南，60 平米住三年"),
        (MONEY, "| 卷尺 | 16 元 |", "卷尺 5 米那把在抽屉"),
        (MONEY, "the fee is 12", "ordered by Lin, takes 4 days on the 3rd floor"),
        (VOLUME, "加 4.2 L 机油", "0W-20 机油，31,200 公里"),
        (CLOCK, "周三 19：30 在活动室", "每周三在二楼活动室"),
        (DURATION, "大火蒸二十分钟", "用 3 号锅，水到 2 格"),
        (DURATION, "the password has 24 characters", "the password is on the blue card"),
        (DURATION, "hang it up overnight", "two hooks on the left wall"),
        (YEAR, "2019 年 4 月装的", "镁棒 145 元，60 升"),
        (DAY, "五月 12 日之前交", "交给三楼的文阿姨"),
        (DAY, "every second Thursday", "in the long hall"),
        (LENGTH, "隔板宽 32 cm", "隔板 4 块，松木"),
        (WEIGHT, "高筋粉 500 克", "高筋粉过筛"),
        (TEMPERATURE, "上下火 180°，中层", "中层，20 分钟"),
        (SHARE, "盐水 3%", "加盐 2 勺"),
    ],
)
def test_a_text_holds_a_fact_of_a_kind_or_lacks_it(kind: Kind, held: str, lacking: str) -> None:
    assert kind.is_held_by(held)
    assert not kind.is_held_by(lacking)


def test_kinds_part_what_passages_hold_from_what_they_lack() -> None:
    """Over questions written for entries and passages of all subjects: three on what stands there, or does not."""
    entries = [json.loads(line) for path in (TRAINING / "questions").glob("*.jsonl") for line in lines(path)]
    known = {hashlib.sha256(entry["p"].encode()).hexdigest(): f"{entry['q']}\n{entry['p']}" for entry in entries}
    missed: dict[str, list[bool]] = {"held": [], "lacks": []}
    for path in sorted((TRAINING / "details").glob("*.jsonl")):
        for record in map(json.loads, lines(path)):
            if text := known.get(record["sha256"]):
                for side, questions in (
                    ("held", [question for question, _, _ in record["held"]]),
                    ("lacks", record["lacks"]),
                ):
                    kinds = filter(None, map(kind_asked_for, questions))
                    missed[side] += [not kind.is_held_by(text) for kind in kinds if kind in KINDS]
    assert len(missed["held"]) > 500 and len(missed["lacks"]) > 1000
    assert sum(missed["held"]) / len(missed["held"]) < 0.015
    assert sum(missed["lacks"]) / len(missed["lacks"]) > 0.3


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


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


@pytest.mark.parametrize(
    "sentence",
    ["先把水烧开。", "1. 洗净切片", "一起下锅", "Wipe it dry.", "someone has to sign", "you may sit in the sun"],
)
def test_a_sentence_has_none(sentence: str) -> None:
    assert not has_number(sentence)
