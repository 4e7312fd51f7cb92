"""Arrow columns of text, chats or lists of ids: shared by the formats that Arrow reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...tokenizers.texts import Texts
from ..base import Batch, Int64Array, IntegerArray
from ..boundaries import batch_of_lists
from ..options import Kind, ReadOptions
from ..repairs import Repairs
from ..rows import UInt64Array, kept_rows
from ..stream import decode_repaired
from .arrow_types import (
    field_at,
    holding_of_type,
    is_list,
    is_text,
    is_utf8,
    plain_array,
    plain_type,
    values_of,
    without_views,
)
from .batch import batch_of_records
from .fields import Fields, Holding, choose, no_fields, no_mask
from .group_key import KeyHashes, no_group_key, not_a_group_key, note_missing

BoolArray = npt.NDArray[np.bool_]

_LONG = 1 << 15  # bytes; Python makes a string of a shorter text sooner than Arrow checks it


def arrow_errors() -> tuple[type[Exception], ...]:
    """Return the errors that Arrow raises for a damaged file (ValueError: a name is not UTF-8)."""
    import pyarrow as pa

    return (pa.ArrowException, OSError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class Columns:
    """What to read of an Arrow table.

    Attributes
    ----------
    names
        The columns to read.
    fields
        The fields that hold the documents, which may lie inside of the columns.
    dtype
        Type of the ids, None for text.
    """

    names: tuple[str, ...]
    fields: Fields
    dtype: str | None

    @property
    def kind(self) -> Kind:
        """Whether the columns hold text or ids."""
        return self.fields.kind


def find_columns(
    path: object, schema: Any, options: ReadOptions, there: str = "this file has"
) -> Columns:
    """Return the columns of an Arrow schema that `options` ask for.

    `there` introduces the list of the columns, in the error's message.

    Raises
    ------
    InputError
        None of the columns fits; the message lists them.
    """

    def holding(name: str) -> Holding | None:
        field = field_at(schema, name)
        return None if field is None else holding_of_type(field)

    fields = choose(options, holding)
    if fields is None:
        held = {field.name: _described(field) for field in schema}
        if options.named and (nested := field_at(schema, options.named)) is not None:
            held[options.named] = _described(nested)
        raise no_fields(path, options, held, there)
    if fields.mask is not None and field_at(schema, fields.mask) is None:
        raise no_mask(path, fields.mask, schema.names, there)
    if fields.group is not None:
        _check_group_key(path, fields.group, schema, there)
    names = tuple(dict.fromkeys(_column_of(schema, name) for name in fields.all_names))
    repeated = next((name for name in names if schema.names.count(name) > 1), None)
    if repeated:
        raise InputError(f"{path}: expected one column {repeated!r}, this file has several")
    dtype = _dtype(field_at(schema, fields.names[0])) if fields.kind == "ids" else None
    return Columns(names, fields, dtype)


def _check_group_key(path: object, name: str, schema: Any, there: str) -> None:
    """Raise InputError unless a column of text or of integers can be the group key."""
    import pyarrow.types as types

    field = field_at(schema, name)
    if field is None:
        held = {field.name: _described(field) for field in schema}
        raise no_group_key(path, name, held, there)
    kind = plain_type(field.type)
    # What lies inside of JSON is known only when it is read, and that bytes are text is not.
    if not (types.is_integer(kind) or types.is_null(kind) or is_utf8(kind)):
        raise not_a_group_key(path, name, str(field.type))


def _described(field: Any) -> str:
    """What a column holds, as words for a message."""
    return "a chat" if holding_of_type(field) == "chat" else str(field.type)


def _column_of(schema: Any, name: str) -> str:
    return name if name in schema.names else name.split(".")[0]


def _dtype(field: Any) -> str:
    kind = plain_type(field.type)
    while is_list(kind):
        kind = plain_type(kind.value_type)
    return "int64" if is_text(kind) else str(kind)


def batch_of(
    rows: Any, columns: Columns, options: ReadOptions, place: str, bytes_read: int
) -> Batch:
    """Return the documents of an Arrow record batch; rows left out are counted as repairs."""
    repairs, fields = Repairs(), columns.fields
    if not (fields.plain and set(columns.names).issuperset(fields.all_names)):
        records = _records(rows, columns, place, repairs)
        return batch_of_records(records, len(rows), fields, options, bytes_read, repairs)
    column = plain_array(rows.column(fields.names[0]))
    keys = None
    if fields.group is not None:
        keys = KeyHashes(fields.group).of_column(plain_array(rows.column(fields.group)), place)
    if fields.kind == "text":
        column = without_views(column)
        good = _valid(column)
        if column.null_count:
            repairs.leave_out("null texts skipped", place, column.null_count)
            column = column.drop_null()
        texts = _texts(column, repairs, place)
        _note_missing(keys, good, place, repairs)
        return Batch.of_texts(texts, bytes_read, repairs, kept_rows(good, keys))
    mask = None if fields.mask is None else plain_array(rows.column(fields.mask))
    tokens, lengths, keep, good = ids_of(column, mask)
    if not good.all():
        masked = " or a mask of another length" if fields.mask else ""
        left_out = len(good) - int(good.sum())
        repairs.leave_out(f"rows with null ids{masked} skipped", place, left_out)
    _note_missing(keys, good, place, repairs)
    return batch_of_lists(
        tokens, lengths, keep, options.eot, bytes_read, repairs, kept_rows(good, keys)
    )


def _note_missing(keys: UInt64Array | None, good: BoolArray, place: str, repairs: Repairs) -> None:
    if keys is not None:
        note_missing(int(good.sum()) - int(np.count_nonzero(keys[good])), place, repairs)


def _records(
    rows: Any, columns: Columns, place: str, repairs: Repairs
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The rows as records, each with its number and its place."""
    names = columns.names
    values = [
        values_of(rows.schema.field(name), rows.column(name), place, repairs) for name in names
    ]
    for number, row in enumerate(zip(*values, strict=True)):
        yield number, place, dict(zip(names, row, strict=True))


