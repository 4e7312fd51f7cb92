"""ACE, Chao1 and Good-Turing against scikit-bio, published tables and a literal program."""

import math
from collections import Counter

import numpy as np
import pytest
import skbio.diversity.alpha
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import Spectrum

counts = st.lists(st.integers(1, 30), min_size=1, max_size=80)
# The "prosody" table of Gale & Sampson 1995: how many types were seen how often.
PROSODY = {
    1: 120, 2: 40, 3: 24, 4: 13, 5: 15, 6: 5, 7: 11, 8: 2, 9: 2, 10: 1, 12: 3, 14: 2, 15: 1,
    16: 1, 17: 3, 19: 1, 20: 3, 21: 2, 23: 3, 24: 3, 25: 3, 26: 2, 27: 2, 28: 1, 31: 2, 32: 2,
    33: 1, 34: 2, 36: 2, 41: 3, 43: 1, 45: 3, 46: 1, 47: 1, 50: 1, 71: 1, 84: 1, 101: 1, 105: 1,
    121: 1, 124: 1, 146: 1, 162: 1, 193: 1, 199: 1, 224: 1, 226: 1, 254: 1, 257: 1, 339: 1,
    421: 1, 456: 1, 481: 1, 483: 1, 1140: 1, 1256: 1, 1322: 1, 1530: 1, 2131: 1, 2395: 1,
    6925: 1, 7846: 1,
}  # fmt: skip


def spectrum_of(rows: dict[int, int]) -> Spectrum:
    return Spectrum.from_pairs(list(rows), list(rows.values()))


# ACE and Chao1 -------------------------------------------------------------------------------


@given(counts, st.integers(2, 12))
def test_ace_agrees_with_scikit_bio(values: list[int], rare: int) -> None:
    got = metrics.ace(Spectrum.from_counts(values), rare)
    few = [c for c in values if c <= rare]
    if few and set(few) == {1}:
        assert got is None
        return
    assert got == pytest.approx(skbio.diversity.alpha.ace(values, rare), rel=1e-13)
    assert got >= len(values) - 1e-9


def test_ace_edges() -> None:
    assert metrics.ace(Spectrum.from_counts([5, 3, 2, 1, 1, 1, 1])) == pytest.approx(
        12.643076923, abs=1e-9
    )
    assert metrics.ace(Spectrum.from_counts([])) is None
    assert metrics.ace(Spectrum.from_counts([11, 50])) == 2
    assert metrics.ace(Spectrum.from_counts([1, 50])) is None
    assert metrics.ace(Spectrum.from_counts([2])) == 1
    with pytest.raises(ValueError, match="rare must be at least 2, got 1"):
        metrics.ace(Spectrum.from_counts([2]), 1)


@given(counts)
def test_chao1_of_small_samples(values: list[int]) -> None:
    n, seen = sum(values), Counter(values)
    f1, f2 = seen[1], seen[2]
    extra = f1 * f1 / (2 * f2) if f2 else f1 * (f1 - 1) / 2
    got = metrics.chao1(Spectrum.from_counts(values), "small-sample")
    assert got == pytest.approx(len(values) + (n - 1) / n * extra, rel=1e-15)


def test_chao1_of_the_brown_corpus() -> None:
    """f1, f2 and V of the Brown corpus as zipfR lists them; the formula in whole numbers."""
    spectrum = spectrum_of({1: 19130, 2: 6458, 3: 3636, 4: 2301, 5: 1705, 60: 11985})
    assert spectrum.distinct == 45215
    assert metrics.chao1(spectrum) == 45215 + 19130 * 19129 / 12918
    assert metrics.chao1(spectrum, "classic") == 45215 + 19130**2 / 12916


# Good-Turing ---------------------------------------------------------------------------------


