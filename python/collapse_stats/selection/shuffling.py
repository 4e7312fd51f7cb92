"""Documents with their tokens in another order, the same on every platform."""

import numpy as np

from ..corpus.split import row_hash
from ..ngrams.chunk import Int64Array
from .pool import UInt32Array

_PLACE_BITS, _LONGEST = 20, 1 << 20  # tokens; a longer document is shuffled by parts of this length


def shuffled(tokens: UInt32Array, length: Int64Array, seed: int) -> UInt32Array:
    """Return packed documents ``(T,)``, each shuffled by the hashes of its places.

    The order follows from the seed, the tokens and the length of the document alone, and so not
    from where it lies or what lies beside it.
    """
    parts = -(-length // _LONGEST)
    document = np.repeat(np.arange(len(length)), parts)
    number = np.arange(len(document)) - (np.cumsum(parts) - parts)[document]
    size = np.minimum(length[document] - number * _LONGEST, _LONGEST)
    begin = np.cumsum(size) - size
    if not len(tokens):
        return tokens
    sums = np.add.reduceat(tokens.astype(np.uint64), begin)
    part = np.repeat(np.arange(len(size)), size)
    place = np.arange(len(tokens)) - begin[part]
    seeds = row_hash(np.uint64(seed), sums.astype(np.int64))
    hashes = row_hash(seeds[part], place)
    # One sort of single numbers: the part, the begin of the hash, and the place, which breaks ties.
    low = np.uint64(_PLACE_BITS)
    bits = np.uint64(max(1, int(len(size) - 1).bit_length()))
    top = np.uint64(64) - bits
    ordered = part.astype(np.uint64) << top
    ordered |= hashes >> (bits + low) << low
    ordered |= place.astype(np.uint64)
    ordered.sort()
    places = (ordered & np.uint64(_LONGEST - 1)).astype(np.int64)
    mixed: UInt32Array = tokens[begin[part] + places]
    return mixed
