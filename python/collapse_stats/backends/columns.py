"""Conversion between keys and columns of token ids in the memory layout of Arrow and Parquet.

This is no operation of a backend: nothing is counted, and saved profiles are read
without choosing a backend. The compiled module does it where it is installed, NumPy otherwise; both
give the same bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
import numpy.typing as npt

from ..ngrams import layout as reference
from ..ngrams.layout import Layout, UInt64Array


@dataclass(frozen=True, slots=True)
class TokenColumn:
    """The tokens at one position of all windows of a table.

    Attributes
    ----------
    ids
        ``(R,)`` uint32; undefined past a document's end.
    present
        A bit per row, lowest bit of a byte first: whether the row has a token here. None if all
        rows have one.
    first_bit
        The number of the bit of `present` that belongs to the first row.
    """

    ids: npt.NDArray[np.uint32]
    present: npt.NDArray[np.uint8] | None
    first_bit: int = 0


def unpack(layout: Layout, keys: UInt64Array) -> list[TokenColumn]:
    """Return the token columns of mixed keys ``(words, R)``, one for each position."""
    native = compiled()
    if native is None:
        codes = reference.unpack(layout, keys)
        ids = (codes - np.uint64(1)).astype(np.uint32)
        present = np.packbits(codes != 0, axis=1, bitorder="little")
        missing = np.count_nonzero(codes == 0, axis=1)
    else:
        ids, present, missing = native.unpack(layout.vocab_size, layout.max_order, keys)
    return [
        TokenColumn(column, bits if absent else None)
        for column, bits, absent in zip(ids, present, missing, strict=True)
    ]


def pack(layout: Layout, columns: Sequence[TokenColumn], keys: UInt64Array) -> None:
    """Write the mixed keys of token columns to `keys`, an array ``(words, R)``.

    Raises
    ------
    ValueError
        when an id is outside the vocabulary, a token follows a missing one, or rows are not in
        strictly ascending order.
    """
    native = compiled()
    if native is not None:
        arrays = [(column.ids, column.present, column.first_bit) for column in columns]
        native.pack(layout.vocab_size, layout.max_order, arrays, keys)
        return
    codes = np.stack([_codes(column) for column in columns])
    if np.any(codes > np.uint64(layout.vocab_size)):
        outside = int(codes.max()) - 1
        raise ValueError(f"token id {outside} is outside the vocabulary of {layout.vocab_size}")
    if np.any((codes[1:] != 0) & (codes[:-1] == 0)) or not np.all(codes[0]):
        raise ValueError("a row has a token behind one that is missing")
    keys[:] = reference.pack(layout, codes)
    if not ascending(keys):
        raise ValueError("rows are out of order")


def ascending(keys: UInt64Array) -> bool:
    """Return whether keys ``(words, R)`` are strictly ascending."""
    above = keys[0, 1:] > keys[0, :-1]
    if len(keys) == 2:
        above |= (keys[0, 1:] == keys[0, :-1]) & (keys[1, 1:] > keys[1, :-1])
    return bool(above.all())


@cache
def compiled() -> ModuleType | None:
    """Return the compiled module, None where it is not installed."""
    try:
        from .. import _native
    except ImportError:
        return None
    return _native


def _codes(column: TokenColumn) -> UInt64Array:
    """Return the codes ``(R,)`` of a column's tokens, 0 where there is none."""
    codes = column.ids.astype(np.uint64) + np.uint64(1)
    if column.present is not None:
        bits = np.unpackbits(column.present, bitorder="little")
        codes[bits[column.first_bit : column.first_bit + len(codes)] == 0] = 0
    return codes
