"""A reader of an iterable of texts, chats, lists of ids, arrays, or records with one of them."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from typing import Any

from ...errors import InputError
from ..base import BATCH_BYTES, Batch
from ..options import ReadOptions
from ..records.batch import Row, batch_of_rows, without_nulls
from ..records.fields import Fields
from ..records.values import Probe, fields_of, holding_of, ids_of_record, texts_of
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
        texts: list[str] = []
        rows: list[Row] = []
        repairs, size = Repairs(), 0
        for number, item in enumerate(self._items if self._once else self._source):
            try:
                new_texts, new_rows = self._documents(item)
            except ValueError as error:
                if not isinstance(item, Mapping) and holding_of(item) != "nothing":
                    raise TypeError(f"item {number} has no document: {error}") from error
                reason = "items without a document skipped"
                repairs.leave_out(reason, f"item {number}: {error}")
                continue
            good_texts = without_nulls(new_texts, f"item {number}", repairs)
            texts += good_texts
            rows += new_rows
            size += sum(map(len, good_texts)) + sum(ids.nbytes for ids, _ in new_rows)
            if size >= BATCH_BYTES:
                yield Split(size, partial(self._batch, texts, rows, size, repairs))
                texts, rows, repairs, size = [], [], Repairs(), 0
        if texts or rows or repairs:
            yield Split(size, partial(self._batch, texts, rows, size, repairs))

    def _documents(self, item: Any) -> tuple[list[str | None], list[Row]]:
        """The texts of an item, or its lists of ids; it may have them under another key."""
        try:
            return _documents(item, self._fields, self._options)
        except ValueError as error:
            try:
                fields = fields_of("it", Probe([item]), self._options, "it has")
            except InputError:
                fields = None
            if fields is None or fields == self._fields or fields.kind != self.kind:
                raise error from None
            return _documents(item, fields, self._options)

    def _batch(self, texts: list[str], rows: list[Row], size: int, repairs: Repairs) -> Batch:
        if self.kind == "text":
            return Batch.of_texts(texts, size, repairs)
        return batch_of_rows(rows, self.eot, size, repairs)


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
        if isinstance(first, Mapping):
            raise
        raise TypeError(
            "expected an array, a table, or an iterable of texts, chats, arrays, lists of ids or "
            f"mappings with one of them, got an iterable of {type(first).__name__}"
        ) from error
