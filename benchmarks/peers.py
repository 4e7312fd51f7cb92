"""Other tools that count the same spectra: one order per call, one document, ids in memory.

They share no code with collapse-stats, so its answers are also checked against theirs.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.integer]
Keys = npt.NDArray[Any]
Rows = dict[int, int]
"""For each count, the number of n-grams seen that often."""


def numpy_sort(tokens: Tokens, order: int, bits: int, length: int | None = None) -> Rows:
    """NumPy at its best: packed keys sorted in place, run lengths. `length`: tokens a document."""
    if order == 1:
        return _histogram(np.bincount(tokens))
    keys = _complex(tokens, order, bits)
    if keys is None:
        keys = _packed(tokens, order, bits)
    if length is not None:
        keys = keys[np.arange(len(keys)) % length <= length - order]
    if not len(keys):
        return {}
    keys.sort()
    edges: Keys = np.flatnonzero(keys[1:] != keys[:-1])
    return _histogram(np.diff(edges, prepend=-1, append=len(keys) - 1))


def numpy_unique(tokens: Tokens, order: int, bits: int) -> Rows:
    """What most people write: `np.unique` of packed keys."""
    _, counts = np.unique(_packed(tokens, order, bits), return_counts=True)
    return _histogram(counts)


def polars(tokens: Tokens, order: int, bits: int) -> Rows:
    """Polars on all threads: group by as few packed columns as can hold the n-gram."""
    import polars as pl

    columns = _columns(tokens, order, bits)
    grams = pl.DataFrame(columns).group_by(list(columns)).agg(pl.len().alias("count"))
    rows = grams.group_by("count").agg(pl.len().alias("types"))
    return _rows(rows["count"].to_numpy(), rows["types"].to_numpy())


def duckdb(tokens: Tokens, order: int, bits: int) -> Rows:
    """DuckDB on all threads: GROUP BY as few packed columns as can hold the n-gram."""
    import duckdb as db
    import pyarrow as pa

    columns = _columns(tokens, order, bits)
    names = ", ".join(f'"{name}"' for name in columns)
    with db.connect() as connection:
        connection.register("grams", pa.table(columns))
        result = connection.execute(
            "SELECT seen, count(*) AS types FROM "
            f"(SELECT count(*) AS seen FROM grams GROUP BY {names}) GROUP BY seen"
        ).fetchnumpy()
    return _rows(result["seen"], result["types"])


def _columns(tokens: Tokens, order: int, bits: int) -> dict[str, Keys]:
    """Pack the ids into as few columns as can hold the n-grams."""
    fit = 64 // bits
    windows = len(tokens) - order + 1
    return {
        str(at): _packed(tokens[at:], min(fit, order - at), bits)[:windows]
        for at in range(0, order, fit)
    }


def _packed(tokens: Tokens, order: int, bits: int) -> Keys:
    """Keys ``(T - order + 1,)``. Where an n-gram exceeds 64 bits, its head is ranked first."""
    windows = max(0, len(tokens) - order + 1)
    keys: Keys = np.zeros(windows, dtype=np.uint32 if order * bits <= 32 else np.uint64)
    used = 0
    for at in range(order):
        if used + bits > 64:
            _, ranks = np.unique(keys, return_inverse=True)
            keys, used = ranks.astype(np.uint64), windows.bit_length()
        keys <<= keys.dtype.type(bits)
        keys |= tokens[at : at + windows].astype(keys.dtype)
        used += bits
    return keys


def _complex(tokens: Tokens, order: int, bits: int) -> Keys | None:
    """Keys of 65 to 106 bits as complex numbers; None for other sizes.

    NumPy sorts such keys fastest this way: as pairs of whole numbers below 2**53.
    """
    head = (order + 1) // 2
    if order * bits <= 64 or head * bits > 53:
        return None
    windows = max(0, len(tokens) - order + 1)
    keys: Keys = np.empty(windows, dtype=np.complex128)
    keys.real = _packed(tokens, head, bits)[:windows]
    keys.imag = _packed(tokens[head:], order - head, bits)[:windows]
    return keys


def _histogram(counts: npt.NDArray[np.integer]) -> Rows:
    """How many n-grams have each count above zero."""
    if counts.max(initial=0) >= 1 << 24:  # too wide for a table
        values, types = np.unique(counts[counts > 0], return_counts=True)
    else:
        types = np.bincount(counts)
        types[:1] = 0
        values = np.flatnonzero(types)
        types = types[values]
    return _rows(values, types)


def _rows(counts: npt.NDArray[np.integer], types: npt.NDArray[np.integer]) -> Rows:
    return dict(zip(counts.tolist(), types.tolist(), strict=True))
