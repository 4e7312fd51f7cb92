"""Other tools that count the same spectra: ids in memory, one document, and each used at its best.

They share no code with collapse-stats, so its answers are also checked against theirs. All but
`numpy_one_sort` take one order per call.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.integer]
Keys = npt.NDArray[Any]
Rows = dict[int, int]
"""For each count, the number of n-grams seen that often."""

_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93)  # odd, as random as any


def numpy_sort(tokens: Tokens, order: int, bits: int, length: int | None = None) -> Rows:
    """NumPy at its best among exact ways: packed keys sorted in place, then run lengths.

    `length` is the number of tokens of a document, if there are several.
    """
    if order == 1:
        return _histogram(np.bincount(tokens))
    inside: slice | npt.NDArray[np.bool_] = slice(None)
    if length is not None:
        inside = np.arange(max(0, len(tokens) - order + 1)) % length <= length - order
    if order * bits > 64 and bits <= 16 and (order - 1) * bits <= 64:
        return _sorted_in_buckets(
            tokens[: len(tokens) - order + 1][inside], _packed(tokens[1:], order - 1, bits)[inside]
        )
    keys = _complex(tokens, order, bits)
    if keys is None:
        keys = _packed(tokens, order, bits)
    return _sorted(keys[inside])


def numpy_hash(tokens: Tokens, order: int, bits: int) -> Rows:
    """NumPy at its best, where keys of more than 64 bits are hashed to 64.

    Two different n-grams of n have the same hash with a probability of n^2 / 2^65, which is 2e-5
    for 30 million: nothing says so when it happens.
    """
    if order == 1:
        return _histogram(np.bincount(tokens))
    return _sorted(_hashed(tokens, order, bits))


def numpy_one_sort(tokens: Tokens, orders: Iterable[int], bits: int) -> dict[int, Rows]:
    """`numpy_hash` with one sort for all orders that fit into 64 bits.

    Sorted keys have their prefixes sorted, too, so that every shorter order only needs the edges of
    its runs. Ids are raised by one, so that 0 fills up the windows at the end.
    """
    longest = max(order for order in orders if order * bits <= 64)
    codes = np.zeros(len(tokens) + longest - 1, dtype=np.uint32)
    np.add(tokens, 1, out=codes[: len(tokens)], dtype=np.uint32, casting="unsafe")
    keys = _packed(codes, longest, bits)
    keys.sort()
    changes = keys[1:] ^ keys[:-1]
    found = {}
    for order in orders:
        if order > longest:
            found[order] = numpy_hash(tokens, order, bits)
            continue
        rows = _runs(changes >> changes.dtype.type((longest - order) * bits) != 0)
        rows[1] -= order - 1  # windows that are cut at the end: each is the only one of its kind
        found[order] = {count: types for count, types in rows.items() if types}
    return found


def numpy_unique(tokens: Tokens, order: int, bits: int) -> Rows:
    """What most people write: `np.unique` of packed keys."""
    _, counts = np.unique(_packed(tokens, order, bits), return_counts=True)
    return _histogram(counts)


def polars(tokens: Tokens, order: int, bits: int) -> Rows:
    """Polars at its best, on all threads: packed keys of up to 128 bits sorted, run lengths."""
    import polars as pl

    columns = _columns(tokens, order, bits)
    keys = pl.Series(columns["0"])
    if len(columns) > 1:
        rest = order * bits - 64 // bits * bits
        key = pl.col("0").cast(pl.Int128) * (1 << rest) + pl.col(str(64 // bits))
        keys = pl.DataFrame(columns).select(key).to_series()
    counts = keys.sort().rle().struct.field("len").alias("count")
    rows = counts.value_counts(name="types")
    return _rows(rows["count"].to_numpy(), rows["types"].to_numpy())


def polars_group_by(tokens: Tokens, order: int, bits: int) -> Rows:
    """Polars, on all threads, with its streaming engine: group by as few packed columns as fit."""
    import polars as pl

    columns = _columns(tokens, order, bits)
    grams = pl.LazyFrame(columns).group_by(list(columns)).agg(pl.len().alias("count"))
    rows = grams.group_by("count").agg(pl.len().alias("types")).collect(engine="streaming")
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


def _hashed(tokens: Tokens, order: int, bits: int) -> Keys:
    """Keys ``(T - order + 1,)`` of 64 bits: packed ids, hashed where they are longer."""
    if order * bits <= 64:
        return _packed(tokens, order, bits)
    first, second = _columns(tokens, order, bits).values()
    first *= np.uint64(_MULTIPLIERS[0])
    first += second * np.uint64(_MULTIPLIERS[1])
    return first


def _sorted(keys: Keys) -> Rows:
    """Sort keys in place, and count their runs."""
    keys.sort()
    return _runs(keys[1:] != keys[:-1]) if len(keys) else {}


def _sorted_in_buckets(bucket: Keys, keys: Keys) -> Rows:
    """Count the pairs of a bucket, an id of at most 16 bits, and a key.

    NumPy sorts 16 bits by radix, and whole numbers of 64 bits far faster than pairs of numbers.
    """
    if not len(keys):
        return {}
    keys = keys[np.argsort(bucket, kind="stable")]
    ends = np.cumsum(np.bincount(bucket))
    for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        keys[begin:end].sort()
    differs = keys[1:] != keys[:-1]
    differs[ends[(ends > 0) & (ends < len(keys))] - 1] = True
    return _runs(differs)


def _runs(differs: npt.NDArray[np.bool_]) -> Rows:
    """Histogram of the lengths of runs; `differs` says which keys, but the first, begin one."""
    edges = np.flatnonzero(differs)
    lengths = np.empty(len(edges) + 1, dtype=np.intp)
    lengths[0] = edges[0] + 1 if len(edges) else len(differs) + 1
    np.subtract(edges[1:], edges[:-1], out=lengths[1:-1])
    lengths[-1] = len(differs) - edges[-1] if len(edges) else lengths[0]
    return _histogram(lengths)


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
