"""Splitting by value: each form people write notes in, worked by hand, and the properties that hold for all."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from rag.notes.corpus import read_corpus
from rag.passages.outline import TARGET_CHARACTERS, Heading, headings
from rag.passages.packing import MAX_CHARACTERS, RAW
from rag.passages.sentences import SENTENCE_CHARACTERS, sentences
from rag.passages.split import split
from rag.types import Note, Passage
from tests.splitting import check

NOTES = Path(__file__).parents[1] / "data" / "notes"  # of our own, in the forms that people use

Outline = list[tuple[int, int, tuple[str, ...], str | None]]


def note(text: str, source: str = "a.md") -> Note:
    return Note(source, "a", text, "")


def outline(text: str, source: str = "a.md") -> Outline:
    """Returns first line, last line, headings and question of each passage."""
    passages = split(note(text, source))
    return [(each.start_line, each.end_line, each.headings, each.question) for each in passages]


def answers(text: str, source: str = "a.md") -> list[str]:
    return [each.text[slice(*each.answer_span)] for each in split(note(text, source))]


def spoken(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


# ------------------------------------------------------------------------------------------------------ the notes


@pytest.fixture(scope="module")
def samples() -> dict[str, Note]:
    notes, skipped = read_corpus(NOTES)
    assert skipped == ()
    return {whole.source: whole for whole in notes}


def test_numbered_questions_give_their_fifteen_entries(samples: dict[str, Note]) -> None:
    whole = samples["数据库速问速答.txt"]
    indexes, transactions, upkeep = ("一、索引类",), ("二、事务类",), ("四、日常维护",)
    assert outline(whole.text, whole.source) == [
        (1, 7, (), None),
        (8, 10, indexes, "请说说什么是索引,它为什么能让查询变快?"),
        (11, 12, indexes, "你会怎样判断一条查询有没有用上索引?"),
        (13, 14, indexes, "请描述一下联合索引的列应该怎样排序。"),
        (15, 16, indexes, "为什么在列上套一层函数之后索引就失效了?"),
        (17, 19, transactions, "请简述事务的四个特性分别指什么?"),
        (21, 22, transactions, "脏读和幻读有什么不同?"),
        (23, 24, transactions, "为什么数据库要先写日志(Write-Ahead Log)再改数据?"),
        (25, 26, transactions, "死锁发生以后数据库会怎么处理?"),
        (27, 28, transactions, "乐观锁在哪些场景下更合适?"),
        (29, 30, transactions, "可重复读是怎样实现的?它能完全避免幻读吗?"),
        (31, 35, ("三、存储",), None),
        (36, 38, upkeep, "请解释什么是慢查询日志,以及它应该怎么用。"),
        (40, 41, upkeep, "为什么需要定期更新统计信息?"),
        (42, 43, upkeep, "在给大表加字段的时候,有哪些常见的办法避免锁表?"),
        (44, 45, upkeep, "磁盘快满了应该先清理什么?"),
        (46, 54, upkeep, "关于全量备份和增量备份在恢复上的区别?"),
    ]
    starts = [answer[:8] for answer in answers(whole.text, whole.source)]
    assert starts[1:4] == ["索引是按某一列排", "看执行计划。计划", "等值条件的列放在"]
    assert starts[16] == "全量备份\n恢复时"


def test_collections_and_interviews_by_value(samples: dict[str, Note]) -> None:
    chapters = ("网络笔记整理", "第一章 传输层"), ("网络笔记整理", "第二章 应用层")
    collection = samples["网络整理.md"]
    assert outline(collection.text, collection.source) == [
        (1, 6, ("网络笔记整理",), None),
        (8, 10, chapters[0], None),
        (12, 17, (*chapters[0], "1.1 连接 管理"), "建立连接为什么要三次握手?"),
        (19, 21, (*chapters[0], "1.1 连接 管理"), "TIME_WAIT 要等多久,为什么?"),
        (23, 30, (*chapters[0], "1.2 拥塞控制"), None),
        (32, 36, chapters[1], "HTTP/2 的多路复用解决了什么问题?"),
        (38, 40, chapters[1], "队头阻塞在 HTTP/2 里完全消失了吗?"),
    ]
    assert [(each.start_line, each.end_line, each.question) for each in split(samples["面试记录.md"])] == [
        (2, 5, None),
        (7, 11, "哈希表和平衡树作为索引有什么区别呢?"),
        (12, 15, "合并冲突的时候以谁为准?有没有丢过数据?"),
        (17, 17, None),  # asked in the interview, never answered
        (19, 22, "最终一致和强一致有什么区别?"),
    ]
    english = samples["backups.md"]
    assert outline(english.text, english.source) == [
        (1, 3, ("Backups",), None),
        (5, 7, ("Backups",), "How often should we back up?"),
        (9, 12, ("Backups",), "What is the 3-2-1 rule?"),
        (14, 22, ("Backups", "Restoring"), None),
    ]


def test_every_note_keeps_every_line(samples: dict[str, Note]) -> None:
    assert {source: len(check(whole)) for source, whole in samples.items()} == {
        "backups.md": 4,
        "hostile.md": 1,
        "山里的一天.txt": 1,
        "数据库速问速答.txt": 17,
        "网络整理.md": 7,
        "面试记录.md": 5,
    }


# ------------------------------------------------------------------------------------------------------- the forms


def test_passages_are_cut_at_exact_offsets() -> None:
    text = "# 笔记\n\n## 什么是LoRA？\n\n低秩适配。\n\n\n## 其他\n正文\n"
    assert split(note(text)) == (
        Passage(
            "a.md", ("笔记",), "什么是LoRA？", 0, 24, 1, 5, "# 笔记\n\n## 什么是LoRA？\n\n低秩适配。", (19, 24), (6, 18)
        ),
        Passage("a.md", ("笔记", "其他"), None, 27, 35, 8, 9, "## 其他\n正文"),
    )
    assert answers(text) == ["低秩适配。", "## 其他\n正文"]


def test_setext_headings_and_fences() -> None:
    text = "笔记\n====\n\n为什么用Adam\n---\n因为快。\n```\n# 不是标题\n1. 什么？\n答：不是\n```\n"
    assert outline(text) == [(1, 11, ("笔记",), "为什么用Adam")]
    assert answers(text) == ["因为快。\n```\n# 不是标题\n1. 什么？\n答：不是\n```"]


def test_a_title_that_asks_is_the_subject_not_a_question() -> None:
    text = "# 什么是微调？\n前言\n## 数据\n一些\n## 如何训练\n这样\n"
    assert outline(text) == [
        (1, 2, ("什么是微调？",), None),
        (3, 4, ("什么是微调？", "数据"), None),
        (5, 6, ("什么是微调？",), "如何训练"),
    ]


def test_headings_lose_marks_and_questions_their_numbers() -> None:
    text = (
        "## 2.1 **大模型** [基础面](x) ##\n### 2.1.3 涌现`能力`是啥原因?\n规模。\n"
        "###  5:说说优缺点\n都有\n### Q2: LoRA\n低秩\n"
    )
    above = ("2.1 大模型 基础面",)
    assert outline(text) == [(1, 3, above, "涌现能力是啥原因?"), (4, 5, above, "说说优缺点"), (6, 7, above, "LoRA")]


def test_a_heading_with_an_answer_marker_below_asks() -> None:
    text = "### 3. 大模型的定义\n\n**答：** 参数多。\n### 4. 附录\n其他\n"
    assert outline(text) == [(1, 3, (), "大模型的定义"), (4, 5, ("4. 附录",), None)]
    assert answers(text) == ["参数多。", "### 4. 附录\n其他"]


def test_sub_headings_stay_in_a_short_answer() -> None:
    text = "## 什么是RAG？\n### 检索\n先找\n### 生成\n再写\n## 结语\n完\n"
    assert outline(text) == [(1, 5, (), "什么是RAG？"), (6, 7, ("结语",), None)]


def test_plain_text_sections_nest() -> None:
    text = "第一章 基础\n一、模型\n（一）结构\n编码器。\n（二）训练\n预训练。\n二、数据\n清洗。\n第二章 进阶\n微调。\n"
    assert outline(text, "a.txt") == [
        (1, 4, ("第一章 基础", "一、模型", "（一）结构"), None),
        (5, 6, ("第一章 基础", "一、模型", "（二）训练"), None),
        (7, 8, ("第一章 基础", "二、数据"), None),
        (9, 10, ("第二章 进阶",), None),
    ]


def test_a_table_of_contents_opens_no_sections() -> None:
    text = "目录\n- 一、模型\n一、模型\n二、数据\n\n一、模型\n大。\n二、数据\n多。\n"
    assert outline(text, "a.txt") == [(1, 4, (), None), (6, 7, ("一、模型",), None), (8, 9, ("二、数据",), None)]


@pytest.mark.parametrize(
    ("ask", "question"),
    [
        ("1. 什么是A？", "什么是A？"),
        ("2、请解释A。", "请解释A。"),
        ("3) 如何做A", "如何做A"),
        ("(4) A是什么", "A是什么"),
        ("5 为何用A？", "为何用A？"),
        ("1.2 A 有哪些？", "A 有哪些？"),
        ("Q1: what is A", "what is A"),
        ("**Q：A 的定义**", "A 的定义"),
        ("问：A 的定义", "A 的定义"),
        ("- Q7：A 呢", "A 呢"),
        ("**6. 什么是`A`？**", "什么是A？"),
        ("7. 💡为什么A", "为什么A"),
    ],
)
def test_question_lines(ask: str, question: str) -> None:
    assert outline(f"前言\n\n{ask}\n它是甲。\n") == [(1, 1, (), None), (3, 4, (), question)]


@pytest.mark.parametrize(
    "marker",
    [
        "回答:", "解答：", "答：", "A: ", "A1：", "Answer: ", "答案：",
        "**答：**", "**答**：", "【答案】", "参考回答：\n", "- A1:",
    ],
)  # fmt: skip
def test_answer_markers(marker: str) -> None:
    text = f"1. A的定义\n{marker}它是甲。\n"
    assert outline(text) == [(1, text.count("\n"), (), "A的定义")]
    assert answers(text) == ["它是甲。"]


def test_question_and_answer_on_one_line() -> None:
    text = "Q: 什么是A？A: 甲。\n1. B是什么? 答：乙。\n"
    assert outline(text) == [(1, 1, (), "什么是A？"), (2, 2, (), "B是什么?")]
    assert answers(text) == ["甲。", "乙。"]


def test_questions_without_numbers() -> None:
    text = "什么是A？\n答：甲。\n什么是B？\n答：乙。\n\n什么是C？\n丙。\n\n**什么是D？**\n\n丁。\n"
    assert outline(text, "a.txt") == [
        (1, 2, (), "什么是A？"),
        (3, 4, (), "什么是B？"),
        (6, 7, (), "什么是C？"),
        (9, 11, (), "什么是D？"),
    ]


def test_bullets_that_ask() -> None:
    text = "## GPT\n- 什么是GPT？\n\n生成式。\n\n- 如何训练？\n\n1. 预训练\n2. 微调\n"
    assert outline(text) == [(1, 4, ("GPT",), "什么是GPT？"), (6, 9, ("GPT",), "如何训练？")]


def test_questions_that_nobody_answered_are_no_entries() -> None:
    text = "面试记录\n1. 什么是A？\n2. 什么是B？\n3. 什么是C？\n丙。\n4. 什么是D？\n5. 聊聊项目\n"
    assert outline(text) == [(1, 3, (), None), (4, 5, (), "什么是C？"), (6, 7, (), None)]


def test_headings_that_nobody_answered_are_passages_of_their_own() -> None:
    text = (
        "# 鸟\n\n## 海鸥住在哪里？\n\n## 麻雀吃什么？\n\n谷物。\n\n## 鸵鸟跑得多快？\n\n答：\n\n---\n\n"
        "# 鱼\n\n鱼住在水里。\n\n## 鲸是鱼吗？\n\n"
    )
    assert outline(text) == [
        (1, 3, ("鸟",), None),
        (5, 7, ("鸟",), "麻雀吃什么？"),
        (9, 13, ("鸟",), None),
        (15, 17, ("鱼",), None),
        (19, 19, ("鱼",), None),
    ]
    assert [passage.open_question is not None for passage in split(note(text))] == [True, False, True, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "## 什么是A？\n\n## 答案\n\n甲。",  # the heading below says the answer
        "# 鸟\n\n## 麻雀",  # an outline
        "今天几点开会？",  # prose that is no heading
        "## 什么是A？\n\n```\n\n```",
        "## 什么是A？\n\n| 甲 |",
    ],
)
def test_other_headings_say_something(text: str) -> None:
    assert [passage.open_question is not None for passage in split(note(text))] == [False]


def test_an_underlined_heading_can_be_unanswered_too() -> None:
    assert [passage.open_question is not None for passage in split(note("什么是A？\n===\n"))] == [True]


def test_marked_headings() -> None:
    text = "---\nid: 1\n---\n# 题\n\n## 1. 什么是 **A**？\n\n甲。\n\n```\n# 注释\n```\n\n小节\n---\n\n###\n"
    assert headings(note(text)) == (
        Heading(4, 1, "题", False),
        Heading(6, 2, "什么是 A？", True),
        Heading(14, 2, "小节", False),
    )


def test_the_title_of_a_passage() -> None:
    text = "前\n言" + "长" * 50 + "\n\n# 章\n\n正文。\n\n## 为什么？\n\n因为。"
    assert [passage.title for passage in split(note(text))] == ["前", "章", "为什么？"]
    assert [passage.title for passage in split(note("# 章\n\n## 1. 为什么？\n\n"))] == ["为什么？"]


def test_the_line_that_asks() -> None:
    text = "# 题\n\n## 3. 什么是 **A**？\n\n" + "甲乙丙丁。\n\n" * 200
    first, *later = split(note(text))
    assert first.text[slice(*first.asks or (0, 0))] == "## 3. 什么是 **A**？\n"
    assert [piece.asks for piece in later] == [None] * len(later)
    assert split(note("正文。"))[0].asks is None
    (inline,) = split(note("1. 什么是A？答：甲。", "a.txt"))
    assert inline.text[slice(*inline.asks or (0, 0))] == "1. 什么是A？"


def test_lists_inside_an_answer_are_no_questions() -> None:
    text = (
        "1. 如何评估？\n答：要问自己：\n1. 数据从哪来？\n2. 谁来标注？\n\n"
        "2. 如何训练？\n答：分三步。\n1. 清洗\n2. 预训练\n3. 微调\n- 为什么？因为快。\n3. 如何部署？\n答：量化。\n"
    )
    assert outline(text, "a.txt") == [(1, 4, (), "如何评估？"), (6, 11, (), "如何训练？"), (12, 13, (), "如何部署？")]


def test_numerals_inside_an_answer_are_no_sections() -> None:
    text = (
        "一、训练\n1. 如何训练？\n答：\n一、数据\n清洗。\n二、模型\n变大。\n2. 如何评估？\n答：看指标。\n"
        "二、部署\n1. 如何部署？\n量化。\n"
    )
    assert outline(text, "a.txt") == [
        (1, 7, ("一、训练",), "如何训练？"),
        (8, 9, ("一、训练",), "如何评估？"),
        (10, 12, ("二、部署",), "如何部署？"),
    ]


def test_numbers_that_count_are_no_list_numbers() -> None:
    text = "## 3 种方法有哪些？\n甲乙丙。\n## 1.5B 模型是什么？\n小。\n## 4090 能跑吗？\n能。\n"
    assert [question for *_, question in outline(text)] == ["3 种方法有哪些？", "1.5B 模型是什么？", "4090 能跑吗？"]


def test_front_matter_and_badges_belong_to_the_first_passage() -> None:
    text = "---\ntitle: 甲\n# no: heading\n---\n[![b](https://x/b)](https://x)\n\n# 甲\n正文\n\n---\n\n乙\n"
    assert outline(text) == [(1, 12, ("甲",), None)]


def test_txt_is_read_leniently() -> None:
    text = "说明\n    缩进的一行\n# pip install x\n结束\n\n# 标题\n正文\n"
    assert outline(text, "a.txt") == [(1, 4, (), None), (6, 7, ("标题",), None)]


def test_prose_and_blank_notes() -> None:
    assert outline("第一段。\n\n第二段。\n") == [(1, 3, (), None)]
    assert split(note("")) == ()
    assert split(note(" \n\u3000\n")) == ()
    assert outline("# 只有标题\n") == [(1, 1, ("只有标题",), None)]


# --------------------------------------------------------------------------------------------------------- packing


def test_an_answer_is_whole_up_to_the_limit_and_cut_beyond() -> None:
    half = "字" * (MAX_CHARACTERS // 2 - 5) + "。"
    whole = f"## 问？\n{half}\n\n{half}"
    assert len(whole) == MAX_CHARACTERS
    assert outline(whole) == [(1, 4, (), "问？")]
    assert outline(whole + "多") == [(1, 2, (), "问？"), (4, 4, (), "问？")]


def test_pieces_are_cut_at_sub_headings_first() -> None:
    body = "一句话。" * 40
    text = f"# T\n## 区别？\n甲:\n{body}\n乙:\n{body}\n{body}\n丙:\n{body}\n{body}\n丁:\n{body}\n{body}\n"
    assert outline(text) == [(1, 7, ("T",), "区别？"), (8, 13, ("T",), "区别？")]
    assert [len(each.text) for each in split(note(text))] == [499, 649]


def test_a_fence_is_not_cut_unless_it_is_over_the_limit() -> None:
    code = "x = 1  # 计算\n" * 50
    prose = "一句话。" * 100
    short = f"{prose}\n\n```py\n{code}```\n\n{prose}\n"
    assert outline(short) == [(1, 1, (), None), (3, 54, (), None), (56, 56, (), None)]
    passages = check(note(f"```py\n{code * 2}```\n"))
    assert [(each.start_line, each.end_line) for each in passages] == [(1, 42), (43, 102)]
    assert max(len(each.text) for each in passages) <= MAX_CHARACTERS


def test_a_formula_is_not_cut() -> None:
    formula = "$$\n" + "a + b\n" * 100 + "$$"
    text = "字。" * 150 + f"\n\n{formula}\n\n" + "字。" * 150
    assert outline(text) == [(1, 1, (), None), (3, 106, (), None)]


def test_a_table_is_cut_between_rows_and_its_header_stays_with_the_first() -> None:
    row = "| " + "字" * 90 + " | b |\n"
    text = "| 甲 | 乙 |\n|---|---|\n" + row * 12
    assert [(first, last) for first, last, *_ in outline(text)] == [(1, 6), (7, 14)]


def test_the_blanks_that_align_a_table_are_no_text() -> None:
    rows = "".join(f"| {name * 20:90} | {name * 5:90} |\n" for name in "abcdefghij")
    wide = f"| {'甲':90} | {'乙':90} |\n|{'-' * 92}|{'-' * 92}|\n{rows}"
    assert len(wide) > 2 * MAX_CHARACTERS
    assert outline(wide) == [(1, 12, (), None)]
    wider = wide.replace("b" * 20, "b" * 20 + " " * 2000)  # up to a length that is too much even so
    assert len(wider) > RAW * MAX_CHARACTERS
    assert outline(wider) == [(1, 3, (), None), (4, 12, (), None)]


def test_a_table_cut_between_rows_is_measured_by_its_text() -> None:
    rows = "".join(f"| {'字' * 90} {' ' * 60}| b |\n" for _ in range(12))
    text = f"| 甲{' ' * 150}| 乙 |\n|{'-' * 152}|---|\n{rows}"
    assert [(first, last) for first, last, *_ in outline(text)] == [(1, 6), (7, 14)]


def test_a_long_line_is_cut_at_sentence_ends_within_seconds() -> None:
    text = "这是一句话。" * 170_000
    began = time.process_time()
    passages = split(note(text))
    assert time.process_time() - began < 10
    assert {each.start_line for each in passages} == {1} == {each.end_line for each in passages}
    assert "".join(each.text for each in passages) == text
    assert passages[0].text == "这是一句话。" * (TARGET_CHARACTERS // 6)


# ------------------------------------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲是乙。为什么？因为；好！\n 下一行 ", ["甲是乙。", "为什么？", "因为；", "好！", "下一行"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("性能?有哪些指标?", ["性能?", "有哪些指标?"]),
        (
            "It is fast. See e.g. BERT, i.e. 3.5 times. Done!",
            ["It is fast.", "See e.g. BERT, i.e. 3.5 times.", "Done!"],
        ),
        ("用 `a. b。c` 和 $x. y。$ 计算。完", ["用 `a. b。c` 和 $x. y。$ 计算。", "完"]),
        ("It costs $5. And $6. Fine.", ["It costs $5.", "And $6.", "Fine."]),
        ("| 甲。乙 | 丙。 |\n|---|---|", ["| 甲。乙 | 丙。 |", "|---|---|"]),
        ("1. 分词:切开。好。\n- 构建", ["1. 分词:切开。", "好。", "- 构建"]),
        ("```\na。b。\n```\n完。了", ["```", "a。b。", "```", "完。", "了"]),
        ("等等……还有…，好", ["等等……", "还有…，好"]),
        ("面试,很少见.然后走", ["面试,很少见.", "然后走"]),
        ("ok!吉野家.好吃", ["ok!", "吉野家.", "好吃"]),
        ("ok!𠮷野家.𠮷", ["ok!", "𠮷野家.", "𠮷"]),  # beyond the basic plane a character is Chinese too
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert spoken(text) == expected


def test_long_sentences_are_cut_at_commas_or_hard() -> None:
    assert [len(each) for each in spoken("字" * 450)] == [200, 200, 50]
    assert [len(each) for each in spoken(("字" * 149 + "，") * 2 + "完")] == [150, 151]


# ------------------------------------------------------------------------------------------------------ properties

FRAGMENTS = [
    "# 标题", "## 什么是A？", "1. 什么是B？", "2. 列表", "回答：好", "答：", "- 项", "  - 子项", "```", "$$", "|a|b|",
    "|-|-|", "正文一句。", "", "", "一、节", "（一）小节", "Q1: why?", "A: because", "---", "===", "**粗？**",
    "    缩进", " \u3000", "x" * 300, "长句，" * 400, "prose line here.", "3、怎样？", "\x0b", "\u2028", "\\[", "\\]",
    "> 引", "![i](u)", "第一章 始", "<img>", "\ufdfa\u202e", "👩\u200d💻",
]  # fmt: skip


def test_properties_hold_for_random_notes() -> None:
    generator = random.Random(20250601)
    for _ in range(400):
        text = "\n".join(generator.choices(FRAGMENTS, k=generator.randrange(40)))
        for source in ("a.md", "a.txt"):
            for each in check(note(text, source)):
                spans = sentences(each.text)
                gaps = zip([0, *(end for _, end in spans)], [*(start for start, _ in spans), None], strict=True)
                assert all(not each.text[left:right].strip() for left, right in gaps)
                assert all(0 < end - start <= SENTENCE_CHARACTERS for start, end in spans)
                assert all(each.text[start:end] == each.text[start:end].strip() for start, end in spans)
