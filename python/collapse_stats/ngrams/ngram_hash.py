"""The hash of an n-gram, by which n-grams fall into buckets and a sample of them is taken.

A rule of its own, because the same n-gram must have the same hash whatever the vocabulary, the
longest order and the corpus, so that samples of several corpora add up exactly:

    h(t1 ... tn) = (...((t1 + 1) * MULTIPLIER + t2 + 1) ... ) * MULTIPLIER + tn + 1   modulo 2**64
    bucket       = the top 20 bits of mix(h)

where ``mix`` ends SplitMix64, as in docs/halves.md. A sample of one in K n-grams, K a power of two,
has those of every K-th bucket. Tokens are few, so each has a bucket of its own, and all are
counted. `csrc/cpu/ngram_buckets.cpp` states the same rule in C++.
"""

import numpy as np
import numpy.typing as npt

from .layout import BoolArray, UInt64Array

BUCKET_BITS = 20
BUCKETS = 1 << BUCKET_BITS

MOST_TOKENS = 1 << 20
"""The largest vocabulary whose tokens are all counted."""

LABELS = 2
"""Labels of sampled n-grams: 0 for those that a token of their document follows, 1 at its end."""

MOST = 1 << 12
"""The largest K, with which 256 buckets are kept."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_DROP = np.uint64(64 - BUCKET_BITS)

Int64Array = npt.NDArray[np.int64]


def is_whole(vocab_size: int, order: int) -> bool:
    """Whether all n-grams of an order are counted, and none sampled."""
    return order == 1 and vocab_size <= MOST_TOKENS


def buckets(vocab_size: int, order: int) -> int:
    """Return the number of buckets of an order."""
    return vocab_size if is_whole(vocab_size, order) else BUCKETS


def longer(hashes: UInt64Array, tokens: npt.NDArray[np.integer]) -> UInt64Array:
    """Return the hashes ``(R,)`` of n-grams with one token ``(R,)`` more at their end."""
    return hashes * _MULTIPLIER + tokens.astype(np.uint64) + np.uint64(1)


def hash_of(tokens: npt.NDArray[np.integer]) -> UInt64Array:
    """Return the hashes ``(R,)`` of n-grams given as token ids ``(n, R)``."""
    hashes = np.zeros(tokens.shape[1], dtype=np.uint64)
    for column in tokens:
        hashes = longer(hashes, column)
    return hashes


def bucket_of(hashes: UInt64Array) -> Int64Array:
    """Return the bucket ``(R,)`` of hashes, below `BUCKETS`."""
    x = hashes ^ (hashes >> np.uint64(30))
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    x >>= _DROP
    return x.view(np.int64)


def is_kept(bucket: Int64Array, one_of: int) -> BoolArray:
    """Return whether a sample of one in `one_of` n-grams has those of each bucket ``(R,)``."""
    kept: BoolArray = (bucket & (one_of - 1)) == 0
    return kept
