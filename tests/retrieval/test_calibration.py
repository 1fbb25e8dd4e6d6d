"""A confidence means the same over few notes and over many."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from rag.indexing.sync import sync
from rag.retrieval.calibration import EVERYDAY, THRESHOLD, TYPICAL, Calibration
from rag.retrieval.search import Ranking, measure_level, rank
from rag.store.local import Index
from tests.small import write_notes
from tests.toy_encoder import ToyEncoder

LEVELS = (-9.0, -6.0, -4.0, -1.0)
TOY = ToyEncoder()


@pytest.mark.parametrize("level", LEVELS)
def test_found_begins_where_confidence_passes_the_threshold(level: float) -> None:
    calibration = Calibration(level)
    assert calibration.confidence(calibration.found_from) == pytest.approx(THRESHOLD)
    assert calibration.confidence(calibration.found_from - 0.01) < THRESHOLD


def test_confidence_is_a_probability_and_rises() -> None:
    logits = (-1e6, -20.0, -3.0, 0.0, 3.0, 20.0, 1e6)
    confidences = [TYPICAL.confidence(logit) for logit in logits]
    assert confidences == sorted(confidences)
    assert 0 <= confidences[0] < 1e-6
    assert 1 - 1e-6 < confidences[-1] <= 1
    assert confidences[2] < confidences[3] < confidences[4]


def test_where_everything_looks_surer_more_is_asked_for() -> None:
    for lower, higher in itertools.pairwise(map(Calibration, LEVELS)):
        assert lower.found_from < higher.found_from
        assert lower.confidence(0.0) > higher.confidence(0.0)


# ---------------------------------------------------------------------------------------------------- of an index


def test_the_level_is_the_median_of_the_best(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY, calibrated=False)
    index = Index.open(folder, TOY)
    best = sorted(ranking.best for ranking in rank(index, TOY, EVERYDAY))
    assert measure_level(index, TOY) == pytest.approx((best[14] + best[15]) / 2)


def test_an_index_is_calibrated_when_it_is_built(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY, calibrated=False)
    assert Calibration.of(Index.open(folder, TOY).level) == TYPICAL
    sync(corpus, folder, TOY, full=True)
    index = Index.open(folder, TOY)
    assert index.level == measure_level(index, TOY) != TYPICAL.level


def test_notes_that_answer_nothing_are_calibrated_once_they_do(tmp_path: Path, folder: Path) -> None:
    corpus = write_notes(tmp_path / "corpus", {"a.md": "# 动物\n\n## 什么是猫？\n\n## 什么是狗？\n"})
    sync(corpus, folder, TOY)
    index = Index.open(folder, TOY)
    assert (index.level, Calibration.of(index.level)) == (None, TYPICAL)
    assert rank(index, TOY, ["什么是猫"]) == [Ranking("什么是猫", ())]
    write_notes(corpus, {"a.md": "# 动物\n\n## 什么是猫？\n\n一种会捉老鼠的动物。\n\n## 什么是狗？\n"})
    sync(corpus, folder, TOY)
    answered = Index.open(folder, TOY)
    assert answered.level == measure_level(answered, TOY) != TYPICAL.level


def test_it_is_calibrated_again_only_when_it_changed_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, folder = tmp_path / "corpus", tmp_path / "index"
    levels: list[float] = []

    def measured(index: Index, encoder: object) -> float:
        levels.append(float(index.size))
        return -float(index.size)

    monkeypatch.setattr("rag.indexing.publish.measure_level", measured)

    def build(entries: int, full: bool = False) -> float | None:
        write_notes(corpus, {"a.md": "".join(f"## 什么是概念{n}？\n\n概念{n}。\n\n" for n in range(entries))})
        sync(corpus, folder, TOY, full=full)
        return Index.open(folder).level

    assert build(20) == -20
    assert build(22) == -20
    assert build(30) == -30
    assert build(27) == -30
    assert build(26, full=True) == -26
    assert levels == [20, 30, 26]
