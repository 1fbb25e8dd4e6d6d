"""Passage vectors in FAISS: the only importer of faiss; similarities are inner products, so higher is better."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import faiss
import numpy as np
import numpy.typing as npt

from rag.encoders.base import Vectors
from rag.errors import IndexCorrupt

VectorIndex = faiss.Index
Numbers = npt.NDArray[np.int64]

FLAT_PASSAGES = 100_000  # up to here an exact scan takes a few milliseconds; the graph is approximate, slow to build
FLAT = "SQfp16"  # half the size of float32, and a vector that was rounded once rounds to itself when it is reused
GRAPH = "HNSW32_SQfp16"
GRAPH_CANDIDATES = 128  # efSearch: the default of 16 is below the number of candidates that a search asks for

_parsing = threading.Lock()  # the byte limit below is global to the process


def build(vectors: Vectors) -> VectorIndex:
    """Returns an index over `vectors`, unit, shape (n, d); passage number i is row i.

    Exact up to FLAT_PASSAGES rows, an HNSW graph beyond; both keep float16.
    """
    count, dimension = vectors.shape
    faiss.omp_set_num_threads(os.cpu_count() or 1)  # per calling thread; a search sets its own
    index = faiss.index_factory(dimension, FLAT if count <= FLAT_PASSAGES else GRAPH, faiss.METRIC_INNER_PRODUCT)
    if isinstance(index, faiss.IndexHNSW):
        index.hnsw.efSearch = GRAPH_CANDIDATES
    index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    return index


def to_bytes(index: VectorIndex) -> bytes:
    """Returns the index serialised in memory: `faiss.write_index` neither fsyncs nor reports a full disk."""
    return faiss.serialize_index(index).tobytes()


def from_bytes(data: bytes) -> VectorIndex:
    """Returns the index that `to_bytes` serialised.

    Raises IndexCorrupt for anything else. FAISS has no checksum, so the caller compares a hash first; here no
    vector may be larger than the file that holds it, or a crafted 1 KB file allocates gigabytes.
    """
    try:
        with _parsing:
            faiss.set_deserialization_vector_byte_limit(len(data))
            index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
    except RuntimeError as error:
        raise IndexCorrupt("the passage vectors cannot be parsed: run `python -m rag.build`") from error
    made_here = isinstance(index, faiss.IndexScalarQuantizer | faiss.IndexHNSWSQ)
    if not made_here or index.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise IndexCorrupt("the passage vectors are of a foreign kind: run `python -m rag.build`")
    return index


def search(index: VectorIndex, vector: Vectors, limit: int) -> tuple[Numbers, Vectors]:
    """Returns the numbers and similarities of at most `limit` passages, best first, for a unit vector of shape (d,)."""
    faiss.omp_set_num_threads(1)  # one question has nothing to share out; a team of threads costs more than the scan
    similarities, numbers = index.search(np.ascontiguousarray(vector[None], dtype=np.float32), limit)
    found = numbers[0] >= 0  # FAISS fills up with -1 when there are fewer than `limit`
    return numbers[0][found], similarities[0][found]


def reconstruct(index: VectorIndex, numbers: Sequence[int] | Numbers) -> Vectors:
    """Returns the vectors of the passages `numbers`, shape (len(numbers), d), as rounded by the index."""
    if len(numbers) == 0:
        return np.empty((0, index.d), dtype=np.float32)
    return np.asarray(index.reconstruct_batch(np.asarray(numbers, dtype=np.int64)), dtype=np.float32)
