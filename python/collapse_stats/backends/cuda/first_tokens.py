"""Spectra of order 1 on the host, for vocabularies so large that the GPU cannot count by token."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...ngrams.layout import UInt64Array
from ...ngrams.spectrum import JointSpectra, JointSpectrum, Masks, counts_under
from ...ngrams.table import NgramTable, Rows

_Column = tuple[npt.NDArray[np.int64], UInt64Array]  # tokens (R,) and their counts (labels, R)


class FirstTokens:
    """Counts by first token, added up over stretches of key ranges.

    The windows that begin with a token lie in many key ranges, so the spectra of order 1 and the
    contexts of order 2 are not sums of those of key ranges.
    """

    def __init__(self, labels: int) -> None:
        self._labels = labels
        self._first: list[_Column] = []
        self._followed: list[_Column] = []

    def add(self, tables: Sequence[NgramTable]) -> None:
        """Add the rows of one stretch of key ranges; labels are numbered consecutively."""
        first_label = 0
        for table in tables:
            self._first.append(self._column(table, *table.ngrams(1), first_label))
            self._followed.append(self._column(table, *table.ngrams(2), first_label))
            first_label += table.layout.labels

    def put_into(self, joint_spectra: JointSpectra, masks: Sequence[Masks]) -> None:
        """Replace the spectra of order 1 and the contexts of order 2."""
        first, followed = _summed(self._first), _summed(self._followed)
        joint_spectra.ngrams[1] = _joint(first, masks)
        joint_spectra.contexts[1] = _joint(first.sum(axis=1, keepdims=True), masks)
        joint_spectra.contexts[2] = _joint(followed, masks)

    def _column(
        self, table: NgramTable, rows: Rows, counts: UInt64Array, first_label: int
    ) -> _Column:
        rows, counts = table.by_prefix(rows, counts, 1)
        all_labels = np.zeros((self._labels, len(rows)), dtype=np.uint64)
        all_labels[first_label : first_label + len(counts)] = counts
        return table.tokens(rows)[0], all_labels


def _summed(columns: Sequence[_Column]) -> UInt64Array:
    """Return the counts ``(labels, V)`` of each token."""
    tokens = np.concatenate([tokens for tokens, _ in columns])
    counts = np.concatenate([counts for _, counts in columns], axis=1)
    order = np.argsort(tokens, kind="stable")
    starts = np.flatnonzero(np.diff(tokens[order], prepend=-1))
    if not len(starts):
        return counts
    total: UInt64Array = np.add.reduceat(counts[:, order], starts, axis=1)
    return total


def _joint(counts: UInt64Array, masks: Sequence[Masks]) -> dict[Masks, JointSpectrum]:
    return {
        (a, b): JointSpectrum.from_counts(counts_under(counts, a), counts_under(counts, b))
        for a, b in masks
    }
