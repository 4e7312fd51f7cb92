"""`CollapseMonitor`, which a training or generation loop calls."""

import os
from collections import deque
from collections.abc import Mapping
from typing import Any

from ..backends.selection import select
from ..comparisons.comparison import Comparison
from ..corpus.corpus import TokenizerIdentity
from ..errors import LayoutMismatchError
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra
from ..profiles.counter import NgramCounter
from ..profiles.profile import Profile
from ..system.gpu import current_gpu
from . import figures
from .arena import Arena
from .baseline import Baseline, resolved
from .contents import Contents
from .device_args import DeviceArguments
from .packing import Arguments
from .snapshot import Snapshot
from .state import MonitorState
from .surprisal import SurprisalSums
from .update_args import UpdateArguments
from .window import Window
from .worker import Worker

_BLOCK_TOKENS = 1 << 18  # handed to the worker thread at once
_WAITING_BLOCKS = 8
_ARENA_BYTES = 12  # per token of a block: id, mask, log-probability and a reserve


class CollapseMonitor:
    """Figures of the newest tokens of a run, compared with a baseline.

    `update` copies its arguments and returns; a thread of the monitor does the rest, and `compute`
    waits for it. When more than 8 blocks of 2**18 tokens wait for the thread, `update` waits for
    the oldest: nothing is dropped. All calls of one monitor must come from one thread.

    Parameters
    ----------
    vocab_size, max_order
        Token ids lie below `vocab_size`, by default that of `tokenizer`;
        ``max_order * ceil(log2(vocab_size + 1))`` is at most 128.
    baseline
        A `Profile` with its sample, or the path of a saved one. The newest tokens are compared with
        it, at most as many as the sample holds (2 million by default).
    window
        The figures cover this many of the newest tokens, in whole documents. None: they cover all
        tokens since the start, whose n-gram counts are then kept.
    tokenizer
        The tokenizer that the ids are of, as `cs.profile` takes it, such as
        ``file:tokenizer.json``: a baseline of another one is then refused, and the vocabulary may
        have more ids than the tokenizer, as models often do.
    backend, memory
        As in `NgramCounter`.
    threads
        Threads that count in `compute`; all by default. Beside the loop, a single thread counts
        unless `threads` is given.

    Examples
    --------
    >>> monitor = CollapseMonitor(vocab_size=8, max_order=2)
    >>> monitor.update([[1, 2, 3, 1], [2, 3, 1, 2]])
    >>> monitor.compute()["distinct_ratio/1"]
    0.375
    """

    def __init__(
        self,
        vocab_size: int | None = None,
        max_order: int = 4,
        baseline: Profile | str | os.PathLike[str] | None = None,
        window: int | None = 50_000_000,
        *,
        tokenizer: str | TokenizerIdentity | None = None,
        backend: str = "auto",
        threads: int | None = None,
        memory: int | str | None = None,
    ) -> None:
        vocab_size, self.tokenizer = resolved(vocab_size, tokenizer)
        if window is not None and window < 1:
            raise ValueError(f"window must be a number of tokens or None for all, got {window}")
        self.layout = Layout(vocab_size, max_order)
        self.window = window
        self.backend = select(backend, threads)
        self._baseline: Baseline | None = None
        if baseline is not None:
            self._baseline = Baseline(baseline, self.layout, self.tokenizer)
        self._parameters: dict[str, Any] = {
            "vocab_size": vocab_size,
            "max_order": max_order,
            "baseline": None if self._baseline is None else self._baseline.profile,
            "tokenizer": self.tokenizer,
            "backend": backend,
            "threads": threads,
            "memory": memory,
        }
        self._worker = Worker(_WAITING_BLOCKS)
        self._free_arenas: deque[Arena] = deque()
        self.reset()

    @property
    def names(self) -> tuple[str, ...]:
        """Every key that `compute` can return."""
        return figures.names(self.layout.max_order, baseline=self._baseline is not None)

    @property
    def compared_tokens(self) -> int:
        """The largest number of newest tokens that are compared with the baseline."""
        return 0 if self._baseline is None else self._baseline.tokens

    def reset(self) -> None:
        """Forget every token."""
        self._worker.drop()
        self._block: list[Arguments] = []  # not handed to the worker thread yet
        self._block_tokens = 0
        self._block_arena = self._take_arena()
        counter = self._new_counter() if self.window is None else None
        limit = self.compared_tokens if self.window is None else self.window
        self._contents = Contents(self.layout, limit, counter)
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
        """Add documents. They are copied; those on a GPU in the order of the caller's stream.

        Parameters
        ----------
        tokens
            ``(T,)`` one document, or ``(D, T)`` one document per row: NumPy, torch, CuPy, JAX, or
            anything NumPy can view, on CPU or GPU; integers of 8 to 64 bits.
        mask
            Shaped like `tokens`: positions with 0 end a document and are not counted.
        lengths
            For ``(T,)`` tokens, the length of each document packed in them; for ``(D, T)`` tokens,
            how many tokens of each row are counted.
        cu_seqlens
            For packed tokens ``(T,)`` or ``(1, T)``: 0, followed by the end of each document.
        begins
            Shaped like `tokens`: a document begins at each position that is not 0, and at the start
            of each row. For packed rows, give ``position_ids == 0``.
        pad
            An id that ends a document and is not counted.
        logprobs
            As many as tokens: the natural logarithm of the probability that the model gave to each
            token, or NaN if it gave none.

        Raises
        ------
        ValueError
            naming an id outside the vocabulary and its position. Nothing of this batch is added.
            For tokens on a GPU, a later call raises it.
        BackendError
            when a GPU failed. Nothing is lost, and the next call tries again to count.
        """
        arguments = UpdateArguments(tokens, mask, lengths, cu_seqlens, begins, logprobs, pad)
        self._figures = None
        if arguments.is_on_gpu:
            on_device = DeviceArguments(arguments)
            self._block.append(on_device)
            self._block_tokens += on_device.positions
        else:
            to_host, vocab_size = arguments.to_host(), self.layout.vocab_size
            self._block.append(
                to_host.copy_into(self._block_arena, vocab_size)
                if to_host.surely_valid(vocab_size)
                else to_host.pack(vocab_size)
            )
            self._block_tokens += to_host.tokens.size
        if self._block_tokens >= _BLOCK_TOKENS:
            self._hand_over_block()

    def compute(self) -> dict[str, float]:
        """Return every available figure. Waits until all tokens are counted, also those on a GPU.

        A figure that the data do not support is absent: for example, those against the baseline
        while either side has fewer than 64 documents. `names` lists every possible key.
        """
        self.settle()
        if self._figures is None:
            self._figures = self.figures_of(
                *self._contents.spectra(self.backend, self._parameters["memory"]),
                self._contents.window,
                self._contents.surprisals,
            )
        return dict(self._figures)

    def figures_of(
        self, joint_spectra: JointSpectra, documents: int, window: Window, surprisals: SurprisalSums
    ) -> dict[str, float]:
        """Return the figures of `compute` for the contents of this monitor, or of several ranks."""
        comparison = None
        if self._baseline is not None:
            comparison = self._baseline.compare(window, self.backend)
        return figures.all_of(joint_spectra, documents, comparison, surprisals, self._baseline)

    def comparison(self) -> Comparison | None:
        """Compare the newest tokens with as many of the baseline; its `verdict` takes seconds.

        None without a baseline, or with fewer than 64 documents on either side.
        """
        self.settle()
        if self._baseline is None:
            return None
        return self._baseline.compare(self._contents.window, self.backend, samples=True)

    def merge(self, other: "CollapseMonitor") -> None:
        """Add the contents of `other`; the result's window is the sum of both windows.

        Raises
        ------
        LayoutMismatchError
            when tokenizers, vocabularies or orders differ, or only one of the two has a window.
        """
        if not self.tokenizer.may_equal(other.tokenizer):
            raise LayoutMismatchError(
                f"monitors must count ids of one tokenizer to be merged, got {self.tokenizer} and "
                f"{other.tokenizer}"
            )
        if other.layout != self.layout or (other.window is None) != (self.window is None):
            raise LayoutMismatchError(
                "monitors must have one layout, and both a window or none, to be merged: got "
                f"{self.layout} with window {self.window} and {other.layout} with {other.window}"
            )
        self.settle()
        other.settle()
        self._figures = None
        self._contents.merge(other._contents)
        if self.window is not None and other.window is not None:
            self.window += other.window
            self._contents.window.limit = self.window
        else:
            self._contents.window.trim()

    def snapshot(self) -> Snapshot:
        """Return what the figures are computed from. Waits as `compute` does."""
        self.settle()
        return self._contents.snapshot(self.backend)

    def state_dict(self) -> dict[str, Any]:
        """Return all that was counted, as numbers and NumPy arrays. The baseline is not included.

        With a window, the state takes 2 or 4 bytes per token; without one, 16 to 24 bytes per
        n-gram.
        """
        self.settle()
        return self._contents.state().to_dict(self.layout, self.window)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Replace the contents by those of a `state_dict`; arrays may be anything NumPy can view.

        Raises
        ------
        LayoutMismatchError
            when the state is from a monitor with other parameters.
        """
        loaded = MonitorState.from_dict(state, self.layout, self.window)
        self.reset()
        self._contents.load(loaded)

    def settle(self) -> None:
        """Wait until every token is counted."""
        self._hand_over_block()
        self._worker.flush()
        if self._contents.is_incomplete:  # a GPU failed, and an earlier call raised the error
            self._worker.submit(self._add_block, [], None, self._gpu())
            self._worker.flush()

    def __getstate__(self) -> dict[str, Any]:
        """Return everything but the thread, for copies and pickles."""
        return {"arguments": self._parameters, "state": self.state_dict()}

    def __setstate__(self, pickled: dict[str, Any]) -> None:
        parameters = dict(pickled["arguments"], window=pickled["state"]["window"])
        self.__init__(**parameters)  # type: ignore[misc]
        self.load_state_dict(pickled["state"])

    def _new_counter(self) -> NgramCounter:
        threads = self._parameters["threads"]
        return NgramCounter(
            self.layout.vocab_size,
            self.layout.max_order,
            backend=self._parameters["backend"],
            threads=1 if threads is None else threads,
            memory=self._parameters["memory"],
        )

    def _hand_over_block(self) -> None:
        if self._block:
            block, self._block, self._block_tokens = self._block, [], 0
            arena, self._block_arena = self._block_arena, self._take_arena()
            self._worker.submit(self._add_block, block, arena, self._gpu())

    def _gpu(self) -> int | None:
        """Return the GPU that is current in the caller's thread, for the worker thread to use."""
        return current_gpu() if self.backend.on_gpu else None

    def _take_arena(self) -> Arena:
        return self._free_arenas.pop() if self._free_arenas else Arena(_ARENA_BYTES * _BLOCK_TOKENS)

    def _add_block(self, block: list[Arguments], arena: Arena | None, gpu: int | None) -> None:
        """Add a block, on the worker thread. What a failing GPU prevents is left for a later call.

        An exception raised here is raised again by a later call in the caller's thread.
        """
        invalid = self._contents.pack(block)
        if arena is not None:
            arena.clear()
            self._free_arenas.append(arena)
        try:
            self._contents.count(gpu)
        finally:
            if invalid is not None:  # raised only once, while a failure to count will occur again
                raise invalid
