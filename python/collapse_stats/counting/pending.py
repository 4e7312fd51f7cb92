"""Tokens that wait to be counted together with later ones."""

from collections.abc import Callable, Sequence

from ..ngrams.chunk import Chunk
from ..system.placement import gpu_of
from .device_batch import DeviceBatch

_SMALL_CHUNKS = 1 << 8  # so many small chunks are packed into one


class PendingTokens:
    """Batches on a GPU, small chunks to be packed into one, and other chunks.

    Attributes
    ----------
    tokens
        Number of tokens of all of them.
    chunks
        The chunks ready to be counted, after `pack`.
    """

    def __init__(self) -> None:
        self.tokens = 0
        self.chunks: list[Chunk] = []
        self._small: list[Chunk] = []
        self._batches: list[DeviceBatch] = []  # later than all chunks

    def add_batch(self, batch: DeviceBatch) -> None:
        """Add a batch on a GPU, after all chunks."""
        self._batches.append(batch)
        self.tokens += batch.size
        for waiting in reversed(self._batches):
            if waiting.is_copied():
                break

    def add_small(self, chunk: Chunk) -> None:
        """Add a chunk in host memory that may be packed together with others."""
        self._small.append(chunk)
        self.tokens += len(chunk.tokens)
        if len(self._small) >= _SMALL_CHUNKS:
            self.pack()

    def add_all(self, other: "PendingTokens") -> None:
        """Add the chunks of another object, whose batches must have been resolved."""
        self._small += other._small
        self.chunks += other.chunks
        self.tokens += other.tokens

    def resolve_batches(self, chunk_of: Callable[[DeviceBatch], Chunk]) -> None:
        """Turn batches into chunks, in order; a batch with an id outside the vocabulary is dropped.

        Raises ValueError for such an id; later batches keep waiting then.
        """
        while self._batches:
            batch = self._batches[0]
            try:
                self.chunks.append(chunk_of(batch))
            except ValueError:
                self._batches.pop(0)
                self.tokens -= batch.size
                raise
            self._batches.pop(0)

    def pack(self) -> None:
        """Make one chunk of all small chunks."""
        if self._small:
            self.chunks.append(Chunk.joined(self._small))
            self._small = []

    def chunks_by_gpu(self) -> list[list[Chunk]]:
        """Return the chunks of each GPU; those in host memory are added to the first."""
        by_gpu: dict[int | None, list[Chunk]] = {}
        for chunk in self.chunks:
            by_gpu.setdefault(gpu_of(chunk.tokens), []).append(chunk)
        on_host = by_gpu.pop(None, [])
        groups = list(by_gpu.values()) or [[]]
        return [on_host + groups[0], *groups[1:]]

    def drop(self, chunks: Sequence[Chunk]) -> None:
        """Release chunks that were counted or written to a file, after `pack`."""
        dropped = {id(chunk) for chunk in chunks}
        self.chunks = [chunk for chunk in self.chunks if id(chunk) not in dropped]
        self.tokens = sum(len(chunk.tokens) for chunk in self.chunks)
