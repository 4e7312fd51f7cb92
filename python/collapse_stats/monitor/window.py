"""The newest documents of a stream, up to a limit of tokens."""

from collections import deque
from collections.abc import Iterator

import numpy as np

from ..corpus.sample import Sample, within
from ..corpus.split import half_of_ordinals
from ..ngrams.chunk import Chunk
from .batch import PackedBatch, join

_SHARES = 64  # of a stream, when two are merged: a share of one follows a share of the other


class Window:
    """The newest whole documents that together hold at most `limit` tokens.

    The newest document is always kept, however long it is. The contents do not depend on how the
    documents were divided into batches.
    """

    def __init__(self, vocab_size: int, limit: int) -> None:
        self.limit = limit
        self._vocab_size = vocab_size
        self._batches: deque[PackedBatch] = deque()
        self.tokens = 0

    @property
    def documents(self) -> int:
        """Number of documents in the window."""
        return sum(len(batch.length) for batch in self._batches)

    def add(self, batch: PackedBatch) -> list[PackedBatch]:
        """Add newer documents, and return those that leave the window for them."""
        if batch.tokens:
            self._batches.append(batch)
            self.tokens += batch.tokens
        return self.trim()

    def trim(self) -> list[PackedBatch]:
        """Remove the oldest documents until the rest is within the limit, and return them."""
        removed = []
        while self.tokens > self.limit:
            oldest = self._batches.popleft()
            ends = np.cumsum(oldest.length)
            leaving = int(np.searchsorted(ends, self.tokens - self.limit)) + 1
            leaving = min(leaving, len(oldest.length) - (not self._batches))
            if leaving < len(oldest.length):
                self._batches.appendleft(oldest.documents(leaving))
            if not leaving:
                break
            removed.append(oldest.documents(0, leaving))
            self.tokens -= removed[-1].tokens
        return removed

    def merge(self, other: PackedBatch) -> None:
        """Add the documents of another stream, sorted in by age. No document is removed."""
        own = self.all()
        self._batches = deque(
            part
            for share in range(_SHARES)
            for part in (_share(own, share), _share(other, share))
            if part.tokens
        )
        self.tokens += other.tokens

    def all(self) -> PackedBatch:
        """Return every document, oldest first."""
        return join(self._batches, self._vocab_size)

    def last(self, tokens: int) -> PackedBatch:
        """Return the newest documents that hold at most `tokens` tokens; at least one."""
        batches: list[PackedBatch] = []
        for batch in reversed(self._batches):
            batches.insert(0, batch)
            if sum(newest.tokens for newest in batches) > tokens:
                break
        part = Window(self._vocab_size, tokens)
        for batch in batches:
            part.add(batch)
        return part.all()

    def chunks(self) -> Iterator[Chunk]:
        """Yield the documents as chunks to count."""
        for batch in self._batches:
            stop = np.cumsum(batch.length)
            yield Chunk.of_documents(batch.ids, stop - batch.length, stop)


def _share(batch: PackedBatch, share: int) -> PackedBatch:
    """Return one of `_SHARES` equal shares of the documents, the oldest first."""
    documents = len(batch.length)
    return batch.documents(documents * share // _SHARES, documents * (share + 1) // _SHARES)


def sample_of(batch: PackedBatch) -> Sample:
    """Return the documents as a sample, in their own order."""
    hashes = np.zeros(len(batch.length), np.uint64)
    return Sample(hashes, batch.length, batch.ids.astype(np.uint32))


def newest(sample: Sample, tokens: int) -> Sample:
    """Return the last documents of a sample that hold at most `tokens` tokens; at least one."""
    number = within(sample.length[::-1], tokens)
    length = sample.length[len(sample) - number :]
    first = len(sample.tokens) - int(length.sum())
    return Sample(sample.hash[len(sample) - number :], length, sample.tokens[first:])


def halved(batch: PackedBatch, first_label: int = 0) -> Chunk:
    """Return the documents as a chunk: label `first_label` for half A, the next for half B."""
    stop = np.cumsum(batch.length)
    half = half_of_ordinals(batch.ordinal)
    return Chunk.of_documents(batch.ids, stop - batch.length, stop, half + np.uint8(first_label))
