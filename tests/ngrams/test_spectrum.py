"""Spectra and joint spectra, against collections.Counter and Python integers."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats.ngrams.spectrum import (
    JointSpectra,
    JointSpectrum,
    Spectrum,
    counts_under,
    sum_joint,
)

count_lists = st.lists(st.integers(0, 50), max_size=60)
pair_lists = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=60)


def rows(spectrum: Spectrum) -> list[tuple[int, int]]:
    return list(zip(spectrum.count.tolist(), spectrum.types.tolist(), strict=True))


def joint_rows(joint: JointSpectrum) -> list[tuple[tuple[int, int], int]]:
    pairs = zip(joint.a.tolist(), joint.b.tolist(), strict=True)
    return list(zip(pairs, joint.types.tolist(), strict=True))


def joint_of(pairs: list[tuple[int, int]]) -> JointSpectrum:
    return JointSpectrum.from_counts([a for a, _ in pairs], [b for _, b in pairs])


@given(count_lists)
def test_from_counts_counts_counts(counts: list[int]) -> None:
    spectrum = Spectrum.from_counts(counts)
    seen = [c for c in counts if c]
    assert rows(spectrum) == sorted(Counter(seen).items())
    assert spectrum.occurrences == sum(counts)
    assert spectrum.distinct == len(seen)
    assert [spectrum.types_seen(m) for m in range(1, 52)] == [seen.count(m) for m in range(1, 52)]
    assert spectrum.types_seen(0) == 0
    assert spectrum.count.dtype == spectrum.types.dtype == np.uint64


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=40))
def test_from_pairs_adds_equal_counts(pairs: list[tuple[int, int]]) -> None:
    expected: Counter[int] = Counter()
    for count, types in pairs:
        if count:
            expected[count] += types
    spectrum = Spectrum.from_pairs([c for c, _ in pairs], [t for _, t in pairs])
    assert rows(spectrum) == sorted((+expected).items())


@given(count_lists, count_lists)
def test_spectra_of_disjoint_types_add(first: list[int], second: list[int]) -> None:
    total = Spectrum.from_counts(first) + Spectrum.from_counts(second)
    assert total == Spectrum.from_counts(first + second)


@given(pair_lists)
def test_joint_from_counts_counts_pairs(pairs: list[tuple[int, int]]) -> None:
    joint = joint_of(pairs)
    assert joint_rows(joint) == sorted(Counter(p for p in pairs if p != (0, 0)).items())


@given(pair_lists)
def test_margins_total_and_swapped(pairs: list[tuple[int, int]]) -> None:
    joint = joint_of(pairs)
    assert joint.first == Spectrum.from_counts([a for a, _ in pairs])
    assert joint.second == Spectrum.from_counts([b for _, b in pairs])
    assert joint.total == Spectrum.from_counts([a + b for a, b in pairs])
    assert joint.swapped == joint_of([(b, a) for a, b in pairs])
    assert joint.swapped.swapped == joint


@given(pair_lists, pair_lists, pair_lists)
def test_joint_spectra_of_disjoint_types_add(
    x: list[tuple[int, int]], y: list[tuple[int, int]], z: list[tuple[int, int]]
) -> None:
    whole = joint_of(x + y + z)
    assert joint_of(x) + joint_of(y) + joint_of(z) == whole
    assert sum_joint([joint_of(z), joint_of(x), joint_of(y)]) == whole


@given(pair_lists, st.randoms())
def test_from_rows_takes_any_order(pairs: list[tuple[int, int]], random: Random) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)
    a, b = [a for a, _ in shuffled], [b for _, b in shuffled]
    assert JointSpectrum.from_rows(a, b, [1] * len(a)) == joint_of(pairs)


def test_from_rows_drops_rows_of_nothing() -> None:
    joint = JointSpectrum.from_rows([0, 1, 2], [0, 0, 3], [7, 4, 0])
    assert joint_rows(joint) == [((1, 0), 4)]


def test_occurrences_are_exact_beyond_64_bits() -> None:
    spectrum = Spectrum.from_pairs(
        np.array([3, 2**40 + 1, 2**63], dtype=np.uint64), [1, 2**40 - 1, 5]
    )
    assert spectrum.occurrences == 3 + (2**40 + 1) * (2**40 - 1) + 5 * 2**63


def test_occurrences_are_exact_where_floats_are_not() -> None:
    assert Spectrum.from_counts([2**53, 1]).occurrences == 2**53 + 1


def test_empty() -> None:
    empty, joint = Spectrum.from_counts([]), JointSpectrum.from_counts([], [])
    assert (empty.occurrences, empty.distinct, empty.types_seen(1)) == (0, 0, 0)
    assert joint.first == joint.second == joint.total == empty == Spectrum.from_counts([0, 0])
    assert empty + empty == empty
    assert joint + joint == joint == joint.swapped


def test_equality_looks_at_every_column() -> None:
    assert Spectrum.from_counts([1, 1]) != Spectrum.from_counts([1])
    assert Spectrum.from_counts([1]) != Spectrum.from_counts([2])
    assert JointSpectrum.from_counts([1], [2]) != JointSpectrum.from_counts([2], [1])
    assert Spectrum.from_counts([1]) != [1]


@pytest.mark.parametrize(
    ("counts", "error", "message"),
    [
        ([[1, 2]], ValueError, "one dimension"),
        ([1.0, 2.0], TypeError, "integers"),
        ([True], TypeError, "integers"),
        ([1, -2], ValueError, "negative.*-2"),
    ],
)
def test_from_counts_refuses(counts: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Spectrum.from_counts(counts)  # type: ignore[arg-type]
    with pytest.raises(error, match=message):
        JointSpectrum.from_counts(counts, counts)  # type: ignore[arg-type]


def test_joint_from_counts_refuses_unequal_lengths() -> None:
    with pytest.raises(ValueError, match="2 and 1"):
        JointSpectrum.from_counts([1, 2], [1])


def test_joint_spectra_of_one_pair_of_masks() -> None:
    first, second = JointSpectrum.from_counts([1], [2]), JointSpectrum.from_counts([3], [4])
    spectra = JointSpectra(
        {1: {(1, 2): first, (4, 8): second}}, {1: {(1, 2): second, (4, 8): first}}
    )
    assert spectra.only((4, 8), renamed=(1, 2)) == JointSpectra(
        {1: {(1, 2): second}}, {1: {(1, 2): first}}
    )


def test_counts_under_a_mask() -> None:
    counts = np.array([[1, 2], [10, 20], [100, 200]], dtype=np.uint64)
    assert counts_under(counts, 0b101).tolist() == [101, 202]
    assert counts_under(counts, 0).tolist() == [0, 0]
