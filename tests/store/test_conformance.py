"""What every store promises, asked of the one that ships and of one that was written for these tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.encoders.base import Encoded
from rag.indexing.sync import sync
from rag.insights.completion import Suggestions
from rag.insights.duplicates import twins
from rag.insights.keywords import telling
from rag.insights.related import related
from rag.notes.corpus import read_corpus, read_glossary
from rag.retrieval.highlight import Matcher
from rag.retrieval.pipeline import retrieve
from rag.retrieval.search import measure_level, rank
from rag.retrieval.terms import How, Reading
from rag.store.base import Store, is_beside_questions, late_interaction
from rag.store.local import Index
from rag.types import Answer, Hit
from tests.memory_store import MemoryStore
from tests.small import ENTRY, NOTES, write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
MORE = {
    **NOTES,
    "kitchen.md": "# Kitchen\n\nThe oven needs ten minutes.\n\n## How long do eggs boil?\n\nSeven minutes, soft.\n",
    "glossary.tsv": "位置编码\tpositional encoding\n",
}

Make = Callable[[Path], Store]


def local(folder: Path) -> Store:
    sync(folder / "corpus", folder / "index", TOY, calibrated=False)
    return Index.open(folder / "index", TOY)


def in_memory(folder: Path) -> Store:
    return MemoryStore(read_corpus(folder / "corpus")[0], TOY, read_glossary(folder / "corpus")[0])


@pytest.fixture(params=[local, in_memory])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    write_notes(tmp_path / "corpus", MORE)
    make: Make = request.param
    return make(tmp_path)


def encoded(text: str) -> Encoded:
    return TOY.encode_questions([text])[0]


def id_of(store: Store, question: str) -> int:
    return next(id for id, passage in store.passages() if passage.question == question)


def test_notes_and_passages_come_in_order(store: Store) -> None:
    notes = [(note.source, note.passages, note.questions) for note in store.notes]
    assert notes == [("kitchen.md", 2, 1), ("llm/attention.md", 2, 2), ("tuning.md", 2, 2), ("分词.txt", 1, 0)]
    assert store.size == 7
    assert [passage.source for _, passage in store.passages()] == [
        source for source, count, _ in notes for _ in range(count)
    ]
    assert store.english == 2
    assert store.level is None


def test_a_passage_is_had_by_its_id(store: Store) -> None:
    everything = dict(store.passages())
    assert len(everything) == store.size
    assert all(store.passage(id) == passage for id, passage in everything.items())
    of_one = [passage.question for _, passage in store.passages("tuning.md")]
    assert of_one == ["LoRA 的原理是什么？", "什么是灾难性遗忘？"]
    assert list(store.passages("nothing.md")) == []


def test_a_note_is_known_by_its_source(store: Store) -> None:
    known = store.note("tuning.md")
    assert known is not None
    assert (known.source, known.passages) == ("tuning.md", 2)
    assert store.note("nothing.md") is None
    beside = {passage.text.split("\n")[-1]: is_beside_questions(store, passage) for _, passage in store.passages()}
    assert [text for text, is_beside in beside.items() if is_beside] == ["The oven needs ten minutes."]


def test_vectors_are_unit_and_find_their_own_passage(store: Store) -> None:
    ids = [id for id, _ in store.passages()]
    vectors = store.vectors(ids)
    assert vectors.shape == (7, TOY.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    for id, vector in zip(ids, vectors, strict=True):
        best = store.candidates(Encoded.without_tokens(vector[None]), {}, 1)[0]
        assert (best.id, best.dense) == (id, pytest.approx(1, abs=1e-3))


def test_candidates_hold_both_channels_by_falling_similarity(store: Store) -> None:
    question, wanted = encoded("灾难性遗忘"), id_of(store, "LoRA 的原理是什么？")
    found = store.candidates(question, {"低秩": 1.0}, 2)
    assert [one.dense for one in found] == sorted((one.dense for one in found), reverse=True)
    assert wanted in {one.id for one in found}
    assert 2 <= len(found) <= 4
    lexical = {one.id: one.lexical for one in found}
    assert lexical.pop(wanted) > 0
    assert set(lexical.values()) == {0.0}
    for one in found:
        assert one.dense == pytest.approx(float(store.vectors([one.id])[0] @ question.whole), abs=1e-3)


def test_a_heading_weighs_more_than_the_text_below(store: Store) -> None:
    found = {one.id: one.lexical for one in store.candidates(encoded("x"), {"位置": 1.0, "关注": 1.0}, 7)}
    assert found[id_of(store, ENTRY)] > found[id_of(store, "什么是注意力机制？")] > 0


def test_more_weight_is_more_score_and_equal_scores_keep_the_order_of_the_notes(store: Store) -> None:
    once = {one.id: one.lexical for one in store.candidates(encoded("x"), {"什么": 1.0}, 7)}
    twice = {one.id: one.lexical for one in store.candidates(encoded("x"), {"什么": 2.0}, 7)}
    assert {id: pytest.approx(2 * score) for id, score in once.items()} == twice


def test_the_best_sentence_is_that_of_the_sentences(store: Store) -> None:
    question = encoded("它由查询、键和值组成。")
    wanted = id_of(store, "什么是注意力机制？")
    sentences = store.sentences(wanted, question.whole)
    assert list(sentences) == sorted(sentences)
    text = store.passage(wanted).text
    assert [text[start:end] for start, end in sentences] == [
        "# 注意力", "## 什么是注意力机制？", "注意力机制让模型关注相关的部分。", "它由查询、键和值组成。",
    ]  # fmt: skip
    candidate = next(one for one in store.candidates(question, {}, 7) if one.id == wanted)
    assert text[slice(*candidate.best)] == "它由查询、键和值组成。"
    assert candidate.sentence == pytest.approx(1, abs=1e-3) == pytest.approx(max(sentences.values()), abs=2e-3)


def test_late_interaction_is_that_of_tokens_or_the_sentence_again(store: Store) -> None:
    question = encoded("位置编码")
    wanted = id_of(store, ENTRY)
    late = {one.id: one.late for one in store.candidates(question, {}, 7)}
    assert late[wanted] == pytest.approx(1, abs=0.02)  # each of its characters stands in the passage
    assert late[wanted] == max(late.values())
    for one in store.candidates(question, {}, 7):
        assert one.weakest <= one.late + 1e-6
    for one in store.candidates(Encoded.without_tokens(question.vectors), {}, 7):
        assert one.late == one.weakest == one.sentence


def test_the_weakest_third_of_a_question_counts_apart() -> None:
    """Tokens that weigh 1/2, 1/4 and 1/4: a third is the first alone or one of the others and some of the first."""
    nearest = np.array([[0.9, 0.6, 0.3], [0.1, 0.5, 0.7], [0.4, 0.4, 0.4]], np.float32)
    late, weakest = late_interaction(nearest, np.array([0.5, 0.25, 0.25], np.float32))
    assert late.tolist() == pytest.approx([0.675, 0.35, 0.4])
    assert weakest.tolist() == pytest.approx([0.3 * 0.75 + 0.6 * 0.25, 0.1, 0.4])


def test_document_frequency_counts_headings_text_and_sounds(store: Store) -> None:
    counted = {token: store.document_frequency(token) for token in ("什么", "位置", "oven", "~wei-zi", "没有")}
    assert counted == {"什么": 4, "位置": 1, "oven": 1, "~wei-zi": 2, "没有": 0}


def test_words_are_latin_and_long(store: Store) -> None:
    assert {"kitchen", "minutes"} <= set(store.words())
    assert not {"oven", "lora", "位置"} & set(store.words())


def test_no_vectors_of_no_passages(store: Store) -> None:
    assert len(store.vectors([])) == 0


# ------------------------------------------------------------------------------------------- what stands on a store


def test_all_that_is_above_works_over_any_store(store: Store) -> None:
    matches = rank(store, TOY, [ENTRY])[0].matches
    assert (matches[0].passage.question, matches[0].id) == (ENTRY, id_of(store, ENTRY))
    assert retrieve(store, TOY, "位置编马是什么", (), 3).matches[0].passage.question == ENTRY
    both = retrieve(store, TOY, "LoRA 的原理是什么？什么是位置编码？", (), 5)
    assert {match.passage.question for match in both.matches[:2]} == {"LoRA 的原理是什么？", ENTRY}
    assert [spelling.how for spelling in Reading.of("位置编码", store).terms[0].spellings][:2] == [How.TYPED, How.NAMED]
    assert [term.text for term in Matcher("minuets", store).terms("ten minutes")] == ["minuets"]
    assert measure_level(store, TOY) is not None


def test_insights_stand_on_any_store(store: Store) -> None:
    assert Suggestions.of(store).complete("weizhi")[0].text == ENTRY
    assert twins(store, TOY) == ()
    assert "minutes" in telling(store, id_of(store, "How long do eggs boil?"), 20)
    passage = store.passage(id_of(store, ENTRY))
    answer = Answer(ENTRY, "", (Hit(passage, 0.9, (0, 1), False, passage.answer_span),), (1,), True, 0.9)
    assert related(store, answer, 1)[0].text == "什么是注意力机制？"


def test_two_stores_rank_alike(tmp_path: Path) -> None:
    write_notes(tmp_path / "corpus", MORE)
    for question in (ENTRY, "LoRA 冻结什么", "how long for eggs", "分词器"):
        orders = [
            [match.passage.title for match in rank(make(tmp_path), TOY, [question])[0].matches][:2]
            for make in (local, in_memory)
        ]
        assert orders[0] == orders[1]
