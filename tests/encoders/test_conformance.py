"""What the index relies on, of every encoder alike: the one that ships, and the toy with and without token vectors."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.encoders.base import TOKEN_DIMENSION, Encoded, Encoder
from rag.types import Span
from tests.toy_encoder import ToyEncoder

SENTENCES = ("注意力机制由查询、键和值组成。", "LoRA trains two small matrices.", "企鹅住在南极的海边。")
TEXT = "".join(SENTENCES)
SPANS: tuple[Span, ...] = ((0, 15), (15, 46), (46, 56))
ODD = ("", " ", "\n", "？", "😀", "𠮷", "\u0301", "a\0b", "模型训练" * 250)


@pytest.fixture(params=["bundled", "toy", "toy without tokens"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    if request.param == "bundled":
        encoder: Encoder = request.getfixturevalue("bundled")
        return encoder
    return ToyEncoder(late=request.param == "toy")


def passage(encoder: Encoder, text: str, spans: Sequence[Span] = ()) -> Encoded:
    (encoded,) = encoder.encode_passages([text], [spans])
    return encoded


def assert_fits(encoder: Encoder, encoded: Encoded, sentences: int = 0) -> None:
    """Asserts the shapes, the kinds and the lengths of everything that leaves an encoder."""
    assert encoded.vectors.shape == (1 + sentences, encoder.dimension)
    assert encoded.tokens.shape == (len(encoded.weights), TOKEN_DIMENSION)
    assert {array.dtype for array in (encoded.vectors, encoded.tokens, encoded.weights)} == {np.dtype(np.float32)}
    for rows in (encoded.vectors, encoded.tokens):
        assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(len(rows)), abs=1e-5)
    assert (encoded.weights >= 0).all()
    assert encoded.weights.sum() == pytest.approx(1.0 if len(encoded.weights) else 0.0, abs=1e-5)


def assert_same(one: Encoded, other: Encoded) -> None:
    assert np.array_equal(one.vectors, other.vectors)
    assert np.array_equal(one.tokens, other.tokens)
    assert np.array_equal(one.weights, other.weights)


def test_the_spans_are_the_sentences() -> None:
    assert tuple(TEXT[start:end] for start, end in SPANS) == SENTENCES


def test_it_says_who_it_is(encoder: Encoder) -> None:
    first, second = ((encoder.name, encoder.revision, encoder.dimension) for _ in range(2))
    assert first == second
    name, revision, dimension = first
    assert name and revision and dimension > 0


def test_every_vector_has_length_one(encoder: Encoder) -> None:
    for encoded in encoder.encode_questions(SENTENCES):
        assert_fits(encoder, encoded)
    texts = (TEXT, SENTENCES[0], TEXT)
    passages = encoder.encode_passages(texts, [SPANS, (), SPANS[:1]])
    for encoded, sentences in zip(passages, (3, 0, 1), strict=True):
        assert_fits(encoder, encoded, sentences)


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:12]))
def test_also_of_a_text_that_says_nothing_or_too_much(encoder: Encoder, text: str) -> None:
    assert_fits(encoder, encoder.encode_questions([text])[0])
    spans = ((0, len(text)), (len(text) // 2, len(text))) if text else ()
    assert_fits(encoder, passage(encoder, text, spans), len(spans))


def test_no_text_no_vector(encoder: Encoder) -> None:
    assert encoder.encode_questions([]) == []
    assert encoder.encode_passages([], []) == []


def test_the_same_text_has_the_same_vectors_whatever_is_beside_it(encoder: Encoder) -> None:
    alone = passage(encoder, TEXT, SPANS)
    beside = encoder.encode_passages([SENTENCES[0], TEXT, "模型训练" * 100, TEXT], [(), SPANS, (), SPANS])
    assert_same(beside[1], alone)
    assert_same(beside[3], alone)
    question = encoder.encode_questions([TEXT])[0]
    assert_same(encoder.encode_questions([*SENTENCES, TEXT])[3], question)


def test_another_text_has_others(encoder: Encoder) -> None:
    wholes = np.stack([encoded.whole for encoded in encoder.encode_questions(SENTENCES)])
    assert float(np.triu(wholes @ wholes.T, 1).max()) < 0.9


def test_which_sentences_are_asked_for_changes_nothing_else(encoder: Encoder) -> None:
    whole = passage(encoder, TEXT).whole
    every = passage(encoder, TEXT, SPANS)
    assert np.array_equal(every.whole, whole)
    assert np.array_equal(passage(encoder, TEXT, SPANS[1:2]).vectors[1], every.vectors[2])


def test_a_sentence_inside_a_passage_is_nearest_to_itself(encoder: Encoder) -> None:
    questions = np.stack([encoded.whole for encoded in encoder.encode_questions(SENTENCES)])
    similarities = questions @ passage(encoder, TEXT, SPANS).vectors[1:].T
    assert similarities.argmax(1).tolist() == [0, 1, 2]


def test_threads_may_share_it(encoder: Encoder) -> None:
    alone = passage(encoder, TEXT, SPANS)
    with ThreadPoolExecutor(4) as threads:
        for encoded in threads.map(lambda _: passage(encoder, TEXT, SPANS), range(12)):
            assert_same(encoded, alone)
