"""What a question means after others: exact forms, in Chinese, English, traditional and sloppy."""

from __future__ import annotations

import time

import pytest

from rag.question.followup import TURNS, Cue, Earlier, Form, Resolved, resolve

LORA = [Earlier("LoRA 是什么")]


@pytest.mark.parametrize(
    ("earlier", "question", "form"),
    [
        # a pronoun is the topic of the question before
        ("LoRA 是什么", "它有什么缺点", "LoRA 有什么缺点"),
        ("讲讲lora吧", "那它的秩一般设多大", "lora 的秩一般设多大"),
        ("LoRA 是什么", "他有啥缺點", "LoRA 有啥缺點"),
        ("LoRA 是什么", "it有啥缺点", "LoRA 有啥缺点"),
        ("投机解码是怎么回事", "这种方法什么时候会变慢", "投机解码什么时候会变慢"),
        ("什麼是思維鏈", "這種方法什麼時候沒有用", "思維鏈什麼時候沒有用"),
        ("什么是奖励模型", "其优缺点是什么", "奖励模型优缺点是什么"),
        ("什么是量化感知训练", "该方法适合什么场景", "量化感知训练适合什么场景"),
        ("what is LoRA", "how does it work?", "how does LoRA work?"),
        ("explain flash attention", "what are its limits", "what are flash attention's limits"),
        ("tell me about DPO", "is it better than PPO", "is DPO better than PPO"),
        ("LoRA 是什么", "这个呢", "LoRA"),
        # X takes the place of what is like it
        ("ZeRO 第一阶段切的是什么", "那第三阶段呢", "ZeRO 第三阶段切的是什么"),
        ("top-k 采样有什么毛病", "那 top-p 呢", "top-p 采样有什么毛病"),
        ("8bit 量化掉精度吗", "2bit 呢", "2bit 量化掉精度吗"),
        ("BERT 是什麼架構", "那 GPT 呢", "GPT 是什麼架構"),
        ("LoRA 有什么缺点", "那全参数微调呢", "全参数微调有什么缺点"),
        ("What does recall@k measure?", "and nDCG?", "What does nDCG measure?"),
        ("What does recall@k measure?", "what about nDCG", "What does nDCG measure?"),
        ("memory of plain DDP for 7B", "with stage 3?", "memory of plain DDP for 7B with stage 3"),
        # a side of the topic
        ("LoRA 是什么", "优点呢", "LoRA 的优点"),
        ("LoRA 有什么优点", "那缺点呢？", "LoRA 的缺点"),
        ("LoRA 的优点", "缺点", "LoRA 的缺点"),
        ("LoRA 是什么", "有什么好处", "LoRA 有什么好处"),
        ("什么是混合检索", "具体怎么融合", "混合检索具体怎么融合"),
        ("LoRA 是什么", "举个例子", "LoRA 举个例子"),
        ("what is LoRA", "any drawbacks?", "LoRA: any drawbacks"),
        # why
        ("投票会更准吗？", "为什么？", "投票会更准吗，为什么"),
        ("投票会更准吗", "原因呢", "投票会更准吗，为什么"),
        ("is LoRA slower", "why?", "is LoRA slower, why"),
        # a comparison with the topic
        ("介绍下 ALiBi", "和 RoPE 比呢？", "ALiBi 和 RoPE 有什么区别"),
        ("Mamba 是什麼", "跟 Transformer 比有什麼缺點", "Mamba 和 Transformer 比，有什麼缺點"),
        ("什么是 LoRA", "与全参数微调有什么区别", "LoRA 和全参数微调有什么区别"),
        ("what is LoRA", "compared to QLoRA?", "LoRA and QLoRA difference"),
        # one of the two sides
        ("AWQ 和 GPTQ 有啥区别", "前者怎么找出重要通道", "AWQ 怎么找出重要通道"),
        ("AWQ 和 GPTQ 有啥区别", "后者呢", "GPTQ"),
        ("AWQ 和 GPTQ 有啥区别", "第二种难不难", "GPTQ 难不难"),
        ("difference between AWQ and GPTQ", "is the latter slower", "is GPTQ slower"),
    ],
)  # fmt: skip
def test_a_follow_up(earlier: str, question: str, form: str) -> None:
    resolved = resolve(question, [Earlier(earlier)])
    assert resolved.forms[0].text == form
    assert resolved.cue in (Cue.PLAIN, Cue.NEEDED)


