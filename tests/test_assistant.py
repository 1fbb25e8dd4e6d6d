"""Question in, answer out: with the toy encoder and notes small enough to know what must come back."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rag.answering.compose import compose
from rag.answering.record import record
from rag.assistant import Assistant
from rag.encoders.base import Encoded
from rag.errors import IndexCorrupt, IndexMismatch, IndexMissing, QuestionRejected
from rag.indexing.sync import sync
from rag.question.check import check_question
from rag.retrieval.calibration import MAYBE, THRESHOLD
from rag.types import Answer, Earlier, Hit, Passage
from tests.small import ENTRY, ENTRY_ANSWER, NOTES, write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
UNKNOWN = "饕餮蹀躞"  # no character of it is in the notes
UNKNOWN_ENGLISH = "qqqqqq"
SURE, UNSURE = THRESHOLD, MAYBE - 0.01


@pytest.fixture
def assistant(corpus: Path, folder: Path) -> Assistant:
    sync(corpus, folder, TOY)
    return Assistant.open(folder, TOY)


def edit(corpus: Path, source: str, before: str, after: str) -> None:
    text = (corpus / source).read_text(encoding="utf-8")
    assert before in text
    (corpus / source).write_text(text.replace(before, after), encoding="utf-8")


# ----------------------------------------------------------------------------------------------------------- answers


def test_an_answer_is_the_notes_own_words_and_their_lines(assistant: Assistant) -> None:
    answer = assistant.ask(ENTRY)
    assert (answer.question, answer.text) == (ENTRY, ENTRY_ANSWER)
    assert (answer.found, answer.cited) == (True, (1,))
    assert answer.confidence == answer.hits[0].score >= THRESHOLD
    assert answer.hits[0].passage == Passage(
        source="llm/attention.md",
        headings=("注意力",),
        question="什么是位置编码？",
        start=50,
        end=78,
        start_line=7,
        end_line=9,
        text="## 什么是位置编码？\n\n位置编码告诉模型每个词在哪里。",
        answer=(13, 28),
        asks=(0, 12),
        names=("attention",),
    )
    assert answer.hits[0].stale is False


@pytest.mark.parametrize(
    ("question", "text", "place"),
    [
        (
            "什么是注意力机制？",
            "注意力机制让模型关注相关的部分。它由查询、键和值组成。 [1]",
            ("llm/attention.md", 1, 5),
        ),
        ("什麼是注意力機制", "注意力机制让模型关注相关的部分。它由查询、键和值组成。 [1]", ("llm/attention.md", 1, 5)),
        ("LoRA 的原理是什么？", "LoRA 冻结原来的权重，只训练两个低秩矩阵。 [1]", ("tuning.md", 1, 5)),
        ("什么是灾难性遗忘？", "模型学了新任务，却忘了旧任务。 [1]", ("tuning.md", 7, 9)),
        ("分词器把文本切成词元", "分词器把文本切成词元。\n\n字节对编码从字符开始合并。 [1]", ("分词.txt", 1, 3)),
    ],
)
def test_the_right_passage_answers(assistant: Assistant, question: str, text: str, place: tuple[str, int, int]) -> None:
    answer = assistant.ask(question)
    passage = answer.hits[0].passage
    assert (passage.source, passage.start_line, passage.end_line) == place
    assert (answer.found, answer.text) == (True, text)


def test_hits_are_ranked_exact_and_at_most_as_many_as_asked(assistant: Assistant, corpus: Path) -> None:
    for limit, count in ((1, 1), (3, 3), (5, 5), (50, 5)):
        hits = assistant.ask(ENTRY, limit).hits
        assert len(hits) == len({hit.passage for hit in hits}) == count
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        passage = hit.passage
        text = NOTES[passage.source]
        assert text[passage.start : passage.end] == passage.text
        lines = text.split("\n")[passage.start_line - 1 : passage.end_line]
        assert "\n".join(lines) == passage.text
        assert 0 <= hit.score <= 1
        assert 0 <= hit.best[0] < hit.best[1] <= len(passage.text)


def test_the_best_sentence_is_marked(assistant: Assistant) -> None:
    hit = assistant.ask("它由查询、键和值组成").hits[0]
    assert hit.passage.text[slice(*hit.best)] == "它由查询、键和值组成。"


def test_not_in_the_notes(assistant: Assistant) -> None:
    answer = assistant.ask(UNKNOWN)
    assert (answer.found, answer.cited) == (False, ())
    assert len(answer.hits) == 5
    assert answer.confidence == answer.hits[0].score < THRESHOLD
    nearest = [f"{hit.passage.question or '分词.txt'}（把握 {hit.score:.0%}）" for hit in answer.hits[:3]]
    assert answer.text.split("\n")[0] == "笔记里没有找到答案。最接近的是："
    for line, expected in zip(answer.text.split("\n")[1:], nearest, strict=True):
        assert line == f"- {expected}" or expected.startswith("分词.txt")


def test_not_in_the_notes_in_english(assistant: Assistant) -> None:
    answer = assistant.ask(UNKNOWN_ENGLISH)
    assert answer.found is False
    assert answer.text.split("\n")[0] == "Not in your notes. The nearest are:"
    assert answer.text.count("\n- ") == 3


# ---------------------------------------------------------------------------------------------------------- composing


def hit(text: str, score: float, question: str | None = None, best: str = "", headings: tuple[str, ...] = ()) -> Hit:
    start = text.index(best)
    answer = (text.index("答：") + 2, len(text)) if question and "答：" in text else None
    passage = Passage("a.md", headings, question, 0, len(text), 1, 1 + text.count("\n"), text, answer)
    return Hit(passage, score, (start, start + len(best)), False, passage.answer_span)


def test_the_threshold_decides() -> None:
    hits = (hit("甲是一。", SURE), hit("乙是二。", 0.1))
    assert compose("甲？", hits) == Answer("甲？", "甲是一。 [1]", hits, (1,), True, SURE, marks=((5, 8),))
    hits = (hit("甲是一。", UNSURE), hit("乙是二。", 0.1))
    assert compose("甲？", hits) == Answer(
        "甲？",
        f"笔记里没有找到答案。最接近的是：\n- 甲是一。（把握 {UNSURE:.0%}）\n- 乙是二。（把握 10%）",
        hits,
        (),
        False,
        UNSURE,
    )


@pytest.mark.parametrize("confidence", [MAYBE, (MAYBE + THRESHOLD) / 2, THRESHOLD - 0.001])
def test_between_yes_and_no_the_passage_is_shown_as_one_that_may_answer(confidence: float) -> None:
    hits = (hit("甲是一。", confidence), hit("乙是二。", 0.1))
    answer = compose("甲？", hits)
    assert answer.text == "笔记里没有确切的答案，可能是这段：\n\n甲是一。 [1]"
    assert (answer.found, answer.maybe, answer.cited, answer.confidence) == (False, True, (1,), confidence)
    assert [answer.text[slice(*mark)] for mark in answer.marks] == ["[1]"]
    assert compose("zz", hits).text == "Nothing in your notes surely answers; this may be it:\n\n甲是一。 [1]"


def test_small_talk_is_returned_and_no_question(assistant: Assistant) -> None:
    said = assistant.ask("你好！")
    assert said == Answer("你好！", "你好！想从笔记里查什么，直接问就行。", (), (), False, 0.0, small_talk=True)
    before = [Earlier("什么是注意力机制？"), Earlier("谢谢")]
    assert assistant.ask("它由什么组成？", history=before) == assistant.ask("它由什么组成？", history=before[:1])


def test_the_nearest_are_named_by_question_heading_or_first_line() -> None:
    hits = (
        hit("## 问？\n\n答。", 0.1, question="问？", headings=("章",)),
        hit("正文。", 0.1, headings=("章", "节")),
        hit("没有标题的第一行\n第二行", 0.1),
        hit("第四。", 0.1),
    )
    expected = "Not in your notes. The nearest are:\n- 问？ (10% sure)\n- 节 (10% sure)\n- 没有标题的第一行 (10% sure)"
    assert compose("zz", hits).text == expected


def test_nothing_at_all() -> None:
    assert compose("甲？", ()) == Answer("甲？", "笔记里没有找到答案。", (), (), False, 0.0)
    assert compose("zz", ()) == Answer("zz", "Not in your notes.", (), (), False, 0.0)


def test_a_long_answer_to_a_question_is_quoted_whole() -> None:
    body = "很长的答案。" * 100
    answer = compose("问", (hit(f"## 问？\n\n答：{body}", SURE, question="问？"),))
    assert answer.text == f"{body} [1]"


def test_a_table_that_was_cut_is_quoted_once() -> None:
    columns = {"columns": "| 名称 | 在哪 |"}
    rows = [Passage("a.md", ("库存",), None, i, i + 9, i, i, f"| {i} | 抽屉 |", **columns) for i in (1, 2)]
    prose = Passage("b.md", ("库存",), None, 0, 9, 1, 1, "都在抽屉里。")
    hits = tuple(Hit(each, SURE, (0, 3), False, (0, len(each.text))) for each in (*rows, prose))
    assert compose("在哪", hits).cited == (1, 3)


def test_of_prose_the_excerpt_is_quoted() -> None:
    passage = Passage("a.md", (), None, 0, 9, 1, 1, "甲句。乙句。丙句。")
    answer = compose("问", (Hit(passage, SURE, (3, 6), False, (3, 9)),))
    assert answer.text == "乙句。丙句。 [1]"


def test_further_prose_that_is_nearly_as_sure_is_quoted_too() -> None:
    sure, near, far = hit("甲。", 0.9), hit("乙。", 0.85), hit("丙。", 0.7)
    entry = hit("## 问？\n\n答。", 0.88, question="问？")
    answer = compose("问", (sure, entry, near, far))
    assert (answer.text, answer.cited) == ("甲。 [1]\n\n乙。 [3]", (1, 3))
    assert compose("问", (entry, near)).cited == (1,)


# --------------------------------------------------------------------------------------- conversations and comparisons


@pytest.mark.parametrize(
    ("history", "question", "asked", "entry"),
    [
        (["LoRA 的原理是什么？"], "它训练什么", "LoRA 训练什么", "LoRA 的原理是什么？"),
        (["什么是位置编码？"], "那注意力机制呢？", "什么是注意力机制", "什么是注意力机制？"),
        (["什么是位置编码？"], "为什么？", "什么是位置编码，为什么", "什么是位置编码？"),
        (["什麼是位置編碼", "為什麼"], "它告訴模型什麼", "位置編碼告訴模型什麼", "什么是位置编码？"),
    ],
)
def test_a_question_is_understood_from_those_before_it(
    assistant: Assistant, history: list[str], question: str, asked: str, entry: str
) -> None:
    answer = assistant.ask(question, history=list(map(Earlier, history)))
    assert (answer.question, answer.asked) == (question, asked)
    assert answer.found
    assert answer.hits[0].passage.question == entry
    assert record(answer, 1.0)["question"] == question


@pytest.mark.parametrize(
    "history", [["LoRA 的原理是什么？"], ["什么是位置编码？", "它有什么用"], ["", "\x00", "长" * 5000]]
)
@pytest.mark.parametrize("question", ["什么是灾难性遗忘？", "分词器把文本切成词元", "什么是注意力机制？", UNKNOWN])
def test_a_new_topic_is_not_dragged_back(assistant: Assistant, history: list[str], question: str) -> None:
    assert assistant.ask(question, history=list(map(Earlier, history))) == assistant.ask(question)
    assert assistant.ask(question).asked is None


def test_both_sides_of_a_comparison_are_quoted(assistant: Assistant) -> None:
    answer = assistant.ask("灾难性遗忘和位置编码有什么区别")
    assert {answer.hits[rank - 1].passage.question for rank in answer.cited} >= {
        "什么是灾难性遗忘？",
        "什么是位置编码？",
    }
    for rank in answer.cited:
        start, end = answer.hits[rank - 1].passage.answer_span
        assert f"{answer.hits[rank - 1].passage.text[start:end]} [{rank}]" in answer.text.split("\n\n")


def test_both_of_two_questions_are_answered(assistant: Assistant) -> None:
    answer = assistant.ask("什么是位置编码？还有什么是灾难性遗忘")
    assert {answer.hits[rank - 1].passage.question for rank in answer.cited} >= {
        "什么是灾难性遗忘？",
        "什么是位置编码？",
    }
    assert answer.asked is None


def test_half_of_a_comparison_with_something_unknown_is_not_found(assistant: Assistant) -> None:
    answer = assistant.ask(f"{UNKNOWN}和{UNKNOWN[::-1]}有什么区别")
    assert (answer.found, answer.cited) == (False, ())


def test_each_wanted_hit_is_quoted_with_the_pieces_of_its_answer() -> None:
    hits = (hit("甲是一。", SURE), hit("乙是二。", SURE), hit("丙是三。", SURE))
    answer = compose("甲和丙？", hits, wanted=(3, 1))
    assert [answer.text[start:end] for start, end in answer.marks] == [f"[{rank}]" for rank in answer.cited]
    assert (answer.text, answer.cited) == ("丙是三。 [3]\n\n甲是一。 [1]", (3, 1))


# ----------------------------------------------------------------------------------------------------------- questions


@pytest.mark.parametrize("question", ["", " \t\n", "？", "？！…，。", "\x00\x1b", "\ud800", "\u200b\ufeff", "***"])
def test_nothing_was_asked(assistant: Assistant, question: str) -> None:
    with pytest.raises(QuestionRejected) as raised:
        assistant.ask(question)
    assert str(raised.value) == "请输入问题 / type a question"


def test_a_question_may_have_4000_characters(assistant: Assistant) -> None:
    assert assistant.ask("问" * 4000).question == "问" * 4000
    with pytest.raises(QuestionRejected) as raised:
        assistant.ask("问" * 4001)
    assert str(raised.value) == (
        "问题太长：4001 个字符，最多 4000 个，请精简后再问 / the question is too long: at most 4000 characters"
    )


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("  什么是\t位置\n编码？ ", "什么是 位置 编码？"),
        ("什么是\x00位\x07置\x1b编码\x7f？", "什么是位置编码？"),
        ("什么是\ud800位置编码\udfff？", "什么是位置编码？"),
        ("什么是\u202e位置\u200b编码？\U000e0041", "什么是位置编码？"),
        ("a' OR 1=1; -- <b>x</b> {{7*7}} +body:* [1 TO 2]", "a' OR 1=1; -- <b>x</b> {{7*7}} +body:* [1 TO 2]"),
    ],
)
def test_a_question_is_taken_literally_without_control_characters(
    assistant: Assistant, typed: str, question: str
) -> None:
    assert check_question(typed) == question
    assert assistant.ask(typed).question == question


@pytest.mark.parametrize("question", [UNKNOWN, UNKNOWN_ENGLISH, "xxxx", "7" * 50, "☕", "🌡❓"])
def test_gibberish_is_not_in_the_notes(assistant: Assistant, question: str) -> None:
    assert assistant.ask(question).found is False


# ---------------------------------------------------------------------------------------------------------- freshness


def test_an_edited_note_makes_its_passages_stale(assistant: Assistant, corpus: Path) -> None:
    edit(corpus, "llm/attention.md", "每个词", "每一个词")
    answer = assistant.ask(ENTRY)
    assert answer.text == ENTRY_ANSWER
    assert {hit.passage.source: hit.stale for hit in answer.hits} == {
        "llm/attention.md": True,
        "tuning.md": False,
        "分词.txt": False,
    }
    (corpus / "tuning.md").unlink()
    assert {hit.passage.source for hit in assistant.ask(ENTRY).hits if hit.stale} == {"llm/attention.md", "tuning.md"}
    edit(corpus, "llm/attention.md", "每一个词", "每个词")
    assert assistant.ask(ENTRY).hits[0].stale is False


def test_refresh_swaps_to_what_was_built(assistant: Assistant, corpus: Path, folder: Path) -> None:
    assert assistant.refresh() is False
    edit(corpus, "llm/attention.md", "每个词", "每一个词")
    sync(corpus, folder, TOY)
    assert assistant.ask(ENTRY).text == ENTRY_ANSWER
    assert assistant.refresh() is True
    answer = assistant.ask(ENTRY)
    assert answer.text == "位置编码告诉模型每一个词在哪里。 [1]"
    assert answer.hits[0].stale is False
    assert assistant.refresh() is False


def test_refresh_notices_an_index_that_was_removed_and_built_again(
    assistant: Assistant, corpus: Path, folder: Path
) -> None:
    shutil.rmtree(folder)
    assert assistant.refresh() is False
    assert assistant.ask(ENTRY).text == ENTRY_ANSWER
    edit(corpus, "llm/attention.md", "每个词", "每一个词")
    assert sync(corpus, folder, TOY).generation == assistant.index.generation == "gen-00000001"
    assert assistant.refresh() is True
    assert assistant.ask(ENTRY).text == "位置编码告诉模型每一个词在哪里。 [1]"


def test_refresh_passes_over_what_it_cannot_use(assistant: Assistant, corpus: Path, folder: Path) -> None:
    edit(corpus, "llm/attention.md", "每个词", "每一个词")
    sync(corpus, folder, ToyEncoder(name="other"))
    assert assistant.refresh() is False
    assert assistant.ask(ENTRY).text == ENTRY_ANSWER
    sync(corpus, folder, TOY)
    (folder / "gen-00000003" / "passages.jsonl").write_bytes(b"")
    assert assistant.refresh() is False
    assert assistant.ask(ENTRY).text == ENTRY_ANSWER


def test_a_damaged_generation_is_refused_and_the_older_one_kept(
    assistant: Assistant, corpus: Path, folder: Path
) -> None:
    edit(corpus, "llm/attention.md", "每个词", "每一个词")
    sync(corpus, folder, TOY)
    (folder / "gen-00000002" / "sentences.npy").write_bytes(b"")
    assert assistant.refresh() is False
    assert assistant.ask(ENTRY).text == ENTRY_ANSWER
    assert str(assistant.index.warning).endswith("gen-00000001 is used instead: run `python -m rag.build`")


def test_what_cannot_be_opened(corpus: Path, folder: Path) -> None:
    with pytest.raises(IndexMissing):
        Assistant.open(folder, TOY)
    sync(corpus, folder, TOY)
    with pytest.raises(IndexMismatch):
        Assistant.open(folder, ToyEncoder(revision="2"))
    (folder / "gen-00000001" / "manifest.json").write_bytes(b"{}")
    with pytest.raises(IndexCorrupt):
        Assistant.open(folder, TOY)


class WaitingEncoder(ToyEncoder):
    """Halts in the middle of a question until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived, self.go_on = threading.Event(), threading.Event()

    def encode_questions(self, questions: Sequence[str]) -> list[Encoded]:
        self.arrived.set()
        assert self.go_on.wait(30)
        return super().encode_questions(questions)


