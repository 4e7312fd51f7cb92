"""Takes a sample of the n-grams of a corpus in one reading of its tokens.

Nothing is sorted and no table is made. The occurrences in each bucket of n-grams are added up, and
the n-grams of every K-th bucket are kept, to be counted afterwards like a corpus of their own.
"""

import os
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..backends.ngram_buckets import AT_ONCE, add_to_buckets
from ..ngrams.chunk import Chunk, Int64Array
from ..ngrams.ids import id_dtype
from ..ngrams.layout import Layout
from ..ngrams.ngram_hash import BUCKETS, LABELS, MOST_TOKENS, buckets, is_whole
from ..system.memory import release_pages
from ..system.spill import Spill

_WAITING = 1 << 20  # ids of kept n-grams in memory, before they are written to a temporary file
Tokens = npt.NDArray[np.integer]


class NgramSampler:
    """Sums of the buckets, and the n-grams that are kept, of tokens that come chunk by chunk.

    Parameters
    ----------
    one_of
        K, a power of two: one in K n-grams of each order is kept.
    threads
        How many threads share the work.
    tmp
        Folder of the temporary file for the kept n-grams; by default the system's.

    Attributes
    ----------
    sums
        For each order the occurrences in each bucket; see `add_to_buckets`.
    """

    def __init__(
        self,
        vocab_size: int,
        max_order: int,
        one_of: int,
        threads: int,
        tmp: str | os.PathLike[str] | None = None,
    ) -> None:
        self._vocab_size, self._one_of, self._threads = vocab_size, one_of, threads
        orders = range(1, max_order + 1)
        self.sums = {n: np.zeros((LABELS, buckets(vocab_size, n)), np.int64) for n in orders}
        spill, dtype = Spill(tmp), id_dtype(vocab_size)
        self._kept = {n: _Kept(n, dtype, spill) for n in orders if not is_whole(vocab_size, n)}

    def add(self, chunk: Chunk) -> None:
        """Add the windows of a chunk.

        Raises
        ------
        ValueError
            when an id is outside the vocabulary, naming it and its position.
        InputError
            when there is no room for the temporary file.
        """
        for piece in chunk.pieces(AT_ONCE):
            found = add_to_buckets(
                piece, self._vocab_size, self._one_of, [*self.sums.values()], self._threads
            )
            for order, kept in self._kept.items():
                kept.add(piece, found[order - 1])

    @property
    def orders(self) -> list[int]:
        """The orders of which n-grams are kept."""
        return [*self._kept]

    def layout(self, order: int) -> Layout:
        """Return the layout in which the kept n-grams of one order are counted."""
        return Layout(self._vocab_size, order, LABELS)

    def windows(self, order: int) -> int:
        """Return how many occurrences of n-grams are kept of one order."""
        return self._kept[order].windows

    def chunks(self, order: int) -> Iterator[Chunk]:
        """Yield the kept occurrences of one order, each as a document of one n-gram."""
        return self._kept[order].chunks()


def sampler_bytes(max_order: int) -> int:
    """Return the bytes that a sampler takes: its sums, and the windows that are added at once."""
    return 8 * LABELS * (BUCKETS * max_order + MOST_TOKENS) + 64 * AT_ONCE


class _Kept:
    """The kept occurrences of one order."""

    def __init__(self, order: int, dtype: npt.DTypeLike, spill: Spill) -> None:
        self._order, self._dtype, self._spill = order, dtype, spill
        self._written: list[list[npt.NDArray[np.integer]]] = []  # ids, and labels of n-grams
        self._waiting: list[tuple[Tokens, npt.NDArray[np.uint8]]] = []
        self._ids_waiting = 0
        self.windows = 0

    def add(self, chunk: Chunk, begins: Int64Array) -> None:
        """Add the n-grams of a chunk that begin at these tokens."""
        ids = np.stack([chunk.tokens[begins + place] for place in range(self._order)], axis=1)
        ends = np.unique(chunk.limit)
        is_last = ends[np.searchsorted(ends, begins, side="right")] == begins + self._order
        self._waiting.append((ids.ravel().astype(self._dtype), is_last.astype(np.uint8)))
        self.windows += len(begins)
        self._ids_waiting += ids.size
        if self._ids_waiting > _WAITING:
            self._written.append(self._spill.put(self._taken()))

    def _taken(self) -> list[npt.NDArray[np.integer]]:
        """Return what waits, which is then forgotten."""
        ids, labels = zip(*self._waiting, strict=True)
        self._waiting, self._ids_waiting = [], 0
        return [np.concatenate(ids), np.concatenate(labels)]

    def chunks(self) -> Iterator[Chunk]:
        """Yield them as documents of one n-gram each."""
        if self._waiting:
            self._written.append(self._taken())
        for ids, labels in self._written:
            start = np.arange(0, len(ids), self._order)
            yield Chunk(ids, start, start + 1, start + self._order, labels.astype(np.uint8))
            release_pages(ids)
