"""Takes the sample of a corpus: the documents whose hashes are the smallest."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from .document_keys import Hashes
from .sample import Sample, copy_documents, in_order, most_documents, within
from .split import UInt64Array

Spans = Callable[[], Iterable[tuple[int, Int64Array, Int64Array, Hashes]]]
"""Gives, for some documents at a time, the number of their tokens' array, start, stop, hashes."""

_BIN_BITS = 16  # of a hash, by which documents are counted to find how many fit


def sample_of(tokens: list[npt.NDArray[np.integer]], spans: Spans, budget: int) -> Sample:
    """Return the first documents in hash order that fit into `budget` tokens.

    There are at most `most_documents`. The documents are gone through twice: to find a hash below
    which they fit, and to take those. So only documents of the sample take memory, and a few more.
    If the first has more than `budget` tokens, it is cut.
    """
    if budget <= 0:
        return Sample.empty()
    most = most_documents(budget)
    last = _last_bin(spans, budget, most)
    parts: list[_Chosen] = []
    for number, start, stop, hashes in spans():
        chosen = np.flatnonzero(_bins(hashes.order) <= last)
        if len(chosen):
            array = np.full(len(chosen), number, dtype=np.uint32)
            begin, length = start[chosen], stop[chosen] - start[chosen]
            keys = hashes.known_key[chosen]
            parts.append(_Chosen(hashes.order[chosen], keys, array, begin, length))
    if not parts:
        return Sample.empty()
    hash_, key, array, start, length = map(np.concatenate, zip(*parts, strict=True))
    parts.clear()

    def content(document: int) -> bytes:
        begin = int(start[document])
        some = tokens[int(array[document])][begin : begin + int(length[document])]
        return some.astype("<u4").tobytes()

    order = in_order(hash_, length, content)
    number = min(within(length[order], budget), most)
    until = int(hash_[order[number]]) if number < len(order) else None
    order = order[:number]
    hash_, array, start, length = hash_[order], array[order], start[order], length[order]
    if len(length) == 1:  # it may be as long as the corpus
        length = np.minimum(length, budget)
    packed = np.empty(int(length.sum()), dtype=np.uint32)
    to = np.cumsum(length) - length
    by_place = np.lexsort((start, array))  # so that each file is read from front to back
    edges = np.searchsorted(array[by_place], np.arange(len(tokens) + 1))
    for number in np.unique(array).tolist():
        places = by_place[edges[number] : edges[number + 1]]
        copy_documents(tokens[number], start[places], length[places], packed, to[places])
    return Sample.of(hash_, length, packed, key[order], until)


class _Chosen(NamedTuple):
    """Documents that may be of the sample, with the numbers of the arrays of their tokens."""

    hash: UInt64Array
    key: UInt64Array
    array: npt.NDArray[np.uint32]
    start: Int64Array
    length: Int64Array


def _bins(hashes: UInt64Array) -> npt.NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _BIN_BITS)).astype(np.int64)


def _last_bin(spans: Spans, budget: int, most: int) -> int:
    """The first bin of hashes with more than `budget` tokens or `most` documents up to it."""
    tokens = np.zeros(1 << _BIN_BITS, dtype=np.int64)
    documents = np.zeros(1 << _BIN_BITS, dtype=np.int64)
    for _, start, stop, hashes in spans():
        bins = _bins(hashes.order)
        documents += np.bincount(bins, minlength=len(documents))
        tokens += np.bincount(bins, stop - start, len(tokens)).astype(np.int64)
    filled = (np.cumsum(tokens) > budget) | (np.cumsum(documents) > most)
    return int(np.argmax(filled)) if filled.any() else len(filled) - 1
