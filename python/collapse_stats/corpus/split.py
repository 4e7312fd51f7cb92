"""The division of a corpus's documents into two halves and 16 groups.

The key of a document is its file and its row in that file, or else the value of the group key. Its
half and its group follow from a fixed hash of the key, so they do not depend on chunks, threads,
units or machines, and the answers of two models to the n-th prompt are in the same half.

The hash of file and row is the n-th number of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014) from a
seed that is the `text_hash` of the file's path (`file_seeds`), 0 for an empty one. That of a value
is its `text_hash`. The low four bits of a hash are the group, and groups 8 to 15 are half B.
"""

import numpy as np
import numpy.typing as npt

UInt64Array = npt.NDArray[np.uint64]

RULE = "file and row 1"
"""The name of this rule, which profiles record."""

GROUPS = 16
MIN_DOCUMENTS_FOR_HALVES = 64  # halves of fewer documents would differ too much by chance
BLOCKS = 512  # number of blocks into which a corpus of few documents is cut

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_BEGIN = np.uint64(0x632BE59BD9B4E019)
_LOW = np.uint64(GROUPS - 1)


def row_hash(seed: UInt64Array | np.uint64, rows: npt.NDArray[np.integer]) -> UInt64Array:
    """Return the 64-bit hashes ``(D,)`` of rows of a file with a seed, or of ``(D,)`` seeds."""
    return _finished(rows.astype(np.uint64) * _GOLDEN + _BEGIN + seed)


def ordinal_hash(ordinals: npt.NDArray[np.integer]) -> UInt64Array:
    """Return the 64-bit hashes ``(D,)`` of rows of a source that has no path."""
    return row_hash(np.uint64(0), ordinals)


def hash_in_group(hashes: UInt64Array, keys: UInt64Array) -> UInt64Array:
    """Return the hashes ``(D,)`` with the low bits of others, which then decide the group."""
    return (hashes & ~_LOW) | (keys & _LOW)


def _finished(x: UInt64Array) -> UInt64Array:
    """The finaliser of SplitMix64, in place."""
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


def group_of(hashes: UInt64Array) -> npt.NDArray[np.uint8]:
    """Return the group ``(D,)``, 0..15, of hashes: their low four bits.

    The order of hashes depends on their high bits, so it is independent of the group.
    """
    return (hashes & _LOW).astype(np.uint8)


def half_of(groups: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the half ``(D,)``, 0 (A) or 1 (B), of groups: eight groups each."""
    return (groups >= GROUPS // 2).astype(np.uint8)


def half_of_ordinals(ordinals: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
    """Return the half ``(D,)``, 0 (A) or 1 (B), of rows of a source that has no path."""
    return half_of(group_of(ordinal_hash(ordinals)))
