"""Counting tokens that are at hand: in one call, or as they come."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from ..backends.selection import select
from ..corpus.sample import Sample
from ..corpus.split import half_of_ordinals
from ..counting.device_batch import DeviceBatch
from ..counting.passes import HALVES, NO_HALVES
from ..counting.recounted_table import count_again
from ..counting.table import TableInMemory, TableSource, read_aligned
from ..errors import LayoutMismatchError
from ..ngrams.arrays import as_documents, as_tokens
from ..ngrams.chunk import Chunk
from ..ngrams.ids import check_documents
from ..ngrams.layout import MAX_KEY_BITS, Layout
from ..ngrams.table import NgramTable
from ..system.memory import TooLittleMemoryError, budget, release_pages
from ..system.placement import gpu_of, is_on_gpu, to_host
from ..system.spill import Spill
from .profile import Profile

_FEWEST_PENDING = 1 << 12  # fewer are not worth a table
_WAITING = 32  # bytes at most for a token that waits, and its document's bounds
_LOOSE = 1 << 8  # small batches are packed into one when there are so many


class NgramCounter:
    """Counts n-grams of tokens that come batch by batch.

    A quarter of the memory is for batches that wait and counting them, a quarter for what was
    counted, the rest for merging that. What does not fit goes to a temporary file, as tokens, and
    is counted by `profile`.

    Parameters
    ----------
    vocab_size, max_order
        The layout: ``max_order * ceil(log2(vocab_size + 1))`` is at most 128.
    halves
        Keep counts of two halves of the documents, so that `profile` carries a noise floor.
    memory
        Bytes, or a size such as ``"4GB"``, that all this may take, a batch that is given to
        `update` not among it; half of what is free by default.
    tmp
        Folder of the temporary file, which has no name; by default the system's.

    Raises
    ------
    TooLittleMemoryError
        when no batch can be counted within `memory`, with the least that would do.
    """

    def __init__(
        self,
        vocab_size: int,
        max_order: int = 4,
        *,
        backend: str = "auto",
        halves: bool = False,
        threads: int | None = None,
        memory: int | str | None = None,
        tmp: str | os.PathLike[str] | None = None,
    ) -> None:
        self.layout = Layout(vocab_size, max_order, 2 if halves else 1)
        self._backend = select(backend, threads)
        self._memory = budget(memory)
        self._tmp = tmp
        fixed, each = self._backend.needs(self.layout, 1, rows=True)
        least = 2 * (fixed + _FEWEST_PENDING * (each + _WAITING))
        if least > self._memory:
            raise TooLittleMemoryError(self._memory, least)
        self._quarter = self._memory // 4
        self._fixed, each = self._backend.needs(self.layout, self.layout.key_ranges, rows=True)
        self._each = each + _WAITING
        self.reset()

    @cached_property
    def _enough(self) -> int:
        """So many tokens are counted at a time. A GPU is asked, so not before there are tokens."""
        room = max(self._quarter - self._fixed, self._quarter // 2)  # the half: for the file
        return min(self._backend.batch_tokens, room // self._each)

    def reset(self) -> None:
        """Forget everything counted."""
        self._tables: list[NgramTable] = []
        self._waiting: list[DeviceBatch] = []  # later than what is loose or pending
        self._loose: list[Chunk] = []  # small ones, to be packed into one
        self._pending: list[Chunk] = []
        self._pending_tokens = 0  # of all three
        self._spill = Spill(self._tmp)
        self._spilled: list[Chunk] = []
        self._documents = 0

    def update(
        self,
        tokens: object,
        *,
        lengths: object = None,
        mask: object = None,
    ) -> None:
        """Add documents; the tokens are copied, so their memory may be used again.

        CUDA tensors, for the cuda backend, are copied on their GPU, in the order of the current
        CuPy stream there, and nothing waits for it; a wrong id among them is told when they are
        counted, by a later call, and that batch alone is dropped.

        Parameters
        ----------
        tokens
            ``(T,)`` one document, ``(D, T)`` one document per row, or packed with `lengths`.
        mask
            Shaped like `tokens`: positions with 0 end a document and are not counted.

        Raises
        ------
        ValueError
            when an id is outside the vocabulary, naming it and its position. Nothing is added then.
        InputError
            when there is no room for the temporary file, with how much is needed.
        BackendError
            when the GPU fails. Then and without room, nothing is added, of a batch larger than what
            waits at a time perhaps a part, and nothing that was given before is lost.
        """
        if is_on_gpu(tokens):
            as_tokens(tokens, gpu=self._backend.on_gpu)  # or says what to do
            batch = DeviceBatch(tokens, lengths, mask, self.layout.vocab_size)
            self._make_room(batch.size)
            self._waiting.append(batch)
            self._pending_tokens += batch.size
            for batch in reversed(self._waiting):
                if batch.is_copied():
                    break
            return
        self._number_waiting()
        ids, start, stop = as_documents(tokens, lengths, mask)
        check_documents(ids, start, stop, self.layout.vocab_size)
        self._make_room(len(ids))
        narrow = np.uint16 if self.layout.vocab_size <= 2**16 else np.uint32
        whole = self._numbered(ids, start, stop)
        fits = len(ids) <= self._enough  # a piece has so many tokens more than windows:
        for piece in [whole] if fits else whole.pieces(self._enough - MAX_KEY_BITS):
            self._make_room(len(piece.tokens))
            self._loose.append(replace(piece, tokens=piece.tokens.astype(narrow)))
            self._pending_tokens += len(piece.tokens)
            if len(self._loose) >= _LOOSE:
                self._pack()

    def merge(self, other: "NgramCounter | Profile") -> None:
        """Add everything that `other` has counted, or that a profile with its table knows.

        Raises
        ------
        LayoutMismatchError
            when the layouts differ.
        TooLittleMemoryError
            when what both have counted does not fit; nothing is added then.
        """
        if other.layout != self.layout:
            raise LayoutMismatchError(
                f"counters must have one layout to be merged, got {self.layout} and {other.layout}"
            )
        self._number_waiting()
        if isinstance(other, Profile):
            self._add_tables([other.run])
            self._documents += other.documents
            self._tidy()
            return
        other._number_waiting()
        self._add_tables(other._tables)
        self._loose += other._loose
        self._pending += other._pending
        self._pending_tokens += other._pending_tokens
        self._spilled += other._spilled
        self._documents += other._documents
        self._make_room(0)
        self._tidy()

    def profile(self) -> Profile:
        """Profile of everything counted so far; counting may go on.

        Raises
        ------
        TooLittleMemoryError
            when tokens in the temporary file cannot be counted within `memory`, with the least
            that would do. Nothing is lost then: a counter with more memory can `merge` this one.
        BackendError
            when the GPU fails. Nothing is lost then either.
        """
        self._count()
        masks = HALVES if self.layout.labels == 2 else NO_HALVES
        source: TableSource
        if self._spilled:
            chunks = partial(_mapped, list(self._spilled))
            windows = sum(chunk.windows for chunk in self._spilled)
            tables, memory = list(self._tables), 3 * self._quarter
            found, source = count_again(
                chunks, windows, tables, self.layout, self._backend, masks, memory
            )
        else:
            if len(self._tables) > 1:
                self._tables = [self._backend.merge(self._tables)]
            source = TableInMemory(
                self._tables[0] if self._tables else NgramTable.empty(self.layout)
            )
            found = self._backend.joint_spectra(read_aligned([source], self._memory), masks)
        return Profile(
            name="counter",
            layout=self.layout,
            joint_spectra=found,
            documents=self._documents,
            sample=Sample.empty(),
            table=source,
        )

    def _add_tables(self, tables: Sequence[NgramTable]) -> None:
        counted = sum(table.nbytes for table in (*self._tables, *tables))
        if counted > self._quarter:
            raise TooLittleMemoryError(self._memory, 4 * counted)
        self._tables += tables

    def _numbered(
        self,
        ids: npt.NDArray[np.integer],
        start: npt.NDArray[np.int64],
        stop: npt.NDArray[np.int64],
    ) -> Chunk:
        """The next documents, labelled by their numbers."""
        ordinals = np.arange(self._documents, self._documents + len(start))
        half = half_of_ordinals(ordinals) if self.layout.labels == 2 else None
        self._documents += len(start)
        return Chunk.of_documents(ids, start, stop, half)

    def _number_waiting(self) -> None:
        """Number the documents of batches that wait on a GPU; one with a wrong id is dropped."""
        while self._waiting:
            batch = self._waiting[0]
            try:
                documents = batch.documents()
            except ValueError:
                self._waiting.pop(0)
                self._pending_tokens -= batch.size
                raise
            self._pending.append(self._numbered(*documents))
            self._waiting.pop(0)

    def _make_room(self, tokens: int) -> None:
        """Count what is pending when so many more tokens would be too many."""
        if self._pending_tokens + tokens > self._enough:
            self._count()

    def _pack(self) -> None:
        if self._loose:
            self._pending.append(Chunk.joined(self._loose))
            self._loose = []

    def _count(self) -> None:
        """Count what is pending, or put its tokens into the file when there is no room for that."""
        self._number_waiting()
        self._pack()
        if not self._pending:
            return
        rows = 8 * (self.layout.words + self.layout.labels) * self._pending_tokens
        counted = sum(table.nbytes for table in self._tables) + rows
        if max(counted, self._fixed + self._each * self._pending_tokens) <= self._quarter:
            for chunks in _by_gpu(self._pending):
                self._tables.append(self._backend.count(chunks, self.layout))
                self._done_with(chunks)
            self._tidy()
        while self._pending:
            parts = [self._written(part) for part in self._pending[0].pieces(self._enough)]
            self._spilled += parts
            self._done_with(self._pending[:1])

    def _done_with(self, chunks: Sequence[Chunk]) -> None:
        """Let go of pending chunks that were counted, or written to the file."""
        done = {id(chunk) for chunk in chunks}
        self._pending = [chunk for chunk in self._pending if id(chunk) not in done]
        self._pending_tokens = sum(len(chunk.tokens) for chunk in self._pending)

    def _tidy(self) -> None:
        """Merge tables of like size, so that each row is merged a logarithmic number of times."""
        while len(self._tables) > 1 and len(self._tables[-2]) < 2 * len(self._tables[-1]):
            self._tables[-2:] = [self._backend.merge(self._tables[-2:])]

    def _written(self, chunk: Chunk) -> Chunk:
        return Chunk(*self._spill.put([to_host(array) for array in chunk.arrays]))


def _by_gpu(chunks: Sequence[Chunk]) -> list[list[Chunk]]:
    """The chunks of each GPU; those on the host with the first."""
    apart: dict[int | None, list[Chunk]] = {}
    for chunk in chunks:
        apart.setdefault(gpu_of(chunk.tokens), []).append(chunk)
    host = apart.pop(None, [])
    groups = list(apart.values()) or [[]]
    return [host + groups[0], *groups[1:]]


def _mapped(chunks: Sequence[Chunk]) -> Iterator[Chunk]:
    """The chunks, each let go when it is done with."""
    for chunk in chunks:
        yield chunk
        for array in chunk.arrays:
            release_pages(array)