def ids_of(
    array: Any, mask: Any = None
) -> tuple[IntegerArray, Int64Array, BoolArray | None, BoolArray]:
    """Return the packed ids of an Arrow array of lists, without the rows that are left out.

    Input: the lists, and those of their mask; a null among these masks nothing. Output: the ids;
    the length of each row; which of the ids the mask keeps (None: all); and which of all rows are
    good. The others are null or have a null among their ids, or their mask has another length or a
    null in it.
    """
    import pyarrow as pa

    if mask is not None and mask.null_count == len(mask):
        mask = None
    good = _valid(array) & _without_null_items(array)
    if mask is not None:
        fits = _without_null_items(mask) & (_lengths(array) == _lengths(mask))
        good &= fits | ~_valid(mask)
    if not good.all():
        array = array.filter(pa.array(good))
        mask = None if mask is None else mask.filter(pa.array(good))
    ids, lengths = _items(array), _lengths(array)
    keep = None
    if mask is not None:
        keep = np.ones(len(ids), dtype=bool)
        keep[np.repeat(_valid(mask), lengths)] = _items(mask) != 0
    return ids, lengths, keep, good


def _items(lists: Any) -> npt.NDArray[Any]:
    """The items of all lists."""
    items: npt.NDArray[Any] = lists.flatten().to_numpy(zero_copy_only=False)
    return items


def _valid(array: Any) -> BoolArray:
    """Whether each of the values is not null."""
    import pyarrow.compute as pc

    if not array.null_count:
        return np.ones(len(array), dtype=bool)
    valid: BoolArray = pc.is_valid(array).to_numpy(zero_copy_only=False)
    return valid


def _without_null_items(lists: Any) -> BoolArray:
    """Whether each of the lists has no null among its items."""
    import pyarrow.compute as pc

    good: BoolArray = np.ones(len(lists), dtype=bool)
    items = lists.flatten()
    if items.null_count:
        at = np.flatnonzero(pc.is_null(items).to_numpy(zero_copy_only=False))
        good[np.searchsorted(np.cumsum(_lengths(lists)), at, side="right")] = False
    return good


def _lengths(lists: Any) -> Int64Array:
    """The length of each list, 0 of a null."""
    import pyarrow.compute as pc

    lengths: Any = pc.fill_null(pc.list_value_length(lists), 0)
    as_int64: Int64Array = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
    return as_int64


def _texts(column: Any, repairs: Repairs, place: str) -> Texts:
    """The texts of a plain column without nulls; bytes that are not UTF-8 are replaced."""
    import pyarrow as pa

    kind = pa.large_string() if pa.types.is_large_binary(column.type) else pa.string()
    texts: Texts = column if is_utf8(column.type) else column.view(kind)
    if is_utf8_text(texts):
        return texts
    stretches = column.cast(pa.large_binary()).to_pylist()
    return [decode_repaired(data, place, repairs) for data in stretches]


def long_text(data: bytes) -> Texts | None:
    """Return the text of UTF-8 bytes as an Arrow array; None if it is short or not UTF-8."""
    if len(data) < _LONG:
        return None
    import pyarrow as pa

    bounds = np.array([0, len(data)], dtype=np.int64)
    texts = pa.LargeStringArray.from_buffers(1, pa.py_buffer(bounds), pa.py_buffer(data))
    return texts if is_utf8_text(texts) else None


def is_utf8_text(texts: Any) -> bool:
    """Whether the bytes of an Arrow array of strings are UTF-8, which Arrow takes for granted."""
    import pyarrow as pa

    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
