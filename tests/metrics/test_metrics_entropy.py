"""Entropies against SciPy, mpmath and published figures.

Tolerances: the special functions are accurate to 1e-14, and sums of R rows add at most R 1e-16.
"""

import math
from collections import Counter

import mpmath as mp
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.metrics.numeric.special_functions import (
    geometric_harmonic_sum,
    log1p_gap,
    log_minus_digamma,
)
from collapse_stats.ngrams.spectrum import Spectrum

TOY = [5, 3, 2, 1, 1, 1, 1]
counts = st.lists(st.integers(1, 60), min_size=1, max_size=60)


@pytest.fixture(autouse=True)
def _many_digits():
    with mp.workdps(60):
        yield


def relative_error(got: float, expected: mp.mpf) -> float:
    return float(abs(got - expected) / abs(expected)) if expected else abs(got)


def chao_wang_jost(rows: dict[int, int]) -> mp.mpf:
    """The published formula in nats; its tail is summed or, for large n, integrated."""
    n = sum(m * f for m, f in rows.items())
    f1, f2 = rows.get(1, 0), rows.get(2, 0)
    seen = mp.fsum(f * mp.mpf(m) / n * (mp.digamma(n) - mp.digamma(m)) for m, f in rows.items())
    if f1 == 0 or (f1 == 1 and f2 == 0):
        return seen
    a = mp.mpf(2 * f2) / ((n - 1) * f1 + 2 * f2) if f2 else mp.mpf(2) / ((n - 1) * (f1 - 1) + 2)
    if n <= 3000:
        lost = sum(((1 - a) ** r / r for r in range(1, n)), mp.mpf(0))
        tail = (1 - a) ** (1 - n) * (-mp.log(a) - lost)
    else:  # 1 / (n + j) = integral of exp(-(n + j) t), and the sum over j is geometric
        tail = mp.quad(
            lambda s: mp.exp(-s) / n / (1 / (1 - a) - mp.exp(-s / n)), [0, n * a, 1, 10, 100, 200]
        )
    return seen + mp.mpf(f1) / n * tail


def test_golden_values_of_a_toy_sample() -> None:
    spectrum = Spectrum.from_counts(TOY)
    golden = {
        "plugin": 1.7298201304,
        "miller-madow": 1.9441058447,
        "chao-wang-jost": 2.2276325472,
    }
    for estimator, nats in golden.items():
        assert metrics.entropy(spectrum, estimator) == pytest.approx(
            nats / math.log(2), abs=1e-10
        ), estimator
    assert metrics.entropy(spectrum) == metrics.entropy(spectrum, "chao-wang-jost")


@given(counts)
def test_plugin_agrees_with_scipy_and_is_bounded(values: list[int]) -> None:
    h = metrics.entropy(Spectrum.from_counts(values), "plugin")
    assert h == pytest.approx(scipy.stats.entropy(values, base=2), abs=1e-13)
    assert 0 <= h <= math.log2(len(values)) + 1e-14


@given(counts)
def test_miller_madow_adds_its_correction(values: list[int]) -> None:
    h = metrics.entropy(Spectrum.from_counts(values), "miller-madow")
    nats = scipy.stats.entropy(values) + (len(values) - 1) / (2 * sum(values))
    assert h == pytest.approx(nats / math.log(2), abs=1e-13)


@given(counts)
def test_chao_wang_jost_agrees_with_its_literal_formula(values: list[int]) -> None:
    h = metrics.entropy(Spectrum.from_counts(values))
    expected = chao_wang_jost(Counter(values)) / mp.log(2)
    assert relative_error(h, expected) < 1e-13


@pytest.mark.parametrize(
    "rows",
    [
        {1: 1},
        {1: 2},
        {2: 1},
        {1: 1, 2: 1},
        {1: 2999},
        {1: 1, 10**6: 1},
        {1: 1, 2: 1, 10**12: 1},
        {10**12 - 1: 1, 1: 1},
        {1: 2, 10**12: 1},
        {1: 10**12},
        {1: 10**11, 2: 3 * 10**10, 3: 10**10, 10**9: 800, 10**11: 1},
        {1: 10**9, 10**12: 1},
        {1: 10, 2: 10**6, 10**5: 10**6},
    ],
    ids=str,
)
def test_chao_wang_jost_is_stable(rows: dict[int, int]) -> None:
    h = metrics.entropy(Spectrum.from_pairs(list(rows), list(rows.values())))
    assert relative_error(h, chao_wang_jost(rows) / mp.log(2)) < 1e-13


def test_chao_wang_jost_approaches_plugin_in_a_large_sample() -> None:
    spectrum = Spectrum.from_counts([10**9, 2 * 10**9, 10**9])
    plugin = metrics.entropy(spectrum, "plugin")
    # Without hapax legomena the difference is about (V - 1) / (2 N).
    assert metrics.entropy(spectrum) - plugin == pytest.approx(1 / 4e9 / math.log(2), rel=1e-5)


@pytest.mark.parametrize("n", [2, 10**6, 10**12])
def test_plugin_keeps_its_digits_in_text_of_one_type(n: int) -> None:
    h = metrics.entropy(Spectrum.from_counts([n - 1, 1]), "plugin")
    p = mp.mpf(1) / n
    assert relative_error(h, -(p * mp.log(p) + (1 - p) * mp.log1p(-p)) / mp.log(2)) < 1e-14


