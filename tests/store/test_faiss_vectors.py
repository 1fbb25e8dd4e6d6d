from __future__ import annotations

import struct

import faiss
import numpy as np
import pytest

from rag.encoders.base import Vectors
from rag.errors import IndexCorrupt
from rag.store import faiss_vectors

COMPASS = np.array([[1, 0], [0, 1], [-1, 0], [0.6, 0.8]], dtype=np.float32)


def unit(rows: int, dimension: int, seed: int = 0) -> Vectors:
    drawn = np.random.default_rng(seed).standard_normal((rows, dimension)).astype(np.float32)
    scaled: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return scaled


def test_higher_similarity_comes_first() -> None:
    numbers, similarities = faiss_vectors.search(faiss_vectors.build(COMPASS), COMPASS[0], 3)
    assert numbers.tolist() == [0, 3, 1]
    assert similarities.tolist() == pytest.approx([1.0, 0.6, 0.0], abs=1e-3)  # float16


def test_fewer_passages_than_asked_for() -> None:
    numbers, similarities = faiss_vectors.search(faiss_vectors.build(COMPASS), COMPASS[3], 10)
    assert numbers.tolist() == [3, 1, 0, 2]
    assert similarities.tolist() == pytest.approx([1.0, 0.8, 0.6, -0.6], abs=1e-3)


def test_no_passages() -> None:
    index = faiss_vectors.from_bytes(faiss_vectors.to_bytes(faiss_vectors.build(np.empty((0, 2), dtype=np.float32))))
    assert faiss_vectors.search(index, COMPASS[0], 3)[0].tolist() == []
    assert faiss_vectors.reconstruct(index, []).shape == (0, 2)


def test_vectors_survive_rounds_of_reuse_unchanged() -> None:
    first = faiss_vectors.build(unit(50, 16))
    once = faiss_vectors.reconstruct(first, range(50))
    again = faiss_vectors.reconstruct(
        faiss_vectors.from_bytes(faiss_vectors.to_bytes(faiss_vectors.build(once))), range(50)
    )
    assert np.array_equal(once, again)
    assert np.abs(once - unit(50, 16)).max() < 0.0005


def test_reconstruct_takes_any_order() -> None:
    assert faiss_vectors.reconstruct(faiss_vectors.build(COMPASS), [2, 0]).tolist() == [[-1, 0], [1, 0]]


def test_many_passages_get_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faiss_vectors, "FLAT_PASSAGES", 299)
    rows = unit(300, 16)
    index = faiss_vectors.from_bytes(faiss_vectors.to_bytes(faiss_vectors.build(rows)))
    assert isinstance(index, faiss.IndexHNSWSQ)
    assert index.hnsw.efSearch == 128
    found = [faiss_vectors.search(index, row, 1)[0].tolist() for row in rows[:100]]
    assert found == [[number] for number in range(100)]
    assert np.abs(faiss_vectors.reconstruct(index, range(300)) - rows).max() < 0.0005


def test_a_search_uses_one_thread() -> None:
    faiss_vectors.search(faiss_vectors.build(COMPASS), COMPASS[0], 1)
    assert faiss.omp_get_max_threads() == 1


@pytest.mark.parametrize("length", [0, 3, 40, 80])
def test_truncated_bytes_are_refused(length: int) -> None:
    with pytest.raises(IndexCorrupt, match="the passage vectors cannot be parsed"):
        faiss_vectors.from_bytes(faiss_vectors.to_bytes(faiss_vectors.build(COMPASS))[:length])


def test_a_small_file_cannot_claim_a_large_vector() -> None:
    """The number of code bytes is raised to 4 GB, and the number of vectors with it."""
    data = faiss_vectors.to_bytes(faiss_vectors.build(COMPASS))
    codes = data.rindex(struct.pack("<Q", 16))
    claim = 1 << 32
    crafted = data[:8] + struct.pack("<q", claim // 4) + data[16:codes] + struct.pack("<Q", claim) + data[codes + 8 :]
    with pytest.raises(IndexCorrupt) as raised:
        faiss_vectors.from_bytes(crafted)
    assert "byte_limit" in str(raised.value.__cause__)


@pytest.mark.parametrize(
    "foreign", [faiss.IndexFlatIP(2), faiss.index_factory(2, "SQfp16", faiss.METRIC_L2), faiss.IndexLSH(2, 8)]
)
def test_an_index_of_another_kind_is_refused(foreign: faiss.Index) -> None:
    with pytest.raises(IndexCorrupt, match="of a foreign kind"):
        faiss_vectors.from_bytes(faiss_vectors.to_bytes(foreign))
