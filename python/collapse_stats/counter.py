"""Counting tokens that are at hand: in one call, or as they come."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from .backends import select
from .chunk import Chunk, as_documents, as_tokens, on_gpu
from .counting import HALVES, WHOLE, Use, passes, tables
from .errors import LayoutMismatchError
from .groups import group_of, half_of, ordinal_hash
from .keys import Layout
from .memory import budget
from .profile import Profile
from .run import Run
from .sample import Sample
from .spectrum import Spectrum
from .table import MemoryTable
from .waiting import DeviceBatch

_FEWEST_PENDING = 1 << 12  # fewer are not worth a run
_MERGING = 3  # times the runs: themselves, what is merged, and where it is put together


def spectra(
    tokens: object,
    *,
    vocab_size: int,
    max_order: int = 5,
    lengths: object = None,
    eot: int | None = None,
    backend: str = "auto",
    threads: int | None = None,
    memory: int | str | None = None,
) -> Mapping[int, Spectrum]:
    """Spectrum of every order 1..max_order of an array of token ids.

    The fastest way from an array to integers: no table of n-grams is kept.

    Parameters
    ----------
    tokens
        ``(T,)`` one document, or ``(D, T)`` one document per row; integers of 8 to 64 bits. With
        the cuda backend also CUDA tensors, which are read where they lie.
    lengths
        Length of each document packed in ``(T,)`` tokens.
    eot
        An id that ends a document and is not counted.
    memory
        Bytes, or a size such as ``"4GB"``, that counting may use; half of what is free by default.

    Returns
    -------
    Mapping[int, Spectrum]
        By order. An empty input gives empty spectra.

    Raises
    ------
    ValueError
        when an id is outside the vocabulary, naming it and its position.

    Examples
    --------
    >>> spectra([1, 2, 1, 2, 3], vocab_size=4, max_order=2)[2].types.tolist()
    [2, 1]
    """
    counter = select(backend, threads)
    chunk = Chunk.of_documents(*as_documents(tokens, lengths, eot=eot, gpu=counter.on_gpu))
    layout = Layout(vocab_size, max_order)
    ranges = passes(lambda: [chunk], chunk.windows, layout, counter, budget(memory), Use.spectra)
    found = tables(lambda: [chunk], layout, counter, WHOLE, ranges)
    return {n: joint[WHOLE[0]].first for n, joint in found.ngrams.items()}


class NgramCounter:
    """Counts n-grams of tokens that come batch by batch.

    Parameters
    ----------
    vocab_size, max_order
        The layout: ``max_order * ceil(log2(vocab_size + 1))`` is at most 128.
    halves
        Keep counts of two halves of the documents, so that `profile` carries a noise floor.
    memory
        What counts and waiting tokens may take; half of what is free by default.
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
    ) -> None:
        self.layout = Layout(vocab_size, max_order, 2 if halves else 1)
        self._backend = select(backend, threads)
        self._memory = budget(memory)
        _, each = self._backend.needs(self.layout, self.layout.shards, rows=True)
        fit = self._memory // 4 // each
        self._enough = max(_FEWEST_PENDING, min(self._backend.batch_tokens, fit))
        self.reset()

    def reset(self) -> None:
        """Forget everything counted."""
        self._runs: list[Run] = []
        self._waiting: list[DeviceBatch] = []  # later than what is pending
        self._pending: list[Chunk] = []
        self._pending_tokens = 0
        self._documents = 0

    def update(
        self,
        tokens: object,
        *,
        lengths: object = None,
        mask: object = None,
    ) -> None:
        """Add documents; the tokens are copied, so their memory may be used again.

        CUDA tensors, for the cuda backend, are copied on the GPU, in the order of the current CuPy
        stream, and nothing waits for it; a wrong id among them is told when they are counted.

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
        """
        if on_gpu(tokens):
            as_tokens(tokens, gpu=self._backend.on_gpu)  # or says what to do
            batch = DeviceBatch(tokens, lengths, mask, self.layout.vocab_size)
            self._waiting.append(batch)
            self._pending_tokens += batch.size
            for batch in reversed(self._waiting):
                if batch.is_copied():
                    break
        else:
            self._number_waiting()
            ids, start, stop = as_documents(tokens, lengths, mask)
            self._check(ids, start, stop)
            narrow = np.uint16 if self.layout.vocab_size <= 2**16 else np.uint32
            self._append(ids.astype(narrow), start, stop)
            self._pending_tokens += ids.size
        if self._pending_tokens >= self._enough:
            self._count()

    def _append(
        self,
        ids: npt.NDArray[np.integer],
        start: npt.NDArray[np.int64],
        stop: npt.NDArray[np.int64],
    ) -> None:
        ordinals = np.arange(self._documents, self._documents + len(start))
        half = half_of(group_of(ordinal_hash(ordinals))) if self.layout.labels == 2 else None
        self._pending.append(Chunk.of_documents(ids, start, stop, half))
        self._documents += len(start)

    def _number_waiting(self) -> None:
        """Number the documents of batches that wait on a GPU; one with a wrong id is dropped."""
        while self._waiting:
            batch = self._waiting.pop(0)
            try:
                self._append(*batch.documents())
            except ValueError:
                self._pending_tokens -= batch.size
                raise

    def merge(self, other: "NgramCounter | Profile") -> None:
        """Add everything that `other` has counted, or that a profile with its table knows."""
        if other.layout != self.layout:
            raise LayoutMismatchError(
                f"counters must have one layout to be merged, got {self.layout} and {other.layout}"
            )
        self._number_waiting()
        if isinstance(other, Profile):
            self._runs.append(other.run)
            self._documents += other.documents
            self._tidy()
            return
        other._number_waiting()
        self._runs += other._runs
        self._pending += other._pending
        self._pending_tokens += other._pending_tokens
        self._documents += other._documents
        self._tidy()

    def profile(self) -> Profile:
        """Profile of everything counted so far; counting may go on."""
        self._count()
        if len(self._runs) > 1:
            self._merge(len(self._runs))
        run = self._runs[0] if self._runs else Run.empty(self.layout)
        masks = HALVES if self.layout.labels == 2 else WHOLE
        return Profile(
            name="counter",
            layout=self.layout,
            tables=self._backend.spectra(run, self.layout, masks),
            documents=self._documents,
            sample=Sample.empty(),
            table=MemoryTable(run),
        )

    def _check(
        self,
        ids: npt.NDArray[np.integer],
        start: npt.NDArray[np.int64],
        stop: npt.NDArray[np.int64],
    ) -> None:
        wrong = (ids < 0) | (ids > self.layout.vocab_size - 1)
        if not wrong.any():
            return
        at = np.flatnonzero(wrong)
        document = np.searchsorted(start, at, side="right") - 1
        at = at[(document >= 0) & (at < stop[document])]  # padding ids under a mask may be anything
        if len(at):
            raise ValueError(
                f"token id {ids[at[0]]} at position {at[0]} is outside the vocabulary of "
                f"{self.layout.vocab_size:,}: give the right vocab_size, or mask the position"
            )

    def _count(self) -> None:
        self._number_waiting()
        if self._pending:
            self._runs.append(self._backend.count(self._pending, self.layout))
            self._pending, self._pending_tokens = [], 0
        self._tidy()

    def _tidy(self) -> None:
        """Merge runs of like size, so that each row is merged a logarithmic number of times."""
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            self._merge(2)
        self._check_room(sum(run.nbytes for run in self._runs))

    def _merge(self, last: int) -> None:
        """Merge the last runs into one."""
        held = sum(run.nbytes for run in self._runs)
        self._check_room(held + (_MERGING - 1) * sum(run.nbytes for run in self._runs[-last:]))
        self._runs[-last:] = [self._backend.merge(self._runs[-last:])]

    def _check_room(self, needed: int) -> None:
        if needed > self._memory:
            raise MemoryError(
                f"counting needs {needed:,} bytes for its n-grams, memory is {self._memory:,}: "
                f"give at least {2 * needed:,}, a smaller max_order, or reset more often"
            )
