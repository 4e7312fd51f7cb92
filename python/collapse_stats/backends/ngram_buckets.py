"""Adding the n-grams of tokens to the sums of their buckets, from which a sample of them is taken.

This is no operation of a backend: nothing is sorted and no table is made. The compiled module does
it where it is installed, NumPy otherwise; both give the same integers.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Chunk, Int64Array
from ..ngrams.ids import check_ids
from ..ngrams.ngram_hash import bucket_of, is_kept, is_whole, longer
from .checks import named_if_changed
from .columns import compiled

AT_ONCE = 1 << 20
"""Windows whose buckets NumPy adds up together, in 100 MB."""


def add_to_buckets(
    chunk: Chunk, vocab_size: int, one_of: int, sums: Sequence[Int64Array], threads: int
) -> list[Int64Array]:
    """Add the n-grams of a chunk to the sums of their buckets, and return where kept ones begin.

    Parameters
    ----------
    one_of
        K, a power of two: the n-grams of every K-th bucket are kept.
    sums
        For each order from 1 on, the occurrences in each bucket: ``(2, B)``, of n-grams that a
        token of their document follows, and of those at its end. If all tokens are counted
        (`is_whole`), each has a bucket of its own, and none are returned.

    Returns
    -------
    list of Int64Array
        For each order the positions ``(R,)`` in ``chunk.tokens``, in the order of the spans.

    Raises
    ------
    ValueError
        when an id is outside the vocabulary, naming it and its position.
    """
    chunk.check(1 << 3)
    native = compiled()
    if native is None:
        return _add(chunk, vocab_size, one_of, sums)
    tokens = np.require(chunk.tokens, chunk.tokens.dtype.newbyteorder("="), ["C", "A"])
    bounds = (chunk.start, chunk.stop, chunk.limit, chunk.label)
    with named_if_changed(chunk):
        kept: list[Int64Array] = native.add_to_buckets(
            tokens, *bounds, vocab_size, one_of, list(sums), threads
        )
    return kept


def _add(
    chunk: Chunk, vocab_size: int, one_of: int, sums: Sequence[Int64Array]
) -> list[Int64Array]:
    """Do it in NumPy."""
    positions, left = _windows(chunk)
    hashes = np.zeros(len(positions), dtype=np.uint64)
    kept = []
    for order, of_order in enumerate(sums, 1):
        is_there = left >= order
        positions, left, hashes = positions[is_there], left[is_there], hashes[is_there]
        tokens = chunk.tokens[positions + order - 1]
        if order == 1:
            check_ids(tokens, vocab_size, positions)
        hashes = longer(hashes, tokens)
        whole = is_whole(vocab_size, order)
        bucket = tokens.astype(np.int64) if whole else bucket_of(hashes)
        kept.append(positions[:0] if whole else positions[is_kept(bucket, one_of)])
        for label, of_label in enumerate(of_order):
            of_label += np.bincount(bucket[(left == order) == label], minlength=len(of_label))
    return kept


def _windows(chunk: Chunk) -> tuple[Int64Array, Int64Array]:
    """Return where windows begin ``(W,)``, and how many tokens their documents have from there."""
    length = chunk.stop - chunk.start
    span = np.repeat(np.arange(len(length)), length)
    begin = np.cumsum(length) - length
    positions: npt.NDArray[np.int64] = np.arange(len(span)) + (chunk.start - begin)[span]
    return positions, chunk.limit[span] - positions
