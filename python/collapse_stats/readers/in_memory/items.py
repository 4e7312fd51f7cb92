"""A reader of an iterable of texts, chats, lists of ids, arrays, or records with one of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import BATCH_BYTES, Batch
from ..options import ReadOptions
from ..records.batch import Documents, Row, batch_of_rows, without_nulls
from ..records.fields import Fields
from ..records.sequences import as_list
from ..records.values import (
    Probe,
    fields_of,
    group_of_record,
    holding_of,
    ids_of_record,
    texts_of,
)
from ..repairs import Repairs
from ..splits import Split, SplittableReader

_PROBED = 100  # records


class ItemsReader(SplittableReader):
    """Documents of an iterable; a record with several texts or lists of ids holds as many.

    An iterator is read once, and only as far as it is needed.
    """

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
        probe = Probe(islice(items, _PROBED))
        _ = next(iter(probe), None)
        self._fields = _fields(probe, options) if probe.records else _nothing(options)
        self._items = chain(probe.records, items)
        self._read = False
        self.kind = self._fields.kind
        self.evidence = (
            f"an iterable of {type(probe.records[0]).__name__}"
            if probe.records
            else "an empty iterable"
        )

    @property
    def warnings(self) -> list[str]:
        """What the pass has skipped so far."""
        return self._repairs.messages("in memory") if self._repairs else []

    def splits(self) -> Iterator[Split]:
        """Yield about 512 KiB of documents at a time, which one thread has taken from the items."""
        if self._once and self._read:
            raise InputError(
                "an iterator can be read once: give a list, or a file, to read it again"
            )
        self._read = True
        found = _Found(self._fields.group)
        for number, item in enumerate(self._items if self._once else self._source):
            try:
                new_texts, new_lists = self._documents(item)
            except ValueError as error:
                if not isinstance(item, Mapping) and holding_of(item) != "nothing":
                    raise TypeError(f"item {number} has no document: {error}") from error
                reason = "items without a document skipped"
                found.repairs.leave_out(reason, f"item {number}: {error}")
                found.rows += 1
                continue
            # A text of a batch is an item of its own, and so is a list of ids beside others.
            apart = self.kind == "ids" or _is_batch(item, len(new_texts))
            found.add(item, new_texts, new_lists, f"item {number}", apart)
            if found.size >= BATCH_BYTES:
                yield Split(found.size, partial(self._batch, found))
                found = _Found(self._fields.group)
        if found.rows:
            yield Split(found.size, partial(self._batch, found))

    def _documents(self, item: Any) -> tuple[list[str | None], list[Row]]:
        """The texts of an item, or its lists of ids; it may have them under another key."""
        try:
            return _documents(item, self._fields, self._options)
        except ValueError as error:
            try:
                options = replace(self._options, group_key=None)  # it may be missing here
                fields = fields_of("it", Probe([item]), options, "it has")
            except InputError:
                fields = None
            if fields is None or fields == self._fields or fields.kind != self.kind:
                raise error from None
            return _documents(item, fields, self._options)

    def _batch(self, found: "_Found") -> Batch:
        rows = found.documents.rows(found.rows)
        if self.kind == "text":
            return Batch.of_texts(found.texts, found.size, found.repairs, rows)
        return batch_of_rows(found.lists, self.eot, found.size, found.repairs, rows)


class _Found:
    """The documents of some items, and the rows that they are."""

    def __init__(self, group: str | None) -> None:
        self.texts: list[str] = []
        self.lists: list[Row] = []
        self.repairs = Repairs()
        self.documents = Documents(group, self.repairs)
        self.rows = self.size = 0
        self._group = group

    def add(
        self, item: Any, texts: list[str | None], lists: list[Row], place: str, apart: bool
    ) -> None:
        """Add the documents of an item, each of which is a row if they are `apart`."""
        good = without_nulls(texts, place, self.repairs)
        self.texts += good
        self.lists += lists
        self.size += sum(map(len, good)) + sum(ids.nbytes for ids, _ in lists)
        exist = [text is not None for text in texts] + [True] * len(lists)
        records = self._of_batch(item, len(exist)) if apart else [item] * len(exist)
        for at, (exists, record) in enumerate(zip(exist, records, strict=True)):
            if exists:
                self.documents.add(self.rows + at * apart, 1, record, place)
        self.rows += max(len(exist), 1) if apart else 1

    def _of_batch(self, item: Any, documents: int) -> list[Any]:
        """The record that has the group key of each document of an item, which may be one of it."""
        keys = None if self._group is None else as_list(group_of_record(item, self._group))
        if isinstance(keys, list | tuple | np.ndarray) and len(keys) == documents:
            return [{self._group: key} for key in keys]
        return [item] * documents


def _is_batch(item: Any, documents: int) -> bool:
    """Whether an item is columns of so many documents, as of a data loader, and not one record."""
    return isinstance(item, Mapping) and all(
        hasattr(column, "__len__")
        and not isinstance(column, str | bytes | Mapping)
        and getattr(column, "ndim", 1) > 0
        and len(column) == documents
        for column in item.values()
    )


def _documents(
    item: Any, fields: Fields, options: ReadOptions
) -> tuple[list[str | None], list[Row]]:
    if fields.kind == "text":
        return texts_of(item, fields, options.part), []
    return [], list(ids_of_record(item, fields))


def _nothing(options: ReadOptions) -> Fields:
    """What an iterable without items holds: what the options are for."""
    return Fields((), "ids" if options.vocab_size and not options.tokenizer else "text")


def _fields(probe: Probe, options: ReadOptions) -> Fields:
    try:
        return fields_of("the iterable", probe, options, "its items have") or _nothing(options)
    except InputError as error:
        first = next(record for record in probe.records if holding_of(record) != "nothing")
        if isinstance(first, Mapping) or options.group_key:
            raise
        raise TypeError(
            "expected an array, a table, or an iterable of texts, chats, arrays, lists of ids or "
            f"mappings with one of them, got an iterable of {type(first).__name__}"
        ) from error
