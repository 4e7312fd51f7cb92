"""Counts of counts: all that the metrics need to know about a corpus or a pair of corpora."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..system.arguments import as_array, conforming

UInt64Array = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The number of distinct n-grams seen exactly once, twice and so on.

    Attributes
    ----------
    count
        ``(R,)`` uint64, strictly increasing, positive.
    types
        ``(R,)`` uint64, positive: number of distinct n-grams (types) seen `count` times (f_m).
    is_estimate
        Whether it is estimated from a sample of the n-grams (`ngrams.sampled_spectrum`).
    """

    is_estimate: ClassVar[bool] = False

    count: UInt64Array
    types: UInt64Array

    @classmethod
    def from_counts(cls, counts: npt.ArrayLike) -> "Spectrum":
        """Return the spectrum of a list of counts, one per type; zeros are types not seen.

        >>> Spectrum.from_counts([5, 3, 1, 1, 0]).types.tolist()
        [2, 1, 1]
        """
        values = _as_counts(counts, "counts")
        count, types = np.unique(values[values > 0], return_counts=True)
        return cls(count, types.astype(np.uint64))

    @classmethod
    def from_pairs(cls, count: npt.ArrayLike, types: npt.ArrayLike) -> "Spectrum":
        """Return the spectrum of rows in any order; rows of equal counts are added."""
        values, type_counts = _as_counts(count, "count"), _as_counts(types, "types")
        if len(values) != len(type_counts):
            raise ValueError(
                f"count and types must be equally long, got {len(values)} and {len(type_counts)}"
            )
        keep = (values > 0) & (type_counts > 0)
        values, type_counts = values[keep], type_counts[keep]
        if not len(values):
            return cls(values, type_counts)
        order = np.argsort(values, kind="stable")
        values, type_counts = values[order], type_counts[order]
        new = np.empty(len(values), dtype=bool)
        new[0] = True
        np.not_equal(values[1:], values[:-1], out=new[1:])
        first = np.flatnonzero(new)
        return cls(values[first], np.add.reduceat(type_counts, first))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Spectrum)
            and np.array_equal(self.count, other.count)
            and np.array_equal(self.types, other.types)
        )

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "Spectrum") -> "Spectrum":
        """Spectrum of the union of two disjoint sets of n-grams."""
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
        times = conforming("times", times, int)
        return int(self.types[self.count == times].sum())


@dataclass(frozen=True, slots=True, eq=False)
class JointSpectrum:
    """The number of distinct n-grams seen `a` times in one corpus and `b` times in another.

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
        """Return the joint spectrum of two aligned lists of counts, one entry per type.

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
        """Return the joint spectrum of rows in any order.

        Equal rows are added; rows with no counts or no types are dropped.
        """
        first, second = _as_counts(a, "a"), _as_counts(b, "b")
        type_counts = _as_counts(types, "types")
        if not len(first) == len(second) == len(type_counts):
            raise ValueError(
                f"a, b and types must be equally long, got {len(first)}, {len(second)} and "
                f"{len(type_counts)}"
            )
        keep = ((first | second) > 0) & (type_counts > 0)
        first, second, type_counts = first[keep], second[keep], type_counts[keep]
        order = np.lexsort((second, first))
        first, second, type_counts = first[order], second[order], type_counts[order]
        if not len(first):
            return cls(first, second, type_counts)
        new = np.empty(len(first), dtype=bool)
        new[0] = True
        new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
        return cls(first[new], second[new], np.add.reduceat(type_counts, np.flatnonzero(new)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, JointSpectrum)
            and np.array_equal(self.a, other.a)
            and np.array_equal(self.b, other.b)
            and np.array_equal(self.types, other.types)
        )

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "JointSpectrum") -> "JointSpectrum":
        """Joint spectrum of the union of two disjoint sets of n-grams."""
        return sum_joint([self, other])

    @property
    def first(self) -> Spectrum:
        """Spectrum of the first corpus (a margin)."""
        return Spectrum.from_pairs(self.a, self.types)

    @property
    def second(self) -> Spectrum:
        """Spectrum of the second corpus (a margin)."""
        return Spectrum.from_pairs(self.b, self.types)

    @property
    def total(self) -> Spectrum:
        """Spectrum of both corpora taken together, by a + b."""
        return Spectrum.from_pairs(self.a + self.b, self.types)

    @property
    def swapped(self) -> "JointSpectrum":
        """The joint spectrum with the corpora exchanged."""
        return JointSpectrum.from_rows(self.b, self.a, self.types)


