"""A reader of tables: Arrow, pandas, Polars, `datasets`, and everything that exports Arrow data."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from ...errors import InputError
from ..base import BATCH_BYTES, Batch
from ..options import TURNS_KEYS, ReadOptions
from ..records.arrow_columns import arrow_errors, batch_of, find_columns
from ..records.arrow_types import holding_of_type
from ..records.decoded import decoded_bytes, slices
from ..splits import Split, SplittableReader

_ROWS = 1000  # that are read at a time of a dataset


class Rows(NamedTuple):
    """The rows of a table: the Arrow schema, and a function that yields Arrow record batches.

    The function is given the names of the columns to read.
    """

    schema: Any
    batches: Callable[[list[str]], Iterator[Any]]
    once: bool = False  # whether they can be read only once


class FrameReader(SplittableReader):
    """Documents of the rows of a table, which may be one of several, or of a column."""

    path = "(table)"
    format = "memory"
    size = 0

    def __init__(
        self, rows: Rows, name: str, options: ReadOptions, number: int | None = None
    ) -> None:
        self._rows = rows
        self._place = f"table {number:,}, " if number else ""
        self._options = options
        table = f"table {number:,}" if number else "the table"
        self._columns = find_columns(table, rows.schema, options, "it has")
        self._read = False
        self.evidence = f"a {name}"
        self.eot = options.eot
        self.kind = self._columns.kind
        self.dtype = self._columns.dtype

    def splits(self) -> Iterator[Split]:
        """Yield slices of the rows."""
        if self._rows.once and self._read:
            raise InputError("this stream of tables can be read once: give a table, or a file")
        self._read = True
        done = 0
        with errors_named(self.evidence):
            for batch in self._rows.batches(list(self._columns.names)):
                longest = self._options.longest
                for rows in slices(batch, BATCH_BYTES, self.path, longest):
                    done += len(rows)
                    yield Split(decoded_bytes(rows), partial(self._batch, rows, done))

    def _batch(self, rows: Any, done: int) -> Batch:
        with errors_named(self.evidence):
            return batch_of(
                rows, self._columns, self._options, f"{self._place}up to row {done:,}", 0
            )


def rows_of_table(source: Any) -> Rows | None:
    """Return the rows of a table or the values of a column, None if the source is neither.

    Raises
    ------
    InputError
        The source is a table that Arrow cannot represent.
    """
    library = library_of(source)
    if library == "datasets" and hasattr(source, "with_format") and hasattr(source, "__len__"):
        return _rows_of_dataset(source)
    if library == "polars" and type(source).__name__ == "LazyFrame":
        return _rows_of_lazy_frame(source)
    if (library == "pandas" and _is_frame_or_column(source)) or (
        hasattr(source, "__arrow_c_stream__")
    ):
        with errors_named(f"{type(source).__name__} of {library}"):
            return _exported(source)
    if hasattr(source, "__arrow_c_array__"):
        return _rows_of_array(source)
    return None


def library_of(value: object) -> str:
    """Return the name of the package that the type of a value belongs to."""
    return type(value).__module__.partition(".")[0]


def only_split(datasets: Mapping[str, Any]) -> Any:
    """Return the dataset of a dictionary with one split; InputError if it has several."""
    if len(datasets) == 1:
        return next(iter(datasets.values()))
    names = ", ".join(map(repr, datasets))
    raise InputError(
        f"expected one dataset, got a {type(datasets).__name__} with the splits {names}: give one "
        f"of them, such as source[{next(iter(datasets), 'train')!r}]"
    )


def is_transformed(source: Any) -> bool:
    """Return whether a source is a `datasets.Dataset` whose rows a function makes when asked."""
    form = getattr(source, "format", None) if library_of(source) == "datasets" else None
    return isinstance(form, dict) and form.get("type") == "custom"


def _rows_of_dataset(dataset: Any) -> Rows:
    """Rows of a `datasets.Dataset`; its selections and orders are its own business."""
    formatted = dataset.with_format("arrow")
    if (columns := dataset.format["columns"]) != dataset.column_names:  # by ``set_format``
        formatted = formatted.select_columns(columns)

    def batches(names: list[str]) -> Iterator[Any]:
        for table in formatted.select_columns(names).iter(batch_size=_ROWS):
            yield from table.combine_chunks().to_batches()

    return Rows(formatted.features.arrow_schema, batches)


def _rows_of_lazy_frame(frame: Any) -> Rows:
    """Rows of a `polars.LazyFrame`, of which only the columns to read are computed."""

    def batches(names: list[str]) -> Iterator[Any]:
        selected = frame.select(names)
        if hasattr(selected, "collect_batches"):
            for part in selected.collect_batches():
                yield from _stream(part)
        else:
            yield from _stream(selected.collect())

    return Rows(_stream(frame.limit(0).collect()).schema, batches)


def _is_frame_or_column(source: Any) -> bool:
    """Whether an object of pandas is one; others are iterables, such as the chunks of a file."""
    return hasattr(source, "columns") or hasattr(source, "dtype")


def _exported(source: Any) -> Rows:
    import pyarrow as pa

    if library_of(source) == "pandas" and not hasattr(source, "columns"):
        return _rows_of_column(pa.chunked_array([pa.Array.from_pandas(source)]))
    if library_of(source) == "pandas":
        table = pa.Table.from_pandas(source, preserve_index=False)
        return Rows(table.schema, lambda names: iter(table.select(names).to_batches()))
    if isinstance(source, pa.RecordBatchReader):
        return Rows(source.schema, lambda names: (batch.select(names) for batch in source), True)
    if type(source).__name__ in ("Series", "ChunkedArray"):
        return _rows_of_column(pa.chunked_array(source))
    return Rows(_stream(source).schema, lambda names: (b.select(names) for b in _stream(source)))


def _rows_of_array(source: Any) -> Rows:
    import pyarrow as pa

    if hasattr(source, "columns"):
        batch = pa.record_batch(source)
        return Rows(batch.schema, lambda names: iter([batch.select(names)]))
    return _rows_of_column(pa.chunked_array([pa.array(source)]))


def _rows_of_column(column: Any) -> Rows:
    """The values of a column as the rows of a table, under the name of what they hold.

    Integers are one document, as those of any one-dimensional array.
    """
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_integer(column.type):
        whole = column.combine_chunks()
        column = pa.chunked_array([pa.LargeListArray.from_arrays([0, len(whole)], whole)])
    holding = holding_of_type(pa.field("", column.type))
    name = {"ids": "input_ids", "rows": "input_ids", "chat": TURNS_KEYS[0]}.get(holding, "text")
    table = pa.table({name: column})
    return Rows(table.schema, lambda _: iter(table.to_batches()))


def _stream(source: Any) -> Any:
    import pyarrow as pa

    return pa.RecordBatchReader.from_stream(source)


@contextmanager
def errors_named(name: str) -> Iterator[None]:
    """Raise an error that names the table in the place of one of Arrow's."""
    try:
        yield
    except InputError:
        raise
    except arrow_errors() as error:
        raise InputError(
            f"{name}: cannot be read as an Arrow table ({error}): make each column hold one type, "
            "or give an iterable of dictionaries"
        ) from error
