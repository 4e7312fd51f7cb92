"""What a monitor has counted. The worker thread adds to it; the figures are computed from it."""

from collections import deque
from dataclasses import replace

from ..backends.base import Backend
from ..counting.spectra import count_spectra
from ..ngrams.layout import Layout
from ..ngrams.spectrum import NO_HALVES, JointSpectra
from ..profiles.counter import NgramCounter
from ..system.gpu import select_gpu
from ..system.memory import budget
from .batch import PackedBatch, join
from .packing import Arguments, pack
from .snapshot import Snapshot
from .state import MonitorState
from .surprisal import SurprisalSums
from .window import Window


class Contents:
    """The documents and sums of a monitor.

    While a block waits for the worker thread, only that thread may use them.

    Parameters
    ----------
    limit
        The most tokens that the window holds.
    counter
        Counts all tokens since the start; None if the figures cover the window alone.
    """

    def __init__(self, layout: Layout, limit: int, counter: NgramCounter | None) -> None:
        self.layout = layout
        self.window = Window(layout.vocab_size, limit)
        self.surprisals = SurprisalSums(layout.vocab_size)
        self.counter = counter
        self._documents_seen = 0
        self._unread: list[Arguments] = []  # could not be copied from a GPU that failed
        self._uncounted: deque[PackedBatch] = deque()

    @property
    def is_incomplete(self) -> bool:
        """Whether a failure has kept documents from being counted."""
        return bool(self._unread or self._uncounted)

    def pack(self, block: list[Arguments]) -> Exception | None:
        """Copy and number the documents of a block, for `count`.

        Documents that cannot be read because a GPU failed are left for the next call. Invalid
        updates are dropped. Returns the first error, or None.
        """
        batches, self._unread, error = pack(self._unread + block, self.layout.vocab_size)
        for number, batch in enumerate(batches):
            batches[number] = replace(batch, ordinal=batch.ordinal + self._documents_seen)
            self._documents_seen += len(batch.length)
        self._uncounted.append(join(batches, self.layout.vocab_size))
        return error

    def count(self, gpu: int | None) -> None:
        """Count all packed documents, with `gpu` as the current GPU unless it is None.

        Documents that could not be counted because of an exception are left for the next call.
        """
        while self._uncounted:
            with select_gpu(gpu):
                self._count(self._uncounted[0])
            self._uncounted.popleft()

    def spectra(self, backend: Backend, memory: int | str | None) -> tuple[JointSpectra, int]:
        """Return the spectra of all tokens that the figures cover, and the number of documents."""
        if self.counter is not None:
            profile = self.counter.profile()
            return profile.joint_spectra, profile.documents
        window = self.window
        joint_spectra = count_spectra(
            window.chunks, window.tokens, self.layout, backend, NO_HALVES, budget(memory)
        )
        return joint_spectra, window.documents

    def snapshot(self, backend: Backend) -> Snapshot:
        """Return what the figures are computed from."""
        newest = self.window.all()
        if self.counter is not None:
            profile = self.counter.profile()
            return Snapshot(newest, profile.documents, self.surprisals, profile.run)
        table = backend.count(self.window.chunks(), self.layout)
        return Snapshot(newest, self.window.documents, self.surprisals, table)

    def merge(self, other: "Contents") -> None:
        """Add the contents of `other`; no document leaves the window."""
        self.window.merge(other.window)
        self._documents_seen = max(self._documents_seen, other._documents_seen)
        if self.counter is not None and other.counter is not None:
            self.counter.merge(other.counter)
        self.surprisals.sums += other.surprisals.sums

    def state(self) -> MonitorState:
        """Return the contents as they are saved."""
        counted = None if self.counter is None else self.counter.profile()
        return MonitorState(self._documents_seen, self.window.all(), self.surprisals.sums, counted)

    def load(self, state: MonitorState) -> None:
        """Load a saved state; the contents must be empty."""
        self._documents_seen = state.documents_seen
        self.window.add(state.newest)
        self.surprisals.sums += state.surprisal_sums
        if self.counter is not None and state.counted is not None:
            self.counter.merge(state.counted)

    def _count(self, batch: PackedBatch) -> None:
        if self.counter is not None:
            self.counter.update(batch.ids, lengths=batch.length)
        left_window = self.window.add(batch)
        if batch.surprisal is not None:
            self.surprisals.add(batch.ids, batch.surprisal)
        if self.counter is None:  # otherwise the sums cover all tokens since the start
            for old in left_window:
                if old.surprisal is not None:
                    self.surprisals.add(old.ids, old.surprisal, -1)
