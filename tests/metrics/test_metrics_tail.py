"""Coverage, richness and retention against scikit-bio, published figures and plain counting."""

import math
from fractions import Fraction

import numpy as np
import pytest
import skbio.diversity.alpha
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import JointSpectrum, Spectrum

counts = st.lists(st.integers(1, 6), min_size=1, max_size=60)
pairs = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6)), max_size=60)


def brown() -> Spectrum:
    """Word types of the Brown corpus: f1..f5 as published, the others at any counts that add up.

    N = 1,006,770 and V = 45,215.
    """
    published = {1: 19130, 2: 6458, 3: 3636, 4: 2301, 5: 1705, 78: 728, 79: 11257}
    return Spectrum.from_pairs(list(published), list(published.values()))


def test_brown() -> None:
    spectrum = brown()
    assert (spectrum.occurrences, spectrum.distinct) == (1_006_770, 45_215)
    assert (metrics.hapax(spectrum), metrics.dis(spectrum)) == (19130, 6458)
    n, f1, f2 = 1_006_770, 19130, 6458
    covered = 1 - Fraction(f1, n) * Fraction((n - 1) * f1, (n - 1) * f1 + 2 * f2)
    assert metrics.missing_mass(spectrum) == pytest.approx(0.0190013607, abs=1e-10)
    assert metrics.coverage(spectrum) == pytest.approx(float(covered), rel=1e-15)
    corrected = 45_215 + Fraction(f1 * (f1 - 1), 2 * (f2 + 1))
    assert metrics.chao1(spectrum) == pytest.approx(float(corrected), rel=1e-15)
    classic = 45_215 + Fraction(f1 * f1, 2 * f2)
    assert metrics.chao1(spectrum, "classic") == pytest.approx(float(classic), rel=1e-15)


@given(counts)
def test_missing_mass_agrees_with_scikit_bio(values: list[int]) -> None:
    spectrum = Spectrum.from_counts(values)
    assert metrics.missing_mass(spectrum) == pytest.approx(
        1 - skbio.diversity.alpha.goods_coverage(values), abs=1e-15
    )


@given(counts)
def test_coverage_is_turing_s_less_what_the_hapax_hold(values: list[int]) -> None:
    n, f1, f2 = sum(values), values.count(1), values.count(2)
    if f2:
        unseen = Fraction(f1, n) * Fraction((n - 1) * f1, (n - 1) * f1 + 2 * f2)
    elif f1 > 1:
        unseen = Fraction(f1, n) * (1 - Fraction(2, (n - 1) * (f1 - 1) + 2))
    else:
        unseen = Fraction(f1, n)
    assert metrics.coverage(Spectrum.from_counts(values)) == pytest.approx(
        float(1 - unseen), abs=1e-15
    )


def test_coverage_edges() -> None:
    def coverage(values: list[int]) -> float | None:
        return metrics.coverage(Spectrum.from_counts(values))

    assert coverage([]) is None
    assert coverage([1]) == 0
    assert coverage([2]) == 1
    assert coverage([9, 1]) == 0.9
    assert coverage([1] * 1000) == pytest.approx(0, abs=1e-5)
    assert metrics.missing_mass(Spectrum.from_counts([])) is None


def test_coverage_at_large_sizes() -> None:
    spectrum = Spectrum.from_pairs([1, 2, 10**11], [10**9, 3 * 10**8, 9])
    n, f1, f2 = spectrum.occurrences, 10**9, 3 * 10**8
    covered = 1 - Fraction(f1, n) * Fraction((n - 1) * f1, (n - 1) * f1 + 2 * f2)
    assert metrics.coverage(spectrum) == pytest.approx(float(covered), rel=1e-15)


@given(counts)
def test_chao1_agrees_with_scikit_bio(values: list[int]) -> None:
    spectrum = Spectrum.from_counts(values)
    corrected = skbio.diversity.alpha.chao1(values, bias_corrected=True)
    assert metrics.chao1(spectrum) == pytest.approx(corrected, rel=1e-15)
    classic = metrics.chao1(spectrum, "classic")
    if 1 in values and 2 in values:
        expected = skbio.diversity.alpha.chao1(values, bias_corrected=False)
        assert classic == pytest.approx(expected, rel=1e-15)
    else:
        assert classic == (None if 1 in values else len(values))


def test_chao1_edges() -> None:
    assert metrics.chao1(Spectrum.from_counts([5, 3, 2, 1, 1, 1, 1])) == 10
    assert metrics.chao1(Spectrum.from_counts([])) is None
    assert metrics.chao1(Spectrum.from_counts([]), "classic") is None
    with pytest.raises(ValueError, match="'classic', 'small-sample', got 'ace'"):
        metrics.chao1(Spectrum.from_counts([1]), "ace")


# Retention -----------------------------------------------------------------------------------


