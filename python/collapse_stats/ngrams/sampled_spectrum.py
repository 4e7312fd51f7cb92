"""A spectrum that is estimated from a sample of the n-grams."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .spectrum import Spectrum

FEWEST_KEPT = 64
"""Kept n-grams from which figures are estimated; from fewer, their errors cannot be told."""


@dataclass(frozen=True, slots=True, eq=False)
class SampledSpectrum(Spectrum):
    """The spectrum of all n-grams, estimated from those of some of their buckets.

    `count` and `types` are those of the kept n-grams, each standing for K. So `types` are unbiased
    estimates, and so is every sum over types. Sums that frequent n-grams decide, which may be kept
    or not, are estimated far better by `with_buckets`, and those over pairs by `with_pairs`.

    Attributes
    ----------
    known_occurrences
        The number of occurrences of all n-grams, which is known exactly.
    kept
        How many n-grams the sample has.
    buckets
        The sums of all buckets, as counts and how many buckets have them, less K times the kept
        buckets; types may be negative.
    pairs, pairs_error
        How many pairs of occurrences are of one n-gram, sum of m (m - 1), and the standard error.
    """

    is_estimate: ClassVar[bool] = True

    known_occurrences: int
    kept: int
    buckets: Spectrum
    pairs: float
    pairs_error: float

    @property
    def occurrences(self) -> int:
        """See `Spectrum.occurrences`."""
        return self.known_occurrences

    def types_seen(self, times: int) -> int:
        """See `Spectrum.types_seen`; no more than there are occurrences."""
        return min(Spectrum.types_seen(self, times), self.known_occurrences)

    @property
    def with_buckets(self) -> "Spectrum":
        """Rows whose sums of any function of the count estimate its sum over all n-grams.

        Every bucket is taken for an n-gram, which is about true of those with a frequent one. What
        is wrong with that is seen in the kept buckets, whose n-grams are known, and is taken off K
        times.
        """
        count = np.concatenate([self.count, self.buckets.count])
        types = np.concatenate([self.types, self.buckets.types])
        order = np.argsort(count, kind="stable")
        return _Rows(count[order], types[order], self)

    def with_pairs(self, errors: float = 0.0) -> "Spectrum":
        """A row that has as many pairs of one n-gram, or some standard errors more.

        It is the share of such pairs in all, as the number of types that occur N times.
        """
        n = self.known_occurrences
        share = max(0.0, self.pairs + errors * self.pairs_error) / max(1, n * (n - 1))
        return _Rows(np.array([n], dtype=np.uint64), np.array([share]), self)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows(Spectrum):
    """Rows for some of the sums over types, with the totals of a sampled spectrum."""

    is_estimate: ClassVar[bool] = True

    estimate: SampledSpectrum

    @property
    def occurrences(self) -> int:
        """See `Spectrum.occurrences`."""
        return self.estimate.occurrences

    @property
    def distinct(self) -> int:
        """See `Spectrum.distinct`."""
        return self.estimate.distinct

    def types_seen(self, times: int) -> int:
        """See `Spectrum.types_seen`."""
        return self.estimate.types_seen(times)
