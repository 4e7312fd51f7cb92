"""`CollapseMonitor`: what a loop calls."""

import os
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..backends.selection import select
from ..comparisons.comparison import Comparison
from ..corpus.sample import Sample
from ..counting.spectra import count_spectra
from ..counting.table import TableInMemory
from ..errors import LayoutMismatchError
from ..ngrams.layout import Layout
from ..ngrams.spectrum import NO_HALVES, JointSpectra
from ..ngrams.table import NgramTable
from ..profiles.counter import NgramCounter
from ..profiles.profile import Profile
from ..system.gpu import current_gpu, using
from ..system.memory import budget
from . import figures
from .baseline import Baseline
from .batch import PackedBatch, join
from .snapshot import Snapshot
from .surprisal import SurprisalSums
from .update_args import Arena, Arguments, DeviceArguments, UpdateArguments, packed
from .window import Window
from .worker import Worker

FORMAT = "collapse-stats.monitor/1"
_ARRAYS = ("ids", "length", "ordinal", "surprisal", "surprisal_sums", "keys", "counts")
_BLOCK = 1 << 18  # tokens handed to the thread at once
_WAITING = 8  # blocks
_ARENA = 12  # bytes for each token of a block: id, mask, log-probability and some more


class CollapseMonitor:
    """Figures of the newest tokens of a run, against a baseline.

    `update` copies and returns; a thread of the monitor does the rest, and `compute` waits for it.
    When more than 8 blocks of 2**18 tokens wait for the thread, `update` waits for the oldest:
    nothing is dropped. One monitor belongs to one thread of the caller.

    Parameters
    ----------
    vocab_size, max_order
        Ids lie below `vocab_size`; ``max_order * ceil(log2(vocab_size + 1))`` is at most 128.
    baseline
        What to compare with: a `Profile` with its sample, or the path of a saved one. As many of
        the newest tokens as the sample holds (2 million by default) are compared.
    window
        Figures are of so many newest tokens, in whole documents. None: of all tokens since the
        start, whose n-grams are then kept counted.
    backend, memory
        As in `NgramCounter`.
    threads
        Threads that count in `compute`; all by default. The thread beside the loop counts alone.

    Examples
    --------
    >>> monitor = CollapseMonitor(vocab_size=8, max_order=2)
    >>> monitor.update([[1, 2, 3, 1], [2, 3, 1, 2]])
    >>> monitor.compute()["distinct_ratio/1"]
    0.375
    """

    def __init__(
        self,
        vocab_size: int,
        max_order: int = 4,
        baseline: Profile | str | os.PathLike[str] | None = None,
        window: int | None = 50_000_000,
        *,
        backend: str = "auto",
        threads: int | None = None,
        memory: int | str | None = None,
    ) -> None:
        if window is not None and window < 1:
            raise ValueError(f"window must be a number of tokens or None for all, got {window}")
        self.layout = Layout(vocab_size, max_order)
        self.window = window
        self.backend = select(backend, threads)
        self._memory = memory
        self._counting = (backend, 1 if threads is None else threads)
        self._reference = None if baseline is None else Baseline(baseline, self.layout)
        self._arguments = {
            "vocab_size": vocab_size,
            "max_order": max_order,
            "baseline": None if self._reference is None else self._reference.profile,
            "backend": backend,
            "threads": threads,
            "memory": memory,
        }
        self._worker = Worker(_WAITING)
        self._arenas: deque[Arena] = deque()  # that the thread is done with
        self.reset()

    @property
    def names(self) -> tuple[str, ...]:
        """Every key that `compute` can give."""
        return figures.names(self.layout.max_order, baseline=self._reference is not None)

    @property
    def compared_tokens(self) -> int:
        """So many of the newest tokens, at most, are compared with the baseline."""
        return 0 if self._reference is None else self._reference.tokens

    def reset(self) -> None:
        """Forget every token."""
        self._worker.drop()
        self._open: list[Arguments] = []  # not yet handed to the thread
        self._open_tokens = 0
        self._arena = self._free_arena()
        self._seen = 0  # documents, ever
        self._unread: list[Arguments] = []  # that the thread could not bring from a GPU
        self._late: deque[PackedBatch] = deque()  # that it could not count
        self._counter: NgramCounter | None = None
        if self.window is None:
            backend, threads = self._counting
            self._counter = NgramCounter(
                self.layout.vocab_size,
                self.layout.max_order,
                backend=backend,
                threads=threads,
                memory=self._memory,
            )
        limit = self.compared_tokens if self.window is None else self.window
        self._newest = Window(self.layout.vocab_size, limit)
        self._surprisals = SurprisalSums(self.layout.vocab_size)
        self._figures: figures.Figures | None = None

    def update(
        self,
        tokens: object,
        mask: object = None,
        *,
        lengths: object = None,
        cu_seqlens: object = None,
        begins: object = None,
        pad: int | None = None,
        logprobs: object = None,
    ) -> None:
        """Add documents. They are copied, on a GPU in the order of the caller's stream.

        Parameters
        ----------
        tokens
            ``(T,)`` one document, or ``(D, T)`` one document per row: NumPy, torch, CuPy, JAX, or
            anything NumPy can view, on CPU or GPU; integers of 8 to 64 bits.
        mask
            Shaped like `tokens`: positions with 0 end a document and are not counted.
        lengths
            Of ``(T,)`` tokens, the length of each document packed in them; of ``(D, T)`` tokens,
            how many of each row count.
        cu_seqlens
            Of packed tokens ``(T,)`` or ``(1, T)``: 0, then the end of each document.
        begins
            Shaped like `tokens`: positions that are not 0 begin a document, of packed rows
            ``position_ids == 0``. The first of a row always does.
        pad
            An id that ends a document and is not counted.
        logprobs
            As many as tokens: the natural logarithm of the probability the model gave each token;
            NaN where it gave none.

        Raises
        ------
        ValueError
            when an id is outside the vocabulary, naming it and its position; for tokens on a GPU,
            a later call says so. Nothing of the batch is added then.
        BackendError
            when a GPU failed; nothing is lost, and the next call tries again to count.
        """
        arrival = UpdateArguments(tokens, mask, lengths, cu_seqlens, begins, logprobs, pad)
        self._figures = None
        if arrival.is_on_gpu:
            there = DeviceArguments(arrival)
            self._open.append(there)
            self._open_tokens += there.positions
        else:
            rows, vocab_size = arrival.rows(), self.layout.vocab_size
            later = rows.can_wait(vocab_size)
            self._open.append(
                rows.copied(self._arena, vocab_size) if later else rows.packed(vocab_size)
            )
            self._open_tokens += rows.tokens.size
        if self._open_tokens >= _BLOCK:
            self._hand_over()

    def compute(self) -> dict[str, float]:
        """Every figure that can be given. Waits for all tokens, those on a GPU too.

        A figure that cannot be given honestly is absent: those against the baseline as long as
        either side has fewer than 64 documents, say. `names` has every key there is.
        """
        self.settle()
        if self._figures is None:
            self._figures = self.figures_of(*self._counted(), self._newest, self._surprisals)
        return dict(self._figures)

    def figures_of(
        self, joint_spectra: JointSpectra, documents: int, newest: Window, surprisals: SurprisalSums
    ) -> dict[str, float]:
        """The figures of `compute`, of what this monitor or several ranks hold together."""
        compared = None
        if self._reference is not None:
            compared = self._reference.compare(newest, self.backend)
        return figures.all_of(joint_spectra, documents, compared, surprisals, self._reference)

    def comparison(self) -> Comparison | None:
        """The newest tokens against as many of the baseline; its `verdict` takes seconds.

        None without a baseline, or with fewer than 64 documents on either side.
        """
        self.settle()
        if self._reference is None:
            return None
        return self._reference.compare(self._newest, self.backend, samples=True)

    def merge(self, other: "CollapseMonitor") -> None:
        """Add all that `other` holds; the windows of both are added as well.

        Raises
        ------
        LayoutMismatchError
            when vocabularies or orders differ, or only one of both has a window.
        """
        if other.layout != self.layout or (other.window is None) != (self.window is None):
            raise LayoutMismatchError(
                "monitors must have one layout, and both a window or none, to be merged: got "
                f"{self.layout} with window {self.window} and {other.layout} with {other.window}"
            )
        self.settle()
        other.settle()
        self._figures = None
        self._newest.merge(other._newest)
        if self.window is not None and other.window is not None:
            self.window += other.window
            self._newest.limit = self.window
        else:
            self._newest.trim()
        self._seen = max(self._seen, other._seen)
        if self._counter is not None and other._counter is not None:
            self._counter.merge(other._counter)
        self._surprisals.sums += other._surprisals.sums

    def snapshot(self) -> Snapshot:
        """What the figures are made of. Waits as `compute` does."""
        self.settle()
        newest, documents = self._newest.all(), self._newest.documents
        if self._counter is not None:
            profile = self._counter.profile()
            run, documents = profile.run, profile.documents
        else:
            run = self.backend.count(self._newest.chunks(), self.layout)
        return Snapshot(newest, documents, self._surprisals, run)

    def state_dict(self) -> dict[str, Any]:
        """All that was counted, as numbers and NumPy arrays; the baseline is not in it.

        A window takes 2 or 4 bytes a token; without one, the n-grams take 16 to 24 bytes each.
        """
        self.settle()
        newest = self._newest.all()
        state: dict[str, Any] = {
            "format": FORMAT,
            "vocab_size": self.layout.vocab_size,
            "max_order": self.layout.max_order,
            "window": self.window,
            "seen": self._seen,
            "ids": newest.ids,
            "length": newest.length,
            "ordinal": newest.ordinal,
        }
        if self._surprisals.sums.any():
            state["surprisal_sums"] = self._surprisals.sums.copy()
        if newest.surprisal is not None:
            state["surprisal"] = newest.surprisal
        if self._counter is not None:
            profile = self._counter.profile()
            state |= {"keys": profile.run.keys, "counts": profile.run.counts}
            state["documents"] = profile.documents
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`; arrays may be anything NumPy can view.

        Raises
        ------
        LayoutMismatchError
            when it is of a monitor with other parameters.
        """
        own = (FORMAT, self.layout.vocab_size, self.layout.max_order, self.window)
        found = tuple(state.get(key) for key in ("format", "vocab_size", "max_order", "window"))
        if found != own:
            raise LayoutMismatchError(
                f"the state must be of a monitor with (format, vocab_size, max_order, window) {own}"
                f", got {found}: make the monitor with these"
            )
        self.reset()
        known = {key: np.asarray(state[key]).copy() for key in _ARRAYS if key in state}
        self._newest.add(
            PackedBatch(known["ids"], known["length"], known["ordinal"], known.get("surprisal"))
        )
        self._seen = int(state["seen"])
        self._surprisals.sums += known.get("surprisal_sums", 0)
        if self._counter is not None:
            run = NgramTable(self.layout, known["keys"], known["counts"])
            self._counter.merge(_profile(run, int(state["documents"])))

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: all of the monitor but its thread."""
        return {"arguments": self._arguments, "state": self.state_dict()}

    def __setstate__(self, pickled: dict[str, Any]) -> None:
        arguments = dict(pickled["arguments"], window=pickled["state"]["window"])
        self.__init__(**arguments)  # type: ignore[misc]
        self.load_state_dict(pickled["state"])

    def _counted(self) -> tuple[JointSpectra, int]:
        """Spectra of all tokens, and how many documents they are."""
        if self._counter is not None:
            profile = self._counter.profile()
            return profile.joint_spectra, profile.documents
        newest, limit = self._newest, budget(self._memory)
        found = count_spectra(
            newest.chunks, newest.tokens, self.layout, self.backend, NO_HALVES, limit
        )
        return found, newest.documents

    def settle(self) -> None:
        """Wait until every token is taken in."""
        self._hand_over()
        self._worker.flush()
        if self._unread or self._late:  # a GPU failed, which somebody was told
            self._worker.submit(self._take, [], None, self._gpu())
            self._worker.flush()

    def _hand_over(self) -> None:
        if self._open:
            arrived, self._open, self._open_tokens = self._open, [], 0
            arena, self._arena = self._arena, self._free_arena()
            self._worker.submit(self._take, arrived, arena, self._gpu())

    def _gpu(self) -> int | None:
        """The GPU that counts for this thread, which the monitor's is to use as well."""
        return current_gpu() if self.backend.on_gpu else None

    def _free_arena(self) -> Arena:
        return self._arenas.pop() if self._arenas else Arena(_ARENA * _BLOCK)

    def _take(self, arrived: list[Arguments], arena: Arena | None, gpu: int | None) -> None:
        """Take in what arrived, on the thread. What a failing GPU holds up is for the next time."""
        batches, self._unread, wrong = packed(self._unread + arrived, self.layout.vocab_size)
        for at, batch in enumerate(batches):
            batches[at] = replace(batch, ordinal=batch.ordinal + self._seen)
            self._seen += len(batch.length)
        self._late.append(join(batches, self.layout.vocab_size))
        if arena is not None:
            arena.clear()
            self._arenas.append(arena)
        try:
            while self._late:
                with using(gpu):
                    self._count(self._late[0])
                self._late.popleft()
        finally:
            if wrong is not None:  # first: it is told once, a failure to count the next time too
                raise wrong

    def _count(self, batch: PackedBatch) -> None:
        if self._counter is not None:  # which nothing leaves again
            self._counter.update(batch.ids, lengths=batch.length)
        gone = self._newest.add(batch)
        if batch.surprisal is not None:
            self._surprisals.add(batch.ids, batch.surprisal)
        for old in gone if self._counter is None else []:
            if old.surprisal is not None:
                self._surprisals.add(old.ids, old.surprisal, -1)


def _profile(run: NgramTable, documents: int) -> Profile:
    """What was counted before, as a counter takes it in."""
    nothing = JointSpectra({}, {})
    return Profile("state", run.layout, nothing, documents, Sample.empty(), TableInMemory(run))
