"""Formulas over series: against SciPy, all orders of few steps, and simulated series."""

import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from collapse_stats import metrics

SERIES = 50_000
STEPS = 16


@pytest.mark.parametrize(
    ("values", "s", "p"),
    [([1, 2, 3, 4, 5], 10, 1 / 60), ([1, 2, 3, 4], 6, 1 / 12), ([1, 3, 2, 4, 5], 8, 1 / 12)],
)
def test_trends_worked_out_by_hand(values: list[int], s: int, p: float) -> None:
    found = metrics.mann_kendall(values)
    assert found is not None
    assert (found.s, found.p) == (s, pytest.approx(p, rel=1e-12))
    backwards = metrics.mann_kendall(values[::-1])
    assert backwards is not None
    assert (backwards.s, backwards.p) == (-s, found.p)


@pytest.mark.parametrize("steps", [4, 5, 6, 7])
def test_p_is_the_share_of_all_orders(steps: int) -> None:
    """p is the share of the orders of the steps whose abs(S) is as large, counted one by one."""

    def s_of(order: tuple[int, ...]) -> int:
        return sum(
            int(np.sign(order[j] - order[i])) for i in range(steps) for j in range(i + 1, steps)
        )

    every = [*permutations(range(steps))]
    sizes = np.array([abs(s_of(order)) for order in every])
    for order in every[:: max(len(every) // 50, 1)]:
        found = metrics.mann_kendall(order)
        assert found is not None
        assert found.s == s_of(order)
        assert found.p == pytest.approx(np.mean(sizes >= abs(found.s)), rel=1e-12)


@pytest.mark.parametrize("steps", [4, 9, 16, 40, 120, 171])
def test_p_without_ties_is_that_of_scipy(steps: int) -> None:
    rng = np.random.default_rng(steps)
    for slope in (0, 0.02, 0.3):
        values = rng.normal(size=steps) + slope * np.arange(steps)
        found = metrics.mann_kendall(values)
        expected = stats.kendalltau(np.arange(steps), values, method="exact").pvalue
        assert found is not None
        assert found.p == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.integers(0, 4), min_size=4, max_size=30))
def test_with_ties_the_variance_is_that_of_kendall(values: list[int]) -> None:
    found = metrics.mann_kendall(values)
    assert found is not None
    if len({*values}) == len(values):
        return
    n, ties = len(values), np.unique(values, return_counts=True)[1].tolist()
    variance = n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)
    z = max(abs(found.s) - 1, 0) / math.sqrt(variance / 18) if variance else 0.0
    assert found.p == pytest.approx(2 * stats.norm.sf(z), rel=1e-9)


def test_five_hundred_steps_are_exact_and_more_are_as_good() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=501) + 0.002 * np.arange(501)
    exact, normal = metrics.mann_kendall(values[:500]), metrics.mann_kendall(values)
    assert exact is not None
    assert normal is not None
    for found, n in ((exact, 500), (normal, 501)):
        z = (abs(found.s) - 1) / math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
        assert found.p == pytest.approx(2 * stats.norm.sf(z), rel=0.01)


@given(
    st.lists(st.integers(-20, 20), min_size=4, max_size=25),
    st.lists(st.integers(1, 9), min_size=25, max_size=25),
)
def test_slopes_are_those_of_scipy(values: list[int], distances: list[int]) -> None:
    steps = np.cumsum(distances)[: len(values)]
    found = metrics.theil_sen(values, steps)
    assert found is not None
    expected = stats.theilslopes(values, steps, 0.95)
    assert found.slope == pytest.approx(expected.slope, abs=1e-12)
    if len(values) == 4:
        assert found.low is found.high is None
    elif len({*values}) > 1:
        assert found.low == pytest.approx(expected.low_slope, abs=1e-12)
        assert found.high == pytest.approx(expected.high_slope, abs=1e-12)
    else:
        assert found.low == found.high == 0


def test_three_steps_have_no_trend() -> None:
    assert metrics.mann_kendall([1, 2, 3]) is None
    assert metrics.theil_sen([1, 2, 3]) is None
    assert metrics.half_life([8, 4, 2, 1, 0.5]) is None
    assert metrics.series_state([1, 2, 3, 4], [1] * 4, "up") is None
    assert metrics.settled_value([1, 2, 3, 4]) is None


