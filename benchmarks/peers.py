"""Other ways to the same spectra: one order a call, one document, ids already in memory.

They share no code with collapse-stats, so they are also what its answers are checked against.
"""

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.integer]
Rows = dict[int, int]
"""Count -> number of n-grams seen that often."""


def numpy_sort(tokens: Tokens, order: int, bits: int, length: int | None = None) -> Rows:
    """NumPy at its best: packed keys sorted in place, run lengths. `length`: tokens a document."""
    keys = _packed(tokens, order, bits)
    if length is not None:
        keys = keys[np.arange(len(keys)) % length <= length - order]
    if not len(keys):
        return {}
    keys.sort()
    edges = np.flatnonzero(keys[1:] != keys[:-1])
    runs = np.diff(edges, prepend=-1, append=len(keys) - 1)
    types = np.bincount(runs) if runs.max() < 1 << 24 else None
    if types is None:
        return _rows(*np.unique(runs, return_counts=True))
    counts = np.flatnonzero(types)
    return _rows(counts, types[counts])


def numpy_unique(tokens: Tokens, order: int, bits: int) -> Rows:
    """What most people write: `np.unique` of packed keys."""
    _, runs = np.unique(_packed(tokens, order, bits), return_counts=True)
    return _rows(*np.unique(runs, return_counts=True))


def polars(tokens: Tokens, order: int, bits: int) -> Rows:
    """Polars, all threads: group by as few packed columns as hold the n-gram."""
    import polars as pl

    fit = 64 // bits
    windows = len(tokens) - order + 1
    columns = {
        str(at): _packed(tokens[at:], min(fit, order - at), bits)[:windows]
        for at in range(0, order, fit)
    }
    grams = pl.DataFrame(columns).group_by(list(columns)).agg(pl.len().alias("count"))
    rows = grams.group_by("count").agg(pl.len().alias("types"))
    return _rows(rows["count"].to_numpy(), rows["types"].to_numpy())


def _packed(tokens: Tokens, order: int, bits: int) -> npt.NDArray[np.uint64]:
    """``(T - order + 1,)`` keys. Where an n-gram exceeds 64 bits, its head is ranked first."""
    windows = max(0, len(tokens) - order + 1)
    keys = np.zeros(windows, dtype=np.uint64)
    used = 0
    for at in range(order):
        if used + bits > 64:
            _, ranks = np.unique(keys, return_inverse=True)
            keys, used = ranks.astype(np.uint64), windows.bit_length()
        keys <<= np.uint64(bits)
        keys |= tokens[at : at + windows].astype(np.uint64)
        used += bits
    return keys


def _rows(counts: npt.NDArray[np.integer], types: npt.NDArray[np.integer]) -> Rows:
    return dict(zip(counts.tolist(), types.tolist(), strict=True))