def test_a_question_under_way_keeps_the_generation_it_began_with(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    encoder = WaitingEncoder()
    assistant = Assistant.open(folder, encoder)
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(assistant.ask(ENTRY)))
    asking.start()
    assert encoder.arrived.wait(30)
    for version in ("每一个词", "各个词", "所有词"):  # so often that its files are gone
        edit(corpus, "llm/attention.md", "位置编码告诉模型", f"位置编码告诉模型{version}，")
        sync(corpus, folder, TOY)
    assert assistant.refresh() is True
    encoder.go_on.set()
    asking.join(30)
    assert [answer.text for answer in answers] == [ENTRY_ANSWER]
    assert assistant.ask(ENTRY).text == "位置编码告诉模型所有词，各个词，每一个词，每个词在哪里。 [1]"


def versions(answer: Answer) -> Iterator[str]:
    yield from (hit.passage.text.rsplit("版本", 1)[1] for hit in answer.hits)


def test_no_answer_mixes_generations(tmp_path: Path) -> None:
    corpus, folder = tmp_path / "corpus", tmp_path / "index"

    def publish(version: int) -> None:
        write_notes(corpus, {f"{n}.md": f"## 什么是概念{n}？\n\n概念{n}，版本{version}。\n" for n in range(4)})
        sync(corpus, folder, TOY)

    publish(0)
    assistant = Assistant.open(folder, TOY)
    seen: list[set[str]] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            assistant.refresh()
            seen.append(set(versions(assistant.ask("什么是概念2？"))))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for version in range(1, 11):
        publish(version)
    done.set()
    for thread in threads:
        thread.join(30)
    assert {len(found) for found in seen} == {1}
    assert len(set().union(*seen)) > 3  # swaps did happen in between


