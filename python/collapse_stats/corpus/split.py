"""The division of a corpus's documents into two halves and 16 groups.

The half and the group of a document follow from a fixed hash of its ordinal, the same in every
corpus. So they do not depend on chunking or on the machine, and the answers of two models to the
n-th prompt are in the same half.
"""

import numpy as np
import numpy.typing as npt

GROUPS = 16
MIN_DOCUMENTS_FOR_HALVES = 64  # halves of fewer documents would differ too much by chance
BLOCKS = 512  # number of blocks into which a corpus of few documents is cut


def ordinal_hash(ordinals: npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
    """Return 64-bit hashes ``(D,)`` of document ordinals (the finaliser of SplitMix64)."""
    x = ordinals.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def group_of(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """Return the group ``(D,)``, 0..15, of hashed ordinals: their low four bits.

    The order of hashes depends on their high bits, so it is independent of the group.
    """
    return (hashes & np.uint64(GROUPS - 1)).astype(np.uint8)


def half_of(groups: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the half ``(D,)``, 0 (A) or 1 (B), of groups: eight groups each."""
    return (groups >= GROUPS // 2).astype(np.uint8)


def half_of_ordinals(ordinals: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
    """Return the half ``(D,)``, 0 (A) or 1 (B), of document ordinals."""
    return half_of(group_of(ordinal_hash(ordinals)))
