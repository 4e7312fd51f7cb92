"""An estimate, from a sample, of how many windows each key range has."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

from ..backends.selection import select
from ..ngrams.chunk import Chunk, Chunks
from ..ngrams.layout import Layout, key_range_of
from ..ngrams.table import NgramTable

_SAMPLED = 1 << 17  # windows in the sample
_ADJACENT = 1 << 12  # windows in each contiguous piece of the sample
_AT_ONCE = 8  # pieces that are counted together


def windows_by_key_range(chunks: Chunks, windows: int, layout: Layout) -> npt.NDArray[np.float64]:
    """Estimate the number of windows ``(key ranges,)`` of each key range, in 0.2 s and 20 MB.

    A window that makes up most of its key range is left out, because repeated windows take no
    memory. Its labels count together: either of two has so large a share of such a key range that
    the repeats of both are squeezed, in whatever order they come.
    """
    backend = select("numpy")
    pieces = _sample(chunks, max(_ADJACENT, windows // (_SAMPLED // _ADJACENT)))
    number = np.zeros(layout.key_ranges)
    repeated = [NgramTable.empty(layout)]
    while some := list(islice(pieces, _AT_ONCE)):
        table = backend.count(some, layout)
        counts = table.counts.sum(axis=0)
        number += np.bincount(_key_range(layout, table), counts, layout.key_ranges)
        often = counts > 1
        repeated.append(NgramTable(layout, table.keys[:, often], table.counts[:, often]))
    table = backend.merge(repeated)
    most = np.zeros(layout.key_ranges)  # of one window
    np.maximum.at(most, _key_range(layout, table), table.counts.sum(axis=0).astype(np.float64))
    sizes: npt.NDArray[np.float64] = np.where(2 * most >= number, number - most, number)
    return sizes * float(windows / max(1, number.sum()))


def _key_range(layout: Layout, table: NgramTable) -> npt.NDArray[np.intp]:
    """The key range of each row."""
    return key_range_of(layout, table.keys).astype(np.intp)


def _sample(chunks: Chunks, step: int) -> Iterator[Chunk]:
    """Yield a piece of every `step` windows."""
    before = 0
    for chunk in chunks():
        inside = chunk.windows
        for begin in range(-before % step, inside, step):
            yield chunk.cut(begin, min(begin + _ADJACENT, inside))
        before += inside
