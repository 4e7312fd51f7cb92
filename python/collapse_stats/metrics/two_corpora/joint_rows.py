"""Several joint spectra in one table, so that a formula takes all of them in one call.

Standard errors need the same figures of many short joint spectra, one for each group of documents
that is left out. One by one, the calls of NumPy would cost far more than the arithmetic. So the
formulas of reported figures are written for S joint spectra at once, and give NaN where there is no
figure; `only_value` turns the result for a single one into a number or None.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ...ngrams.spectrum import JointSpectrum, Spectrum, UInt64Array
from ..numeric.special_functions import FloatArray

Number = TypeVar("Number", bound=np.generic)
BoolArray = npt.NDArray[np.bool_]
_NOTHING = np.zeros(1, dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class JointRows:
    """The rows of S joint spectra, one joint spectrum after the other.

    Attributes
    ----------
    a, b, types
        ``(R,)`` uint64, as in `JointSpectrum`. Each joint spectrum begins with a row (0, 0) of no
        types, so that none is empty, and `sums` are to the last digit those of `numpy.sum`.
    begin
        ``(S,)``: number of the first row of each joint spectrum.
    """

    a: UInt64Array
    b: UInt64Array
    types: UInt64Array
    begin: npt.NDArray[np.intp]

    @classmethod
    def of(cls, spectra: Sequence[JointSpectrum]) -> "JointRows":
        """Put at least one joint spectrum into a table."""

        def column(name: str) -> UInt64Array:
            parts = (part for joint in spectra for part in (_NOTHING, getattr(joint, name)))
            return np.concatenate(list(parts))

        sizes = [1 + len(joint.types) for joint in spectra]
        begin = np.cumsum([0, *sizes[:-1]], dtype=np.intp)
        return cls(column("a"), column("b"), column("types"), begin)

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum ``(S,)`` of values ``(R,)`` over the rows of each joint spectrum."""
        return np.add.reduceat(values, self.begin)

    def types_in(self, chosen: BoolArray) -> FloatArray:
        """Return the number ``(S,)`` of types in the chosen ``(R,)`` rows of each."""
        return np.add.reduceat(self.types * chosen, self.begin).astype(np.float64)

    def spread(self, values: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """Return for each row ``(R,)`` the value ``(S,)`` of its joint spectrum."""
        return np.repeat(values, self._sizes)

    def split(self, values: FloatArray) -> Iterator[FloatArray]:
        """Yield the values ``(R,)`` of each joint spectrum, without its first row."""
        for begin, end in pairwise([*self.begin.tolist(), len(self.types)]):
            yield values[begin + 1 : end]

    def spectra(self, counts: UInt64Array) -> list[Spectrum]:
        """Return the spectrum of each joint spectrum by other counts ``(R,)``: a, b or a + b."""
        number = _narrow(self.spread(np.arange(len(self.begin))))
        rows = np.flatnonzero(counts)
        rows = rows[np.lexsort((_narrow(counts[rows]), number[rows]))]
        count, number = counts[rows], number[rows]
        new = np.ones(len(rows), dtype=bool)
        new[1:] = (count[1:] != count[:-1]) | (number[1:] != number[:-1])
        first = np.flatnonzero(new)
        types = np.add.reduceat(self.types[rows], first) if len(first) else self.types[rows]
        count = count[first]
        cuts = np.searchsorted(number[first], np.arange(len(self.begin) + 1)).tolist()
        return [Spectrum(count[begin:end], types[begin:end]) for begin, end in pairwise(cuts)]

    def given(self, figures: FloatArray) -> FloatArray:
        """Return figures ``(S,)``, NaN where either corpus is empty: nothing can be compared."""
        first, second = self.occurrences
        return np.where((first > 0) & (second > 0), figures, np.nan)

    @cached_property
    def occurrences(self) -> tuple[FloatArray, FloatArray]:
        """Occurrences ``(S,)`` in the first and the second corpora; exact below 2**53."""
        first, second = (self.sums(side.astype(np.float64) * self.types) for side in self._sides)
        return first, second

    @property
    def windows(self) -> FloatArray:
        """Occurrences ``(S,)`` in both corpora taken together."""
        first, second = self.occurrences
        return first + second

    @cached_property
    def shares(self) -> tuple[FloatArray, FloatArray]:
        """Relative frequency ``(R,)`` of one type of each row in its first and second corpus."""
        first, second = (
            side.astype(np.float64) / self.spread(np.maximum(size, 1))
            for side, size in zip(self._sides, self.occurrences, strict=True)
        )
        return first, second

    @cached_property
    def discounted(self) -> tuple[FloatArray, FloatArray]:
        """`shares` after absolute discounting, which every type of either side gets a part of.

        See `divergence.kl_divergence`.
        """
        every = np.maximum(self.types_in(self.types > 0), 1)

        def smoothed(side: UInt64Array, size: FloatArray) -> FloatArray:
            once, twice = (np.maximum(self.types_in(side == m), 1) for m in (1, 2))
            discount = once / (once + 2 * twice)
            seen = side > 0
            refund = self.types_in(seen) / every  # exactly 1 when this side has all types
            discounts = self.spread(discount) * (self.spread(refund) - seen)
            left: FloatArray = (side + discounts) / self.spread(np.maximum(size, 1))
            return left

        first, second = map(smoothed, self._sides, self.occurrences)
        return first, second

    @cached_property
    def _sizes(self) -> npt.NDArray[np.intp]:
        return np.diff(self.begin, append=len(self.types))

    @property
    def _sides(self) -> tuple[UInt64Array, UInt64Array]:
        return self.a, self.b


def totals(spectra: Sequence[JointSpectrum]) -> list[Spectrum]:
    """Return the spectra of both corpora taken together (`JointSpectrum.total`), of each."""
    rows = JointRows.of(spectra)
    return rows.spectra(rows.a + rows.b)


def _narrow(values: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Return numbers from 0 up in a narrow type: NumPy sorts those of 16 bits by radix."""
    return values.astype(np.min_scalar_type(values.max(initial=0)))


def only_value(figures: FloatArray) -> float | None:
    """Return the figure of a single joint spectrum; None where it is NaN."""
    value = float(figures[0])
    return None if np.isnan(value) else value
