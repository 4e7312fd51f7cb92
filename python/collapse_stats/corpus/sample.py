"""Whole documents kept with a profile, to be counted again for matched sizes and intervals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Chunk, Int64Array, UInt8Array
from ..ngrams.layout import BoolArray
from ..system.memory import release_pages
from .split import group_of, half_of

DEFAULT_TOKENS = 2_000_000
_SHORT = 4  # tokens; of documents that are shorter on average, fewer tokens are taken
_GATHERED = 1 << 18  # tokens that are copied at a time


@dataclass(frozen=True, eq=False)
class Sample:
    """Documents (blocks, in a corpus of few documents) in the order of their hash.

    Because of this order, a smaller sample is a prefix of a larger one. Documents of one hash, as
    those of two corpora may be, are in the order of their length and their tokens.

    Attributes
    ----------
    hash
        ``(D,)`` uint64, ascending: see `document_keys.Hashes`.
    length
        ``(D,)`` int64: number of tokens of each document.
    tokens
        ``(T,)`` uint32: the documents' tokens, packed.
    key
        ``(D,)`` uint64: the same for documents that share a half and a group; None if none do.
    until
        The hash of the first document of the corpus that had no room; None if all are here, or if
        that is not known. What samples are merged to ends there, since it is the same as that of
        one corpus only as far as each of them has all documents.
    """

    hash: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.uint32]
    key: npt.NDArray[np.uint64] | None = None
    until: int | None = None

    @classmethod
    def empty(cls) -> "Sample":
        """Return a sample without documents."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.uint32))

    @classmethod
    def of(
        cls,
        hashes: npt.NDArray[np.uint64],
        length: npt.NDArray[np.int64],
        tokens: npt.NDArray[np.uint32],
        keys: npt.NDArray[np.uint64],
        until: int | None = None,
    ) -> "Sample":
        """Return a sample, which keeps its keys only if some are not the hashes."""
        return cls(hashes, length, tokens, None if np.array_equal(hashes, keys) else keys, until)

    def __len__(self) -> int:
        return len(self.length)

    @property
    def start(self) -> Int64Array:
        """Where each document begins ``(D,)`` among the tokens."""
        return np.cumsum(self.length) - self.length

    @property
    def half(self) -> UInt8Array:
        """Half ``(D,)``, 0 (A) or 1 (B), of each document."""
        return half_of(group_of(self.hash))

    def first(self, number: int) -> "Sample":
        """Return the sample of the first `number` documents."""
        if number >= len(self):
            return self
        length = self.length[:number]
        key = None if self.key is None else self.key[:number]
        return Sample(self.hash[:number], length, self.tokens[: int(length.sum())], key)

    @property
    def filled(self) -> int:
        """Number of documents that hold a token."""
        return int(np.count_nonzero(self.length))

    @cached_property
    def keys(self) -> int:
        """Number of different keys of the documents that hold a token.

        Documents of one key do not count apart where it is asked how many there are.
        """
        return self.filled if self.key is None else len(np.unique(self.key[self.length > 0]))

    @cached_property
    def distinct(self) -> int:
        """Number of different documents that hold a token: exact copies count once."""
        content = self.tokens.tobytes()
        ends = np.cumsum(self.length) * self.tokens.itemsize
        documents: set[bytes] = set()
        before = 0
        for first in range(0, len(ends), _GATHERED):
            end = ends[first : first + _GATHERED].tolist()
            documents.update(content[a:b] for a, b in zip([before, *end], end, strict=False))
            before = end[-1]
        return len(documents - {b""})

    @property
    def duplicates(self) -> float | None:
        """Share of the filled documents that repeat an earlier one exactly; None without any."""
        return 1 - self.distinct / self.filled if self.filled else None

    def chunk(self, label: UInt8Array | None = None, chosen: BoolArray | None = None) -> Chunk:
        """Return the documents, or those that are `chosen` ``(D,)``, as a chunk.

        Parameters
        ----------
        label
            ``(D,)`` uint8: label of each document; by default its half.
        """
        label = self.half if label is None else label
        stop = np.cumsum(self.length)
        start = stop - self.length
        if chosen is not None:
            start, stop, label = start[chosen], stop[chosen], label[chosen]
        return Chunk.of_documents(self.tokens, start, stop, label)

    def batches(self) -> Iterator[tuple[npt.NDArray[np.uint32], Int64Array]]:
        """Yield the tokens and lengths of some documents at a time."""
        before = 0
        for first, last in pieces(self.length):
            length = self.length[first:last]
            end = before + int(length.sum())
            yield self.tokens[before:end], length
            before = end

    def documents(self) -> list[npt.NDArray[np.uint32]]:
        """Return the documents, each as an array of token ids."""
        return np.split(self.tokens, np.cumsum(self.length)[:-1]) if len(self) else []


