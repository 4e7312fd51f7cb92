"""Counting tokens as they come, batch by batch."""

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
from ..counting.pending import PendingTokens
from ..counting.recounted_table import count_again
from ..counting.table import TableInMemory, TableSource, read_aligned
from ..errors import LayoutMismatchError
from ..ngrams.arrays import as_documents, as_tokens
from ..ngrams.chunk import Chunk
from ..ngrams.ids import check_documents, id_dtype
from ..ngrams.layout import MAX_KEY_BITS, Layout
from ..ngrams.spectrum import HALVES, NO_HALVES
from ..ngrams.table import NgramTable
from ..system.memory import TooLittleMemoryError, budget, release_pages
from ..system.placement import is_on_gpu, to_host
from ..system.spill import Spill
from .profile import Profile

_FEWEST_PENDING = 1 << 12  # tokens that must be countable at once within the memory
_WAITING = 32  # most bytes of a token that waits, and of its document's bounds


class NgramCounter:
    """Counts the n-grams of tokens that come batch by batch.

    A quarter of the memory is used for waiting batches and for counting them, a quarter for tables,
    and the rest for merging tables. Tokens that do not fit are written to a temporary file and
    counted by `profile`.

    Parameters
    ----------
    vocab_size, max_order
        The layout: ``max_order * ceil(log2(vocab_size + 1))`` is at most 128.
    halves
        Keep counts of two halves of the documents, so that `profile` has a noise floor.
    memory
        Bytes, or a size such as ``"4GB"``, that the counter may use, not including a batch passed
        to `update`; by default half of what is free.
    device_memory
        As `memory`, of a GPU; by default 80 % of what is free on it.
    tmp
        Folder of the temporary file, which has no name; by default the system's.

    Raises
    ------
    TooLittleMemoryError
        when no batch can be counted within `memory`; it names the least that would be enough.
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
        device_memory: int | str | None = None,
        tmp: str | os.PathLike[str] | None = None,
    ) -> None:
        self.layout = Layout(vocab_size, max_order, 2 if halves else 1)
        self._backend = select(backend, threads, device_memory)
        self._memory = int(budget(memory))  # of what it holds itself: the process has other memory
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
        """Number of tokens counted at a time.

        This may initialize a GPU, so it is not computed before there are tokens.
        """
        # If counting does not fit into a quarter, half of it collects tokens for the file.
        room = max(self._quarter - self._fixed, self._quarter // 2)
        return min(self._backend.batch_tokens, room // self._each)

    def reset(self) -> None:
        """Forget everything counted."""
        self._tables: list[NgramTable] = []
        self._pending = PendingTokens()
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
        """Add documents. The tokens are copied, so their memory may be reused afterwards.

        With the cuda backend, CUDA tensors are copied on their GPU in the order of its current CuPy
        stream, without waiting for it. An id outside the vocabulary is then reported by a later
        call, when they are counted, and only that batch is dropped.

        Parameters
        ----------
        tokens
            ``(T,)`` one document, ``(D, T)`` one document per row, or ``(T,)`` documents packed
            with `lengths`.
        lengths
            Length of each document packed in ``(T,)`` tokens.
        mask
            Shaped like `tokens`: positions with 0 end a document and are not counted.

        Raises
        ------
        ValueError
            when an id is outside the vocabulary, naming it and its position. Nothing is added then.
        InputError
            when there is no room for the temporary file, naming how much is needed.
        BackendError
            when the GPU fails. After this error or the previous one, nothing is added, and no
            earlier batch is lost.
        """
        if is_on_gpu(tokens):
            as_tokens(tokens, gpu=self._backend.on_gpu)  # raises an error for other backends
            batch = DeviceBatch(tokens, lengths, mask, self.layout.vocab_size)
            self._make_room(batch.size)
            self._pending.add_batch(batch)
            return
        self._resolve_batches()
        ids, start, stop = as_documents(tokens, lengths, mask)
        check_documents(ids, start, stop, self.layout.vocab_size)
        self._make_room(len(ids))
        fits = len(ids) <= self._enough  # otherwise nothing is pending now
        documents, tables, spilled = self._documents, [*self._tables], [*self._spilled]
        chunk = self._labelled(ids, start, stop)
        try:
            # A piece may have up to `MAX_KEY_BITS` more tokens than windows.
            for piece in [chunk] if fits else chunk.pieces(self._enough - MAX_KEY_BITS):
                self._make_room(len(piece.tokens))
                narrow = piece.tokens.astype(id_dtype(self.layout.vocab_size))
                self._pending.add_small(replace(piece, tokens=narrow))
        except BaseException:
            self._documents, self._tables, self._spilled = documents, tables, spilled
            if not fits:
                self._pending = PendingTokens()
            raise

    def merge(self, other: "NgramCounter | Profile") -> None:
        """Add everything counted by another counter, or by a profile with its table.

        Raises
        ------
        LayoutMismatchError
            when the layouts differ.
        TooLittleMemoryError
            when the tables of both do not fit; nothing is added then.
        """
        if other.layout != self.layout:
            raise LayoutMismatchError(
                f"counters must have one layout to be merged, got {self.layout} and {other.layout}"
            )
        self._resolve_batches()
        if isinstance(other, Profile):
            self._add_tables([other.run])
            self._documents += other.documents
            self._merge_similar()
            return
        other._resolve_batches()
        self._add_tables(other._tables)
        self._pending.add_all(other._pending)
        self._spilled += other._spilled
        self._documents += other._documents
        self._make_room(0)
        self._merge_similar()

    def profile(self) -> Profile:
        """Return the profile of everything counted so far; counting may continue.

        Raises
        ------
        TooLittleMemoryError
            when tokens in the temporary file cannot be counted within `memory`; it names the least
            that would be enough. Nothing is lost: a counter with more memory can `merge` this one.
        BackendError
            when the GPU fails. Nothing is lost then either.
        """
        self._count()
        masks = HALVES if self.layout.labels == 2 else NO_HALVES
        source: TableSource
        if self._spilled:
            chunks = partial(_one_at_a_time, list(self._spilled))
            windows = sum(chunk.windows for chunk in self._spilled)
            tables, memory = list(self._tables), 3 * self._quarter
            joint_spectra, source = count_again(
                chunks, windows, tables, self.layout, self._backend, masks, memory
            )
        else:
            if len(self._tables) > 1:
                self._tables = [self._backend.merge(self._tables)]
            source = TableInMemory(
                self._tables[0] if self._tables else NgramTable.empty(self.layout)
            )
            aligned = read_aligned([source], self._memory)
            joint_spectra = self._backend.joint_spectra(aligned, masks)
        return Profile(
            name="counter",
            layout=self.layout,
            joint_spectra=joint_spectra,
            documents=self._documents,
            sample=Sample.empty(),
            table=source,
        )

    def _add_tables(self, tables: Sequence[NgramTable]) -> None:
        counted = sum(table.nbytes for table in (*self._tables, *tables))
        if counted > self._quarter:
            raise TooLittleMemoryError(self._memory, 4 * counted)
        self._tables += tables

    def _labelled(
        self,
        ids: npt.NDArray[np.integer],
        start: npt.NDArray[np.int64],
        stop: npt.NDArray[np.int64],
    ) -> Chunk:
        """Return the next documents as a chunk, labelled by their half if halves are kept."""
        ordinals = np.arange(self._documents, self._documents + len(start))
        half = half_of_ordinals(ordinals) if self.layout.labels == 2 else None
        self._documents += len(start)
        return Chunk.of_documents(ids, start, stop, half)

    def _resolve_batches(self) -> None:
        """Turn the batches on a GPU into labelled chunks; see `PendingTokens.resolve_batches`."""
        self._pending.resolve_batches(lambda batch: self._labelled(*batch.documents()))

    def _make_room(self, tokens: int) -> None:
        """Count the pending tokens if there were too many with this number of further ones."""
        if self._pending.tokens + tokens > self._enough:
            self._count()

    def _count(self) -> None:
        """Count the pending tokens, or write them to the file if there is no room for counting."""
        self._resolve_batches()
        pending = self._pending
        pending.pack()
        if not pending.chunks:
            return
        rows = 8 * (self.layout.words + self.layout.labels) * pending.tokens
        counted = sum(table.nbytes for table in self._tables) + rows
        if max(counted, self._fixed + self._each * pending.tokens) <= self._quarter:
            for chunks in pending.chunks_by_gpu():
                self._tables.append(self._backend.count(chunks, self.layout))
                pending.drop(chunks)
            self._merge_similar()
        while pending.chunks:
            pieces = [self._written(piece) for piece in pending.chunks[0].pieces(self._enough)]
            self._spilled += pieces
            pending.drop(pending.chunks[:1])

    def _merge_similar(self) -> None:
        """Merge tables of similar size, so that a row is merged a logarithmic number of times."""
        while len(self._tables) > 1 and len(self._tables[-2]) < 2 * len(self._tables[-1]):
            self._tables[-2:] = [self._backend.merge(self._tables[-2:])]

    def _written(self, chunk: Chunk) -> Chunk:
        return Chunk(*self._spill.put([to_host(array) for array in chunk.arrays]))


def _one_at_a_time(chunks: Sequence[Chunk]) -> Iterator[Chunk]:
    """Yield chunks mapped from a file, releasing each one's memory before the next."""
    for chunk in chunks:
        yield chunk
        for array in chunk.arrays:
            release_pages(array)
