from __future__ import annotations

import pytest

from rag.question.frames import without_filler


@pytest.mark.parametrize(
    ("question", "bare"),
    [
        ("您好，请问报销找谁", "报销找谁"),
        ("帮我看看腊肠蒸多久呗", "腊肠蒸多久呗"),
        ("面试官爱问的那种 warmup 讲讲", "warmup"),
        ("麻烦各位，用大白话讲讲归一化", "归一化"),
        ("我记得笔记里有门禁密码来着", "门禁密码"),
        ("Could you please tell me when the lease ends, thanks", "when the lease ends"),
    ],
)
def test_what_is_said_around_a_question_goes(question: str, bare: str) -> None:
    assert without_filler(question) == bare


@pytest.mark.parametrize(
    "question", ["讲讲", "你好", "介绍一下", "新手怎么选锅", "滤芯多久换一次", "when does the lease end"]
)
def test_what_is_all_there_is_stays(question: str) -> None:
    assert without_filler(question) == question