def within(length: npt.NDArray[np.int64], budget: int) -> int:
    """Return how many of the first documents have at most `budget` tokens together.

    A positive budget admits at least one document, if there is one, and at most as many as tokens,
    however many of them are empty.
    """
    number = int(np.searchsorted(np.cumsum(length), budget, side="right"))
    return min(max(number, 1), len(length), budget) if budget > 0 else 0


def most_documents(budget: int) -> int:
    """Return the most documents of a sample of `budget` tokens, since each takes memory by itself.

    They are a quarter as many as tokens.
    """
    return -(-budget // _SHORT)


def in_order(
    hashes: npt.NDArray[np.uint64], length: Int64Array, content: Callable[[int], bytes]
) -> npt.NDArray[np.int64]:
    """Return the order of a sample ``(D,)``: of hashes, of lengths, and of the tokens as bytes.

    The bytes are those of little-endian uint32. So the order does not depend on that in which
    documents come, though some may have one hash. `content` gives the tokens of a document by its
    number.
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    same = np.concatenate([[False], ordered[1:] == ordered[:-1], [False]])
    edges = np.flatnonzero(same[1:] != same[:-1])
    for first, last in edges.reshape(-1, 2).tolist():
        alike = order[first : last + 1].tolist()
        order[first : last + 1] = sorted(alike, key=lambda at: (length[at], content(at)))
    return order


def merge_samples(samples: Sequence[Sample], budget: int) -> Sample:
    """Return the sample, of `budget` tokens, of a corpus that consists of all these documents."""
    hashes = np.concatenate([np.empty(0, np.uint64), *(sample.hash for sample in samples)])
    length = np.concatenate([np.empty(0, np.int64), *(sample.length for sample in samples)])
    own = (sample.hash if sample.key is None else sample.key for sample in samples)
    keys = np.concatenate([np.empty(0, np.uint64), *own])
    number = np.repeat(np.arange(len(samples)), [len(sample) for sample in samples])
    inside = np.concatenate([np.empty(0, np.int64), *(sample.start for sample in samples)])

    def content(document: int) -> bytes:
        tokens, begin = samples[number[document]].tokens, inside[document]
        some: bytes = tokens[begin : begin + length[document]].tobytes()
        return some

    order = in_order(hashes, length, content)
    ends = [sample.until for sample in samples if sample.until is not None]
    if ends:
        order = order[: int(np.searchsorted(hashes[order], np.uint64(min(ends))))]
    there = order
    order = order[: min(within(length[order], budget), most_documents(budget))]
    if len(order) < len(there):
        ends = [int(hashes[there[len(order)]])]
    until = min(ends, default=None)
    if not len(order):
        return replace(Sample.empty(), until=until)
    kept = length[order]
    packed = np.empty(int(kept.sum()), dtype=np.uint32)
    to = np.cumsum(kept) - kept
    for at, sample in enumerate(samples):
        of_it = np.flatnonzero(number[order] == at)
        copy_documents(sample.tokens, inside[order[of_it]], kept[of_it], packed, to[of_it])
    return Sample.of(hashes[order], kept, packed, keys[order], until)


def copy_documents(
    tokens: npt.NDArray[np.integer],
    start: Int64Array,
    length: Int64Array,
    to: npt.NDArray[np.uint32],
    at: Int64Array,
) -> None:
    """Copy the documents ``tokens[start[i]:start[i] + length[i]]`` to ``to[at[i]:]``."""
    for first, last in pieces(length):
        size = length[first:last]
        if last - first == 1:
            begin, there = int(start[first]), int(at[first])
            to[there : there + int(size[0])] = tokens[begin : begin + int(size[0])]
        else:
            within_each = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
            from_ = np.repeat(start[first:last], size) + within_each
            to[np.repeat(at[first:last], size) + within_each] = tokens[from_]
        release_pages(tokens)


def pieces(length: Int64Array) -> Iterator[tuple[int, int]]:
    """Yield stretches of at most `_GATHERED` documents and tokens, or of one with more tokens."""
    end = np.cumsum(length)
    first = 0
    while first < len(length):
        before = int(end[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(end, before + _GATHERED, side="right")))
        last = min(last, first + _GATHERED)
        yield first, last
        first = last
