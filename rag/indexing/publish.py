"""Writes a generation, calibrates it, proves that it can be read, and makes it the current one."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.encoders.base import Encoded, Encoder, Vectors
from rag.errors import IndexCorrupt, IndexNotWritable
from rag.indexing.encode import Arrays
from rag.passages.views import body_text, heading_text, name_text
from rag.retrieval.search import measure_level
from rag.store import faiss_vectors, generations, tantivy_postings
from rag.store.base import REBUILD, Manifest
from rag.store.local import GLOSSARY, PASSAGES, POSTINGS, SENTENCES, SPANS, TOKEN_COUNTS, TOKENS, VECTORS, WORDS, Index
from rag.store.tantivy_postings import Row
from rag.text.glossary import Glossary
from rag.text.tokens import tokens
from rag.text.typos import LATIN, sounds
from rag.types import Passage

ALIKE = 0.1  # two generations whose sizes differ by no more than this are calibrated once
SELF_SIMILARITY = 0.99  # of a vector and itself; float16 costs about 0.0005


def publish(
    index: Path,
    manifest: Manifest,
    passages: Sequence[Passage],
    arrays: Arrays,
    glossary: Glossary,
    encoder: Encoder,
    keep: str | None,
    calibrated: bool,
) -> str:
    """Writes a generation, measures its level, proves that it can be read, and makes it the current one.

    Returns its name. A level that `manifest` has already is not measured again.
    """
    with generations.Draft(index) as draft:
        _write(draft, passages, arrays, glossary)
        manifest = dataclasses.replace(manifest, files=draft.files)
        draft.seal(manifest.to_json())
        if calibrated and manifest.level is None:
            level = measure_level(_reopened(draft.folder), encoder)
            draft.seal(dataclasses.replace(manifest, level=level).to_json())
        _prove(draft.folder, arrays.passages)
        return draft.publish(keep)


def _write(draft: generations.Draft, passages: Sequence[Passage], arrays: Arrays, glossary: Glossary) -> None:
    """Writes all files of a generation but its manifest."""
    draft.write(PASSAGES, b"".join(map(_line, passages)))
    draft.write(VECTORS, faiss_vectors.to_bytes(faiss_vectors.build(arrays.passages)))
    draft.write(SENTENCES, _npy(arrays.sentences))
    draft.write(SPANS, _npy(arrays.spans))
    draft.write(TOKENS, _npy(arrays.tokens))
    draft.write(TOKEN_COUNTS, _npy(arrays.token_counts))
    scratch = draft.scratch()
    rows = [_lexical_row(passage) for passage in passages]
    draft.write(WORDS, _latin_words(rows))
    draft.write(GLOSSARY, glossary.to_text().encode())
    tantivy_postings.write(scratch, rows)
    for path in sorted(path for path in scratch.iterdir() if not path.name.startswith(".")):
        draft.write(POSTINGS + path.name, path.read_bytes())


def _line(passage: Passage) -> bytes:
    values = dataclasses.asdict(passage)
    if passage.place is None:  # so that the index of plain notes is what it was
        del values["place"]
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _npy(array: npt.NDArray[Any]) -> memoryview:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return stream.getbuffer()


def _lexical_row(passage: Passage) -> Row:
    heading, names = heading_text(passage), tuple(tokens(name_text(passage)))
    body = tuple(tokens(body_text(passage)))
    heard = itertools.chain.from_iterable(map(sounds, (*tokens(heading), *body, *names)))
    return Row(" ".join(tokens(heading)), " ".join(body), " ".join(heard), " ".join(names))


def _latin_words(rows: Iterable[Row]) -> bytes:
    """Returns the words that a misspelt one may have been meant as, one a line."""
    words = {word for row in rows for word in f"{row.names} {row.heading} {row.body}".split() if LATIN.fullmatch(word)}
    return "".join(f"{word}\n" for word in sorted(words)).encode()


def _reopened(folder: Path) -> Index:
    try:
        return Index._open_generation(folder, None)
    except IndexCorrupt as error:
        raise IndexNotWritable(f"the new index reads back damaged ({error}): check the disk") from error


def level_of_alike(base: Index | None, passages: int) -> float | None:
    """Returns the level of the generation before when it has about as many passages: it would hardly differ."""
    if base is None or abs(passages - base.size) > ALIKE * base.size:
        return None
    return base.manifest.level


def _prove(folder: Path, whole: Vectors) -> None:
    """Opens what was written and searches it; raises IndexNotWritable when a passage does not find itself."""
    written = _reopened(folder)
    probes = (0, len(whole) // 2, len(whole) - 1)  # one may fail: a graph does not promise to find everything
    found = (written.candidates(Encoded.without_tokens(whole[[probe]]), {}, 1) for probe in probes)
    best = [max((candidate.dense for candidate in candidates), default=0.0) for candidates in found]
    if max(best) < SELF_SIMILARITY:
        raise IndexNotWritable(f"the new index does not find its own passages: {REBUILD} --full")
