"""The figures by values worked by hand, and ranks against ir_measures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rag.evaluation import metrics
from rag.evaluation.metrics import Bin, Estimate

RANKS = [1, 2, 0, 5, 10, 11]


def test_recall_at() -> None:
    assert metrics.recall_at(RANKS, 1).tolist() == [1, 0, 0, 0, 0, 0]
    assert metrics.recall_at(RANKS, 5).tolist() == [1, 1, 0, 1, 0, 0]


def test_reciprocal_rank() -> None:
    assert metrics.reciprocal_rank(RANKS).tolist() == pytest.approx([1, 1 / 2, 0, 1 / 5, 1 / 10, 1 / 11])


def test_ndcg_at() -> None:
    expected = [1, 1 / math.log2(3), 0, 1 / math.log2(6), 1 / math.log2(11), 0]
    assert metrics.ndcg_at(RANKS, 10).tolist() == pytest.approx(expected)


def test_ranks_agree_with_ir_measures() -> None:
    """One right passage a question, somewhere among twelve or not found at all."""
    ir_measures = pytest.importorskip("ir_measures")  # of requirements-dev.txt only
    generator = np.random.default_rng(3)
    ranks = generator.integers(0, 13, 200).tolist()
    judged = [ir_measures.Qrel(str(number), "right", 1) for number in range(len(ranks))]
    run = [
        ir_measures.ScoredDoc(str(number), "right" if place == rank else f"other{place}", 1 / place)
        for number, rank in enumerate(ranks)
        for place in range(1, 13)
    ]
    measures = {
        ir_measures.R @ 1: metrics.recall_at(ranks, 1),
        ir_measures.R @ 5: metrics.recall_at(ranks, 5),
        ir_measures.RR: metrics.reciprocal_rank(ranks),
        ir_measures.nDCG @ 10: metrics.ndcg_at(ranks, 10),
    }
    seen = 0
    for measured in ir_measures.iter_calc(measures, judged, run):
        assert measures[measured.measure][int(measured.query_id)] == pytest.approx(measured.value), measured
        seen += 1
    assert seen == 4 * len(ranks)


def test_any_right_passage_counts_as_in_ir_measures_success() -> None:
    """Of two right passages only the first matters: success and reciprocal rank say the same of several."""
    ir_measures = pytest.importorskip("ir_measures")
    judged = [ir_measures.Qrel("q", name, 1) for name in ("b", "d")]
    run = [ir_measures.ScoredDoc("q", name, -place) for place, name in enumerate("abcd")]
    ours = {
        ir_measures.Success @ 1: metrics.recall_at([2], 1)[0],
        ir_measures.Success @ 5: metrics.recall_at([2], 5)[0],
        ir_measures.RR: metrics.reciprocal_rank([2])[0],
    }
    assert ir_measures.calc_aggregate(ours, judged, run) == pytest.approx(ours)


# ---------------------------------------------------------------------------------------------------------- intervals


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(1).normal(10, 2, 400)
    estimate = metrics.mean(values)
    error = 1.96 * values.std() / math.sqrt(400)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.low == pytest.approx(values.mean() - error, abs=0.02)
    assert estimate.high == pytest.approx(values.mean() + error, abs=0.02)


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(2)
    estimates = [metrics.mean(generator.random(100) < 0.7) for _ in range(200)]
    covered = np.mean([estimate.low <= 0.7 <= estimate.high for estimate in estimates])
    assert 0.90 <= covered <= 0.99


def test_an_interval_is_the_same_each_time_and_a_point_without_spread() -> None:
    assert metrics.mean([1, 0, 1, 1]) == metrics.mean([1, 0, 1, 1])
    assert metrics.mean([1, 1, 1]) == Estimate(1, 1, 1)
    assert metrics.mean([False]) == Estimate(0, 0, 0)


def test_auroc() -> None:
    assert metrics.auroc([0.9, 0.8], [0.1, 0.2, 0.3]) == 1.0
    assert metrics.auroc([0.1], [0.5, 0.9]) == 0.0
    # of six pairs four are in order and one is a tie: (4 + ½) / 6
    assert metrics.auroc([0.8, 0.4], [0.4, 0.1, 0.6]) == pytest.approx(4.5 / 6)


def test_the_interval_of_auroc_is_what_resampling_one_by_one_gives() -> None:
    generator = np.random.default_rng(4)
    high, low = generator.normal(1, 1, 60).round(1), generator.normal(0, 1, 40).round(1)
    slow = [metrics.auroc(generator.choice(high, 60), generator.choice(low, 40)) for _ in range(4_000)]
    estimate = metrics.auroc_estimate(high, low)
    assert estimate.value == metrics.auroc(high, low)
    assert (estimate.low, estimate.high) == pytest.approx(np.percentile(slow, (2.5, 97.5)).tolist(), abs=0.01)


# -------------------------------------------------------------------------------------------------------- comparisons


def test_paired_difference_against_the_exact_test() -> None:
    """Of nine changed questions eight got better: the exact p is the share of sign patterns as lopsided."""
    before, after = [0] * 8 + [1] + [1] * 20, [1] * 8 + [0] + [1] * 20
    difference = metrics.paired_difference(before, after)
    exact = 2 * (math.comb(9, 8) + math.comb(9, 9)) / 2**9
    assert difference.estimate.value == pytest.approx(7 / 29)
    assert difference.estimate.low > 0
    assert difference.p == pytest.approx(exact, abs=0.006)
    assert metrics.paired_difference(after, before).estimate.value == pytest.approx(-7 / 29)


def test_no_difference_is_no_evidence() -> None:
    assert metrics.paired_difference([0, 1, 0.5], [0, 1, 0.5]) == metrics.Difference(Estimate(0, 0, 0), 1.0)
    assert metrics.paired_difference([0, 1], [1, 0]).p == 1.0


def test_chance_is_called_so_one_time_in_twenty() -> None:
    generator = np.random.default_rng(5)
    values = [metrics.paired_difference(generator.random(30), generator.random(30)).p for _ in range(60)]
    assert np.mean(np.array(values) < 0.05) <= 0.15
    assert 0.3 < np.mean(values) < 0.7
    assert metrics.paired_difference(np.zeros(40), np.ones(40)).p == pytest.approx(1 / 10_001)


# --------------------------------------------------------------------------------------------------------- confidence


def test_risk_coverage() -> None:
    curve = metrics.risk_coverage([0.9, 0.2, 0.6, 0.4], [False, True, True, False])
    assert curve.coverage == (0.25, 0.5, 0.75, 1.0)
    assert curve.risk == pytest.approx((0, 1 / 2, 1 / 3, 2 / 4))
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_risk_coverage_does_not_depend_on_the_order_of_ties() -> None:
    curve = metrics.risk_coverage([0.5, 0.5, 0.9], [True, False, False])
    assert curve == metrics.risk_coverage([0.9, 0.5, 0.5], [False, False, True])
    assert curve.coverage == pytest.approx((1 / 3, 1))
    assert curve.risk == pytest.approx((0, 1 / 3))
    assert curve.area == pytest.approx((0 + 1 / 3 + 1 / 3) / 3)


def test_reliability() -> None:
    reliability = metrics.reliability([0.02, 0.08, 0.5, 0.95, 1.0, 0.9], [False, True, True, True, True, False])
    assert reliability.bins[0] == Bin(0, 0.1, 2, pytest.approx(0.05), 0.5)
    assert reliability.bins[1] == Bin(0.1, 0.2, 0, None, None)
    assert reliability.bins[5] == Bin(0.5, 0.6, 1, 0.5, 1.0)
    assert reliability.bins[9] == Bin(0.9, 1.0, 3, pytest.approx(0.95), pytest.approx(2 / 3))
    assert reliability.error == pytest.approx((2 * 0.45 + 1 * 0.5 + 3 * (0.95 - 2 / 3)) / 6)
    assert sum(part.questions for part in reliability.bins) == 6
