"""The state of a monitor as numbers and NumPy arrays, for checkpoints and pickles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..corpus.sample import Sample
from ..counting.table import TableInMemory
from ..errors import LayoutMismatchError
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra
from ..ngrams.table import NgramTable
from ..profiles.profile import Profile
from .batch import PackedBatch
from .surprisal import Int64Array

FORMAT = "collapse-stats.monitor/1"
_ARRAYS = ("ids", "length", "ordinal", "surprisal", "surprisal_sums", "keys", "counts")


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
    counted
        A profile with the table of all tokens; None for a monitor with a window.
    """

    documents_seen: int
    newest: PackedBatch
    surprisal_sums: Int64Array
    counted: Profile | None

    def to_dict(self, layout: Layout, window: int | None) -> dict[str, Any]:
        """Return the state together with the parameters that a monitor needs to load it."""
        state: dict[str, Any] = {
            "format": FORMAT,
            "vocab_size": layout.vocab_size,
            "max_order": layout.max_order,
            "window": window,
            "seen": self.documents_seen,
            "ids": self.newest.ids,
            "length": self.newest.length,
            "ordinal": self.newest.ordinal,
        }
        if self.surprisal_sums.any():
            state["surprisal_sums"] = self.surprisal_sums.copy()
        if self.newest.surprisal is not None:
            state["surprisal"] = self.newest.surprisal
        if self.counted is not None:
            table = self.counted.run
            state |= {"keys": table.keys, "counts": table.counts}
            state["documents"] = self.counted.documents
        return state

    @classmethod
    def from_dict(
        cls, state: Mapping[str, Any], layout: Layout, window: int | None
    ) -> "MonitorState":
        """Read what `to_dict` returned; the arrays are copied.

        Raises
        ------
        LayoutMismatchError
            when the state is from a monitor with other parameters.
        """
        expected = (FORMAT, layout.vocab_size, layout.max_order, window)
        actual = tuple(state.get(key) for key in ("format", "vocab_size", "max_order", "window"))
        if actual != expected:
            raise LayoutMismatchError(
                "the state must be of a monitor with (format, vocab_size, max_order, window) "
                f"{expected}, got {actual}: make the monitor with these parameters"
            )
        arrays = {key: np.asarray(state[key]).copy() for key in _ARRAYS if key in state}
        sums = arrays.get("surprisal_sums", np.zeros((3, layout.vocab_size), dtype=np.int64))
        counted = None
        if window is None:
            table = NgramTable(layout, arrays["keys"], arrays["counts"])
            counted = _profile_of(table, int(state["documents"]))
        return cls(
            int(state["seen"]),
            PackedBatch(
                arrays["ids"], arrays["length"], arrays["ordinal"], arrays.get("surprisal")
            ),
            sums,
            counted,
        )


def _profile_of(table: NgramTable, documents: int) -> Profile:
    """Return a table as a profile, which is what `NgramCounter.merge` takes."""
    no_spectra = JointSpectra({}, {})
    return Profile(
        "state", table.layout, no_spectra, documents, Sample.empty(), TableInMemory(table)
    )
