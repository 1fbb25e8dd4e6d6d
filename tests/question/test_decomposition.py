"""The sides of a comparison and the questions of one message; and what is left whole."""

from __future__ import annotations

import time

import pytest

from rag.question.decomposition import questions, sides


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("GPTQ 跟 SmoothQuant 有什么区别", ("GPTQ", "SmoothQuant")),
        ("GPTQ和AWQ区别", ("GPTQ", "AWQ")),
        ("KTO 和 GRPO 我该用哪个，手上只有点赞数据", ("KTO", "GRPO")),
        ("自己电脑上跑，gguf 的 q4 和 awq 选哪个", ("gguf 的 q4", "awq")),
        ("多次采样投票跟 tree of thoughts 比，哪个省 token", ("多次采样投票", "tree of thoughts")),
        ("資料投毒跟提示注入有什麼不一樣", ("資料投毒", "提示注入")),
        ("RLHF 與 RLVR 的差別在哪", ("RLHF", "RLVR")),
        ("请问一下预训练和微调之间的区别是什么？", ("预训练", "微调")),
        ("Muon 优化器比 AdamW 好在哪", ("Muon 优化器", "AdamW")),
        ("LoRA vs 全参数微调", ("LoRA", "全参数微调")),
        ("对比一下 BPE 和 WordPiece 的优劣", ("BPE", "WordPiece")),
        ("DoRA、AdaLoRA 跟原版 LoRA 比，各改了哪里", ("DoRA", "AdaLoRA", "原版 LoRA")),
        ("soft prompt vs LoRA, which has more capacity", ("soft prompt", "LoRA")),
        ("What is the difference between top-k and top-p?", ("top-k", "top-p")),
        ("compare BPE with WordPiece", ("BPE", "WordPiece")),
        ("how does DPO differ from PPO in practice", ("DPO", "PPO")),
        ("which is cheaper, LoRA or QLoRA?", ("LoRA", "QLoRA")),
        ("is ORPO better than DPO?", ("ORPO", "DPO")),
    ],
)
def test_the_sides_of_a_comparison(question: str, expected: tuple[str, ...]) -> None:
    assert sides(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("BPE 怎么训练的？还有温度设多少合适", ("BPE 怎么训练的", "温度设多少合适")),
        ("lora 秩设多大 另外sft要多少条数据", ("lora 秩设多大", "sft要多少条数据")),
        ("flash attention 为啥快，顺便问下 fp8 训练靠谱吗", ("flash attention 为啥快", "fp8 训练靠谱吗")),
        ("為什麼要位置編碼？還有為什麼要除以根號 dk", ("為什麼要位置編碼", "為什麼要除以根號 dk")),
        ("温度0为什么不一样；输出怎么保证合法", ("温度0为什么不一样", "输出怎么保证合法")),
        ("残差有什么用？SwiGLU 呢？", ("残差有什么用", "SwiGLU 呢")),
        ("数据怎么去重，质量过滤又用什么办法", ("数据怎么去重", "质量过滤又用什么办法")),
        ("多轮追问怎么改写 重排模型要不要加", ("多轮追问怎么改写", "重排模型要不要加")),
        ("how does BPE work and what is RoPE?", ("how does BPE work", "what is RoPE")),
        ("What is LoRA? Also, how large should the batch be?", ("What is LoRA", "how large should the batch be")),
        ("什么是 BPE？什么是 RoPE？什么是 LoRA？", ("什么是 BPE", "什么是 RoPE", "什么是 LoRA")),
    ],
)
def test_the_questions_of_a_message(question: str, expected: tuple[str, ...]) -> None:
    assert questions(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "LoRA 是什么",
        "LoRA 还有什么缺点",
        "微调后模型变笨了，怎么办",
        "奖励模型会被钻空子吗，怎么发现",  # the second goes on about the same
        "投票会更准吗？为什么？",
        "temperature、top-k、top-p 同时设置时按什么顺序生效",
        "自注意力和交叉注意力的 K 从哪来",
        "为什么 Transformer 需要位置编码？",
        "CLIP 的图文对比学习是怎么训练的",
        "拆到不同的 GPU 上值得吗",
        "what is retrieval and generation",
        "is BPE also used in GPT",
        "4bit 的 group_size 选 128",
        "和",
        "vs",
        "？？",
        "",
    ],
)
def test_a_plain_question_is_never_split(question: str) -> None:
    assert (sides(question), questions(question)) == ((), ())


def test_more_than_three_are_a_list_and_not_parts() -> None:
    assert questions("什么是甲一？什么是乙二？什么是丙三？什么是丁四？") == ()
    assert sides("甲一、乙二、丙三和丁四的区别") == ()


@pytest.mark.parametrize("unit", ["和", "的", "？", "怎么，", "什么 ", "a vs ", " ", "还有", "有没有"])
def test_no_form_takes_long_to_read(unit: str) -> None:
    for length in (199, 4000):
        text = (unit * length)[:length]
        started = time.perf_counter()
        sides(text), questions(text)
        assert time.perf_counter() - started < 1
