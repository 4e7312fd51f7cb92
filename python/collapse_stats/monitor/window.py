"""The newest documents of a stream, up to so many tokens."""

from collections import deque
from collections.abc import Iterator

import numpy as np

from ..corpus.split import half_of_ordinals
from ..ngrams.chunk import Chunk
from .batch import PackedBatch, join


class Window:
    """As many whole documents, from the newest back, as hold at most `limit` tokens.

    The newest is always there, however long. What is held does not depend on how the documents
    came in batches.
    """

    def __init__(self, vocab_size: int, limit: int) -> None:
        self.limit = limit
        self._vocab_size = vocab_size
        self._batches: deque[PackedBatch] = deque()
        self.tokens = 0

    @property
    def documents(self) -> int:
        """Documents held."""
        return sum(len(batch.length) for batch in self._batches)

    def add(self, batch: PackedBatch) -> list[PackedBatch]:
        """Add newer documents; returns those that had to leave."""
        if batch.tokens:
            self._batches.append(batch)
            self.tokens += batch.tokens
        return self.trim()

    def trim(self) -> list[PackedBatch]:
        """Let the oldest documents go until the rest is within the limit; returns them."""
        gone = []
        while self.tokens > self.limit:
            oldest = self._batches.popleft()
            ends = np.cumsum(oldest.length)
            leave = int(np.searchsorted(ends, self.tokens - self.limit)) + 1
            leave = min(leave, len(oldest.length) - (not self._batches))
            if leave < len(oldest.length):
                self._batches.appendleft(oldest.documents(leave))
            if not leave:
                break
            gone.append(oldest.documents(0, leave))
            self.tokens -= gone[-1].tokens
        return gone

    def merge(self, other: "Window") -> None:
        """Add what another stream holds, documents of like age beside each other; none leaves."""
        mine, theirs = list(self._batches), list(other._batches)
        shift = len(mine) - len(theirs)
        aged = [(at, 0, batch) for at, batch in enumerate(mine)]
        aged += [(at + shift, 1, batch) for at, batch in enumerate(theirs)]
        self._batches = deque(batch for _, _, batch in sorted(aged, key=lambda one: one[:2]))
        self.tokens += other.tokens

    def all(self) -> PackedBatch:
        """Every document, oldest first."""
        return join(self._batches, self._vocab_size)

    def last(self, tokens: int) -> PackedBatch:
        """The newest documents that hold at most so many tokens; the newest in any case."""
        part = Window(self._vocab_size, tokens)
        found: list[PackedBatch] = []
        for batch in reversed(self._batches):
            found.insert(0, batch)
            if sum(one.tokens for one in found) > tokens:
                break
        for batch in found:
            part.add(batch)
        return part.all()

    def chunks(self) -> Iterator[Chunk]:
        """Every document, to be counted."""
        for batch in self._batches:
            stop = np.cumsum(batch.length)
            yield Chunk.of_documents(batch.ids, stop - batch.length, stop)


def halved(batch: PackedBatch, first_label: int = 0) -> Chunk:
    """The documents of a batch, with label `first_label` for half A, the next for half B."""
    stop = np.cumsum(batch.length)
    half = half_of_ordinals(batch.ordinal)
    return Chunk.of_documents(batch.ids, stop - batch.length, stop, half + np.uint8(first_label))
