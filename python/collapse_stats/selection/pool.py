"""The documents of a corpus by their numbers, to be read in any order."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..corpus.bounds import Bounds
from ..corpus.corpus import Corpus, Segment
from ..corpus.sample import copy_documents
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import BoolArray
from ..system.memory import is_mapped, release_pages

UInt32Array = npt.NDArray[np.uint32]

BATCH = 1 << 20  # tokens that are looked at together

_ZERO = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Packed:
    """Documents packed one after the other: ``tokens[start[i]:stop[i]]``."""

    tokens: UInt32Array
    start: Int64Array
    stop: Int64Array

    def one(self, document: int) -> tuple[UInt32Array, Int64Array, Int64Array]:
        """Return the tokens and the bounds of one of them."""
        which = slice(document, document + 1)
        return self.tokens, self.start[which], self.stop[which]

    @property
    def all(self) -> tuple[UInt32Array, Int64Array, Int64Array]:
        """The tokens and the bounds of all of them."""
        return self.tokens, self.start, self.stop


class Pool:
    """The documents of a corpus.

    Attributes
    ----------
    length
        ``(D,)``: number of tokens of each document.
    is_mapped
        Whether some of the tokens are not in memory, so that it takes long to jump among them.
    """

    def __init__(self, tokens: Sequence[npt.NDArray[np.integer]], bounds: Sequence[Bounds]) -> None:
        none = np.empty(0, dtype=np.int64)
        both = [each.both() for each in bounds]
        self._tokens = tokens
        self._start = np.concatenate([none, *(start for start, _ in both)])
        stop = np.concatenate([none, *(stop for _, stop in both)])
        self._first = np.cumsum([0, *map(len, bounds)]).tolist()  # document of each segment
        self.length = stop - self._start
        self.is_mapped = any(map(is_mapped, tokens))

    @classmethod
    def of(cls, corpus: Corpus) -> "Pool":
        """Return the documents of a corpus."""
        segments = corpus.segments
        return cls([each.tokens for each in segments], [each.bounds for each in segments])

    def __len__(self) -> int:
        return len(self.length)

    @property
    def tokens(self) -> int:
        """Number of tokens of all documents."""
        return int(self.length.sum())

    def batches(self) -> Iterator[tuple[int, Packed]]:
        """Yield the number of the first of some documents, and these; all of them, in order."""
        for segment, tokens in enumerate(self._tokens):
            first, last = self._first[segment : segment + 2]
            while first < last:
                ends = np.cumsum(self.length[first : min(first + BATCH, last)])
                number = max(1, int(np.searchsorted(ends, BATCH, side="right")))
                start = self._start[first : first + number]
                stop = start + self.length[first : first + number]
                begin, end = int(start[0]), int(stop[-1])
                some = tokens[begin:end].astype(np.uint32)
                release_pages(tokens[begin:end])
                yield first, Packed(some, start - begin, stop - begin)
                first += number

    def parts(self, documents: Int64Array) -> list[Int64Array]:
        """Divide the numbers of documents into parts of about `BATCH` tokens."""
        if not len(documents):
            return []
        part = (np.cumsum(self.length[documents]) - 1) // BATCH
        return np.split(documents, np.flatnonzero(np.diff(part)) + 1)

    def packed(self, documents: Int64Array) -> Packed:
        """Return the documents with these numbers, which ascend."""
        length = self.length[documents]
        stop = np.cumsum(length)
        start = stop - length
        tokens = np.empty(int(length.sum()), dtype=np.uint32)
        edges = np.searchsorted(documents, self._first)
        for segment, of_segment in enumerate(self._tokens):
            which = slice(int(edges[segment]), int(edges[segment + 1]))
            begin = self._start[documents[which]]
            copy_documents(of_segment, begin, length[which], tokens, start[which])
        return Packed(tokens, start, stop)

    def one(self, document: int) -> Packed:
        """Return a single document."""
        segment = bisect_right(self._first, document) - 1
        begin, length = int(self._start[document]), int(self.length[document])
        tokens = self._tokens[segment][begin : begin + length].astype(np.uint32)
        return Packed(tokens, _ZERO, np.array([length]))

    def sub_pool(self, documents: Int64Array) -> "Pool":
        """Return the documents with these numbers, which ascend, as a pool in memory."""
        packed = self.packed(documents)
        return Pool([packed.tokens], [Bounds.of(packed.start, packed.stop)])


def corpus_of(corpus: Corpus, keep: BoolArray, name: str) -> Corpus:
    """Return the documents of a corpus that are kept ``(D,)``, as a corpus of another name."""
    segments, first = [], 0
    for segment in corpus.segments:
        some = keep[first : first + len(segment.bounds)]
        first += len(some)
        if some.any():
            bounds, keys = segment.bounds.only(some), segment.keys.only(some)
            segments.append(Segment(segment.tokens, bounds, keys))
    return Corpus(
        name=name,
        vocab_size=corpus.vocab_size,
        tokenizer=corpus.tokenizer,
        segments=segments,
        sources=corpus.sources,
        boundaries=corpus.boundaries,
        group_key=corpus.group_key,
        is_part=corpus.is_part,
    )
