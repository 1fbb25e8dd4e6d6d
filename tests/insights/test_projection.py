"""Where passages are on the map, and that they stay there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.encoders.base import Vectors
from rag.indexing.sync import sync
from rag.insights import projection
from rag.insights.projection import ASIDE, keys, lay_out, load, place, save
from rag.store.local import Index
from tests.small import ENTRY, write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
GROUPS = 3


def clusters(count: int) -> Vectors:
    """Returns unit vectors around GROUPS axes, one after the other."""
    vectors = 0.1 * np.random.default_rng(7).normal(size=(count, 16)).astype(np.float32)
    vectors[range(count), np.arange(count) % GROUPS] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def known(places: np.ndarray, numbers: range) -> dict[str, tuple[float, float]]:
    return {str(number): tuple(places[number].tolist()) for number in numbers}


@pytest.fixture(params=["t-SNE", "components"])
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With scikit-learn, where it is installed, and as if it were not."""
    if request.param == "components":
        monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    else:
        pytest.importorskip("sklearn", reason="scikit-learn comes with sentence-transformers")
    return str(request.param)


@pytest.mark.usefixtures("method")
def test_what_is_alike_lies_together_and_the_same_each_time() -> None:
    vectors = clusters(60)
    places = lay_out(vectors, {}, names(60))
    assert (places.shape, places.dtype) == ((60, 2), np.float32)
    assert places.min() >= 0
    assert places.max() <= 1
    assert np.array_equal(lay_out(vectors, {}, names(60)), places)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(60)
    assert np.array_equal(distances.argmin(1) % GROUPS, np.arange(60) % GROUPS)


@pytest.mark.usefixtures("method")
@pytest.mark.parametrize(("count", "places"), [(0, []), (1, [(0.5, 0.5)]), (2, [(0.25, 0.5), (0.75, 0.5)])])
def test_hardly_any_passages(count: int, places: list[tuple[float, float]]) -> None:
    assert lay_out(clusters(count), {}, names(count)).tolist() == [list(point) for point in places]


@pytest.mark.usefixtures("method")
def test_passages_that_are_all_the_same_lie_in_the_middle() -> None:
    assert lay_out(np.tile(clusters(1), (5, 1)), {}, names(5)).tolist() == [[0.5, 0.5]] * 5


def test_known_passages_stay_and_a_new_one_goes_to_its_like() -> None:
    vectors = clusters(40)
    places = lay_out(vectors[:39], {}, names(39))
    again = lay_out(vectors, known(places, range(39)), names(40))
    assert np.array_equal(again[:39], places)
    (x, y), (near_x, near_y) = again[39].tolist(), place(vectors[39], vectors[:39], places)
    assert np.hypot(x - near_x, y - near_y) == pytest.approx(ASIDE, abs=2e-4)
    kin = np.linalg.norm(places - again[39], axis=1).argmin()
    assert kin % GROUPS == 39 % GROUPS


def test_with_fewer_than_half_known_all_is_laid_out_anew_and_turned_like_before() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn comes with sentence-transformers")
    vectors = clusters(60)
    places = lay_out(vectors, {}, names(60))
    turned = np.stack([places[:, 1], 1 - places[:, 0]], 1)
    anew = lay_out(vectors, known(turned, range(29)), names(60))
    assert not np.array_equal(anew[:29], turned[:29])
    assert np.abs(anew - turned).max() < 0.02
    assert np.array_equal(lay_out(vectors, known(turned, range(30)), names(60))[:30], turned[:30])


def test_beyond_a_limit_the_rest_is_placed_beside_what_was_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "LAID_OUT", 30)
    monkeypatch.setattr(projection, "BLOCK", 7)
    places = lay_out(clusters(90), {}, names(90))
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(90)
    assert np.mean(distances.argmin(1) % GROUPS == np.arange(90) % GROUPS) == 1


def test_a_question_is_placed_by_what_is_most_like_it() -> None:
    axes = np.eye(4, dtype=np.float32)
    places = np.array([(0.1, 0.2), (0.9, 0.8)], np.float32)
    assert place(axes[0], axes[:2], places) == (0.1, 0.2)
    assert place((axes[0] + axes[1]) / np.sqrt(np.float32(2)), axes[:2], places) == (0.5, 0.5)
    assert place(axes[0], axes[:0], places[:0]) == (0.5, 0.5)


# ------------------------------------------------------------------------------------------------------------- keeping


def test_an_edit_changes_no_other_key(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    before = keys(Index.open(folder, TOY))
    assert len(set(before)) == len(before) == 5
    note = corpus / "llm" / "attention.md"
    note.write_text(note.read_text(encoding="utf-8").replace("它由查询", "由查询"), encoding="utf-8")
    sync(corpus, folder, TOY)
    assert keys(Index.open(folder, TOY)) == before  # a question keeps its place when its answer is edited
    (corpus / "分词.txt").write_text("分词器把文本切成词。\n\n字节对编码从字符开始合并。\n", encoding="utf-8")
    sync(corpus, folder, TOY)
    assert [old == new for old, new in zip(before, keys(Index.open(folder, TOY)), strict=True)] == [True] * 4 + [False]


def test_equal_passages_have_keys_of_their_own(tmp_path: Path) -> None:
    text = f"## {ENTRY}\n\n答。\n\n## {ENTRY}\n\n答。\n"
    sync(write_notes(tmp_path / "corpus", {"a.md": text}), tmp_path / "index", TOY)
    assert len(set(keys(Index.open(tmp_path / "index", TOY)))) == 2


def test_places_survive_builds_and_builds_survive_them(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    index = Index.open(folder, TOY)
    places = lay_out(index.vectors(range(index.size)), {}, keys(index))
    save(folder, keys(index), places)
    (corpus / "new.md").write_text("# 新\n\n一篇新的笔记。\n", encoding="utf-8")
    sync(corpus, folder, TOY)
    sync(corpus, folder, TOY, full=True)
    kept = load(folder)
    assert list(kept) == list(keys(index))
    assert np.array_equal(np.array(list(kept.values()), np.float32), places)
    assert sorted(path.name for path in folder.iterdir() if not path.is_dir()) == ["CURRENT", "LOCK", "map.json"]


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        '{"format": 2, "places": {}}',
        '{"format": 1}',
        '{"format": 1, "places": {"a": [0.5]}}',
        '{"format": 1, "places": {"a": [0.5, "x"]}}',
        '{"format": 1, "places": {"a": [0.5, NaN]}}',
        '{"format": 1, "places": {"a": [0.5, 7]}}',
        '{"format": 1, "places": [1]}',
    ],
)
def test_a_damaged_file_means_a_new_layout(folder: Path, damage: str) -> None:
    folder.mkdir()
    (folder / "map.json").write_text(damage, encoding="utf-8")
    assert load(folder) == {}
    save(folder, ["a"], np.array([(0.25, 0.5)], np.float32))
    assert load(folder) == {"a": (0.25, 0.5)}
    assert json.loads((folder / "map.json").read_text())["format"] == 1


def test_a_folder_that_is_missing_or_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "none") == {}
    save(tmp_path / "none", ["a"], np.array([(0.25, 0.5)], np.float32))
    (tmp_path / "map.json").mkdir()
    save(tmp_path, ["a"], np.array([(0.25, 0.5)], np.float32))
    assert [path.name for path in tmp_path.iterdir()] == ["map.json"]