def test_retention_of_a_small_example() -> None:
    a = [1, 1, 1, 1, 2, 2, 3, 4, 5, 8, 9, 0]
    b = [1, 0, 0, 2, 0, 1, 0, 4, 5, 0, 3, 7]
    kept = metrics.retention(JointSpectrum.from_counts(a, b))
    assert [(row.band, row.types, row.retained) for row in kept] == [
        ("1", 4, 0.5),
        ("2", 2, 0.5),
        ("3-4", 2, 0.5),
        ("5-8", 2, 0.5),
        ("9+", 1, 1.0),
    ]
    before, after = [4, 4, 7, 13, 9], [3, 1, 4, 5, 3]  # 37 and 23 occurrences in all
    assert [row.mass_ratio for row in kept] == pytest.approx(
        [(y / 23) / (x / 37) for x, y in zip(before, after, strict=True)], rel=1e-15
    )


@given(pairs, st.lists(st.integers(1, 25), min_size=1, max_size=6, unique=True).map(sorted))
def test_retention_counts_types_by_band(seen: list[tuple[int, int]], lows: list[int]) -> None:
    joint = JointSpectrum.from_counts([a for a, _ in seen], [b for _, b in seen])
    rows = metrics.retention(joint, bands=lows)
    assert len(rows) == len(lows)
    n_a, n_b = sum(a for a, _ in seen), sum(b for _, b in seen)
    for row, low, high in zip(rows, lows, [*lows[1:], 10**9], strict=True):
        inside = [(a, b) for a, b in seen if low <= a < high]
        assert row.types == len(inside)
        if not inside or not n_b:
            assert row.retained is None
            assert row.mass_ratio is None
            continue
        assert row.retained == sum(b > 0 for _, b in inside) / len(inside)
        mass_a, mass_b = sum(a for a, _ in inside), sum(b for _, b in inside)
        assert row.mass_ratio == pytest.approx(mass_b / n_b / (mass_a / n_a), rel=1e-14)


@given(pairs)
def test_default_bands_hold_every_baseline_type(seen: list[tuple[int, int]]) -> None:
    joint = JointSpectrum.from_counts([a for a, _ in seen], [b for _, b in seen])
    rows = metrics.retention(joint)
    assert sum(row.types for row in rows) == sum(a > 0 for a, _ in seen)
    labels = ["1", "2", "3-4", "5-8", "9-16", "17-32"]
    assert [row.band for row in rows[:-1]] == labels[: max(0, len(rows) - 1)]
    if len(rows) > 2:
        assert rows[-1].types


@pytest.mark.parametrize(
    ("largest", "last"), [(1, "2+"), (2, "2+"), (3, "3+"), (4, "3+"), (5, "5+"), (2**40, None)]
)
def test_the_last_band_has_no_upper_end(largest: int, last: str | None) -> None:
    rows = metrics.retention(JointSpectrum.from_counts([largest], [1]))
    assert rows[-1].band == (last or f"{2**39 + 1}+")


@given(pairs)
def test_survival_ratio_compares_with_a_draw_from_the_baseline(seen: list[tuple[int, int]]) -> None:
    joint = JointSpectrum.from_counts([a for a, _ in seen], [b for _, b in seen])
    n_a, n_b = sum(a for a, _ in seen), sum(b for _, b in seen)
    for row, (low, high) in zip(
        metrics.retention(joint, bands=(1, 2, 5)), ((1, 2), (2, 5), (5, 10**9)), strict=True
    ):
        inside = [(a, b) for a, b in seen if low <= a < high]
        if not inside or not n_b:
            assert row.survival_ratio is None
            continue
        expected = sum(1 - (1 - a / n_a) ** n_b for a, _ in inside)
        kept = sum(b > 0 for _, b in inside)
        assert row.survival_ratio == pytest.approx(kept / expected, rel=1e-11)


def test_survival_ratio_of_a_sample_of_the_baseline_itself_is_one() -> None:
    rng = np.random.default_rng(5)
    baseline = rng.zipf(1.7, 20_000).clip(max=10**6)
    drawn = rng.multinomial(baseline.sum(), baseline / baseline.sum())
    rows = metrics.retention(JointSpectrum.from_counts(baseline, drawn))
    for row in rows[:5]:
        assert row.survival_ratio == pytest.approx(1, abs=4 / row.types**0.5)
    assert rows[0].retained == pytest.approx(1 - math.exp(-1), abs=0.02)


def test_retention_of_identical_corpora_is_whole() -> None:
    rows = metrics.retention(JointSpectrum.from_counts([1, 2, 2, 40], [2, 4, 4, 80]))
    assert all(row.retained == row.mass_ratio == 1 for row in rows if row.types)


def test_retention_of_nothing() -> None:
    assert metrics.retention(JointSpectrum.from_counts([], [])) == []
    assert metrics.retention(JointSpectrum.from_counts([3], [1]), bands=()) == []
    assert metrics.retention(JointSpectrum.from_counts([0], [5])) == []
    lost = metrics.retention(JointSpectrum.from_counts([1, 5], [0, 0]))
    assert (lost[0].types, lost[0].retained, lost[0].mass_ratio) == (1, None, None)


@pytest.mark.parametrize("bands", [(0, 1), (2, 2), (3, 1), (-1,)])
def test_retention_refuses_bands_out_of_order(bands: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="ascending positive counts, got"):
        metrics.retention(JointSpectrum.from_counts([1], [1]), bands=bands)
