"""Grassberger, Chao-Shen and jackknife against published formulas and exact expectations.

Tolerances: the terms of sums over R rows are accurate to 1e-15.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import Spectrum

counts = st.lists(st.integers(1, 60), min_size=1, max_size=60)
BITS = math.log(2)
SOURCES = [(0.5, 0.5), (0.7, 0.2, 0.1), (0.4, 0.3, 0.2, 0.1), (0.97, 0.01, 0.01, 0.01)]


@pytest.fixture(autouse=True)
def _many_digits():
    with mp.workdps(50):
        yield


def nats(values: list[int], estimator: str) -> float:
    return metrics.entropy(Spectrum.from_counts(values), estimator) * BITS


def samples(p: tuple[float, ...], n: int) -> list[tuple[list[int], float]]:
    """Every sample of n draws from p, as counts, with its probability."""
    results = []
    for bars in itertools.combinations(range(n + len(p) - 1), len(p) - 1):
        edges = [-1, *bars, n + len(p) - 1]
        drawn = [b - a - 1 for a, b in itertools.pairwise(edges)]
        ways = math.factorial(n)
        for c in drawn:
            ways //= math.factorial(c)
        results.append((drawn, ways * math.prod(q**c for q, c in zip(p, drawn, strict=True))))
    return results


def expectation(figure: Callable[[list[int]], float], p: tuple[float, ...], n: int) -> float:
    return math.fsum(chance * figure(drawn) for drawn, chance in samples(p, n))


def true_entropy(p: tuple[float, ...]) -> float:
    return -sum(q * math.log(q) for q in p)


def test_samples_are_complete() -> None:
    assert sum(chance for _, chance in samples((0.7, 0.2, 0.1), 9)) == pytest.approx(1, abs=1e-12)


# Grassberger ---------------------------------------------------------------------------------


def grassberger_numbers(largest: int) -> list[mp.mpf]:
    """G(0..largest) by the recursion of the paper; G(0) is not used."""
    g = [mp.mpf(0), -mp.euler - mp.log(2), 2 - mp.euler - mp.log(2)]
    for m in range(3, largest + 1):
        g.append(g[m - 1] if m % 2 else g[m - 2] + mp.mpf(2) / (m - 1))
    return g


@given(counts)
def test_grassberger_agrees_with_the_recursion(values: list[int]) -> None:
    n, g = sum(values), grassberger_numbers(max(values))
    expected = mp.log(n) - mp.fsum(c * g[c] for c in values) / n
    assert nats(values, "grassberger") == pytest.approx(max(0.0, float(expected)), abs=2e-14)


@pytest.mark.parametrize("c", [1, 2, 3, 10, 31, 10**6, 10**6 + 1, 10**9, 10**12])
def test_grassberger_agrees_with_digammas(c: int) -> None:
    """G(n) = digamma(n) + (-1)^n / 2 (digamma((n + 1) / 2) - digamma(n / 2))."""
    half = mp.mpf(c) / 2
    g = mp.digamma(c) + (-1) ** (c % 2) * (mp.digamma(half + 0.5) - mp.digamma(half)) / 2
    got = nats([c] * 1000, "grassberger")
    assert got == pytest.approx(float(mp.log(1000 * c) - g), rel=1e-15)


@pytest.mark.parametrize("mean", [0.1, 1.0, 3.0])
def test_grassberger_numbers_are_what_poisson_counts_need(mean: float) -> None:
    """E[n G(n)] = z log z + z E1(2z) for Poisson n: the rest falls as exp(-2z)."""
    g = grassberger_numbers(80)
    z = mp.mpf(mean)
    mass = [mp.exp(-z) * z**c / mp.factorial(c) for c in range(81)]
    expected = mp.fsum(mass[c] * c * g[c] for c in range(1, 81))
    assert mp.almosteq(expected, z * mp.log(z) + z * mp.e1(2 * z), 1e-12)


@pytest.mark.parametrize("p", SOURCES)
@pytest.mark.parametrize("n", [6, 12])
def test_grassberger_expectation(p: tuple[float, ...], n: int) -> None:
    """Linear in binomial counts, except for samples of one type, whose values are cut at 0."""
    g = grassberger_numbers(n)
    mean = mp.mpf(0)
    for q in p:
        for c in range(1, n + 1):
            mean += mp.binomial(n, c) * mp.mpf(q) ** c * (1 - mp.mpf(q)) ** (n - c) * c * g[c] / n
    below = min(mp.mpf(0), mp.log(n) - g[n])  # value of a sample of one type before the cut
    cut = below * mp.fsum(mp.mpf(q) ** n for q in p)
    got = expectation(lambda drawn: nats(drawn, "grassberger"), p, n)
    assert got == pytest.approx(float(mp.log(n) - mean - cut), abs=1e-13)
    plugin = expectation(lambda drawn: nats(drawn, "plugin"), p, n)
    assert abs(got - true_entropy(p)) < abs(plugin - true_entropy(p))


# Jackknife -----------------------------------------------------------------------------------


@given(counts)
def test_jackknife_agrees_with_leaving_one_out(values: list[int]) -> None:
    def plugin(seen: list[int]) -> mp.mpf:
        n = sum(seen)
        return mp.fsum(-mp.mpf(c) / n * mp.log(mp.mpf(c) / n) for c in seen if c)

    n = sum(values)
    without = [
        values[i] * plugin([c - (i == j) for j, c in enumerate(values)]) for i in range(len(values))
    ]
    expected = n * plugin(values) - (n - 1) * mp.fsum(without) / n
    assert nats(values, "jackknife") == pytest.approx(float(expected), rel=1e-13, abs=1e-14)


@given(counts)
def test_jackknife_is_never_below_plugin(values: list[int]) -> None:
    assert nats(values, "jackknife") >= nats(values, "plugin") - 1e-14


@pytest.mark.parametrize("p", SOURCES)
@pytest.mark.parametrize("n", [2, 5, 10])
def test_jackknife_expectation(p: tuple[float, ...], n: int) -> None:
    """One occurrence left out of n is a sample of n - 1: E J = n E H_n - (n - 1) E H_(n-1)."""
    whole = expectation(lambda drawn: nats(drawn, "plugin"), p, n)
    less = expectation(lambda drawn: nats(drawn, "plugin"), p, n - 1)
    got = expectation(lambda drawn: nats(drawn, "jackknife"), p, n)
    assert got == pytest.approx(n * whole - (n - 1) * less, abs=1e-13)


@pytest.mark.parametrize(
    "rows",
    [{1: 10**9, 10**11: 9}, {10**12 - 1: 1, 1: 1}, {1: 10**12}, {3: 5, 10**9: 1000}],
    ids=str,
)
def test_jackknife_keeps_its_digits(rows: dict[int, int]) -> None:
    def rise(x: int) -> mp.mpf:
        return x * mp.log(x) - (x - 1) * mp.log(x - 1) if x > 1 else mp.mpf(0)

    n = sum(m * f for m, f in rows.items())
    expected = mp.fsum(mp.mpf(m) * f / n * (rise(n) - rise(m)) for m, f in rows.items())
    got = metrics.entropy(Spectrum.from_pairs(list(rows), list(rows.values())), "jackknife")
    assert got * BITS == pytest.approx(float(expected), rel=1e-13)


# Chao-Shen -----------------------------------------------------------------------------------


def chao_shen(rows: dict[int, int]) -> mp.mpf:
    n = sum(m * f for m, f in rows.items())
    once = rows.get(1, 0)
    covered = 1 - mp.mpf(once - (once == n)) / n
    total = mp.mpf(0)
    for m, f in rows.items():
        q = covered * m / n
        total -= f * q * mp.log(q) / (1 - (1 - q) ** n)
    return total


@given(counts)
def test_chao_shen_agrees_with_its_formula(values: list[int]) -> None:
    expected = chao_shen(dict(Counter(values)))
    assert nats(values, "chao-shen") == pytest.approx(float(expected), rel=1e-13, abs=1e-14)


@pytest.mark.parametrize(
    "rows",
    [{1: 10**12}, {1: 10**11, 2: 10**10, 10**9: 800}, {10**12 - 1: 1, 1: 1}, {10**12: 1}],
    ids=str,
)
def test_chao_shen_is_stable(rows: dict[int, int]) -> None:
    got = metrics.entropy(Spectrum.from_pairs(list(rows), list(rows.values())), "chao-shen")
    # With one dominant type, 1 - q is near 1e-12, so the relative error can be large.
    assert got * BITS == pytest.approx(float(chao_shen(rows)), rel=1e-12, abs=1e-15)


def test_golden_value_of_a_toy_sample() -> None:
    assert nats([5, 3, 2, 1, 1, 1, 1], "chao-shen") == pytest.approx(2.1404971710, abs=1e-10)


@pytest.mark.parametrize("estimator", ["grassberger", "chao-shen", "jackknife", "chao-wang-jost"])
def test_bias_is_smaller_than_that_of_plugin(estimator: str) -> None:
    p = 1 / np.arange(1, 2001)
    p /= p.sum()
    rng = np.random.default_rng(3)
    drawn = [rng.multinomial(1000, p).tolist() for _ in range(20)]
    truth = true_entropy(tuple(p))
    bias = np.mean([nats(values, estimator) for values in drawn]) - truth
    plugin = np.mean([nats(values, "plugin") for values in drawn]) - truth
    assert plugin < -0.5
    assert abs(bias) < 0.6 * abs(plugin)