@pytest.mark.parametrize(
    ("earlier", "question", "form"),
    [
        (
            ["什么是 LoRA", "有什么好处", "跟全参数微调比效果差多少"],
            "为什么",
            "LoRA 跟全参数微调比效果差多少，为什么",
        ),
        (["LoRA 是什么", "那 QLoRA 呢"], "跟它有什么不同", "LoRA 和 QLoRA 有什么不同"),
        (["LoRA 是什么", "那 QLoRA 呢"], "它们有什么区别", "LoRA 和 QLoRA 有什么区别"),
        (["what is LoRA", "what is QLoRA"], "how do they differ", "how do LoRA and QLoRA differ"),
        (["LoRA 有什么缺点", "那 QLoRA 呢"], "那 DoRA 呢", "DoRA 有什么缺点"),
        (["LoRA 是什么", "谢谢"], "它的缺点", "谢谢的缺点"),
        (["LoRA 是什么", "为什么", "  "], "它的缺点是什么", "LoRA 的缺点是什么"),
    ],
)
def test_earlier_questions_are_resolved_in_turn(earlier: list[str], question: str, form: str) -> None:
    assert resolve(question, held(earlier)).forms[0].text == form


def held(typed: list[str]) -> list[Earlier]:
    """Returns the questions of a conversation, each with what it was about after those before it."""
    earlier: list[Earlier] = []
    for question in typed:
        resolved = resolve(question, earlier)
        went_on = resolved.cue in (Cue.PLAIN, Cue.NEEDED)
        earlier.append(Earlier(question, resolved.forms[0].topic if went_on else ""))
    return earlier


def test_a_pronoun_may_mean_the_topic_before_the_last() -> None:
    resolved = resolve("用它的话会怎样", held(["RoPE 是什么", "什么是滑动窗口"]))
    forms = Form("用滑动窗口的话会怎样", "滑动窗口"), Form("用 RoPE 的话会怎样", "RoPE")
    assert resolved == Resolved(forms, Cue.PLAIN)


@pytest.mark.parametrize(
    ("earlier", "question", "form"),
    [
        # which of several things is told by what was asked before, not by this
        ("换备胎怎么换", "第三步再说清楚点", "换备胎怎么换，第三步再说清楚点"),
        ("RLHF 有哪几步", "第二步展开说说", "RLHF 有哪几步，第二步展开说说"),
        ("how to reset the router", "step 2?", "how to reset the router, step 2?"),
        ("why is it slow to start", "the second reason", "why is it slow to start, the second reason"),
        # one of two that are named together
        ("团子和豆包各多重", "后者几岁", "豆包几岁"),
        ("Otter vs Heron, which one is lighter", "how much does the former cost", "how much does Otter cost"),
        # the beginning of the topic
        ("日语课星期几上", "西语的呢", "西语课星期几上"),
        ("英国签证要几天", "日本的呢", "日本签证要几天"),
        # relations and verbs have no topic of their own
        ("《盐与灯塔》讲什么", "作者是谁", "《盐与灯塔》作者是谁"),
        ("去岛上的船票", "多少钱", "去岛上的船票多少钱"),
        ("packing", "how can I avoid it", "how can I avoid packing"),
        ("外婆的药", "她吃几片", "外婆的药吃几片"),
    ],
)
def test_everyday_follow_ups(earlier: str, question: str, form: str) -> None:
    resolved = resolve(question, [Earlier(earlier)])
    assert resolved.forms[0].text == form
    assert resolved.cue in (Cue.PLAIN, Cue.NEEDED)