@pytest.mark.parametrize("estimator", metrics.ESTIMATORS)
def test_edges(estimator: str) -> None:
    assert metrics.entropy(Spectrum.from_counts([]), estimator) is None
    for one_type in ([1], [2], [10**12]):
        h = metrics.entropy(Spectrum.from_counts(one_type), estimator)
        if estimator == "grassberger" and one_type == [1]:
            assert h == pytest.approx((math.log(2) + np.euler_gamma) / math.log(2), rel=1e-15)
        else:
            assert h == 0


def test_all_singletons() -> None:
    spectrum = Spectrum.from_counts([1] * 1024)
    assert metrics.entropy(spectrum, "plugin") == pytest.approx(10, abs=1e-14)
    assert metrics.entropy(spectrum) > 17  # it extrapolates to about N^2 / 2 types


def test_unknown_estimator_is_refused() -> None:
    with pytest.raises(ValueError, match="'grassberger', 'chao-shen', 'jackknife', got 'nsb'"):
        metrics.entropy(Spectrum.from_counts([1]), "nsb")


# Saturation and conditional entropy ----------------------------------------------------------


@given(counts)
def test_saturation_is_a_share(values: list[int]) -> None:
    share = metrics.saturation(Spectrum.from_counts(values))
    if sum(values) < 2:
        assert share is None
    else:
        expected = scipy.stats.entropy(values) / math.log(sum(values))
        assert share == pytest.approx(expected, abs=1e-13)
        assert 0 <= share <= 1


def test_saturation_at_its_ends() -> None:
    assert metrics.saturation(Spectrum.from_counts([1] * 77)) == 1
    assert metrics.saturation(Spectrum.from_counts([77])) == 0
    assert metrics.saturation(Spectrum.from_counts([])) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=80))
def test_conditional_entropy_is_the_mean_entropy_of_what_follows(
    bigrams: list[tuple[int, int]],
) -> None:
    ngrams = Spectrum.from_counts(list(Counter(bigrams).values()))
    contexts = Spectrum.from_counts(list(Counter(first for first, _ in bigrams).values()))
    h = metrics.conditional_entropy(ngrams, contexts)
    full = metrics.saturation(ngrams)
    if full is None or full > metrics.SATURATION_LIMIT:
        assert h is None
        return
    expected = 0.0
    for context in {first for first, _ in bigrams}:
        after = Counter(second for first, second in bigrams if first == context)
        weight = after.total() / len(bigrams)
        expected += weight * scipy.stats.entropy(list(after.values()), base=2)
    assert h == pytest.approx(expected, abs=1e-13)
    assert h >= 0


def test_conditional_entropy_of_order_one_is_the_entropy() -> None:
    spectrum, context = Spectrum.from_counts(TOY), Spectrum.from_counts([sum(TOY)])
    assert metrics.conditional_entropy(spectrum, context) == metrics.entropy(spectrum, "plugin")


def test_conditional_entropy_of_repeated_text_is_zero() -> None:
    spectrum = Spectrum.from_counts([333, 333, 334])
    assert metrics.conditional_entropy(spectrum, spectrum) == 0


def test_conditional_entropy_is_withheld_when_saturated() -> None:
    ngrams, contexts = Spectrum.from_counts([1] * 100), Spectrum.from_counts([50, 50])
    assert metrics.saturation(ngrams) > metrics.SATURATION_LIMIT
    assert metrics.conditional_entropy(ngrams, contexts) is None
    empty = Spectrum.from_counts([])
    assert metrics.conditional_entropy(empty, empty) is None


def test_conditional_entropy_rejects_wrong_contexts() -> None:
    ngrams = Spectrum.from_counts([4, 4, 4, 4])
    with pytest.raises(ValueError, match="16 times, got 8"):
        metrics.conditional_entropy(ngrams, Spectrum.from_counts([4, 4]))
    with pytest.raises(ValueError, match="swapped"):
        metrics.conditional_entropy(Spectrum.from_counts([8, 8]), ngrams)
    with pytest.raises(ValueError, match="swapped"):
        metrics.conditional_entropy(Spectrum.from_counts([14, 1, 1]), Spectrum.from_counts([8, 8]))


# The special functions -----------------------------------------------------------------------


@given(st.floats(-0.999, 1e6).filter(lambda x: abs(x) > 1e-150))
def test_log1p_gap(x: float) -> None:
    with mp.workdps(400):
        expected = mp.mpf(x) - mp.log1p(mp.mpf(x))
        got = float(log1p_gap(np.array([x]))[0])
        assert relative_error(got, expected) < 1e-14


def test_log1p_gap_of_zero() -> None:
    assert log1p_gap(np.array([0.0, -0.0])).tolist() == [0, 0]


@pytest.mark.parametrize("x", [1, 2, 3, 7, 15, 16, 17, 100, 10**6, 10**12])
def test_log_minus_digamma(x: int) -> None:
    got = float(log_minus_digamma(np.array([float(x)]))[0])
    assert relative_error(got, mp.log(x) - mp.digamma(x)) < 1e-14


@pytest.mark.parametrize("start", [1, 2, 50, 1000])
@pytest.mark.parametrize("y", [1e-3, 0.05, 0.31, 0.4999, 0.5, 0.5001, 3.0, 50.0])
def test_geometric_harmonic_sum(y: float, start: int) -> None:
    ratio = mp.exp(-mp.mpf(y))
    # The incomplete beta function: sum over j of ratio^(j+1) / (start + j).
    expected = ratio / start * mp.hyp2f1(1, start, start + 1, ratio)
    assert relative_error(geometric_harmonic_sum(y, start), expected) < 1e-13
