"""Open a reader of what Python holds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from ..base import Reader
from ..options import ReadOptions
from ..records.chat import looks_like_turn
from ..records.group_key import no_records
from ..records.values import as_array
from .arrays import ArrayReader
from .frames import library_of, only_split
from .items import ItemsReader
from .tables import TablesReader, open_table


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
    table = open_table(source, options)
    if table is not None:
        return table
    if isinstance(source, Mapping):
        return ItemsReader([source], options)
    if _is_list_of_ids(source) or not isinstance(source, Sequence):
        array = as_array(source)
        if array is not None:
            if options.group_key:
                raise no_records("the array", options.group_key, "an array of ids")
            return ArrayReader(array, options)
    if not isinstance(source, Iterable):
        raise TypeError(
            "expected an array, a table, or an iterable of arrays, texts or mappings, got "
            f"{type(source).__name__}"
        )
    first = list(islice(source, 1))
    if isinstance(source, Iterator):
        source = chain(first, source)
    table = open_table(first[0], options) if first and not isinstance(first[0], Mapping) else None
    if first and isinstance(source, Sequence) and not options.named and looks_like_turn(first[0]):
        source = [source]  # the turns of one chat
    return TablesReader(source, table, options) if table else ItemsReader(source, options)


def _is_list_of_ids(source: Any) -> bool:
    return (
        isinstance(source, Sequence)
        and bool(len(source))
        and isinstance(source[0], int | np.integer)
    )
