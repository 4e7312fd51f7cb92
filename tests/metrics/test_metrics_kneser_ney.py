"""Discounts of modified Kneser-Ney smoothing against exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import Spectrum


def spectrum(f1: int, f2: int, f3: int, f4: int) -> Spectrum:
    return Spectrum.from_pairs([1, 2, 3, 4, 9], [f1, f2, f3, f4, 5])


def test_a_spectrum_worked_out_by_hand() -> None:
    # Y = 60 / 100: 1 - 2 (0.6) 20/60, 2 - 3 (0.6) 10/20, 3 - 4 (0.6) 5/10.
    assert metrics.kneser_ney_discounts(spectrum(60, 20, 10, 5)) == (0.6, 1.1, 1.8)


@given(*[st.integers(0, 40)] * 4)
def test_discounts_are_exact_or_none(f1: int, f2: int, f3: int, f4: int) -> None:
    found = metrics.kneser_ney_discounts(spectrum(f1, f2, f3, f4))
    if not f1 * f2 * f3:
        assert found is None
        return
    y = Fraction(f1, f1 + 2 * f2)
    exact = [1 - 2 * y * f2 / f1, 2 - 3 * y * f3 / f2, 3 - 4 * y * f4 / f3]
    if all(0 <= discount <= j for j, discount in enumerate(exact, start=1)):
        assert found == tuple(map(float, exact))
    else:
        assert found is None


def test_huge_counts() -> None:
    found = metrics.kneser_ney_discounts(spectrum(6 * 10**17, 2 * 10**17, 10**17, 10**17 // 2))
    assert found == pytest.approx((0.6, 1.1, 1.8))
