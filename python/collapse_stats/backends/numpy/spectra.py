"""Joint spectra of tables in pure NumPy."""

from collections.abc import Sequence

import numpy as np

from ...ngrams.layout import Layout, UInt64Array, pack
from ...ngrams.spectrum import JointSpectra, JointSpectrum, Masks, counts_under, sum_joint
from ...ngrams.table import NgramTable, Rows

_SMALL = 64  # pairs of counts below this are counted in bins, the others are sorted


def spectra_by_key_range(table: NgramTable, masks: Sequence[Masks]) -> JointSpectra:
    """Return the spectra of n-grams whose windows all lie in one key range.

    Output: n-grams from order 2 on, contexts from order 3 on.
    """
    spectra = JointSpectra({}, {})
    for order in range(2, table.layout.max_order + 1):
        rows, counts = table.ngrams(order)
        spectra.ngrams[order] = _joint(counts, masks)
        if order > 2:
            spectra.contexts[order] = _joint(table.by_prefix(rows, counts, order - 1)[1], masks)
    return spectra


def by_first_token(table: NgramTable, rows: Rows, counts: UInt64Array) -> NgramTable:
    """Return a table of order 1 with the counts of the given rows by their first token."""
    layout = Layout(table.layout.vocab_size, 1, table.layout.labels)
    rows, counts = table.by_prefix(rows, counts, 1)
    keys = pack(layout, (table.tokens(rows)[:1] + 1).astype(np.uint64))
    order = np.argsort(keys[0])
    return NgramTable(layout, keys[:, order], counts[:, order])


def summed(spectra: Sequence[JointSpectra]) -> JointSpectra:
    """Return the sum of spectra of disjoint stretches of key ranges."""
    return JointSpectra(
        _summed([stretch.ngrams for stretch in spectra]),
        _summed([stretch.contexts for stretch in spectra]),
    )


def with_first_tokens(
    spectra: JointSpectra, first: UInt64Array, followed: UInt64Array | None, masks: Sequence[Masks]
) -> JointSpectra:
    """Return `spectra` with order 1 and the contexts of order 2.

    Parameters
    ----------
    first
        Counts ``(labels, V)`` of each token.
    followed
        Counts ``(labels, V)`` of each token that is followed by another; None if max_order is 1.
    """
    spectra.ngrams[1] = _joint(first, masks)
    spectra.contexts[1] = _joint(first.sum(axis=1, keepdims=True), masks)
    if followed is not None:
        spectra.contexts[2] = _joint(followed, masks)
    return spectra


def _summed(
    stretches: Sequence[dict[int, dict[Masks, JointSpectrum]]],
) -> dict[int, dict[Masks, JointSpectrum]]:
    return {
        order: {pair: sum_joint([stretch[order][pair] for stretch in stretches]) for pair in pairs}
        for order, pairs in stretches[0].items()
    }


def _joint(counts: UInt64Array, masks: Sequence[Masks]) -> dict[Masks, JointSpectrum]:
    return {
        (a, b): _histogram(counts_under(counts, a), counts_under(counts, b) if b else None)
        for a, b in masks
    }


def _histogram(a: UInt64Array, b: UInt64Array | None) -> JointSpectrum:
    """Return the joint spectrum of counts ``(V,)``; None stands for zeros."""
    size = _SMALL if b is not None else _SMALL * _SMALL
    is_large = a >= size if b is None else (a >= size) | (b >= size)
    large = np.flatnonzero(is_large)
    # The few large counts go into bin (0, 0), in which there are no n-grams.
    bins = np.where(is_large, 0, a if b is None else a * _SMALL + b)
    types = np.bincount(bins.astype(np.intp), minlength=1)
    types[0] = 0
    filled = np.flatnonzero(types)
    first, second = (filled, filled * 0) if b is None else (filled // _SMALL, filled % _SMALL)
    return JointSpectrum.from_rows(
        np.concatenate([first.astype(np.uint64), a[large]]),
        np.concatenate([second.astype(np.uint64), a[large] * 0 if b is None else b[large]]),
        np.concatenate([types[filled].astype(np.uint64), np.ones(len(large), dtype=np.uint64)]),
    )
