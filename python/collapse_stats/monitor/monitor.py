"""`CollapseMonitor`, which a training or generation loop calls."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..backends.selection import select
from ..comparisons.comparison import Comparison
from ..corpus.corpus import TokenizerIdentity
from ..corpus.sample import DEFAULT_TOKENS
from ..errors import LayoutMismatchError
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra
from ..profiles.counter import NgramCounter
from ..profiles.profile import Profile
from .background import Background
from .baseline import Baseline, resolved
from .batch import PackedBatch
from .contents import Contents
from .figures import Measured, chosen, computed
from .floors import Floored
from .groups import Groups
from .packing import copied
from .snapshot import Snapshot
from .state import MonitorState
from .surprisal import SurprisalSums
from .update_args import UpdateArguments
from .whole import whole
from .window import Window, sample_of

_BLOCK_TOKENS = 1 << 18  # handed to the worker thread at once
_WAITING_BLOCKS = 8


class CollapseMonitor(Floored):
    """Figures of the newest tokens of a run, compared with a baseline.

    `update` copies its arguments and returns; a thread of the monitor does the rest, and `compute`
    waits for it. When more than 8 blocks of 2**18 tokens wait for the thread, `update` waits for
    the oldest: nothing is dropped. Several threads may call `update`; all other calls must come
    from one thread. An interrupt (Ctrl-C) at any moment leaves a monitor with right figures: an
    `update` that it meets adds its documents or does not, and every other call is finished by the
    thread.

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
        ``file:tokenizer.json``: a baseline or a state of another one is then refused, and the
        vocabulary may have more ids than the tokenizer, as models often do.
    baseline_logprobs
        What the model that gives `logprobs` makes of the baseline, as `set_baseline_logprobs` takes
        it: perplexities then have floors.
    figures
        Which figures `compute` returns: ``"default"`` (about a dozen), ``"all"``, or a list of
        keys.
    backend, memory, device_memory
        As in `NgramCounter`.
    threads
        Threads that count in `compute`; all by default. Beside the loop, a single thread counts
        unless `threads` is given.

    Attributes
    ----------
    names
        Every key that `compute` can return.
    window
        As the parameter; after `merge`, the sum of both windows.

    Raises
    ------
    TypeError, ValueError
        for an argument of another type or out of its range, naming it.
    LayoutMismatchError
        when the ids of the baseline have another meaning.

    Examples
    --------
    >>> monitor = CollapseMonitor(vocab_size=8, max_order=3)
    >>> monitor.update([[1, 2, 3, 1], [2, 3, 1, 2]])
    >>> monitor.compute()["distinct_ratio/3"]
    0.75
    """

    def __init__(
        self,
        vocab_size: int | None = None,
        max_order: int = 4,
        baseline: Profile | str | os.PathLike[str] | None = None,
        window: int | None = 50_000_000,
        *,
        tokenizer: str | TokenizerIdentity | None = None,
        baseline_logprobs: object = None,
        figures: str | Iterable[str] = "default",
        backend: str = "auto",
        threads: int | None = None,
        memory: int | str | None = None,
        device_memory: int | str | None = None,
    ) -> None:
        if vocab_size is not None:
            vocab_size = whole("vocab_size", vocab_size, "a number of token ids")
        if window is not None:
            window = whole("window", window, "a number of tokens or None for all")
        max_order = whole("max_order", max_order, "the length of the longest n-grams")
        vocab_size, self.tokenizer = resolved(vocab_size, tokenizer)
        self.layout = Layout(vocab_size, max_order)
        self.window = window
        self.backend = select(backend, threads, device_memory)
        self._baseline: Baseline | None = None
        if baseline is not None:
            self._baseline = Baseline(baseline, self.layout, self.tokenizer)
        self.names = chosen(figures, max_order, baseline=baseline is not None)
        self._parameters: dict[str, Any] = {
            "vocab_size": vocab_size,
            "max_order": max_order,
            "baseline": None if self._baseline is None else self._baseline.profile,
            "tokenizer": self.tokenizer,
            "figures": self.names,
            "backend": backend,
            "threads": threads,
            "memory": memory,
            "device_memory": device_memory,
        }
        self._human_answers: PackedBatch | None = None
        self._background = Background(
            self._new_contents(), self.backend, _BLOCK_TOKENS, _WAITING_BLOCKS
        )
        if baseline_logprobs is not None:
            self.set_baseline_logprobs(baseline_logprobs)

    @property
    def compared_tokens(self) -> int:
        """The largest number of newest tokens that are compared with the baseline."""
        return 0 if self._baseline is None else self._baseline.tokens

    @property
    def sampled_tokens(self) -> int:
        """The largest number of newest tokens in which repetition and copies are looked for."""
        return DEFAULT_TOKENS if self._baseline is None else self._baseline.tokens

    def reset(self) -> None:
        """Forget every token."""
        self._background.replace(self._new_contents)

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
        groups: object = None,
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
            Shaped like `tokens`: the natural logarithm of the probability that the model gave to
            each token, or NaN if it gave none.
        groups
            One id, a whole number or a text, for each document: those of one update that have the
            same id are answers to the same prompt, and are compared with each other.

        Raises
        ------
        TypeError
            for arrays of another type.
        ValueError
            naming an id outside the vocabulary and its position, or an argument of a wrong shape.
            Nothing of this batch is added. For tokens on a GPU, a later call raises it.
        BackendError
            when a GPU failed. Nothing is lost, and the next call tries again to count.
        """
        arguments = UpdateArguments(
            tokens, mask, lengths, cu_seqlens, begins, logprobs, pad, groups
        )
        self._background.add(copied(arguments, self.layout.vocab_size, self._background.buffers))

    def compute(self) -> dict[str, float]:
        """Return the chosen figures. Waits until all tokens are counted, also those on a GPU.

        A figure that the data do not support is absent: for example, those against the baseline
        while either side has fewer than 64 documents. `names` lists every possible key.
        """
        found = self._background.when_counted(self._all_figures)
        return {key: found[key] for key in self.names if key in found}

    def floors(self) -> dict[str, float]:
        """Return the floor of every chosen figure that has one, by the key ``floor/...``.

        A floor is what the figure is between halves of the baseline, at the size of the newest
        tokens. It stays the same once these are as many as the sample of the baseline.
        """
        found = self._background.when_counted(self._all_figures)
        return {key: found[key] for key in self.floor_names if key in found}

    def figures_of(
        self,
        joint_spectra: JointSpectra,
        documents: int,
        window: Window,
        surprisals: SurprisalSums,
        groups: Groups,
    ) -> dict[str, float]:
        """Return figures and floors of the contents of this monitor, or of several ranks."""
        comparison = None
        if self._baseline is not None:
            comparison = self._baseline.compare(window, self.backend)
        measured = Measured(
            self.layout.vocab_size,
            joint_spectra,
            documents,
            sample_of(window.last(self.sampled_tokens)),
            comparison,
            surprisals,
            self._baseline,
            groups.figures(self._human_answers),
        )
        return computed(measured, (*self.names, *self.floor_names))

    def comparison(self) -> Comparison | None:
        """Compare the newest tokens with as many of the baseline; its `verdict` takes seconds.

        None without a baseline, or with fewer than 64 documents on either side.
        """
        baseline = self._baseline
        if baseline is None:
            return None
        return self._background.when_counted(
            lambda contents: baseline.compare(contents.window, self.backend, samples=True)
        )

    def merge(self, other: "CollapseMonitor | Mapping[str, Any]") -> None:
        """Add the contents of another monitor, or of its `state_dict`.

        The result's window is the sum of both windows.

        Raises
        ------
        LayoutMismatchError
            when tokenizers, vocabularies or orders differ, or only one of the two has a window.
        ValueError
            when a state is incomplete or damaged.
        """
        if isinstance(other, CollapseMonitor):
            if not self.tokenizer.may_equal(other.tokenizer):
                raise LayoutMismatchError(
                    f"monitors must count ids of one tokenizer to be merged, got {self.tokenizer} "
                    f"and {other.tokenizer}"
                )
            other = other.state_dict()
        window = other.get("window")
        if (window is None) != (self.window is None):
            raise LayoutMismatchError(
                "monitors must both have a window or none to be merged, got windows of "
                f"{self.window} and {window} tokens"
            )
        state = MonitorState.from_dict(other, self.layout, window, self.tokenizer)
        self._background.when_counted(self._merge, state, window)

    def snapshot(self) -> Snapshot:
        """Return what the figures are computed from. Waits as `compute` does."""
        return self._background.when_counted(Contents.snapshot, self.backend)

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that was counted, as numbers, texts and NumPy arrays.

        The baseline is not included, nor are human answers (`set_group_floor`), but the floor of
        the perplexities is. With a window, the state takes 2 or 4 bytes per token; without one, 16
        to 24 bytes per n-gram.
        """
        counted = self._background.when_counted(Contents.state)
        floor = None if self._baseline is None else self._baseline.surprisals
        state = replace(counted, baseline_surprisals=floor)
        return state.to_dict(self.layout, self.window, self.tokenizer)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Replace the contents by those of a `state_dict`; arrays may be anything NumPy can view.

        Raises
        ------
        LayoutMismatchError
            when the state is from a monitor with other parameters, or of another tokenizer.
        ValueError
            when the state is incomplete or damaged. Nothing changes after either error.
        """
        loaded = MonitorState.from_dict(state, self.layout, self.window, self.tokenizer)
        self._background.replace(lambda: self._new_contents(loaded))

    def settle(self) -> None:
        """Wait until every token is counted."""
        self._background.when_counted(lambda contents: None)

    def __getstate__(self) -> dict[str, Any]:
        """Return everything but the thread, for copies and pickles."""
        return {
            "arguments": self._parameters,
            "state": self.state_dict(),
            "human_answers": self._human_answers,
        }

    def __setstate__(self, pickled: dict[str, Any]) -> None:
        parameters = dict(pickled["arguments"], window=pickled["state"]["window"])
        self.__init__(**parameters)  # type: ignore[misc]
        self._human_answers = pickled["human_answers"]
        self.load_state_dict(pickled["state"])

    def _new_contents(self, state: MonitorState | None = None) -> Contents:
        """Return empty contents, or those of a state."""
        counter = None
        if self.window is None:
            threads = self._parameters["threads"]
            counter = NgramCounter(
                self.layout.vocab_size,
                self.layout.max_order,
                backend=self._parameters["backend"],
                threads=1 if threads is None else threads,
                memory=self._parameters["memory"],
                device_memory=self._parameters["device_memory"],
            )
        contents = Contents(self.layout, self.window, self.sampled_tokens, counter)
        if state is not None:
            contents.merge(state)
            if self._baseline is not None and state.baseline_surprisals is not None:
                self._baseline.surprisals = state.baseline_surprisals
        return contents

    def _all_figures(self, contents: Contents) -> dict[str, float]:
        """Return figures and floors, from those that were computed last if nothing has changed."""
        if contents.figures is None:
            contents.figures = self.figures_of(
                *contents.spectra(self.backend, self._parameters["memory"]),
                contents.window,
                contents.surprisals,
                contents.groups,
            )
        return contents.figures

    def _merge(self, contents: Contents, state: MonitorState, window: int | None) -> None:
        contents.merge(state)
        if self._baseline is not None and self._baseline.surprisals is None:
            self._baseline.surprisals = state.baseline_surprisals
        if self.window is not None and window is not None:
            self.window += window
            contents.widen(self.window)
        else:
            contents.window.trim()
