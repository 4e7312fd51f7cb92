"""Batches of the documents of records."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base import Batch, IntegerArray
from ..boundaries import batch_of_lists
from ..options import ReadOptions
from ..repairs import Repairs
from ..rows import Rows
from .fields import Fields
from .group_key import NO_KEY, KeyHashes, note_missing
from .values import group_of_record, ids_of_record, texts_of

Row = tuple[IntegerArray, IntegerArray | None]
"""Token ids and their mask."""


def batch_of_records(
    records: Iterable[tuple[int, str, Any]],
    number: int,
    fields: Fields,
    options: ReadOptions,
    bytes_read: int,
    repairs: Repairs,
) -> Batch:
    """Return the documents of records, each given with its row among `number` rows, and its place.

    Records without a document are counted in `repairs`.
    """
    texts: list[str] = []
    lists: list[Row] = []
    documents = Documents(fields.group, repairs)
    usual = fields.names[0] if fields.plain and fields.kind == "text" and fields.names else None
    for row, place, record in records:
        if usual and type(record) is dict and type(text := record.get(usual)) is str:
            texts.append(text)
            documents.add(row, 1, record, place)
            continue
        try:
            if fields.kind == "ids":
                found_lists = list(ids_of_record(record, fields))
                lists += found_lists
                documents.add(row, len(found_lists), record, place)
                continue
            found = texts_of(record, fields, options.part)
        except ValueError as error:
            repairs.leave_out("lines without a document skipped", f"{place}: {error}")
            continue
        if fields.chat and "" in found:
            of_part = f" of --part {options.part}" if options.part else ""
            reason = f"chats without a word{of_part}, counted as empty documents"
            repairs.add(reason, place, found.count(""))
        good = without_nulls(found, place, repairs)
        texts += good
        documents.add(row, len(good), record, place)
    rows = documents.rows(number)
    if fields.kind == "text":
        return Batch.of_texts(texts, bytes_read, repairs, rows)
    return batch_of_rows(lists, options.eot, bytes_read, repairs, rows)


class Documents:
    """The rows and the group keys of documents that are found one record after the other."""

    def __init__(self, group: str | None, repairs: Repairs) -> None:
        self._rows: list[int] = []
        self._group, self._repairs = group, repairs
        self._hashes = None if group is None else KeyHashes(group)
        self._keys: list[int] = []

    def add(self, row: int, documents: int, record: Any, place: str) -> None:
        """Add the documents of a record, which is this row."""
        self._rows += [row] * documents if documents != 1 else (row,)
        if self._hashes is not None and self._group is not None:
            value = group_of_record(record, self._group)
            self.add_key(self._hashes.of(value, place), documents, place)

    def add_key(self, key: int, documents: int, place: str) -> None:
        """Add the hash of the group key of the newest documents."""
        self._keys += [key] * documents
        if key == NO_KEY:
            note_missing(documents, place, self._repairs)

    def rows(self, number: int) -> Rows | None:
        """Return the rows of all documents, which come from `number` rows."""
        if self._hashes is None and self._rows == [*range(number)]:
            return None  # as `Rows.or_none` says too, which takes longer for a few rows
        keys = None if self._hashes is None else np.array(self._keys, dtype=np.uint64)
        return Rows.or_none(number, np.array(self._rows, dtype=np.int64), keys)


def without_nulls(found: list[str | None], place: str, repairs: Repairs) -> list[str]:
    """Return the texts of a record; those that are null are counted in `repairs`."""
    texts = [text for text in found if text is not None]
    if len(texts) < len(found):
        repairs.leave_out("null texts skipped", place, len(found) - len(texts))
    return texts


def batch_of_rows(
    lists: list[Row],
    eot: int | None,
    bytes_read: int,
    repairs: Repairs | None = None,
    rows: Rows | None = None,
) -> Batch:
    """Return a batch of lists of ids, of which those that a mask leaves out are not counted.

    `rows` are those of the lists.
    """
    lengths = np.array([len(ids) for ids, _ in lists], dtype=np.int64)
    tokens = np.concatenate([np.empty(0, dtype=np.int64), *(ids for ids, _ in lists)])
    keep: npt.NDArray[np.bool_] | None = None
    if any(mask is not None for _, mask in lists):
        keep = np.concatenate(
            [np.ones(len(ids), bool) if mask is None else mask != 0 for ids, mask in lists]
        )
    return batch_of_lists(tokens, lengths, keep, eot, bytes_read, repairs, rows)
