"""Divergences against SciPy over explicit distributions, and their invariances.

Tolerances: terms are accurate to 1e-15 and never cancel, so sums are as accurate. SciPy has an
absolute error of 1e-15.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.metrics import kl_divergence
from collapse_stats.ngrams.spectrum import JointSpectrum, Spectrum

Pairs = list[tuple[int, int]]
Figure = Callable[[JointSpectrum], float | None]

pairs = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=50).filter(
    lambda seen: any(a for a, _ in seen) and any(b for _, b in seen)
)
full_support = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), min_size=1, max_size=50)
PLAIN: list[Figure] = [
    metrics.js_divergence,
    metrics.total_variation,
    metrics.hellinger,
    metrics.unseen_mass,
    metrics.novelty,
]
SHARED: list[Figure] = [metrics.jaccard, metrics.overlap_coefficient]
SMOOTHED: list[Figure] = [partial(kl_divergence, smoothing=name) for name in metrics.SMOOTHINGS]


def joint_of(seen: Pairs) -> JointSpectrum:
    return JointSpectrum.from_counts([a for a, _ in seen], [b for _, b in seen])


def columns(seen: Pairs) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.array([pair for pair in seen if any(pair)], dtype=float).T
    return a, b


# Kullback-Leibler ----------------------------------------------------------------------------


def absolutely_discounted(counts: np.ndarray) -> np.ndarray:
    """One side's distribution, type by type."""
    f1, f2 = max(1, int((counts == 1).sum())), max(1, int((counts == 2).sum()))
    discount = f1 / (f1 + 2 * f2)
    seen = int((counts > 0).sum())
    share = [(c - discount if c else 0) + discount * seen / len(counts) for c in counts]
    return np.array(share) / counts.sum()


@given(pairs)
def test_absolute_discounting(seen: Pairs) -> None:
    p, q = (absolutely_discounted(column) for column in columns(seen))
    assert p.sum() == pytest.approx(1, abs=1e-14)
    assert p.min() > 0
    got = kl_divergence(joint_of(seen))
    assert got == pytest.approx(scipy.stats.entropy(p, q, base=2), abs=1e-13)
    assert kl_divergence(joint_of(seen).swapped) == pytest.approx(
        scipy.stats.entropy(q, p, base=2), abs=1e-13
    )


@given(pairs, st.sampled_from([1e-3, 0.5, 1.0, 20.0]))
def test_additive(seen: Pairs, alpha: float) -> None:
    a, b = columns(seen)
    expected = scipy.stats.entropy(a + alpha, b + alpha, base=2)  # SciPy normalises
    got = kl_divergence(joint_of(seen), "additive", alpha=alpha)
    assert got == pytest.approx(expected, abs=1e-12)


@given(pairs, st.sampled_from([1e-3, 0.1, 0.9]))
def test_jelinek_mercer(seen: Pairs, weight: float) -> None:
    a, b = columns(seen)
    both = weight * (a + b) / (a + b).sum()
    p, q = (1 - weight) * a / a.sum() + both, (1 - weight) * b / b.sum() + both
    got = kl_divergence(joint_of(seen), "jelinek-mercer", weight=weight)
    assert got == pytest.approx(scipy.stats.entropy(p, q, base=2), abs=1e-13)


def turing_smoothed(counts: np.ndarray) -> np.ndarray:
    """One side's distribution, type by type; the last cell is for types that neither side has."""
    n = counts.sum()
    unseen = min(max((counts == 1).sum(), 1), max(n - 1, 0.5)) / n
    fit = metrics.simple_good_turing(Spectrum.from_counts(counts.astype(int)))
    worth = dict(zip(fit.count.tolist(), fit.adjusted, strict=True)) if fit else {}
    adjusted = np.array([worth.get(int(c), c) for c in counts])
    lost = counts == 0
    shares = np.where(lost, unseen / (lost.sum() + 1), (1 - unseen) * adjusted / adjusted.sum())
    return np.append(shares, unseen / (lost.sum() + 1))


@given(pairs)
def test_good_turing(seen: Pairs) -> None:
    p, q = (turing_smoothed(column) for column in columns(seen))
    assert p.sum() == pytest.approx(1, abs=1e-14)
    assert min(p.min(), q.min()) > 0
    got = kl_divergence(joint_of(seen), "good-turing")
    assert got == pytest.approx(scipy.stats.entropy(p, q, base=2), abs=1e-13)


