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
from .buffers import Buffers
from .groups import Groups
from .packing import Update, pack
from .snapshot import Snapshot
from .state import MonitorState
from .surprisal import SurprisalSums
from .window import Window


class Contents:
    """The documents and sums of a monitor. Only the worker thread uses them.

    Parameters
    ----------
    window
        The most tokens that the figures cover; None if they cover all since the start.
    newest
        The most tokens that are kept if there is no window.
    counter
        Counts all tokens since the start; None with a window.
    """

    def __init__(
        self, layout: Layout, window: int | None, newest: int, counter: NgramCounter | None
    ) -> None:
        self.layout = layout
        self.window = Window(layout.vocab_size, newest if window is None else window)
        self.surprisals = SurprisalSums(layout.vocab_size)
        self.groups = Groups(layout.vocab_size, layout.max_order, window)
        self.counter = counter
        self.figures: dict[str, float] | None = None  # of these contents, once computed
        self._documents_seen = 0
        self._unread: list[Update] = []  # could not be copied from a GPU that failed
        self._packed: list[tuple[PackedBatch, Update]] = []
        self._uncounted: deque[PackedBatch] = deque()

    def add(self, updates: deque[Update], buffers: Buffers, gpu: int | None) -> list[Exception]:
        """Take all updates and count them, with `gpu` as the current GPU unless it is None.

        Documents that cannot be read or counted because a GPU failed are left for the next call,
        and invalid updates are dropped. Returns every error.
        """
        waiting, self._unread = self._unread, []
        waiting += [updates.popleft() for _ in range(len(updates))]
        packed, self._unread, errors = pack(waiting, self.layout.vocab_size)
        for batch, update in packed:
            numbered = replace(batch, ordinal=batch.ordinal + self._documents_seen)
            self._documents_seen += len(batch.length)
            self._packed.append((numbered, update))
        try:
            self._join(buffers)
            with select_gpu(gpu):
                while self._uncounted:
                    self._count(self._uncounted[0])
                    self._uncounted.popleft()
        except Exception as error:
            errors.append(error)
        return errors

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
        newest, surprisals, groups = self.window.all(), self.surprisals.copy(), self.groups.state()
        if self.counter is not None:
            profile = self.counter.profile()
            return Snapshot(newest, profile.documents, surprisals, profile.run, groups)
        table = backend.count(self.window.chunks(), self.layout)
        return Snapshot(newest, self.window.documents, surprisals, table, groups)

    def state(self) -> MonitorState:
        """Return a copy of the contents, as they are saved."""
        return MonitorState(
            self._documents_seen,
            self.window.all(),
            self.surprisals.sums.copy(),
            self.groups.state(),
            None if self.counter is None else self.counter.profile(),
        )

    def merge(self, state: MonitorState) -> None:
        """Add the contents of another monitor; no document leaves the window."""
        if self.counter is not None and state.counted is not None:
            self.counter.merge(state.counted)  # first, because memory may be short
        self.window.merge(state.newest)
        self._documents_seen = max(self._documents_seen, state.documents_seen)
        self.surprisals.sums += state.surprisal_sums
        self.groups.merge(state.groups)
        self.figures = None

    def widen(self, window: int) -> None:
        """Set the most tokens that the figures cover."""
        self.window.limit = window
        self.groups.widen(window)

    def _join(self, buffers: Buffers) -> None:
        """Copy all packed documents into one batch, and give back their memory."""
        packed = self._packed
        if not packed:
            return
        joined = join([batch for batch, _ in packed], self.layout.vocab_size)
        for number, (batch, update) in enumerate(packed):
            if batch.grouping is not None:
                self.groups.add(batch, batch.grouping)
                packed[number] = replace(batch, grouping=None), update  # not to be added again
        self._uncounted.append(joined)
        self._packed = []
        for _, update in packed:
            if update.buffer is not None:
                buffers.give_back(update.buffer)

    def _count(self, batch: PackedBatch) -> None:
        if self.counter is not None:
            self.counter.update(batch.ids, lengths=batch.length)
        self.figures = None
        left_window = self.window.add(batch)
        if batch.surprisal is not None:
            self.surprisals.add(batch.ids, batch.surprisal)
        if self.counter is None:  # otherwise the sums cover all tokens since the start
            for old in left_window:
                if old.surprisal is not None:
                    self.surprisals.add(old.ids, old.surprisal, -1)