# --------------------------------------------------------------------------------------------------------------- JSON


def test_the_record_has_the_keys_of_the_contract(assistant: Assistant) -> None:
    values = record(assistant.ask(ENTRY, 2), 3.14159)
    assert list(values) == ["question", "found", "confidence", "answer", "cited", "hits", "elapsed_ms"]
    hits = values["hits"]
    assert isinstance(hits, list)
    for values_of_hit in hits:
        assert list(values_of_hit) == [
            "rank", "source", "headings", "question", "start_line", "end_line", "text", "best", "score", "stale",
        ]  # fmt: skip
    assert [values_of_hit["rank"] for values_of_hit in hits] == [1, 2]
    assert '"path"' not in json.dumps(values)  # Gradio would take it for a file


def test_the_record_says_what_the_answer_says() -> None:
    first = Hit(
        Passage("甲.md", ("一", "二"), "问？", 4, 15, 2, 4, "## 问？\n\n答案。"), 0.918273, (7, 10), True, (7, 10)
    )
    second = Hit(Passage("乙.txt", (), None, 0, 3, 1, 1, "正文。"), 0.25, (0, 3), False, (0, 3))
    answer = Answer("问", "答案。 [1]", (first, second), (1,), True, 0.918273)
    assert record(answer, 3.14159) == {
        "question": "问",
        "found": True,
        "confidence": 0.9183,
        "answer": "答案。 [1]",
        "cited": [1],
        "hits": [
            {
                "rank": 1,
                "source": "甲.md",
                "headings": ["一", "二"],
                "question": "问？",
                "start_line": 2,
                "end_line": 4,
                "text": "## 问？\n\n答案。",
                "best": [7, 10],
                "score": 0.9183,
                "stale": True,
            },
            {
                "rank": 2,
                "source": "乙.txt",
                "headings": [],
                "question": None,
                "start_line": 1,
                "end_line": 1,
                "text": "正文。",
                "best": [0, 3],
                "score": 0.25,
                "stale": False,
            },
        ],
        "elapsed_ms": 3.1,
    }
    assert json.loads(json.dumps(record(answer, 3.14159))) == record(answer, 3.14159)


@pytest.mark.parametrize("animal", ["cat", "dog"])
def test_a_question_that_goes_on_prefers_the_note_that_answered_the_last(tmp_path: Path, animal: str) -> None:
    notes = {f"{one[0]}.md": f"# Holiday\n\nThe {one} goes to the farm.\n\n# Price\n\nIt is {n} a day.\n" for n, one in
             ((41, "cat"), (42, "dog"))}  # fmt: skip
    sync(write_notes(tmp_path / "notes", notes), tmp_path / "index", TOY)
    assistant = Assistant.open(tmp_path / "index", TOY)
    before = Earlier(f"where does the {animal} go", source=f"{animal[0]}.md")
    first = assistant.ask("and the price per day?", history=[before]).hits[0]
    assert (first.passage.source, first.passage.headings) == (f"{animal[0]}.md", ("Price",))


def test_an_answer_says_which_note_answered(assistant: Assistant) -> None:
    answer = assistant.ask("什么是注意力机制？")
    assert answer.earlier == Earlier("什么是注意力机制？", source=answer.hits[0].passage.source)
    assert assistant.ask(UNKNOWN).earlier == Earlier(UNKNOWN)
