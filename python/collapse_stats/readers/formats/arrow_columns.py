"""Arrow columns of text, chats or lists of ids: shared by Parquet, Arrow files and JSON lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import Batch, Int64Array, IntegerArray, listed
from ..boundaries import cut_rows, rows_of
from ..options import ChatTurns, Kind, ReadOptions
from ..remote.location import Location
from ..repairs import Repairs
from ..stream import decode_repaired
from .chat import chat_text


def arrow_errors() -> tuple[type[Exception], ...]:
    """Return the errors that Arrow raises for a damaged file (ValueError: a name is not UTF-8)."""
    import pyarrow as pa

    return (pa.ArrowException, OSError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns to read, their kind, the type of their ids, and whether they hold chats.

    `fields` are the names of all columns.
    """

    names: tuple[str, ...]
    kind: Kind
    dtype: str | None
    chat: bool
    fields: tuple[str, ...] = ()


def find_columns(path: Location, schema: Any, options: ReadOptions) -> Columns:
    """Return the columns of an Arrow schema that `options` ask for.

    Raises InputError that lists the columns there are when none fits.
    """
    import pyarrow.types as types

    names = options.find(schema.names)
    if names is None:
        existing = listed(f"{field.name} ({field.type})" for field in schema)
        raise InputError(
            f"{path}: expected a column {options.wanted}, this file has "
            f"{existing}: name one with --text-key or --ids-key"
        )
    repeated = next((name for name in names if schema.names.count(name) > 1), None)
    if repeated:
        raise InputError(f"{path}: expected one column {repeated!r}, this file has several")
    kinds = [schema.field(name).type for name in names]
    if options.kind_of(names[0]) == "text":
        chat = len(names) > 1 or _is_turns(kinds[0])
        if len(names) == 1 and not chat and (options.part or not _is_text(kinds[0])):
            what = "turns of a chat" if options.part else "text"
            raise InputError(
                f"{path}: column {names[0]!r} must hold {what}, got {kinds[0]}: "
                "name a list column of ids with --ids-key, one of text with --text-key"
            )
        return Columns(names, "text", None, chat, tuple(schema.names))
    item = _item_of_list(kinds[0])
    if item is None or not types.is_integer(item):
        raise InputError(
            f"{path}: column {names[0]!r} must hold lists of integers, got {kinds[0]}: "
            "name a column of text with --text-key"
        )
    return Columns(names, "ids", str(item), False, tuple(schema.names))


def batch_of(
    rows: Any, columns: Columns, options: ReadOptions, place: str, bytes_read: int
) -> Batch:
    """Return the documents of an Arrow record batch; rows left out are counted as repairs."""
    repairs = Repairs()
    if columns.chat:
        records = rows.select(columns.names).to_pylist()
        texts = _chats(records, columns, options.part, repairs, place)
        return Batch.of_texts(texts, bytes_read, repairs)
    column = rows.column(columns.names[0])
    if columns.kind == "text":
        texts = [text for text in _texts(column, repairs, place) if text is not None]
        if len(texts) < len(column):
            repairs.add("null texts skipped", place, len(column) - len(texts))
        return Batch.of_texts(texts, bytes_read, repairs)
    tokens, lengths, left_out = ids_of(column)
    if left_out:
        repairs.add("rows with null ids skipped", place, left_out)
    start, stop = cut_rows(tokens, *rows_of(lengths), options.eot)
    return Batch.of_tokens(tokens, start, stop, bytes_read, repairs)


def bytes_of(rows: Any) -> int:
    """Return the bytes of a record batch; of the whole buffers it is a slice of before Arrow 24."""
    try:
        return int(rows.nbytes)
    except TypeError:  # it could not measure views of lists
        return int(rows.get_total_buffer_size())


def slices(rows: Any, size: int) -> Iterator[Any]:
    """Yield a record batch in slices of about `size` bytes."""
    step = max(1, size * len(rows) // max(1, bytes_of(rows)))
    for first in range(0, len(rows), step):
        yield rows.slice(first, step)


def ids_of(array: Any) -> tuple[IntegerArray, Int64Array, int]:
    """Return packed ids of an Arrow array of lists, the length of each row, and the rows left out.

    Rows are left out if they are null or have a null among their ids; the last value counts them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = len(array)
    array = array.drop_null() if array.null_count else array
    values = array.flatten()
    lengths = _lengths(array)
    if values.null_count:
        at = np.flatnonzero(pc.is_null(values).to_numpy(zero_copy_only=False))
        good = np.ones(len(array), dtype=bool)
        good[np.searchsorted(np.cumsum(lengths), at, side="right")] = False
        array = array.filter(pa.array(good))
        values, lengths = array.flatten(), _lengths(array)
    return values.to_numpy(zero_copy_only=False), lengths, rows - len(array)


def _is_text(kind: Any) -> bool:
    """Whether a column of this Arrow type holds text, possibly as bytes."""
    import pyarrow.types as types

    if types.is_dictionary(kind):  # a pandas category
        kind = kind.value_type
    tests = (
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_binary,
        types.is_large_binary,
        types.is_binary_view,
    )
    return any(test(kind) for test in tests)


def _item_of_list(kind: Any) -> Any:
    """Arrow type of the items of a column of lists, None when it holds no lists."""
    import pyarrow.types as types

    tests = (
        types.is_list,
        types.is_large_list,
        types.is_fixed_size_list,
        types.is_list_view,
        types.is_large_list_view,
    )
    return kind.value_type if any(test(kind) for test in tests) else None


def _is_turns(kind: Any) -> bool:
    import pyarrow.types as types

    item = _item_of_list(kind)
    return item is not None and types.is_struct(item)


def _lengths(array: Any) -> Int64Array:
    import pyarrow.compute as pc

    lengths: Any = pc.list_value_length(array)
    as_int64: Int64Array = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
    return as_int64


def _texts(column: Any, repairs: Repairs, place: str) -> list[str | None]:
    """The texts of a column, None for null; bytes that are not UTF-8 are replaced."""
    import pyarrow as pa
    import pyarrow.types as types

    kind = column.type
    if types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        try:
            valid: list[str | None] = column.to_pylist()
        except UnicodeDecodeError:
            column = column.cast(pa.large_string()).view(pa.large_binary())
        else:
            return valid
    return [
        None if data is None else decode_repaired(data, place, repairs)
        for data in column.to_pylist()
    ]


def _chats(
    records: list[dict[str, Any]],
    columns: Columns,
    part: ChatTurns | None,
    repairs: Repairs,
    place: str,
) -> list[str]:
    texts = []
    for record in records:
        try:
            text = chat_text(record, columns.names, part)
        except ValueError as error:
            repairs.add("rows without a chat skipped", f"{place}: {error}")
            continue
        if not text:
            repairs.add(EMPTY_CHATS.format(part or "all"), place)
        texts.append(text)
    return texts


EMPTY_CHATS = "chats without a word of --part {}, counted as empty documents"
