"""Power-law fits against SciPy and mpmath, and the special functions that they use."""

import math

import mpmath as mp
import numpy as np
import numpy.typing as npt
import pytest
import scipy.optimize
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.metrics.numeric.special_functions import log_gamma_ratio, scaled_zeta
from collapse_stats.ngrams.spectrum import Spectrum

LARGE = Spectrum.from_pairs(
    [1, 2, 3, 5, 10**9, 10**11], [4 * 10**8, 10**8, 5 * 10**7, 10**7, 800, 1]
)


def drawn(alpha: float, types: int, seed: int = 0) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).zipf(alpha, types).clip(max=10**12)


# Zipf ----------------------------------------------------------------------------------------


def best_alpha(values: npt.NDArray[np.int64], low: int) -> float:
    mean_log = np.log(values).mean()
    result = scipy.optimize.minimize_scalar(
        lambda s: s * mean_log + math.log(scipy.special.zeta(s, low)),
        bounds=(1.0001, 30),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(result.x)


def distance_of(values: npt.NDArray[np.int64], alpha: float, low: int) -> float:
    """Largest gap between the two distribution functions, over every whole number."""
    reach = np.arange(low, values.max() + 2)
    model = scipy.special.zeta(alpha, reach) / scipy.special.zeta(alpha, low)
    seen = 1 - np.searchsorted(np.sort(values), reach) / len(values)
    return float(np.abs(model - seen).max())


@pytest.mark.parametrize("low", [1, 2, 7])
@pytest.mark.parametrize("alpha", [1.6, 2.2, 3.5])
def test_maximum_likelihood(alpha: float, low: int) -> None:
    values = np.minimum(drawn(alpha, 4000), 20_000)
    fit = metrics.zipf_fit(Spectrum.from_counts(values), c_min=low)
    tail = values[values >= low]
    # A numerical minimum has half the digits of the function.
    assert fit.alpha == pytest.approx(best_alpha(tail, low), abs=1e-6)
    assert fit.distance == pytest.approx(distance_of(tail, fit.alpha, low), abs=1e-11)
    assert (fit.c_min, fit.types) == (low, len(tail))
    assert fit.exponent == 1 / (fit.alpha - 1)
    if low == 1 and alpha > 2:  # three standard errors
        assert fit.alpha == pytest.approx(alpha, abs=0.1)


def test_the_best_tail_is_chosen() -> None:
    values = drawn(2.3, 6000, seed=4) + 4  # no power law at the smallest counts
    spectrum = Spectrum.from_counts(values)
    fit = metrics.zipf_fit(spectrum)
    tried = [
        metrics.zipf_fit(spectrum, c_min=int(c))
        for c in spectrum.count
        if (values >= c).sum() >= 50
    ]
    best = min(tried, key=lambda candidate: candidate.distance)
    assert fit.distance <= 1.5 * best.distance
    assert fit.distance < metrics.zipf_fit(spectrum, c_min=5).distance
    assert fit.types >= 50


def test_many_counts_are_looked_at() -> None:
    """Skipping blocks of counts that cannot contain the largest gap does not change the fit."""
    values = np.minimum(drawn(1.4, 40_000, seed=2), 300_000)
    spectrum = Spectrum.from_counts(values)
    assert len(spectrum.count) > 2000
    fit = metrics.zipf_fit(spectrum)
    assert metrics.zipf_fit(spectrum, c_min=fit.c_min) == fit
    for low in (1, 3, fit.c_min):
        other_fit = metrics.zipf_fit(spectrum, c_min=low)
        expected = distance_of(values[values >= low], other_fit.alpha, low)
        assert other_fit.distance == pytest.approx(expected, abs=1e-11)
        assert fit.distance <= other_fit.distance


def test_few_counts_are_all_tried() -> None:
    values = np.minimum(drawn(2.0, 2000, seed=9), 30)
    spectrum = Spectrum.from_counts(values)
    tried = [metrics.zipf_fit(spectrum, c_min=int(c)) for c in spectrum.count]
    able = [fit for fit in tried if fit is not None and fit.types >= 50]
    assert metrics.zipf_fit(spectrum) == min(able, key=lambda fit: fit.distance)


def test_no_fit_for_degenerate_spectra() -> None:
    for values in ([], [5], [3, 3, 3], [10**9] * 60):
        assert metrics.zipf_fit(Spectrum.from_counts(values)) is None
        assert metrics.zipf_fit(Spectrum.from_counts(values), c_min=1) is None or len(values) > 0
    assert metrics.zipf_fit(Spectrum.from_counts([1, 2, 3])) is None  # fewer than 50 types
    assert metrics.zipf_fit(Spectrum.from_counts([1] * 10**6 + [2]), c_min=1) is not None
    spectrum = Spectrum.from_pairs([10, 11], [10**12, 1])
    assert metrics.zipf_fit(spectrum, c_min=10) is None  # steeper than 30
    with pytest.raises(ValueError, match="at least 1, got 0"):
        metrics.zipf_fit(spectrum, c_min=0)


def test_a_large_corpus_is_fitted() -> None:
    fit = metrics.zipf_fit(LARGE)
    assert 1 < fit.alpha < 30
    assert 0 <= fit.distance <= 1


# Zipf-Mandelbrot -----------------------------------------------------------------------------


@pytest.mark.parametrize(("alpha", "largest", "n"), [(0.4, 0.05, 10**6), (0.7, 0.01, 10**5)])
def test_mandelbrot_finds_the_model_it_is_given(alpha: float, largest: float, n: int) -> None:
    """E[V_m] = C / m! N^alpha gamma(m - alpha, N B) by mpmath, its totals rounded to types."""
    with mp.workdps(30):
        c = (1 - mp.mpf(alpha)) / mp.mpf(largest) ** (1 - mp.mpf(alpha))
        size = c * mp.mpf(n) ** alpha

        def seen(m: int) -> int:
            part = mp.gammainc(m - alpha, 0, n * largest) / mp.factorial(m)
            return int(mp.nint(size * part))

        missed = mp.quad(lambda p: c * p ** (-alpha - 1) * mp.expm1(-n * p), [0, 1 / n, largest])
        v = int(mp.nint(-missed))
        rows = {m: seen(m) for m in range(1, 40)}
    rest, left = v - sum(rows.values()), n - sum(m * f for m, f in rows.items())
    rows |= {left // rest: rest - left % rest, left // rest + 1: left % rest}  # N and V as given
    spectrum = Spectrum.from_pairs(list(rows), list(rows.values()))
    assert (spectrum.occurrences, spectrum.distinct) == (n, v)
    fit = metrics.zipf_mandelbrot_fit(spectrum)
    assert fit.alpha == pytest.approx(alpha, abs=1 / rows[1])
    assert fit.largest == pytest.approx(largest, rel=0.02)
    assert fit.exponent == 1 / fit.alpha
    assert fit.shift == pytest.approx((1 - alpha) / (alpha * largest), rel=0.03)
    # The largest gap is where the rest was put on one count; the model fits below it.
    low = Spectrum.from_pairs(list(range(1, 40)), [rows[m] for m in range(1, 40)])
    model = 1 - np.exp(
        [
            math.lgamma(m + 1 - fit.alpha) - math.lgamma(m + 1) - math.lgamma(1 - fit.alpha)
            for m in range(1, 40)
        ]
    )
    gap = np.abs(np.cumsum(low.types.astype(float)) / v - model * (1 + fit.shift / v)).max()
    assert gap < 2e-3
    assert fit.distance == pytest.approx(max(gap, fit.distance), rel=1e-9)


def test_mandelbrot_shift_is_that_of_the_ranks() -> None:
    """The r-th largest probability of the model is near (alpha / C (r + b))^(-1 / alpha)."""
    fit = metrics.zipf_mandelbrot_fit(Spectrum.from_pairs([1, 2, 4, 900], [50, 20, 26, 4]))
    c = (1 - fit.alpha) / fit.largest ** (1 - fit.alpha)
    assert (fit.alpha / c * fit.shift) ** (-fit.exponent) == pytest.approx(fit.largest, rel=1e-12)


def test_no_mandelbrot_fit_for_degenerate_spectra() -> None:
    for values in ([], [4, 5], [1, 1], [1, 2]):
        assert metrics.zipf_mandelbrot_fit(Spectrum.from_counts(values)) is None
    assert metrics.zipf_mandelbrot_fit(LARGE) is not None


# Special functions ---------------------------------------------------------------------------


@pytest.mark.parametrize("s", [1.0001, 1.5, 2.0, 7.3, 30.0])
@pytest.mark.parametrize("a", [1, 2, 10, 63, 64, 65, 1000, 10**6])
def test_scaled_zeta(s: float, a: int) -> None:
    with mp.workdps(250):  # mpmath's zeta is accurate in absolute terms, and small here
        value = float(mp.mpf(a) ** s * mp.zeta(s, a))
        slope = mp.mpf(a) ** s * (mp.log(a) * mp.zeta(s, a) + mp.zeta(s, a, 1))
    got = complex(scaled_zeta(np.array([complex(s, 1e-30)]), np.array([float(a)]))[0])
    assert got.real == pytest.approx(value, rel=1e-12)
    assert got.imag * 1e30 == pytest.approx(float(slope), rel=1e-9)


@given(st.floats(1, 1e12), st.floats(-0.99, 1))
def test_log_gamma_ratio(x: float, shift: float) -> None:
    got = float(log_gamma_ratio(np.array([x]), shift)[0])
    with mp.workdps(60):
        expected = mp.loggamma(mp.mpf(x) + shift) - mp.loggamma(x)
    assert got == pytest.approx(float(expected), abs=2e-13)