@given(full_support)
def test_no_discount_on_equal_supports(seen: Pairs) -> None:
    a, b = columns(seen)
    got = kl_divergence(joint_of(seen))
    assert got == pytest.approx(scipy.stats.entropy(a, b, base=2), abs=1e-13)
    assert (got == 0) == bool(np.array_equal(a * b.sum(), b * a.sum()))


@pytest.mark.parametrize("kl", SMOOTHED)
@given(seen=pairs)
def test_kl_is_never_negative_and_zero_between_equals(kl: Figure, seen: Pairs) -> None:
    assert kl(joint_of(seen)) >= 0
    assert kl(joint_of([(a, a) for a, _ in seen if a])) == 0


@given(pairs)
def test_jelinek_mercer_is_zero_only_between_equals(seen: Pairs) -> None:
    a, b = columns(seen)
    equal = bool(np.array_equal(a * b.sum(), b * a.sum()))
    assert (kl_divergence(joint_of(seen), "jelinek-mercer") == 0) == equal


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40), st.integers(2, 9))
def test_equal_frequencies_at_unequal_sizes(counts: list[int], times: int) -> None:
    joint = joint_of([(c, c * times) for c in counts])
    for name in ("absolute-discount", "jelinek-mercer"):
        assert kl_divergence(joint, name) == kl_divergence(joint.swapped, name) == 0
    assert metrics.js_divergence(joint) == metrics.total_variation(joint) == 0
    assert metrics.hellinger(joint) == 0


@pytest.mark.parametrize("kl", SMOOTHED)
def test_kl_stays_finite_without_hapax_or_dis(kl: Figure) -> None:
    for seen in (
        [(5, 0), (7, 0), (0, 9)],  # neither on either side, nothing shared
        [(10**6, 0), (0, 1)],
        [(1, 0), (1, 0), (0, 1)],
        [(3, 1), (2, 0)],
        [(1, 10**12), (10**12, 0)],
    ):
        for joint in (joint_of(seen), joint_of(seen).swapped):
            assert 0 < kl(joint) < 100


def test_kl_punishes_lost_types_more_the_more_are_lost() -> None:
    baseline = [1] * 40 + [2] * 20 + [5] * 10
    figures = [
        kl_divergence(joint_of([(a, a if i >= lost else 0) for i, a in enumerate(baseline)]))
        for lost in (0, 1, 5, 20, 40, 55)
    ]
    assert figures == sorted(figures)
    assert figures[0] == 0
    assert figures[1] < 0.05  # a single lost hapax changes it little


@pytest.mark.parametrize("shift", [10**4, 10**7, 10**9, 10**11])
def test_kl_is_accurate_between_near_equals(shift: int) -> None:
    joint = joint_of([(10**12, 10**12 + shift), (10**12, 10**12 - shift)])
    d = shift / 10**12
    # KL(1/2, 1/2 || (1+d)/2, (1-d)/2); shares are rounded to 1e-16, their difference to 1e-16 / d.
    expected = -math.log1p(-d * d) / 2 / math.log(2)
    assert kl_divergence(joint) == pytest.approx(expected, rel=4e-16 / d, abs=0)


def test_kl_is_accurate_between_opposites() -> None:
    big = 10**12
    got = kl_divergence(joint_of([(1, big), (big, 1)]))
    assert got == pytest.approx((big - 1) / (big + 1) * math.log2(big), rel=1e-14)


def test_kl_rejects_wrong_arguments() -> None:
    joint = joint_of([(1, 2)])
    with pytest.raises(ValueError, match="got 'none'"):
        kl_divergence(joint, "none")
    for alpha in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="alpha must be a positive number, got"):
            kl_divergence(joint, "additive", alpha=alpha)
    for weight in (0, 1, -0.1, math.nan):
        with pytest.raises(ValueError, match="weight must lie between 0 and 1"):
            kl_divergence(joint, "jelinek-mercer", weight=weight)


# Distances -----------------------------------------------------------------------------------


