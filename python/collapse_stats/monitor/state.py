"""The state of a monitor as numbers, texts and NumPy arrays, for checkpoints and pickles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..corpus.corpus import TokenizerIdentity
from ..corpus.sample import Sample
from ..counting.table import TableInMemory
from ..errors import LayoutMismatchError
from ..ngrams.ids import id_dtype
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra
from ..ngrams.table import NgramTable
from ..profiles.profile import Profile
from ..uncertainty.halves import BANDS
from .batch import PackedBatch
from .group_figures import FIGURES, GroupRows
from .groups import GroupState
from .surprisal import Int64Array, SurprisalSums

FORMAT = "collapse-stats.monitor/2"
_GROUP_ROWS = ("within", "first", "between")


@dataclass(frozen=True, slots=True)
class MonitorState:
    """All that a monitor has counted; the baseline is not part of it.

    Attributes
    ----------
    documents_seen
        Number of documents that were ever added.
    newest
        The documents in the window.
    surprisal_sums
        ``(3, vocab_size)``, see `SurprisalSums`.
    groups
        The groups of documents.
    counted
        A profile with the table of all tokens; None for a monitor with a window.
    baseline_surprisals
        What a model makes of the baseline, see `Baseline.surprisals`.
    """

    documents_seen: int
    newest: PackedBatch
    surprisal_sums: Int64Array
    groups: GroupState
    counted: Profile | None
    baseline_surprisals: SurprisalSums | None = None

    def to_dict(
        self, layout: Layout, window: int | None, tokenizer: TokenizerIdentity
    ) -> dict[str, Any]:
        """Return the state together with the parameters that a monitor needs to load it."""
        state: dict[str, Any] = {
            "format": FORMAT,
            "vocab_size": layout.vocab_size,
            "max_order": layout.max_order,
            "window": window,
            "tokenizer": tokenizer.spec,
            "tokenizer_sha256": tokenizer.sha256,
            "seen": self.documents_seen,
            "ids": self.newest.ids,
            "length": self.newest.length,
            "ordinal": self.newest.ordinal,
        }
        if self.surprisal_sums.any():
            state["surprisal_sums"] = self.surprisal_sums
        if self.newest.surprisal is not None:
            state["surprisal"] = self.newest.surprisal
        if self.baseline_surprisals is not None:
            state["baseline_surprisals"] = self.baseline_surprisals.sums.copy()
        if len(self.groups.within):
            for name in _GROUP_ROWS:
                rows: GroupRows = getattr(self.groups, name)
                state[f"{name}_tokens"] = rows.tokens.copy()
                state[f"{name}_documents"] = rows.documents.copy()
                state[f"{name}_values"] = rows.values.copy()
            state["waiting_ids"] = self.groups.waiting.ids
            state["waiting_length"] = self.groups.waiting.length
        if self.counted is not None:
            table = self.counted.run
            state |= {"keys": table.keys.copy(), "counts": table.counts.copy()}
            state["documents"] = self.counted.documents
        return state

    @classmethod
    def from_dict(
        cls,
        state: Mapping[str, Any],
        layout: Layout,
        window: int | None,
        tokenizer: TokenizerIdentity,
    ) -> "MonitorState":
        """Read what `to_dict` returned; the arrays are copied.

        Raises
        ------
        LayoutMismatchError
            when the state is from a monitor with other parameters, or of another tokenizer.
        ValueError
            when the state is incomplete or damaged.
        """
        _check_parameters(state, layout, window, tokenizer)
        read = _Reader(state, layout.vocab_size)
        surprisal = read.array("surprisal", np.int32, 1) if "surprisal" in state else None
        newest = PackedBatch(
            *read.documents("ids", "length"), read.array("ordinal", np.int64, 1), surprisal
        )
        if len(newest.ordinal) != len(newest.length):
            read.refuse("ordinal", f"one number for each of {len(newest.length):,} documents")
        if surprisal is not None and len(surprisal) != newest.tokens:
            read.refuse("surprisal", f"one number for each of {newest.tokens:,} tokens")
        sums = np.zeros((3, layout.vocab_size), dtype=np.int64)
        if "surprisal_sums" in state:
            sums = read.array("surprisal_sums", np.int64, 2)
            if sums.shape != (3, layout.vocab_size):
                read.refuse("surprisal_sums", f"of shape {(3, layout.vocab_size)}")
        counted = None if window is not None else read.profile(layout)
        floor = read.baseline_surprisals() if "baseline_surprisals" in state else None
        return cls(read.whole("seen"), newest, sums, read.groups(), counted, floor)


def _check_parameters(
    state: Mapping[str, Any], layout: Layout, window: int | None, tokenizer: TokenizerIdentity
) -> None:
    expected = (FORMAT, layout.vocab_size, layout.max_order, window)
    actual = tuple(state.get(key) for key in ("format", "vocab_size", "max_order", "window"))
    if actual != expected:
        raise LayoutMismatchError(
            "the state must be of a monitor with (format, vocab_size, max_order, window) "
            f"{expected}, got {actual}: make the monitor with these parameters"
        )
    saved = TokenizerIdentity(state.get("tokenizer", "none"), state.get("tokenizer_sha256"))
    if not saved.may_equal(tokenizer):
        raise LayoutMismatchError(
            f"the state must be of ids of tokenizer {tokenizer}, got one of {saved}: make the "
            "monitor with that tokenizer, or begin without the state"
        )


class _Reader:
    """Reads the entries of a state and checks them."""

    def __init__(self, state: Mapping[str, Any], vocab_size: int) -> None:
        self._state, self._vocab_size = state, vocab_size

    def refuse(self, key: str, expected: str) -> None:
        """Raise ValueError that says what an entry must be."""
        found = self._state.get(key)
        shape = getattr(found, "shape", None)
        got = repr(found) if shape is None else f"shape {tuple(shape)}"
        raise ValueError(
            f"the state's {key} must be {expected}, got {got}: give what state_dict returned"
        )

    def array(self, key: str, dtype: Any, dimensions: int) -> Any:
        """Return a copy of an array."""
        if key not in self._state:
            self.refuse(key, "an array")
        array = np.asarray(self._state[key]).copy()
        if array.ndim != dimensions or not np.can_cast(array.dtype, dtype):
            self.refuse(key, f"an array of {dimensions} dimensions that {np.dtype(dtype)} can hold")
        return array.astype(dtype, copy=False)

    def whole(self, key: str) -> int:
        """Return a whole number, at least 0."""
        value = self._state.get(key)
        if not isinstance(value, int | np.integer) or value < 0:
            self.refuse(key, "a whole number, at least 0")
        return int(value)  # type: ignore[arg-type]

    def documents(self, ids_key: str, length_key: str) -> tuple[Any, Int64Array]:
        """Return packed documents and their lengths."""
        ids = self.array(ids_key, id_dtype(self._vocab_size), 1)
        length = self.array(length_key, np.int64, 1)
        if np.any(length < 1) or length.sum() != len(ids):
            self.refuse(length_key, f"lengths of documents that add up to {len(ids):,} tokens")
        if len(ids) and int(ids.max()) >= self._vocab_size:
            self.refuse(ids_key, f"token ids below {self._vocab_size:,}")
        return ids, length

    def groups(self) -> GroupState:
        """Return the groups, which are missing in the state if there are none."""
        if "within_tokens" not in self._state:
            empty = np.empty(0, np.int64)
            none = GroupRows(empty, empty, np.empty((0, len(FIGURES))))
            nobody = PackedBatch(np.empty(0, id_dtype(self._vocab_size)), empty, empty)
            return GroupState(none, none, none, nobody)
        within, first, between = (self._rows(name) for name in _GROUP_ROWS)
        ids, length = self.documents("waiting_ids", "waiting_length")
        waiting = PackedBatch(ids, length, np.zeros(len(length), np.int64))
        return GroupState(within, first, between, waiting)

    def baseline_surprisals(self) -> SurprisalSums:
        """Return what a model made of the baseline."""
        key, bands = "baseline_surprisals", len(BANDS) + 1
        sums = self.array(key, np.int64, 2)
        if sums.shape != (3, bands):
            self.refuse(key, f"of shape {(3, bands)}")
        found = SurprisalSums(bands)
        found.sums += sums
        return found

    def profile(self, layout: Layout) -> Profile:
        """Return the table of all tokens as a profile, which is what `NgramCounter.merge` takes."""
        keys, counts = (self.array(key, np.uint64, 2) for key in ("keys", "counts"))
        if keys.shape[0] != layout.words or counts.shape != (layout.labels, keys.shape[1]):
            self.refuse("counts", f"of shape {(layout.labels, keys.shape[1])}")
        table = NgramTable(layout, keys, counts)
        return Profile(
            "state",
            layout,
            JointSpectra({}, {}),
            self.whole("documents"),
            Sample.empty(),
            TableInMemory(table),
        )

    def _rows(self, name: str) -> GroupRows:
        tokens = self.array(f"{name}_tokens", np.int64, 1)
        documents = self.array(f"{name}_documents", np.int64, 1)
        values = self.array(f"{name}_values", np.float64, 2)
        if len(documents) != len(tokens) or values.shape != (len(tokens), len(FIGURES)):
            self.refuse(f"{name}_values", f"of shape {(len(tokens), len(FIGURES))}")
        return GroupRows(tokens, documents, values)
