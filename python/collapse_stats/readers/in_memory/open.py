"""Open a reader of what Python holds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import Reader
from ..options import MASK_KEY, ReadOptions
from ..records.fields import no_fields
from ..records.values import as_array
from .arrays import ArrayReader
from .frames import FrameReader, library_of, only_split, rows_of_table, rows_of_tables
from .items import ItemsReader


def open_memory(source: Any, options: ReadOptions) -> Reader:
    """Return a reader of an array, a table or an iterable of documents.

    A one-dimensional array is one document; each row of a two-dimensional array is a document, and
    each row of a table. The items of an iterable are texts, chats, arrays or lists of ids, or
    mappings with one of the keys of `options`. A mapping alone is one record, or a batch of them as
    tokenizers return. An iterator can be read only once.

    Raises
    ------
    TypeError
        The source is none of these, or its items are not documents.
    InputError
        A table has no column of documents, or it is a dictionary of several datasets.
    """
    if isinstance(source, str | bytes):
        raise TypeError(
            f"expected an array, a table or an iterable of documents, got one "
            f"{type(source).__name__}: put it into a list"
        )
    if library_of(source) == "datasets" and isinstance(source, Mapping):
        source = only_split(source)
    if library_of(source) == "pandas" and hasattr(source, "columns"):
        return _open_pandas(source, options)
    rows = rows_of_table(source)
    if rows is not None:
        return FrameReader(rows, type(source).__name__, options)
    if isinstance(source, Mapping):
        return ItemsReader([source], options)
    if _is_list_of_ids(source) or not isinstance(source, Sequence):
        array = as_array(source)
        if array is not None:
            return ArrayReader(array, options)
    if not isinstance(source, Iterable):
        raise TypeError(
            "expected an array, a table, or an iterable of arrays, texts or mappings, got "
            f"{type(source).__name__}"
        )
    first: list[Any] = []
    if isinstance(source, Sequence):
        first = list(source[:1])
    elif isinstance(source, Iterator):
        first = list(islice(source, 1))
        source = chain(first, source)
    rows = rows_of_tables(first[0], source) if first else None
    if rows is not None:
        return FrameReader(rows, f"series of {type(first[0]).__name__}", options)
    return ItemsReader(source, options)


def _open_pandas(frame: Any, options: ReadOptions) -> Reader:
    """A reader of a `pandas.DataFrame`, by Arrow if its columns have Arrow types."""
    wanted = {name for keys in options.keys for name in keys} | {options.mask_key, MASK_KEY}
    tops = {name.split(".")[0] for name in wanted if name}
    names = [name for name in frame.columns if name in wanted | tops]
    if not names:
        held = {str(name): str(kind) for name, kind in frame.dtypes.items()}
        raise no_fields("the table", options, held, "it has")
    part = frame[names]
    try:
        rows = rows_of_table(part)
    except InputError:  # a column of different types, such as texts and lists of pieces
        records = part.astype(object).where(part.notna(), None).to_dict("records")
        return ItemsReader(records, options)
    assert rows is not None
    return FrameReader(rows, "pandas.DataFrame", options)


def _is_list_of_ids(source: Any) -> bool:
    return (
        isinstance(source, Sequence)
        and bool(len(source))
        and isinstance(source[0], int | np.integer)
    )