@given(pairs)
def test_js_agrees_with_scipy(seen: Pairs) -> None:
    a, b = columns(seen)
    distance = scipy.spatial.distance.jensenshannon(a, b, base=2)
    assert metrics.js_divergence(joint_of(seen)) == pytest.approx(
        0 if math.isnan(distance) else distance**2, abs=1e-13
    )


@given(pairs)
def test_total_variation_and_hellinger_by_definition(seen: Pairs) -> None:
    a, b = columns(seen)
    p, q = a / a.sum(), b / b.sum()
    joint = joint_of(seen)
    assert metrics.total_variation(joint) == pytest.approx(np.maximum(p - q, 0).sum(), abs=1e-14)
    bhattacharyya = np.sqrt(p * q).sum()
    assert metrics.hellinger(joint) ** 2 == pytest.approx(1 - bhattacharyya, abs=1e-14)


@given(pairs)
def test_distances_are_bounded_symmetric_and_ordered(seen: Pairs) -> None:
    joint = joint_of(seen)
    js, tv, h = (figure(joint) for figure in PLAIN[:3])
    assert (js, tv, h) == pytest.approx([figure(joint.swapped) for figure in PLAIN[:3]], abs=1e-15)
    assert 0 <= js <= 1
    assert 0 <= tv <= 1
    assert 0 <= h <= 1
    slack = 1e-14
    assert h**2 <= tv + slack
    assert tv <= math.sqrt(2) * h + slack
    assert tv**2 / (2 * math.log(2)) <= js + slack  # Pinsker on both halves
    assert js <= tv + slack  # Lin 1991


@given(pairs)
def test_distances_are_zero_only_between_equals(seen: Pairs) -> None:
    a, b = columns(seen)
    equal = bool(np.array_equal(a * b.sum(), b * a.sum()))
    for figure in PLAIN[:3]:
        assert (figure(joint_of(seen)) == 0) == equal


def test_distances_of_disjoint_corpora_are_one() -> None:
    joint = joint_of([(1, 0)] * 7 + [(3, 0), (0, 2), (0, 9)])
    assert [figure(joint) for figure in PLAIN] == pytest.approx([1] * 5, abs=1e-15)


# What one side lacks -------------------------------------------------------------------------


@given(pairs)
def test_unseen_mass_and_novelty(seen: Pairs) -> None:
    lost = sum(a for a, b in seen if not b) / sum(a for a, _ in seen)
    new = sum(b for a, b in seen if not a) / sum(b for _, b in seen)
    joint = joint_of(seen)
    assert metrics.unseen_mass(joint) == lost
    assert metrics.novelty(joint) == new
    assert max(lost, new) <= metrics.total_variation(joint) + 1e-14


@given(pairs)
def test_shared_types(seen: Pairs) -> None:
    joint = joint_of(seen)
    first = {i for i, (a, _) in enumerate(seen) if a}
    second = {i for i, (_, b) in enumerate(seen) if b}
    both = len(first & second)
    assert metrics.jaccard(joint) == both / len(first | second)
    assert metrics.overlap_coefficient(joint) == both / min(len(first), len(second))
    for figure in SHARED:
        assert figure(joint) == figure(joint.swapped)


@given(pairs)
def test_rows_of_a_joint_spectrum_stand_for_their_types(seen: Pairs) -> None:
    """Ten copies of every type leave the shares, and so all unsmoothed figures, unchanged."""
    once, tenfold = joint_of(seen), joint_of(seen * 10)
    for figure in PLAIN:
        assert figure(tenfold) == pytest.approx(figure(once), abs=1e-14)


@pytest.mark.parametrize("figure", PLAIN + SHARED + SMOOTHED)
@pytest.mark.parametrize("seen", [[], [(3, 0)], [(0, 3)]])
def test_a_comparison_with_an_empty_side_is_none(figure: Figure, seen: Pairs) -> None:
    assert figure(joint_of(seen)) is None


@given(pairs, st.sampled_from(metrics.SMOOTHINGS))
def test_reverse_swaps_the_sides(seen: Pairs, smoothing: str) -> None:
    joint = joint_of(seen)
    swapped = kl_divergence(joint.swapped, smoothing)
    assert kl_divergence(joint, smoothing, reverse=True) == pytest.approx(swapped, abs=1e-12)
    assert metrics.novelty(joint) == pytest.approx(metrics.unseen_mass(joint.swapped), abs=1e-15)