@pytest.mark.parametrize("call", [metrics.theil_sen, metrics.half_life])
def test_bad_steps_are_refused(call: Any) -> None:
    with pytest.raises(ValueError, match="steps must ascend"):
        call([1, 2, 3, 4], [0, 1, 1, 2])
    with pytest.raises(ValueError, match="one number for each of 4 values, got 3"):
        call([1, 2, 3, 4], [0, 1, 2])
    with pytest.raises(ValueError, match="finite"):
        call([1, 2, math.nan, 4])
    with pytest.raises(TypeError, match="real numbers"):
        call(["a", "b"])


def reference_onset(
    values: list[float], errors: list[float], alpha: float, every_step: bool, begin: int = 1
) -> int | None:
    """The onset by the definition: z of every step, the quantile, and a loop from the end."""
    value, error = (values[0], errors[0]) if begin else (0.0, 0.0)
    tested = len(values) - begin
    level = alpha * 6 / math.pi**2 / tested**2 if every_step else alpha / tested
    limit = stats.norm.isf(level)
    found = None
    for g in range(len(values) - 1, begin - 1, -1):
        if (values[g] - value) / math.sqrt(errors[g] ** 2 + error**2) <= limit:
            break
        found = g
    return found


@given(
    st.lists(st.tuples(st.integers(-9, 30), st.integers(1, 4)), min_size=2, max_size=20),
    st.booleans(),
    st.booleans(),
)
def test_onsets_are_those_of_the_definition(
    points: list[tuple[int, int]], every_step: bool, has_reference: bool
) -> None:
    values, errors = ([float(point[i]) for point in points] for i in (0, 1))
    reference = (0.0, 0.0) if has_reference else None
    found = metrics.onset(values, errors, "up", reference=reference, every_step=every_step)
    assert found is not None
    expected = reference_onset(values, errors, 0.01, every_step, begin=0 if has_reference else 1)
    assert found.place == expected
    assert (found.p < 0.01) == (found.place is not None)
    mirrored = metrics.onset(
        [-value for value in values], errors, "down", reference=reference, every_step=every_step
    )
    assert mirrored == found


def test_figures_without_an_error_of_chance() -> None:
    assert metrics.onset([1, 1, 2], [0, 0, 0], "up") == metrics.Onset(2, 0.0)
    assert metrics.onset([1, 1, 1], [0, 0, 0], "up") == metrics.Onset(None, 1.0)
    assert metrics.onset([1], [1], "up") is None


def test_bad_onsets_are_refused() -> None:
    with pytest.raises(ValueError, match="'up' or 'down', got 'left'"):
        metrics.onset([1, 2], [1, 1], "left")
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
        metrics.onset([1, 2], [1, 1], "up", alpha=1.0)
    with pytest.raises(ValueError, match="2 values, 1 errors"):
        metrics.onset([1, 2], [1], "up")
    with pytest.raises(ValueError, match="negative"):
        metrics.onset([1, 2], [1, -1], "up")
    with pytest.raises(ValueError, match="look must be 1 or more"):
        metrics.spent_alpha(0.01, 0)


def test_what_all_looks_spend_is_alpha() -> None:
    looks = np.arange(1, 100_000)
    spent = sum(metrics.spent_alpha(0.01, look) for look in looks.tolist())
    assert spent == pytest.approx(0.01, rel=1e-4)
    assert spent < 0.01


@given(st.lists(st.floats(0, 0.05), max_size=12))
def test_holm_rejects_as_its_steps_say(p_values: list[float]) -> None:
    rejected = {*()}
    left = {*range(len(p_values))}
    while left:
        smallest = min(left, key=lambda i: p_values[i])
        if p_values[smallest] >= 0.01 / len(left):
            break
        rejected.add(smallest)
        left.discard(smallest)
    assert metrics.holm(p_values, 0.01) == [i in rejected for i in range(len(p_values))]


@pytest.fixture(scope="module")
def null_series() -> np.ndarray:
    """Series in which nothing happens: every step has an error of 1."""
    return np.random.default_rng(5).normal(size=(SERIES, STEPS))


def has_onset(series: np.ndarray, every_step: bool) -> np.ndarray:
    """Which of many series have an onset: an onset needs the last step past its limit.

    That is what `metrics.onset` says as well, see the test below.
    """
    tested = series.shape[1] - 1
    level = metrics.spent_alpha(0.01, tested) if every_step else 0.01 / tested
    past: np.ndarray = (series[:, -1] - series[:, 0]) / math.sqrt(2) > special.ndtri(1 - level)
    return past