def test_topics_do_not_pile_up() -> None:
    typed = ["番茄牛腩炖多久", "压力锅呢", "那要放酱油吗", "它咸不咸", "为什么"]
    topics = {one.topic or one.typed for one in held(typed)}
    assert all(len(topic) <= len("番茄牛腩炖多久") for topic in topics)
    assert all(len(form.text) <= 16 for form in resolve("那冬天呢", held(typed)).forms)


@pytest.mark.parametrize(
    ("question", "cue"),
    [
        ("头一个小时多少钱", Cue.POSSIBLE),
        ("谁主持的", Cue.POSSIBLE),
        ("最后一笔什么时候给", Cue.POSSIBLE),
        ("和 mha 比 mla 的缓存剩百分之几", Cue.POSSIBLE),  # it names both sides
        ("那什么是幻觉", Cue.HINTED),
        ("小模型用也有效吗", Cue.HINTED),
        ("之后还能接着训吗", Cue.HINTED),
        ("医生要她做什么", Cue.HINTED),
        ("sundays too?", Cue.HINTED),
        ("and the peers, who picks those", Cue.HINTED),
        ("LoRA 的秩设多大", Cue.NONE),  # names the topic itself
        ("秩一般设多大", Cue.NONE),  # has a subject of its own
        ("吉他弦是什么牌子的", Cue.NONE),
        ("搬到新办公室之后打印机的驱动怎么装", Cue.NONE),  # says itself after what
        ("长城有多长", Cue.NONE),
        ("那个女医生几点下班", Cue.NONE),  # 那个 is a filler, or points at what follows
        ("嗯,那个,团建去哪来着", Cue.NONE),
        ("MoE 是什么，它的路由不均衡怎么办", Cue.NONE),  # says itself what 它 means
        ("流水线并行的气泡应该怎么算才算得准", Cue.NONE),
        ("what is constitutional ai and who made it and when was that published", Cue.NONE),  # long
        ("waschmaschine", Cue.NONE),  # asks nothing
        ("谢谢", Cue.NONE),
        ("", Cue.NONE),
    ],
)
def test_how_plainly_a_question_goes_on(question: str, cue: Cue) -> None:
    assert resolve(question, LORA).cue is cue


@pytest.mark.parametrize("question", ["它有什么缺点", "为什么？", "那 QLoRA 呢", "优点呢", "和 RoPE 比呢", "why?", ""])
@pytest.mark.parametrize("earlier", [[], [""], ["  ", "？"], ["为什么？"], ["长" * 4000]])
def test_nothing_to_go_on_from(earlier: list[str], question: str) -> None:
    assert resolve(question, held(earlier)) == Resolved((), Cue.NONE)


def test_what_may_go_on_is_read_with_the_topic_and_with_the_question_before() -> None:
    forms = Form("LoRA 头一个小时多少钱", "LoRA"), Form("LoRA 是什么 头一个小时多少钱", "LoRA")
    assert resolve("头一个小时多少钱", LORA) == Resolved(forms, Cue.POSSIBLE)


def test_what_was_asked_long_ago_is_forgotten() -> None:
    padding = [Earlier("谢谢啦！")] * TURNS
    assert resolve("它的缺点", [*LORA, *padding[1:]]).forms[-1].text == "LoRA 的缺点"
    assert all("LoRA" not in form.text for form in resolve("它的缺点", [*LORA, *padding]).forms)


@pytest.mark.parametrize("unit", ["有没有", "的", "？", "怎么，", "那", "和", " ", "a? ", "vs ", "它", "什么 "])
def test_no_form_takes_long_to_read(unit: str) -> None:
    for length in (199, 4000):
        text = (unit * length)[:length]
        started = time.perf_counter()
        resolve(text, [Earlier(text), *LORA, Earlier(text)])
        assert time.perf_counter() - started < 1
