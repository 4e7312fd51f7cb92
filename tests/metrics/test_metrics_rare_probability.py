"""Probabilities of the baseline's types in a candidate, against a dictionary of counts."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import JointSpectrum

BANDS = (1, 2, 3, 5)


def by_hand(baseline: Counter[int], candidate: Counter[int], kinds: int) -> tuple[float, Any]:
    """The discount, and for each band the number of types and the mean of log2 q."""
    seen = Counter(candidate.values())
    discount = seen[1] / (seen[1] + 2 * seen[2]) if seen[1] and seen[2] else 0.5
    size, types = sum(candidate.values()), len(candidate)
    rows = []
    for low, high in zip(BANDS, [*BANDS[1:], 10**9], strict=True):
        words = [word for word, count in baseline.items() if low <= count < high]
        logs = [
            math.log2(max(candidate[word] - discount, 0) / size + discount * types / size / kinds)
            for word in words
            if size
        ]
        rows.append((len(words), sum(logs) / len(logs) if logs else None))
    return discount, rows


@given(
    st.lists(st.integers(0, 30), max_size=150),
    st.lists(st.integers(0, 30), max_size=150),
    st.sampled_from([31, 1000, 10**30]),
)
def test_probabilities_are_those_of_the_definition(
    first: list[int], second: list[int], kinds: int
) -> None:
    baseline, candidate = Counter(first), Counter(second)
    words = sorted(baseline | candidate)
    joint = JointSpectrum.from_counts(
        [baseline[word] for word in words], [candidate[word] for word in words]
    )
    found = metrics.rare_probabilities(joint, kinds, BANDS)
    discount, rows = by_hand(baseline, candidate, kinds)
    assert found.discount == pytest.approx(discount, rel=1e-15)
    seen = Counter(candidate.values())
    assert found.is_fallback == (not (seen[1] and seen[2]))
    assert [band.band for band in found.bands] == ["1", "2", "3-4", "5+"]
    for band, (types, mean) in zip(found.bands, rows, strict=True):
        assert band.types == types
        if mean is None:
            assert band.log2_probability is None
        else:
            assert band.log2_probability == pytest.approx(mean, rel=1e-12)


def test_probabilities_of_all_kinds_add_up_to_one() -> None:
    """Each type has a band of its own, and one that nobody has is counted as often as needed."""
    candidate = np.array([0, 1, 1, 1, 2, 2, 3, 5, 8])
    kinds = 40
    joint = JointSpectrum.from_counts(np.arange(1, 10), candidate)
    found = metrics.rare_probabilities(joint, kinds, range(1, 10))
    shares = [2.0 ** (band.log2_probability or 0) for band in found.bands]
    unseen = shares[0]
    assert sum(shares) + (kinds - len(shares)) * unseen == pytest.approx(1, abs=1e-12)


def test_default_bands_are_those_of_retention() -> None:
    joint = JointSpectrum.from_counts([1, 2, 3, 9], [1, 0, 2, 4])
    names = [row.band for row in metrics.retention(joint)]
    assert [row.band for row in metrics.rare_probabilities(joint, 10).bands] == names


def test_too_few_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least the number of types, 3, got 2"):
        metrics.rare_probabilities(JointSpectrum.from_counts([1, 1, 0], [0, 1, 2]), 2)