def test_series_without_a_change_seldom_have_an_onset(null_series: np.ndarray) -> None:
    """At most 1 % of them, looked at once at the end, or after each step."""
    assert has_onset(null_series, every_step=False).mean() <= 0.01
    looks = [has_onset(null_series[:, :end], every_step=True) for end in range(2, STEPS + 1)]
    at_some_look = np.logical_or.reduce(looks).mean()
    assert 0.001 < at_some_look <= 0.01
    without_spending = [has_onset(null_series[:, :end], False) for end in range(2, STEPS + 1)]
    assert np.logical_or.reduce(without_spending).mean() > 0.015  # why alpha is spent


def test_the_onsets_of_many_series_are_those_of_each(null_series: np.ndarray) -> None:
    extreme = null_series[np.argsort(null_series[:, 0] - null_series[:, -1])[:300]]
    for every_step in (False, True):
        expected = has_onset(extreme, every_step)
        found = [metrics.onset(row, np.ones(STEPS), "up", every_step=every_step) for row in extreme]
        assert [each is not None and each.place is not None for each in found] == [*expected]
        assert expected.any() != expected.all()


def test_of_several_figures_without_a_change_seldom_one_has_an_onset(
    null_series: np.ndarray,
) -> None:
    """Eight figures in each of 6,250 runs, looked at once."""
    z = (null_series[:, -1] - null_series[:, 0]) / math.sqrt(2)
    p = np.minimum(1, special.ndtr(-z) * (STEPS - 1)).reshape(-1, 8)
    assert np.mean([any(metrics.holm(row)) for row in p]) <= 0.01
    assert np.mean((p < 0.01).any(axis=1)) > 0


@given(
    st.floats(0.6, 4),
    st.floats(-1, 1),
    st.floats(0.2, 2),
    st.sampled_from([1, 500]),
)
def test_half_lives_are_found_again(half: float, limit: float, height: float, unit: int) -> None:
    x = np.arange(12)
    values = limit + height * 2 ** (-x / half)
    found = metrics.half_life(values, x * unit)
    assert found is not None
    assert found.half_life == pytest.approx(half * unit, rel=1e-3)
    assert found.limit == pytest.approx(limit, abs=2e-3 * height)
    assert found.start == pytest.approx(limit + height, abs=2e-3 * height)
    assert found.rms < 1e-3 * height


def test_a_noisy_half_life_is_that_of_least_squares() -> None:
    """Words seen once that generations 1 to 15 of a model still have, over the floor."""
    share = [0.816, 0.583, 0.380, 0.251, 0.184, 0.150, 0.133, 0.110, 0.095, 0.085, 0.071, 0.057]
    share += [0.050, 0.040, 0.040]
    x = np.arange(15)
    found = metrics.half_life(share)
    assert found is not None
    fit, _ = optimize.curve_fit(
        lambda x, limit, height, half: limit + height * 2 ** (-x / half), x, share, (0, 1, 1)
    )
    assert (found.limit, found.start - found.limit, found.half_life) == pytest.approx(fit, rel=1e-3)
    assert (found.half_life, found.limit, found.rms) == (
        pytest.approx(1.67, abs=0.01),
        pytest.approx(0.052, abs=0.001),
        pytest.approx(0.014, abs=0.0005),
    )


def test_what_is_no_approach_to_a_limit_has_no_half_life() -> None:
    rng = np.random.default_rng(2)
    assert metrics.half_life(np.arange(10.0)) is None  # a line: no halving is seen
    assert metrics.half_life(rng.normal(size=12)) is None
    assert metrics.half_life([1.0] * 8) is None
    assert metrics.half_life([0.0] * 8) is None
    assert metrics.half_life([1, 0, 0, 0, 0, 0, 0]) is None  # all is over at the second step


def test_a_share_approaches_no_limit_below_zero() -> None:
    values = [1, 0.8, 0.6, 0.38, 0.2, 0.1, 0.05, 0.0]
    free, bounded = metrics.half_life(values), metrics.half_life(values, least=0.0)
    assert free is not None
    assert free.limit < 0
    assert bounded is None or bounded.limit == 0


@pytest.mark.parametrize(
    ("values", "worse", "state"),
    [
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], "down", "worsening"),
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], "up", "recovering"),
        ([9, 7, 5, 3, 2, 1.1, 1, 0.9, 1.1, 1], "down", "settled"),
        ([9, 7, 5, 3, 2, 1.1, 1, 0.9, 1.1, 3], "down", None),
        ([1, 1, 1, 1, 1], "up", "settled"),
    ],
)
def test_states(values: list[float], worse: Any, state: str | None) -> None:
    assert metrics.series_state(values, [0.1] * len(values), worse) == state


def test_where_a_series_has_settled() -> None:
    assert metrics.settled_value([9, 8, 7, 6, 5, 1, 2, 3, 2, 2]) == 2
