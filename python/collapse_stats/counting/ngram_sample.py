"""A sample of the n-grams of a corpus, and the spectra that are estimated from it.

All n-grams of an order fall into 2**20 buckets by their hash (`ngrams.ngram_hash`). The sample has
the number of occurrences in every bucket, and the n-grams of every K-th bucket with their counts.
Both are sums over the corpus, so samples of its parts add up to that of the whole, exactly and in
any order.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, LayoutMismatchError
from ..ngrams.layout import UInt64Array
from ..ngrams.ngram_hash import (
    BUCKETS,
    LABELS,
    MOST_TOKENS,
    bucket_of,
    hash_of,
    is_kept,
    is_whole,
)
from ..ngrams.sampled_spectrum import SampledSpectrum
from ..ngrams.spectrum import Spectrum
from .relaid_table import RelaidTable
from .table import ROW_BYTES, TableSource, read_aligned

GROUPS = 64
"""Groups of kept buckets, of which errors are taken by leaving out one at a time."""

_EXACT = 4096  # largest buckets whose sums are not rounded
_AT_ONCE = 1 << 18  # kept n-grams that are read at once
_DIGITS = 10  # binary digits to which those of the others are, so that few of them differ

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _ByGroup:
    """How many n-grams, or buckets, of each group were seen how often: three columns ``(R,)``."""

    group: Int64Array
    count: UInt64Array
    types: UInt64Array

    @classmethod
    def of(cls, group: Int64Array, count: UInt64Array) -> "_ByGroup":
        """Return those with these groups and counts; what was never seen is left out."""
        seen = count > 0
        return cls._summed(count[seen], group[seen], np.ones(np.count_nonzero(seen), np.uint64))

    def __add__(self, other: "_ByGroup") -> "_ByGroup":
        """Both together."""
        return self._summed(
            np.concatenate([self.count, other.count]),
            np.concatenate([self.group, other.group]),
            np.concatenate([self.types, other.types]),
        )

    @classmethod
    def _summed(cls, count: UInt64Array, group: Int64Array, types: UInt64Array) -> "_ByGroup":
        """Return rows in any order as rows that differ, by count and group."""
        both = count * np.uint64(GROUPS) + group.astype(np.uint64)
        both, place = np.unique(both, return_inverse=True)
        summed = np.zeros(len(both), dtype=np.uint64)
        np.add.at(summed, place, types)
        return cls((both % np.uint64(GROUPS)).astype(np.int64), both // np.uint64(GROUPS), summed)

    def spectrum(self, without: int | None) -> Spectrum:
        """Return the spectrum of all groups, or of all but one."""
        stays = self.group != without
        return Spectrum.from_pairs(self.count[stays], self.types[stays])


@dataclass(frozen=True, slots=True)
class _Kept:
    """The kept n-grams of one order or the contexts among them, and their buckets.

    Attributes
    ----------
    ngrams, buckets
        The kept n-grams, and the kept buckets.
    all_buckets
        All buckets, kept or not.
    occurrences
        The sum of all buckets.
    pairs, pairs_error
        See `SampledSpectrum`.
    """

    ngrams: _ByGroup
    buckets: _ByGroup
    all_buckets: Spectrum
    occurrences: int
    pairs: float
    pairs_error: float

    def spectrum(self, one_of: int, without: int | None) -> SampledSpectrum:
        """Return the spectrum of all n-grams, estimated from all groups or without one.

        Without one, what is kept stands for more, and `types` are no whole numbers.
        """
        weight = np.uint64(one_of) if without is None else one_of * GROUPS / (GROUPS - 1)
        ngrams, buckets = self.ngrams.spectrum(without), self.buckets.spectrum(without)
        types: Any = ngrams.types * weight
        less: Any = self.all_buckets.types.astype(np.float64)
        less[np.searchsorted(self.all_buckets.count, buckets.count)] -= weight * buckets.types
        return SampledSpectrum(
            ngrams.count,
            types,
            self.occurrences,
            ngrams.distinct,
            Spectrum(self.all_buckets.count, less),
            self.pairs,
            self.pairs_error,
        )


@dataclass(frozen=True, eq=False)
class NgramSample:
    """The sample of one corpus.

    Attributes
    ----------
    one_of
        K, a power of two: one in K n-grams is kept.
    sums
        For each order the occurrences in each bucket ``(2, BUCKETS)``: of n-grams that a token of
        their document follows, and of those at its end. Of an order whose n-grams are all counted
        (`is_whole`), each token id has a bucket of its own.
    tables
        For each other order the kept n-grams, with a count for each of the two.
    known_windows
        The number of n-grams of orders whose sums have been added up before.
    """

    vocab_size: int
    one_of: int
    sums: Mapping[int, Int64Array]
    tables: Mapping[int, TableSource]
    known_windows: dict[int, int] = field(default_factory=dict, repr=False)
    _kept: dict[int, tuple[_Kept, _Kept]] = field(default_factory=dict, repr=False)

    def windows(self, order: int) -> int:
        """Return the number of n-grams of one order, which is exact."""
        if order not in self.known_windows:
            self.known_windows[order] = int(self.sums[order].sum())
        return self.known_windows[order]

    def distinct(self, order: int) -> int:
        """Return the estimated number of distinct n-grams of one order: K for each that is kept."""
        table = self.tables.get(order)
        if table is None:
            return int(np.count_nonzero(self.sums[order].sum(axis=0)))
        return self.one_of * table.rows

    def rate(self, order: int) -> int:
        """Return K, or 1 for an order whose n-grams are all counted."""
        return self.one_of if order in self.tables else 1

    def ngrams(self, order: int, without: int | None = None) -> Spectrum:
        """Return the spectrum of the n-grams, from all groups of kept buckets or without one."""
        return self._spectrum(order, 0, without)

    def contexts(self, order: int, without: int | None = None) -> Spectrum:
        """Return the spectrum of the (order - 1)-grams that begin an n-gram, likewise."""
        if order == 1:
            return Spectrum.from_counts([self.windows(1)])
        return self._spectrum(order - 1, 1, without)

    def _spectrum(self, order: int, kind: int, without: int | None) -> Spectrum:
        if order not in self.tables:
            sums = self.sums[order]
            return Spectrum.from_counts(sums[0] if kind else sums.sum(axis=0))
        if order not in self._kept:
            self._kept[order] = self._read(order)
        return self._kept[order][kind].spectrum(self.one_of, without)

    def _read(self, order: int) -> tuple[_Kept, _Kept]:
        """Return what is kept of the n-grams of one order, and of the contexts among them."""
        sums, found = self.sums[order], np.zeros((LABELS, BUCKETS), dtype=np.int64)
        nothing = np.empty(0, dtype=np.int64)
        ngrams = contexts = _ByGroup(nothing, nothing.astype(np.uint64), nothing.astype(np.uint64))
        source = self.tables[order]
        at_once = max(_AT_ONCE, 2 * source.rows // source.layout.key_ranges)
        for (table,) in read_aligned([source], source.resident_bytes + ROW_BYTES * at_once):
            buckets = bucket_of(hash_of(table.tokens()))
            for label, of_label in enumerate(table.counts.astype(np.int64)):
                np.add.at(found[label], buckets, of_label)
            group = _group_of(buckets, self.one_of)
            ngrams += _ByGroup.of(group, table.counts.sum(axis=0))
            contexts += _ByGroup.of(group, table.counts[0])
        kept = is_kept(np.arange(BUCKETS), self.one_of)
        if not np.array_equal(found, np.where(kept, sums, 0)):
            raise InputError(
                f"the kept {order}-grams do not add up to the sums of their buckets: the profile "
                "is damaged, restore it from a copy or count again"
            )
        return (
            _kept(ngrams, sums.sum(axis=0), self.one_of),
            _kept(contexts, sums[0], self.one_of),
        )

    def in_vocabulary(self, vocab_size: int) -> "NgramSample":
        """Return the same sample with a larger vocabulary.

        Raises
        ------
        LayoutMismatchError
            Tokens were all counted, and are too many for that in the larger vocabulary.
        """
        if is_whole(vocab_size, 1) != is_whole(self.vocab_size, 1):
            raise LayoutMismatchError(
                f"a sample of n-grams of {self.vocab_size:,} ids cannot be taken to {vocab_size:,} "
                f"ids, because tokens are sampled above {MOST_TOKENS:,}: give both one --vocab-size"
            )
        sums = dict(self.sums)
        if is_whole(vocab_size, 1):
            sums[1] = np.pad(sums[1], ((0, 0), (0, vocab_size - self.vocab_size)))
        tables: dict[int, TableSource] = {
            order: RelaidTable(table, replace(table.layout, vocab_size=vocab_size))
            for order, table in self.tables.items()
        }
        return NgramSample(vocab_size, self.one_of, sums, tables)


def _kept(ngrams: _ByGroup, sums: Int64Array, one_of: int) -> _Kept:
    rounded = _rounded(sums.astype(np.uint64))
    kept = np.arange(0, BUCKETS, one_of)
    return _Kept(
        ngrams,
        _ByGroup.of(_group_of(kept, one_of), rounded[kept]),
        Spectrum.from_counts(rounded),
        int(sums.sum()),
        *_pairs(sums),
    )


def _pairs(sums: Int64Array) -> tuple[float, float]:
    """Return how many pairs of occurrences are of one n-gram, and the standard error.

    Pairs in one bucket are of one n-gram, or met there by chance, once in `BUCKETS`. This is the
    second moment of Alon, Matias & Szegedy (1999) with counters as of Thorup & Zhang (2004), whose
    variance is 2 (F2**2 - F4) / (BUCKETS - 1).
    """
    x, n = sums.astype(np.float64), float(sums.sum())
    squares = float(np.sum(x**2))
    second = max(0.0, (BUCKETS * squares - n**2) / (BUCKETS - 1))
    fourth = min(float(np.sum(x**4)), second**2)
    return second - n, math.sqrt(2 * (second**2 - fourth) / (BUCKETS - 1))


def _rounded(sums: UInt64Array) -> UInt64Array:
    """Return the sums of buckets, all but the largest with their first binary digits alone.

    What is estimated is right for any function of the sums; with few different ones it is fast.
    """
    usual = np.partition(sums, -_EXACT)[-_EXACT]
    digits = np.frexp(sums.astype(np.float64))[1]
    drop = np.where(sums < usual, np.maximum(digits - _DIGITS, 0), 0).astype(np.uint64)
    return sums >> drop << drop


def _group_of(buckets: Int64Array, one_of: int) -> Int64Array:
    return buckets // one_of % GROUPS
