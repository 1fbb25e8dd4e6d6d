"""The figures of an evaluation, from arrays to numbers; every interval is a 95 % percentile bootstrap (Efron 1979).

A rank counts from 1; 0 means that no right passage was among those that were looked at. Any right passage answers a
question, so only the first one counts, and the best that a ranking can do is to begin with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2_000
FLIPS = 10_000  # the smallest p value is one in so many
FLIPS_AT_ONCE = 500  # so that a few thousand questions fit in memory
SEED = 7  # the same results give the same intervals
TAILS = (2.5, 97.5)  # per cent
BINS = 10
Floats = npt.NDArray[np.float64]
Numbers = Sequence[float] | npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """What answering only the most confident questions would cost, one point for each confidence that occurs.

    `coverage` is the share answered, rising to 1; `risk` the share of those that is wrong; `area` the mean risk.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions of like confidence; `confidence` is their mean, `right` the share that is right, None without any."""

    low: float
    high: float
    questions: int
    confidence: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether a confidence of 0.8 is right four times in five; `error` is the expected calibration error."""

    bins: tuple[Bin, ...]
    error: float


@dataclass(frozen=True, slots=True)
class Difference:
    """After minus before over the same questions; `p` is how often chance alone would differ as much."""

    estimate: Estimate
    p: float


# ------------------------------------------------------------------------------------------- one value for a question
def recall_at(ranks: Sequence[int], k: int) -> Floats:
    """Returns 1 for each question with a right passage among the first `k`, else 0."""
    array = np.asarray(ranks)
    return ((array >= 1) & (array <= k)).astype(np.float64)


def reciprocal_rank(ranks: Sequence[int]) -> Floats:
    """Returns 1 / rank for each question, 0 where nothing right was found."""
    array = np.asarray(ranks, dtype=np.float64)
    return np.divide(1.0, array, out=np.zeros_like(array), where=array > 0)


def ndcg_at(ranks: Sequence[int], k: int) -> Floats:
    """Returns 1 / log2(1 + rank) for each question, 0 beyond `k` (Järvelin & Kekäläinen 2002).

    Any right passage answers, so gains are 1 for the first right passage and 0 for the rest, and the ideal is 1.
    """
    discounts: Floats = np.log2(1 + np.maximum(np.asarray(ranks), 1))
    return recall_at(ranks, k) / discounts


# ------------------------------------------------------------------------------------------------ shares and intervals
def mean(values: Numbers) -> Estimate:
    """Returns the mean of at least one value, with the interval over resampled questions."""
    array = np.asarray(values, dtype=np.float64)
    return _estimate(array.mean(), array[_draws(np.random.default_rng(SEED), array.size)].mean(axis=1))


def auroc(positives: Numbers, negatives: Numbers) -> float:
    """Returns the probability that a positive scores above a negative, ties counting half (Mann–Whitney U)."""
    return float(_order(positives, negatives).mean())


def auroc_estimate(positives: Numbers, negatives: Numbers) -> Estimate:
    """Returns `auroc` with its interval; both groups are resampled, each on its own."""
    order = _order(positives, negatives)
    generator = np.random.default_rng(SEED)
    high, low = (_counts(_draws(generator, size), size) for size in order.shape)
    return _estimate(order.mean(), np.einsum("rp,rp->r", high @ order, low) / order.size)


def paired_difference(before: Numbers, after: Numbers) -> Difference:
    """Compares two values for each question: bootstrap over the questions, and a sign-flip permutation test.

    Were the two alike, each difference could as well have the other sign. The test draws signs and counts itself among
    the draws (Phipson & Smyth 2010), so p is never 0.
    """
    differences = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    changed = differences[differences != 0]
    generator = np.random.default_rng(SEED)
    observed = abs(changed.sum()) * (1 - 1e-9)  # the same sum in another order must not count as smaller
    as_far = 0
    for _ in range(FLIPS // FLIPS_AT_ONCE):
        signs = generator.choice((-1.0, 1.0), size=(FLIPS_AT_ONCE, changed.size))
        as_far += int((abs(signs @ changed) >= observed).sum())
    return Difference(mean(differences), (1 + as_far) / (1 + FLIPS))


def _estimate(value: float, resampled: Floats) -> Estimate:
    low, high = np.percentile(resampled, TAILS)
    return Estimate(float(value), float(low), float(high))


def _draws(generator: np.random.Generator, size: int) -> npt.NDArray[np.int32]:
    """Returns places in a sample of `size`, drawn with replacement, shape (RESAMPLES, size)."""
    return generator.integers(size, size=(RESAMPLES, size), dtype=np.int32)


def _counts(draws: npt.NDArray[np.int32], size: int) -> Floats:
    """Returns how often each place was drawn, shape (RESAMPLES, size)."""
    places = draws + size * np.arange(RESAMPLES)[:, None]
    return np.bincount(places.ravel(), minlength=RESAMPLES * size).reshape(RESAMPLES, size).astype(np.float64)


def _order(positives: Numbers, negatives: Numbers) -> Floats:
    """Returns for each pair 1 when the positive is above, ½ when they tie, shape (positives, negatives)."""
    high, low = np.asarray(positives)[:, None], np.asarray(negatives)[None, :]
    return np.where(high == low, 0.5, (high > low).astype(np.float64))


# --------------------------------------------------------------------------------------------------------- confidence
def risk_coverage(confidences: Numbers, wrong: Sequence[bool]) -> RiskCoverage:
    """Returns the curve over all questions (El-Yaniv & Wiener 2010); those of one confidence are answered together.

    The area is the mean, over the questions, of the risk when all at least as confident are answered, so that the order
    of ties does not matter.
    """
    levels, place = np.unique(-np.asarray(confidences, dtype=np.float64), return_inverse=True)
    number = np.bincount(place, minlength=levels.size)
    answered = number.cumsum()
    risk = np.bincount(place, weights=np.asarray(wrong, dtype=np.float64), minlength=levels.size).cumsum() / answered
    total = answered[-1]
    return RiskCoverage(tuple((answered / total).tolist()), tuple(risk.tolist()), float(risk @ number / total))


def reliability(confidences: Numbers, right: Sequence[bool]) -> Reliability:
    """Returns ten bins of equal width; the error is the gap in each, weighted by its questions (Guo et al. 2017)."""
    scores, truth = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)
    place = np.minimum((scores * BINS).astype(int), BINS - 1)  # a confidence of 1 belongs to the last bin
    bins, error = [], 0.0
    for number in range(BINS):
        inside = place == number
        count = int(inside.sum())
        confidence = float(scores[inside].mean()) if count else None
        share = float(truth[inside].mean()) if count else None
        bins.append(Bin(number / BINS, (number + 1) / BINS, count, confidence, share))
        error += abs((confidence or 0.0) - (share or 0.0)) * count / scores.size
    return Reliability(tuple(bins), error)
