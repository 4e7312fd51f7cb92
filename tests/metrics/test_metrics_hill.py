"""Hill numbers and Renyi entropies of any order: scikit-bio, mpmath."""

import math
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
import skbio.diversity.alpha
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import Spectrum

counts = st.lists(st.integers(1, 60), min_size=1, max_size=60)
orders = st.sampled_from([0, 0.3, 0.5, 0.99, 0.99995, 1, 1.00005, 1.01, 1.5, 2, 3, 10, 200])


def exact(values: list[int], q: float) -> mp.mpf:
    with mp.workdps(60):
        n = mp.mpf(sum(values))
        if q == 1:
            return mp.exp(-mp.fsum(c / n * mp.log(c / n) for c in values))
        return mp.fsum((c / n) ** mp.mpf(q) for c in values) ** (1 / (1 - mp.mpf(q)))


@given(counts, orders)
def test_plugin_by_definition(values: list[int], q: float) -> None:
    spectrum = Spectrum.from_counts(values)
    got = metrics.hill(spectrum, q, "plugin")
    # Rounding 1e-16 in the sum is divided by 1 - q, at most 1e4 before the form changes.
    assert got == pytest.approx(float(exact(values, q)), rel=2e-11)
    assert 1 <= got <= len(values) * (1 + 1e-12)
    bits = metrics.renyi_entropy(spectrum, q, "plugin")
    assert 2**bits == pytest.approx(got, rel=1e-12)


@given(counts, st.sampled_from([0, 0.5, 1, 2, 3.5, math.inf]))
def test_plugin_agrees_with_scikit_bio(values: list[int], q: float) -> None:
    spectrum = Spectrum.from_counts(values)
    theirs = skbio.diversity.alpha.hill(values, order=q)
    assert metrics.hill(spectrum, q, "plugin") == pytest.approx(theirs, rel=1e-10)
    theirs = skbio.diversity.alpha.renyi(values, order=q, base=2)
    assert metrics.renyi_entropy(spectrum, q, "plugin") == pytest.approx(theirs, abs=1e-10)


@given(counts)
def test_orders_fall(values: list[int]) -> None:
    spectrum = Spectrum.from_counts(values)
    figures = [metrics.hill(spectrum, q, "plugin") for q in (0, 0.5, 1, 1.5, 2, 5, math.inf)]
    assert all(a >= b * (1 - 1e-12) for a, b in pairwise(figures))
    assert figures[0] == pytest.approx(len(values), rel=1e-13)
    assert figures[-1] == pytest.approx(sum(values) / max(values), rel=1e-13)


@pytest.mark.parametrize("q", [0.5, 0.99999, 1.00001, 2, 50])
def test_plugin_of_a_large_corpus(q: float) -> None:
    rows = {1: 10**9, 2: 10**8, 10**9: 900}
    with mp.workdps(60):
        n = mp.mpf(sum(m * f for m, f in rows.items()))
        power = mp.fsum(f * (m / n) ** mp.mpf(q) for m, f in rows.items())
        expected = mp.log(power) / (1 - mp.mpf(q)) / mp.log(2)
    spectrum = Spectrum.from_pairs(list(rows), list(rows.values()))
    got = metrics.renyi_entropy(spectrum, q, "plugin")
    assert got == pytest.approx(float(expected), rel=2e-11)


@given(counts)
def test_simpson_is_the_chance_of_a_pair(values: list[int]) -> None:
    n = sum(values)
    got = metrics.simpson(Spectrum.from_counts(values))
    if n < 2:
        assert got is None
        return
    assert got == pytest.approx(sum(c * (c - 1) for c in values) / (n * (n - 1)), rel=1e-13)
    inverse = metrics.hill(Spectrum.from_counts(values))
    assert (inverse is None) == (got == 0)
    if inverse is not None:
        assert inverse == pytest.approx(1 / got, rel=1e-12)


def test_unbiased_power_sum_over_every_order() -> None:
    """Means of the third-order form over samples of a known source, tiny ones."""
    p = np.array([0.4, 0.3, 0.2, 0.1])
    samples = np.random.default_rng(1).multinomial(8, p, size=20_000)
    cubes = [(metrics.hill(Spectrum.from_counts(s), 3) or math.inf) ** -2 for s in samples]
    assert np.mean(cubes) == pytest.approx((p**3).sum(), abs=4 * np.std(cubes) / 20_000**0.5)


def test_wrong_arguments_are_rejected() -> None:
    spectrum = Spectrum.from_counts([3, 1])
    for q in (1, 2.5, 0, math.inf, math.nan):
        with pytest.raises(ValueError, match="integer of at least 2"):
            metrics.hill(spectrum, q)
    for q in (-1, math.nan):
        with pytest.raises(ValueError, match="q must be at least 0, got"):
            metrics.hill(spectrum, q, "plugin")
    with pytest.raises(ValueError, match="'unbiased' or 'plugin', got 'chao'"):
        metrics.renyi_entropy(spectrum, 2, "chao")
    assert metrics.hill(Spectrum.from_counts([]), 1, "plugin") is None
