"""Takes the sample of a corpus: the documents whose hashes are the smallest."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from .sample import Sample, copy_documents, within

Hashes = npt.NDArray[np.uint64]
Spans = Callable[[], Iterable[tuple[int, Int64Array, Int64Array, Hashes]]]
"""Gives, for some documents at a time, the number of their tokens' array, start, stop and hash."""

_SHORT = 4  # tokens; of documents that are shorter on average, fewer tokens are taken
_BIN_BITS = 16  # of a hash, by which documents are counted to find how many fit


def sample_of(tokens: list[npt.NDArray[np.integer]], spans: Spans, budget: int) -> Sample:
    """Return the first documents in hash order that fit into `budget` tokens.

    There are at most a quarter as many as tokens, since each takes memory by itself. The documents
    are gone through twice: to find a hash below which they fit, and to take those. So only
    documents of the sample take memory, and a few more. If the first has more than `budget`
    tokens, it is cut.
    """
    if budget <= 0:
        return Sample.empty()
    most = -(-budget // _SHORT)  # documents
    last = _last_bin(spans, budget, most)
    parts: list[tuple[Hashes, npt.NDArray[np.uint32], Int64Array, Int64Array]] = []
    for number, start, stop, hashes in spans():
        chosen = np.flatnonzero(_bins(hashes) <= last)
        if len(chosen):
            array = np.full(len(chosen), number, dtype=np.uint32)
            parts.append((hashes[chosen], array, start[chosen], stop[chosen] - start[chosen]))
    if not parts:
        return Sample.empty()
    hashes = np.concatenate([part[0] for part in parts])
    array = np.concatenate([part[1] for part in parts])
    start = np.concatenate([part[2] for part in parts])
    length = np.concatenate([part[3] for part in parts])
    parts.clear()
    order = np.argsort(hashes)
    order = order[: min(within(length[order], budget), most)]
    hashes, array, start, length = hashes[order], array[order], start[order], length[order]
    if len(length) == 1:  # it may be as long as the corpus
        length = np.minimum(length, budget)
    packed = np.empty(int(length.sum()), dtype=np.uint32)
    to = np.cumsum(length) - length
    by_place = np.lexsort((start, array))  # so that each file is read from front to back
    edges = np.searchsorted(array[by_place], np.arange(len(tokens) + 1))
    for number in np.unique(array).tolist():
        places = by_place[edges[number] : edges[number + 1]]
        copy_documents(tokens[number], start[places], length[places], packed, to[places])
    return Sample(hashes, length, packed)


def _bins(hashes: Hashes) -> npt.NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _BIN_BITS)).astype(np.int64)


def _last_bin(spans: Spans, budget: int, most: int) -> int:
    """The first bin of hashes with more than `budget` tokens or `most` documents up to it."""
    tokens = np.zeros(1 << _BIN_BITS, dtype=np.int64)
    documents = np.zeros(1 << _BIN_BITS, dtype=np.int64)
    for _, start, stop, hashes in spans():
        bins = _bins(hashes)
        documents += np.bincount(bins, minlength=len(documents))
        tokens += np.bincount(bins, stop - start, len(tokens)).astype(np.int64)
    filled = (np.cumsum(tokens) > budget) | (np.cumsum(documents) > most)
    return int(np.argmax(filled)) if filled.any() else len(filled) - 1
