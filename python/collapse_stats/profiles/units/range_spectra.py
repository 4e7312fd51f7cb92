"""Spectra of parts of the key space, and how those of the whole follow from them.

N-grams that share their first two tokens lie in one key range, so the spectra of two orders and
more are the sums of those of disjoint parts. A token by itself begins n-grams in many key ranges.
How often each does is therefore kept beside the spectra of a part, as a table in which n-grams are
cut behind their first token: added up over all parts, it gives what is counted of single tokens.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ...backends.base import Backend
from ...ngrams.layout import Layout, UInt64Array, bits_of, changes, pack, unpack
from ...ngrams.spectrum import HALVES, NO_HALVES, JointSpectra, JointSpectrum, Masks, sum_joint
from ...ngrams.table import NgramTable

_BLOCK = 1 << 15  # rows


def masks_of(layout: Layout) -> tuple[Masks, ...]:
    """Return the masks under which a profile of this layout counts its spectra."""
    return HALVES if layout.labels == 2 else NO_HALVES


def layout_of_first_tokens(layout: Layout) -> Layout:
    """Return the layout of the table of first tokens of a table."""
    return replace(layout, max_order=min(2, layout.max_order))


class FirstTokens:
    """The table of first tokens of tables that come one after the other.

    Its rows are tokens, each once by itself and once followed by another, with how often. The one
    that follows is always token 0, because it does not matter which it is.
    """

    def __init__(self, layout: Layout, backend: Backend) -> None:
        self._backend = backend
        self.table = NgramTable.empty(layout_of_first_tokens(layout))

    def added(self, tables: Iterable[NgramTable]) -> Iterator[NgramTable]:
        """Add each table and yield it."""
        for table in tables:
            self.table = self._backend.merge([self.table, first_tokens(table)])
            yield table


def first_tokens(table: NgramTable) -> NgramTable:
    """Return a table with its n-grams cut behind their first token; see `FirstTokens`."""
    layout = table.layout
    short = layout_of_first_tokens(layout)
    if not len(table):
        return NgramTable.empty(short)
    pairs, counts = _first_pairs(table)
    codes = unpack(short, pairs[np.newaxis])
    codes[1:] = np.minimum(codes[1:], 1)
    keys = pack(short, codes)
    order = np.lexsort(keys[::-1])
    keys, counts = np.take(keys, order, axis=1), np.take(counts, order, axis=1)
    begins = np.flatnonzero(changes(keys))
    return NgramTable(short, np.take(keys, begins, axis=1), np.add.reduceat(counts, begins, axis=1))


def _first_pairs(table: NgramTable) -> tuple[UInt64Array, UInt64Array]:
    """The keys of the first two tokens ``(V,)`` and their counts ``(labels, V)``.

    They are the top bits of the keys of neighbours, which are added before any is unpacked. A pair
    may occur twice, since the rows are looked at in blocks that stay in the processor's cache.
    """
    layout = table.layout
    pairs, counts = [], []
    for first in range(0, len(table), _BLOCK):
        rows = table.rows(first, first + _BLOCK)
        pair = bits_of(rows.keys, layout.key_bits - layout.mix_bits, layout.mix_bits)
        begins = np.append(0, np.flatnonzero(pair[1:] != pair[:-1]) + 1)
        pairs.append(pair[begins])
        counts.append(np.add.reduceat(rows.counts, begins, axis=1))
    return np.concatenate(pairs), np.concatenate(counts, axis=1)


def spectra_of_whole(
    parts: Sequence[JointSpectra], firsts: Sequence[NgramTable], backend: Backend
) -> JointSpectra:
    """Return the spectra of a table from those of its parts, and their tables of first tokens."""
    masks = masks_of(firsts[0].layout)
    of_tokens = backend.joint_spectra([[backend.merge(firsts)]], masks)

    def whole(
        of_parts: Sequence[dict[int, dict[Masks, JointSpectrum]]],
        known: dict[int, dict[Masks, JointSpectrum]],
        known_orders: int,
    ) -> dict[int, dict[Masks, JointSpectrum]]:
        return {
            order: known[order]
            if order <= known_orders
            else {pair: sum_joint([each[order][pair] for each in of_parts]) for pair in masks}
            for order in of_parts[0]
        }

    return JointSpectra(
        whole([each.ngrams for each in parts], of_tokens.ngrams, 1),
        whole([each.contexts for each in parts], of_tokens.contexts, 2),
    )
