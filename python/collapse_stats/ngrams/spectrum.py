"""Counts of counts: everything the metrics need to know of a corpus or of a pair of corpora."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UInt64Array = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """How many distinct n-grams were seen exactly `count` times.

    Attributes
    ----------
    count
        ``(R,)`` uint64, strictly increasing, positive.
    types
        ``(R,)`` uint64, positive: distinct n-grams seen that often (V_m).
    """

    count: UInt64Array
    types: UInt64Array

    @classmethod
    def from_counts(cls, counts: npt.ArrayLike) -> "Spectrum":
        """Spectrum of a list of counts, one per type; zeros are types not seen.

        >>> Spectrum.from_counts([5, 3, 1, 1, 0]).types.tolist()
        [2, 1, 1]
        """
        values = _as_counts(counts, "counts")
        count, types = np.unique(values[values > 0], return_counts=True)
        return cls(count, types.astype(np.uint64))

    @classmethod
    def from_pairs(cls, count: npt.ArrayLike, types: npt.ArrayLike) -> "Spectrum":
        """Spectrum from rows in any order, equal counts added together."""
        values, number = _as_counts(count, "count"), _as_counts(types, "types")
        if len(values) != len(number):
            raise ValueError(
                f"count and types must be equally long, got {len(values)} and {len(number)}"
            )
        keep = (values > 0) & (number > 0)
        values, number = values[keep], number[keep]
        if not len(values):
            return cls(values, number)
        order = np.argsort(values, kind="stable")
        values, number = values[order], number[order]
        first = np.flatnonzero(np.diff(values, prepend=np.uint64(0)))
        return cls(values[first], np.add.reduceat(number, first))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Spectrum)
            and np.array_equal(self.count, other.count)
            and np.array_equal(self.types, other.types)
        )

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "Spectrum") -> "Spectrum":
        """Spectrum of the union of two disjoint sets of n-grams (two key ranges)."""
        return Spectrum.from_pairs(
            np.concatenate([self.count, other.count]), np.concatenate([self.types, other.types])
        )

    @property
    def occurrences(self) -> int:
        """N: sum of count * types, as an exact integer."""
        return _dot(self.count, self.types)

    @property
    def distinct(self) -> int:
        """V: number of types."""
        return int(self.types.sum())

    def types_seen(self, times: int) -> int:
        """f_m: number of types seen exactly `times` times."""
        return int(self.types[self.count == np.uint64(times)].sum())


@dataclass(frozen=True, slots=True, eq=False)
class JointSpectrum:
    """How many distinct n-grams were seen `a` times in one corpus and `b` times in the other.

    Attributes
    ----------
    a, b
        ``(R,)`` uint64; rows ascending by (a, b), no row twice, no row (0, 0).
    types
        ``(R,)`` uint64, positive.
    """

    a: UInt64Array
    b: UInt64Array
    types: UInt64Array

    @classmethod
    def from_counts(cls, a: npt.ArrayLike, b: npt.ArrayLike) -> "JointSpectrum":
        """Joint spectrum of two aligned lists of counts, one entry per type.

        >>> JointSpectrum.from_counts([2, 0, 1, 1], [1, 3, 0, 0]).types.tolist()
        [1, 2, 1]
        """
        first, second = _as_counts(a, "a"), _as_counts(b, "b")
        if first.shape != second.shape:
            raise ValueError(
                f"a and b must have one entry per type each, got {len(first)} and {len(second)}"
            )
        return cls.from_rows(first, second, np.ones(len(first), dtype=np.uint64))

    @classmethod
    def from_rows(cls, a: npt.ArrayLike, b: npt.ArrayLike, types: npt.ArrayLike) -> "JointSpectrum":
        """Joint spectrum from rows in any order: equal rows are added, empty rows dropped."""
        first, second = _as_counts(a, "a"), _as_counts(b, "b")
        number = _as_counts(types, "types")
        if not len(first) == len(second) == len(number):
            raise ValueError(
                f"a, b and types must be equally long, got {len(first)}, {len(second)} and "
                f"{len(number)}"
            )
        keep = ((first | second) > 0) & (number > 0)
        first, second, number = first[keep], second[keep], number[keep]
        order = np.lexsort((second, first))
        first, second, number = first[order], second[order], number[order]
        if not len(first):
            return cls(first, second, number)
        new = np.empty(len(first), dtype=bool)
        new[0] = True
        new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
        return cls(first[new], second[new], np.add.reduceat(number, np.flatnonzero(new)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, JointSpectrum)
            and np.array_equal(self.a, other.a)
            and np.array_equal(self.b, other.b)
            and np.array_equal(self.types, other.types)
        )

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "JointSpectrum") -> "JointSpectrum":
        """Joint spectrum of the union of two disjoint sets of n-grams (two key ranges)."""
        return sum_joint([self, other])

    @property
    def first(self) -> Spectrum:
        """Margin: spectrum of the first corpus."""
        return Spectrum.from_pairs(self.a, self.types)

    @property
    def second(self) -> Spectrum:
        """Margin: spectrum of the second corpus."""
        return Spectrum.from_pairs(self.b, self.types)

    @property
    def total(self) -> Spectrum:
        """Spectrum of both corpora taken together: types by a + b."""
        return Spectrum.from_pairs(self.a + self.b, self.types)

    @property
    def swapped(self) -> "JointSpectrum":
        """The same with the corpora exchanged."""
        return JointSpectrum.from_rows(self.b, self.a, self.types)


def sum_joint(parts: Sequence[JointSpectrum]) -> JointSpectrum:
    """Joint spectrum of disjoint sets of n-grams, from the joint spectrum of each."""
    return JointSpectrum.from_rows(
        np.concatenate([part.a for part in parts]),
        np.concatenate([part.b for part in parts]),
        np.concatenate([part.types for part in parts]),
    )


Masks = tuple[int, int]
"""Two sets of labels as bit masks: bit l of a mask stands for label l. Mask 0 counts nothing."""


@dataclass(frozen=True, slots=True)
class JointSpectra:
    """Joint spectra of every order, for each pair of label masks that was asked for.

    Attributes
    ----------
    ngrams
        ``ngrams[n][masks]``: n-grams by their counts under the two masks.
    contexts
        ``contexts[n][masks]``: the (n-1)-grams that begin an n-gram, by how often they do. It
        differs from ``ngrams[n-1]`` at document ends, where nothing follows, and makes
        conditional entropies exact. ``contexts[1]`` has the one empty context.
    """

    ngrams: dict[int, dict[Masks, JointSpectrum]]
    contexts: dict[int, dict[Masks, JointSpectrum]]


def _as_counts(values: npt.ArrayLike, name: str) -> UInt64Array:
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, got shape {array.shape}")
    if array.size == 0:
        return np.empty(0, dtype=np.uint64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got {array.dtype}: counts are never fractions")
    if array.min() < 0:
        raise ValueError(f"{name} must not be negative, got {array.min()}")
    return array.astype(np.uint64, copy=False)


def _dot(x: UInt64Array, y: UInt64Array) -> int:
    if x.astype(np.float64) @ y.astype(np.float64) < 2**63:  # then so is every part of the sum
        return int(np.dot(x, y))
    return sum(int(i) * int(j) for i, j in zip(x, y, strict=True))
