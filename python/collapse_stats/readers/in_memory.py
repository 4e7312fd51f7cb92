"""Readers of documents in memory: arrays, and iterables of arrays, texts, chats or records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from ..errors import InputError
from ..system.placement import is_on_gpu, to_host
from .base import BATCH_BYTES, Batch, IntegerArray
from .boundaries import cut_rows, rows_of
from .formats.chat import chat_text, looks_like_chat
from .formats.npy import array_splits
from .options import CHAT_KEYS, Kind, ReadOptions
from .splits import Split, SplittableReader


def open_memory(source: Any, options: ReadOptions) -> "ArrayReader | IterableReader":
    """Return a reader of an array or of an iterable of documents.

    A one-dimensional array is one document; each row of a two-dimensional array is a document. The
    items of an iterable are texts, arrays or lists of ids, or mappings with one of the keys of
    `options`. An iterator can be read only once.

    Raises
    ------
    TypeError
        The source is neither an array nor an iterable, or its first item is not a document.
    """
    if isinstance(source, (str, bytes, Mapping)):
        raise TypeError(
            f"expected an array or an iterable of documents, got one {type(source).__name__}: "
            "put it into a list"
        )
    no_documents = isinstance(source, Sequence) and not len(source)
    array = None if no_documents else _array_of_ids(source)
    if array is not None:
        return ArrayReader(array, options)
    if not isinstance(source, Iterable):
        raise TypeError(
            "expected an array, or an iterable of arrays, texts or mappings, got "
            f"{type(source).__name__}"
        )
    return IterableReader(source, options)


class ArrayReader(SplittableReader):
    """Documents of an array of ids."""

    path = "(array)"
    format = "memory"
    kind: Kind = "ids"

    def __init__(self, array: IntegerArray, options: ReadOptions) -> None:
        self._array = _checked(array, "the array")
        self.eot = options.eot
        self.evidence = f"an array of shape {array.shape}"
        self.size = array.nbytes
        self.dtype = array.dtype.name

    def splits(self) -> Iterator[Split]:
        """Yield views of the array."""
        if self._array.ndim == 1 and not len(self._array):
            nothing = np.zeros(1, dtype=np.int64)
            yield Split(0, lambda: Batch.of_tokens(self._array, nothing, nothing, 0))
        yield from array_splits(self._array, self.eot, self.size)


class IterableReader:
    """Documents of an iterable: each item, or each row of a two-dimensional item."""

    path = "(iterable)"
    format = "memory"
    size = 0
    dtype = None

    def __init__(self, source: Iterable[Any], options: ReadOptions) -> None:
        self._source = source
        self._options = options
        self.eot = options.eot
        items = iter(source)
        self._once = items is source
        first = list(_take_one(items))
        self._items = chain(first, items)
        self._read = False
        self.warnings: list[str] = []
        # Without items, whatever the options are for: a vocabulary is given for ids.
        self.kind: Kind = "ids" if options.vocab_size and not options.tokenizer else "text"
        if first:
            self.kind = self._document(first[0], 0)[0]
        self.evidence = (
            f"an iterable of {type(first[0]).__name__}" if first else "an empty iterable"
        )

    def batches(self) -> Iterator[Batch]:
        """Yield the documents in order, about 512 KiB of them in a batch."""
        if self._once and self._read:
            raise InputError(
                "an iterator can be read once: give a list, or a file, to read it again"
            )
        self._read = True
        held: list[Any] = []
        size = 0
        for number, item in enumerate(self._items if self._once else self._source):
            kind, document = self._document(item, number)
            if kind != self.kind:
                raise TypeError(f"item {number} holds {kind}, the ones before it {self.kind}")
            held.append(document)
            size += len(document) if isinstance(document, str) else document.nbytes
            if size >= BATCH_BYTES:
                yield self._batch(held, size)
                held, size = [], 0
        if held:
            yield self._batch(held, size)

    def _document(self, item: Any, number: int) -> tuple[Kind, Any]:
        if isinstance(item, Mapping):
            keys = self._options.find({key for key in item if item[key] is not None})
            if keys is None:
                raise TypeError(
                    f"item {number} must have the key {self._options.wanted}, got {sorted(item)}"
                )
            if keys in CHAT_KEYS or looks_like_chat(item[keys[0]]):
                return "text", self._chat(item, keys, number)
            item = item[keys[0]]
        if isinstance(item, str):
            return "text", item
        array = _array_of_ids(item)
        if array is None:
            raise TypeError(
                f"item {number} must be a text, an array or list of ids, or a mapping with one, "
                f"got {type(item).__name__}"
            )
        return "ids", _checked(array, f"item {number}")

    def _chat(self, item: Mapping[str, Any], keys: tuple[str, ...], number: int) -> str:
        try:
            return chat_text(item, keys, self._options.part)
        except ValueError as error:
            raise TypeError(f"item {number} is not a chat: {error}") from error

    def _batch(self, held: list[Any], size: int) -> Batch:
        if self.kind == "text":
            return Batch.of_texts(held, size)
        lengths = [length for array in held for length in _row_lengths(array)]
        tokens = np.concatenate([array.reshape(-1) for array in held])
        start, stop = rows_of(np.array(lengths, dtype=np.int64))
        return Batch.of_tokens(tokens, *cut_rows(tokens, start, stop, self._options.eot), size)


def _take_one(items: Iterator[Any]) -> Iterator[Any]:
    for item in items:
        yield item
        return


def _row_lengths(array: IntegerArray) -> list[int]:
    return [len(array)] if array.ndim == 1 else [array.shape[1]] * len(array)


def _array_of_ids(source: Any) -> Any:
    """`source` as an array, or None when it is something else: texts, records, a list of arrays."""
    if isinstance(source, Sequence) and not isinstance(source, (str, bytes)):
        if len(source) and not isinstance(source[0], (int, np.integer)):
            return None
        return np.asarray(source, dtype=None if len(source) else np.int64)
    if is_on_gpu(source):
        return to_host(source)
    if hasattr(source, "__array__") or hasattr(source, "__array_interface__"):
        array = np.asarray(source)
        return None if array.dtype.kind in "OUST" else array
    return np.from_dlpack(source) if hasattr(source, "__dlpack__") else None


def _checked(array: Any, name: str) -> IntegerArray:
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers, got {array.dtype}")
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} must have one or two dimensions, got shape {array.shape}")
    checked: IntegerArray = array
    return checked