def sum_joint(spectra: Sequence[JointSpectrum]) -> JointSpectrum:
    """Return the joint spectrum of the union of disjoint sets of n-grams."""
    return JointSpectrum.from_rows(
        np.concatenate([spectrum.a for spectrum in spectra]),
        np.concatenate([spectrum.b for spectrum in spectra]),
        np.concatenate([spectrum.types for spectrum in spectra]),
    )


Masks = tuple[int, int]
"""Two sets of labels as bit masks: bit l of a mask stands for label l. Mask 0 counts nothing."""

HALVES: tuple[Masks, ...] = ((0b01, 0b10),)
"""The masks of a corpus counted in two halves: half A, half B."""

NO_HALVES: tuple[Masks, ...] = ((0b1, 0),)
"""The masks of a corpus counted as a whole."""

_Columns = tuple[UInt64Array, UInt64Array, UInt64Array]  # a, b and types of a `JointSpectrum`


@dataclass(frozen=True, slots=True, repr=False)
class JointSpectra:
    """Joint spectra of every order, for each requested pair of label masks.

    Attributes
    ----------
    ngrams
        ``ngrams[n][masks]``: joint spectrum of the n-grams under the two masks.
    contexts
        ``contexts[n][masks]``: joint spectrum of the (n-1)-grams that begin an n-gram, by how often
        they do. It differs from ``ngrams[n-1]`` at document ends, where nothing follows, and makes
        conditional entropies exact. ``contexts[1]`` has the one empty context.
    """

    ngrams: dict[int, dict[Masks, JointSpectrum]]
    contexts: dict[int, dict[Masks, JointSpectrum]]

    def __repr__(self) -> str:
        """Return the orders and the pairs of masks."""
        pairs = [*next(iter(self.ngrams.values()), {})]
        return f"<JointSpectra of the orders {[*self.ngrams]}, masks {pairs}>"

    @classmethod
    def from_columns(
        cls,
        masks: Sequence[Masks],
        ngrams: Mapping[int, Sequence[_Columns]],
        contexts: Mapping[int, Sequence[_Columns]],
    ) -> "JointSpectra":
        """Return the joint spectra given as columns, by order and for each pair of `masks`."""

        def named(
            by_order: Mapping[int, Sequence[_Columns]],
        ) -> dict[int, dict[Masks, JointSpectrum]]:
            return {
                order: {
                    pair: JointSpectrum(*columns)
                    for pair, columns in zip(masks, of_order, strict=True)
                }
                for order, of_order in by_order.items()
            }

        return cls(named(ngrams), named(contexts))

    def only(self, masks: Masks, renamed: Masks) -> "JointSpectra":
        """Return the joint spectra of one pair of masks, under the name `renamed`."""
        return self.renamed({masks: renamed})

    def renamed(self, names: Mapping[Masks, Masks]) -> "JointSpectra":
        """Return the joint spectra of the pairs of masks in `names`, under their new names."""

        def named(
            by_order: Mapping[int, Mapping[Masks, JointSpectrum]],
        ) -> dict[int, dict[Masks, JointSpectrum]]:
            return {
                order: {name: pairs[masks] for masks, name in names.items()}
                for order, pairs in by_order.items()
            }

        return JointSpectra(named(self.ngrams), named(self.contexts))


def counts_under(counts: UInt64Array, mask: int) -> UInt64Array:
    """Return the sum ``(R,)`` of the counts ``(labels, R)`` of the labels in a mask."""
    chosen = [label for label in range(len(counts)) if mask >> label & 1]
    total: UInt64Array = counts[chosen].sum(axis=0, dtype=np.uint64)
    return total


def _as_counts(values: npt.ArrayLike, name: str) -> UInt64Array:
    array = as_array(name, values)
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
    if x.astype(np.float64) @ y.astype(np.float64) < 2**63:  # then no partial sum overflows
        return int(np.dot(x, y))
    return sum(int(i) * int(j) for i, j in zip(x, y, strict=True))
