"""How a question's tokens may also be spelled: by the glossary and by the word list, in either direction."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rag.indexing.sync import sync
from rag.retrieval.fusion import inverse_document_frequency
from rag.retrieval.search import Wording, rank, search
from rag.retrieval.terms import MEANT, NAMED, SHORT, TRANSLATED, How, Reading, Spelling
from rag.store.local import Index
from rag.text.bilingual import translations
from tests.small import write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
CHINESE = {f"{n}.md": f"## 第{n}个问题是什么？\n\n关于概念{n}的说明，与别的无关。\n" for n in range(8)}
ENGLISH = {
    "memory.md": "# Reducing GPU memory usage\n\nA smaller batch reduces the memory that the GPU needs.\n",
    "speed.md": "# Serving\n\nSpeculative decoding makes the answers come sooner.\n",
}
QUESTION = "显存占用怎么降低"


def build(tmp_path: Path, notes: dict[str, str], glossary: str = "") -> Index:
    corpus = write_notes(tmp_path / "corpus", {**notes, "glossary.tsv": glossary})
    sync(corpus, tmp_path / "index", TOY)
    return Index.open(tmp_path / "index", TOY)


def spellings(reading: Reading) -> dict[str, tuple[Spelling, ...]]:
    return {term.spellings[0].tokens[0]: term.spellings[1:] for term in reading.terms}


def total(reading: Reading) -> float:
    return sum(term.weight for term in reading.terms)


def evidence(index: Index, question: str, source: str) -> tuple[float, float]:
    """Returns the lexical signals of the passage of a note: BM25 and the share of tokens covered."""
    ranked = rank(index, TOY, [question])[0].matches
    (signals,) = [entry.signals for entry in ranked if entry.passage.source == source]
    return signals.lexical, signals.covered


# -------------------------------------------------------------------------------------------------------- the glossary


def test_a_name_is_spelled_as_the_others(tmp_path: Path) -> None:
    index = build(tmp_path, {**CHINESE, "x.md": "大语言模型会编造。\n"}, "大语言模型\tLLM\n")
    named = (Spelling(("大语", "语言", "言模", "模型"), NAMED, How.NAMED),)
    reading = Reading.of("LLM 概念", index)
    assert spellings(reading) == {"llm": named, "概念": ()}
    share = pytest.approx(NAMED / 4)
    assert reading.queried == {"llm": 1.0, "大语": share, "语言": share, "言模": share, "模型": share, "概念": 1.0}
    term = reading.terms[0]
    assert term.known
    assert [term.share_in(held) for held in (" 大语言模型 ", " 模型 ", " llm ")] == [NAMED, 0.0, 1.0]
    assert reading.strange == 0.0


def test_each_token_of_a_long_name_is_spelled_so(tmp_path: Path) -> None:
    index = build(tmp_path, {**CHINESE, "x.md": "An LLM may invent.\n"}, "大语言模型\tLLM\n")
    reading = Reading.of("大語言模型", index)
    assert [words[0] for words in spellings(reading).values()] == [Spelling(("llm",), NAMED, How.NAMED)] * 4
    assert reading.coverage(" llm ") == pytest.approx(NAMED * total(reading) / reading.scale)


def test_a_nickname_finds_the_note(tmp_path: Path) -> None:
    planet = "火星是离太阳第四近的行星，上面很冷。\n"
    notes = {**CHINESE, "y.md": planet, "x.md": "订单结算系统要先停网关，才能重启。\n"}
    question = "火星怎么重启"
    wording = Wording(question, TOY.encode_questions([question])[0])
    without = build(tmp_path / "without", notes)
    assert search(without, wording)[0].passage.source != "x.md"
    index = build(tmp_path / "with", notes, "火星\t订单结算系统\n")
    assert search(index, wording)[0].passage.source == "x.md"
    # 火星 and 重启 weigh the same: each stands in one passage
    assert evidence(without, question, "x.md")[1] == pytest.approx(1 / 2)
    assert evidence(index, question, "x.md")[1] == pytest.approx((NAMED + 1) / 2)


# --------------------------------------------------------------------------------------------------------- translation


def test_the_word_list_is_read_in_both_directions() -> None:
    assert translations("降低")[:2] == (("reduce", 0.29), ("reducing", 0.19))
    assert ("降低", 0.29) in translations("reduce")
    assert translations("reducings") == translations("reducing")
    assert translations("低显") == ()


def test_chinese_is_translated_where_the_notes_hold_english(tmp_path: Path) -> None:
    mixed = build(tmp_path / "mixed", {**CHINESE, **ENGLISH, "z.md": "怎样降低费用。\n"})
    words = (
        Spelling(("reduce",), pytest.approx(0.9 * 0.29), How.TRANSLATED),
        Spelling(("reducing",), pytest.approx(0.9 * 0.19), How.TRANSLATED),
    )
    assert spellings(Reading.of("降低", mixed))["降低"][:2] == words
    chinese = build(tmp_path / "chinese", {**CHINESE, "z.md": "怎样降低费用。\n"})
    assert spellings(Reading.of("降低", chinese)) == {"降低": ()}


def test_chinese_that_the_notes_do_not_know_is_translated(tmp_path: Path) -> None:
    chinese = build(tmp_path, {**CHINESE, "z.md": "这叫 memory footprint，别的不说。\n"})
    assert chinese.english == 0
    assert Spelling(("footprint",), TRANSLATED * 0.16, How.TRANSLATED) in spellings(Reading.of("占用", chinese))["占用"]


def test_an_english_note_shows_evidence_for_a_chinese_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = build(tmp_path / "translated", ENGLISH)
    lexical, covered = evidence(index, QUESTION, "memory.md")
    assert evidence(index, QUESTION, "speed.md") == (0.0, 0.0)
    # of 显存, 存占, 占用, 降低 the note holds "reducing" (0.19); idf as of 1 passage in 2, and of none for the others
    known, unknown = inverse_document_frequency(1, 2), inverse_document_frequency(0, 2)
    assert covered == pytest.approx(TRANSLATED * 0.19 * known / math.sqrt((known + 3 * unknown) * SHORT * unknown))
    assert lexical > 0.01
    named = build(tmp_path / "named", ENGLISH, "显存\tGPU memory\tVRAM\n")
    assert evidence(named, QUESTION, "memory.md")[0] > 2 * lexical
    assert evidence(named, QUESTION, "memory.md")[1] > covered + 0.1
    monkeypatch.setattr("rag.retrieval.terms.translations", lambda word: ())
    assert evidence(index, QUESTION, "memory.md") == (0.0, 0.0)


# ---------------------------------------------------------------------------------------------------- misspelt words


def test_a_misspelt_word_is_spelled_as_the_nearest_of_the_notes(tmp_path: Path) -> None:
    text = "# Decoder\n\n解码器 decoder 用 beam 和 Sampling2 挑 token，2token、re-ranking。\n"
    index = build(tmp_path, {**CHINESE, "x.md": text})
    assert list(index.words()) == ["decoder", "ranking", "sampling2", "token"]
    assert spellings(Reading.of("decdoer 概念", index))["decdoer"] == (Spelling(("decoder",), MEANT, How.MEANT),)


# ---------------------------------------------------------------------------------------------- names of something else


def test_a_latin_word_among_chinese_is_a_name_also_when_the_word_list_has_it(tmp_path: Path) -> None:
    index = build(tmp_path, CHINESE)
    assert translations("clip")
    assert Reading.of("clip 概念", index).strange > 0.5
    assert Reading.of("clip what concept", index).strange == Reading.of("概念", index).strange == 0.0


def test_a_name_may_hold_digits(tmp_path: Path) -> None:
    index = build(tmp_path, CHINESE)
    assert Reading.of("k2 概念", index).strange > 0.5
    assert Reading.of("2 概念", index).strange == 0.0


# ------------------------------------------------------------------------------------------------- how much is evidence


def test_what_a_long_question_shares_counts_more_by_the_square_root(tmp_path: Path) -> None:
    index = build(tmp_path, CHINESE)
    held = " 概念 说明 "
    short = Reading.of("概念 说明", index)
    assert short.coverage(held) == 1.0
    long = Reading.of("概念 说明 天空 海洋 森林 沙漠", index)
    share = total(short) / total(long)
    most = SHORT * inverse_document_frequency(0, index.size)
    assert total(short) < most < total(long)
    assert long.coverage(held) == pytest.approx(share * math.sqrt(total(long) / most))
