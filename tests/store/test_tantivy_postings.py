from __future__ import annotations

import math
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from rag.errors import IndexCorrupt
from rag.store import tantivy_postings
from rag.store.tantivy_postings import Postings, Row

ROWS = [("a b", "c d e"), ("", "a c c"), ("x", "y z"), ("a", "a")]


def equally(*tokens: str) -> dict[str, float]:
    return dict.fromkeys(tokens, 1.0)


def postings(folder: Path, rows: Iterable[tuple[str, str]]) -> Postings:
    folder.mkdir(exist_ok=True)
    tantivy_postings.write(folder, [Row(heading, body, "") for heading, body in rows])
    return Postings(folder)


def bm25(frequency: int, length: int, mean_length: float, holding: int, passages: int) -> float:
    """Robertson and Zaragoza 2009, with the constants of tantivy."""
    k1, b = 1.2, 0.75
    idf = math.log(1 + (passages - holding + 0.5) / (holding + 0.5))
    return idf * (1 + k1) * frequency / (frequency + k1 * (1 - b + b * length / mean_length))


def test_scores_are_bm25_over_both_fields(tmp_path: Path) -> None:
    # headings have 2, 0, 1 and 1 tokens (mean 1), bodies 3, 3, 2 and 1 (mean 9/4); "a" is in 2 of 4 of each
    found = postings(tmp_path, ROWS).search(equally("a"), 10)
    assert [number for number, _ in found] == [3, 0, 1]
    assert [score for _, score in found] == pytest.approx([2.283308, 0.983822, 0.609970], abs=1e-5)
    assert found[0][1] == pytest.approx(2 * bm25(1, 1, 1, 2, 4) + bm25(1, 1, 9 / 4, 2, 4))
    assert found[1][1] == pytest.approx(2 * bm25(1, 2, 1, 2, 4))
    assert found[2][1] == pytest.approx(bm25(1, 3, 9 / 4, 2, 4))


def test_tokens_add_up_and_count_once(tmp_path: Path) -> None:
    found = postings(tmp_path, ROWS).search(equally("c", "d", "c"), 10)
    assert [number for number, _ in found] == [0, 1]
    assert found[0][1] == pytest.approx(bm25(1, 3, 9 / 4, 2, 4) + bm25(1, 3, 9 / 4, 1, 4))
    assert found[1][1] == pytest.approx(bm25(2, 3, 9 / 4, 2, 4))


def test_equal_scores_are_ordered_by_number(tmp_path: Path) -> None:
    found = postings(tmp_path, [("", "a")] * 5).search(equally("a"), 3)
    assert [number for number, _ in found] == [0, 1, 2]


def test_what_a_person_types_is_literal(tmp_path: Path) -> None:
    index = postings(tmp_path, [("", "body:a OR (*"), ("", "a")])
    assert [number for number, _ in index.search(equally("body:a"), 5)] == [0]
    assert [number for number, _ in index.search(equally("(*"), 5)] == [0]
    assert index.search(equally('"a" AND NOT (', "*", "a~2", "[a TO z]"), 5) == []


def test_chinese_tokens(tmp_path: Path) -> None:
    index = postings(tmp_path, [("注意 意力", "机制"), ("", "注意 事项")])
    assert [number for number, _ in index.search(equally("注意", "意力"), 5)] == [0, 1]


def test_document_frequency_counts_passages_of_either_field(tmp_path: Path) -> None:
    index = postings(tmp_path, ROWS)
    assert [index.document_frequency(token) for token in ("a", "c", "x", "nothing")] == [3, 2, 1, 0]


def test_no_passages(tmp_path: Path) -> None:
    index = postings(tmp_path, [])
    assert (index.size, index.search(equally("a"), 5), index.document_frequency("a")) == (0, [], 0)


def test_nothing_asked_for(tmp_path: Path) -> None:
    index = postings(tmp_path, ROWS)
    assert (index.size, index.search({}, 5), index.search(equally("a"), 0)) == (4, [], [])


def test_open_postings_outlive_their_folder(tmp_path: Path) -> None:
    index = postings(tmp_path / "postings", ROWS)
    shutil.rmtree(tmp_path / "postings")
    assert [number for number, _ in index.search(equally("y"), 5)] == [2]
    assert index.document_frequency("a") == 3


def test_many_segments_score_like_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("", f"common w{number} w{number % 7} v{number % 1000}") for number in range(40_000)]
    whole = postings(tmp_path / "whole", rows).search(equally("common", "w3", "v10"), 20)
    monkeypatch.setattr(tantivy_postings, "WRITER_HEAP", 15_000_000)
    parts = postings(tmp_path / "parts", rows).search(equally("common", "w3", "v10"), 20)
    assert len(list((tmp_path / "parts").glob("*.term"))) > 1
    assert dict(parts) == pytest.approx(dict(whole))


@pytest.mark.parametrize("damage", [None, b"", b"{}"])
def test_a_folder_that_tantivy_refuses(tmp_path: Path, damage: bytes | None) -> None:
    postings(tmp_path, ROWS)
    if damage is None:
        (tmp_path / "meta.json").unlink()
    else:
        (tmp_path / "meta.json").write_bytes(damage)
    with pytest.raises(IndexCorrupt, match="the postings cannot be opened"):
        Postings(tmp_path)


WRITE_MUCH = """
import resource, sys
from pathlib import Path
from rag import errors
from rag.store import tantivy_postings as postings
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    postings.write(Path(sys.argv[1]), (postings.Row("", f"a{number} b{number}", "") for number in range(50_000)))
except errors.IndexNotWritable as error:
    sys.exit(str(error))
"""


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    """A limit on the size of files fails writes within tantivy itself."""
    command = [sys.executable, "-c", WRITE_MUCH, str(tmp_path)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert child.returncode == 1
    assert child.stderr.splitlines()[-1].startswith("cannot write the postings (")