def literal_simple_good_turing(rows: dict[int, int]) -> tuple[float, dict[int, float]]:
    """The procedure of Gale & Sampson's section 6, step by step."""
    r = sorted(rows)
    n = sum(c * rows[c] for c in r)
    z = []
    for j, c in enumerate(r):
        q = r[j - 1] if j else 0
        t = r[j + 1] if j + 1 < len(r) else 2 * c - q
        z.append(rows[c] / (0.5 * (t - q)))
    b, a = np.polyfit(np.log(r), np.log(z), 1)

    def fitted(c: int) -> float:
        return math.exp(a + b * math.log(c))

    adjusted, line = {}, False
    for c in r:
        y = (c + 1) * fitted(c + 1) / fitted(c)
        if not line:
            if c + 1 not in rows:
                line = True
            else:
                x = (c + 1) * rows[c + 1] / rows[c]
                deviation = math.sqrt((c + 1) ** 2 * rows[c + 1] / rows[c] ** 2)
                deviation *= math.sqrt(1 + rows[c + 1] / rows[c])
                line = abs(x - y) <= 1.65 * deviation
        adjusted[c] = y if line else x
    unseen = rows.get(1, 0) / n
    total = sum(rows[c] * adjusted[c] for c in r)
    return unseen, {c: (1 - unseen) * adjusted[c] / total for c in r}


def test_published_table_of_simple_good_turing() -> None:
    """Gale & Sampson 1995: N p of a type seen once, twice, ..; nltk computes the same."""
    spectrum = spectrum_of(PROSODY)
    n = spectrum.occurrences
    assert n == 30902
    fit = metrics.simple_good_turing(spectrum)
    assert fit.unseen_mass == 120 / 30902
    assert fit.slope == pytest.approx(-1.389374, abs=1e-6)
    assert (fit.probability[:6] * n).tolist() == pytest.approx(
        [0.7628, 1.706, 2.680, 3.664, 4.653, 5.646], abs=5e-4
    )


@given(counts)
def test_simple_good_turing_agrees_with_a_literal_program(values: list[int]) -> None:
    spectrum = Spectrum.from_counts(values)
    fit = metrics.simple_good_turing(spectrum)
    if len(set(values)) < 2:
        assert fit is None
        return
    unseen, probability = literal_simple_good_turing(dict(Counter(values)))
    assert fit.unseen_mass == unseen
    assert fit.probability.tolist() == pytest.approx(list(probability.values()), rel=1e-9)
    assert fit.count.tolist() == list(probability)
    mass = float(np.sum(spectrum.types * fit.probability))
    assert mass + fit.unseen_mass == pytest.approx(1, abs=1e-14)


def test_turing_takes_the_next_count() -> None:
    fit = metrics.good_turing(spectrum_of({1: 10, 2: 4, 3: 2, 5: 1}))
    assert fit.adjusted.tolist() == [0.8, 1.5, 3.0, 5.0]
    assert fit.unseen_mass == 10 / 29
    assert fit.slope is None
    assert fit.probability @ [10, 4, 2, 1] == pytest.approx(19 / 29, rel=1e-15)


def test_good_turing_of_nothing() -> None:
    for none in ([], [1], [1, 1, 1]):
        assert metrics.good_turing(Spectrum.from_counts(none)) is None
        assert metrics.simple_good_turing(Spectrum.from_counts(none)) is None
    assert metrics.simple_good_turing(Spectrum.from_counts([4, 4])) is None
    assert metrics.good_turing(Spectrum.from_counts([4, 4])).probability.tolist() == [0.5]


def test_turing_is_nearly_unbiased_on_a_known_source() -> None:
    """Mean probability of the types seen once, twice, thrice in samples of a known source."""
    p = 1 / np.arange(1, 5001)
    p /= p.sum()
    rng = np.random.default_rng(11)
    got, truth = np.zeros(3), np.zeros(3)
    for _ in range(30):
        drawn = rng.multinomial(20000, p)
        fit = metrics.simple_good_turing(Spectrum.from_counts(drawn))
        got += fit.probability[:3]
        truth += [p[drawn == m].mean() for m in (1, 2, 3)]
    assert got == pytest.approx(truth, rel=0.05)
