"""Which half and which of 16 groups a document belongs to.

The rule is a fixed hash of the document's ordinal, the same in every corpus: chunking and machines
do not matter, and the n-th answers of two models to the n-th prompt share a half.
"""

import numpy as np
import numpy.typing as npt

GROUPS = 16
MIN_DOCUMENTS_FOR_HALVES = 64  # fewer, and the halves would be made of a handful of documents each
BLOCKS = 512  # so many blocks is a corpus of few documents cut into


def ordinal_hash(ordinals: npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
    """64 well-mixed bits ``(D,)`` of document ordinals (the finaliser of SplitMix64)."""
    x = ordinals.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def group_of(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """Group ``(D,)`` 0..15 of hashed ordinals: their low four bits, so that hash order is free."""
    return (hashes & np.uint64(GROUPS - 1)).astype(np.uint8)


def half_of(groups: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Half ``(D,)`` 0 (A) or 1 (B): eight groups each."""
    return (groups >= GROUPS // 2).astype(np.uint8)


def half_of_ordinals(ordinals: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
    """Half ``(D,)`` 0 (A) or 1 (B) of document ordinals."""
    return half_of(group_of(ordinal_hash(ordinals)))
