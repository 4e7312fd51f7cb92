"""Batches of the documents of records."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base import Batch, IntegerArray
from ..boundaries import documents_of
from ..options import ReadOptions
from ..repairs import Repairs
from .fields import Fields
from .values import ids_of_record, texts_of

Row = tuple[IntegerArray, IntegerArray | None]
"""Token ids and their mask."""


def batch_of_records(
    records: Iterable[tuple[str, Any]],
    fields: Fields,
    options: ReadOptions,
    bytes_read: int,
    repairs: Repairs,
) -> Batch:
    """Return the documents of records, each given with its place.

    Records without a document are counted in `repairs`.
    """
    texts: list[str] = []
    rows: list[Row] = []
    usual = fields.names[0] if fields.plain and fields.kind == "text" and fields.names else None
    for place, record in records:
        if usual and type(record) is dict and type(text := record.get(usual)) is str:
            texts.append(text)
            continue
        try:
            if fields.kind == "ids":
                rows += ids_of_record(record, fields)
                continue
            found = texts_of(record, fields, options.part)
        except ValueError as error:
            repairs.leave_out("lines without a document skipped", f"{place}: {error}")
            continue
        if fields.chat and "" in found:
            of_part = f" of --part {options.part}" if options.part else ""
            reason = f"chats without a word{of_part}, counted as empty documents"
            repairs.add(reason, place, found.count(""))
        texts += without_nulls(found, place, repairs)
    if fields.kind == "text":
        return Batch.of_texts(texts, bytes_read, repairs)
    return batch_of_rows(rows, options.eot, bytes_read, repairs)


def without_nulls(found: list[str | None], place: str, repairs: Repairs) -> list[str]:
    """Return the texts of a record; those that are null are counted in `repairs`."""
    texts = [text for text in found if text is not None]
    if len(texts) < len(found):
        repairs.leave_out("null texts skipped", place, len(found) - len(texts))
    return texts


def batch_of_rows(
    rows: list[Row], eot: int | None, bytes_read: int, repairs: Repairs | None = None
) -> Batch:
    """Return a batch of lists of ids, of which those that a mask leaves out are not counted."""
    lengths = np.array([len(ids) for ids, _ in rows], dtype=np.int64)
    tokens = np.concatenate([np.empty(0, dtype=np.int64), *(ids for ids, _ in rows)])
    keep: npt.NDArray[np.bool_] | None = None
    if any(mask is not None for _, mask in rows):
        keep = np.concatenate(
            [np.ones(len(ids), bool) if mask is None else mask != 0 for ids, mask in rows]
        )
    return Batch.of_tokens(*documents_of(tokens, lengths, keep, eot), bytes_read, repairs)
