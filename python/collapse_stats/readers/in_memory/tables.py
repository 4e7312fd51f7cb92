"""Readers of a table of any library, and of a series of tables."""

from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import InputError
from ..options import MASK_KEY, ReadOptions
from ..records.fields import no_fields
from ..records.group_key import no_group_key
from ..splits import Split, SplittableReader
from .frames import FrameReader, is_transformed, library_of, rows_of_table
from .items import ItemsReader


class TablesReader(SplittableReader):
    """Documents of several tables, each of which may have them in another column.

    An iterator of tables can be read once.
    """

    path = "(tables)"
    format = "memory"
    size = 0

    def __init__(
        self, tables: Iterable[Any], first: FrameReader | ItemsReader, options: ReadOptions
    ) -> None:
        self._tables = tables
        self._options = options
        self._once = iter(tables) is tables
        self._read = False
        self.evidence = f"a series of tables, the first {first.evidence}"
        self.kind = first.kind
        self.eot = first.eot
        self.dtype = first.dtype

    def splits(self) -> Iterator[Split]:
        """Yield the splits of each table."""
        if self._once and self._read:
            raise InputError("an iterator of tables can be read once: give a list of them")
        self._read = True
        for number, table in enumerate(self._tables, 1):
            reader = open_table(table, self._options, number)
            if reader is None:
                raise InputError(f"expected tables only, got a {type(table).__name__} among them")
            if reader.kind != self.kind:
                raise InputError(
                    f"a corpus must be all text or all token ids, got {self.kind} in the first "
                    f"table and {reader.kind} in table {number:,}: give them as two corpora"
                )
            yield from reader.splits()


def open_table(
    source: Any, options: ReadOptions, number: int | None = None
) -> FrameReader | ItemsReader | None:
    """Return a reader of a table or a column, None if the source is neither.

    `number` says which of several tables it is.

    Raises
    ------
    InputError
        The table has no column of documents.
    """
    if library_of(source) == "pandas" and hasattr(source, "columns"):
        return _open_pandas(source, options, number)
    if is_transformed(source):
        return ItemsReader(source, options)
    rows = rows_of_table(source)
    return None if rows is None else FrameReader(rows, type(source).__name__, options, number)


def _open_pandas(frame: Any, options: ReadOptions, number: int | None) -> FrameReader | ItemsReader:
    """A reader of a `pandas.DataFrame`, by Arrow if its columns have Arrow types."""
    wanted = {name for keys in options.keys for name in keys}
    wanted |= {MASK_KEY, *filter(None, (options.mask_key, options.group_key))}
    tops = set(map(_top, wanted))
    names = [name for name in frame.columns if name in wanted | tops]
    if not names:
        held = {str(name): str(kind) for name, kind in frame.dtypes.items()}
        table = f"table {number:,}" if number else "the table"
        raise no_fields(table, options, held, "it has")
    if options.group_key and _top(options.group_key) not in frame.columns:
        table = f"table {number:,}" if number else "the table"
        raise no_group_key(table, options.group_key, list(map(str, frame.columns)), "it has")
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"expected one column {repeated!r}, the table has several")
    part = frame[names]
    try:
        rows = rows_of_table(part)
    except InputError:  # a column of different types, such as texts and lists of pieces
        records = part.astype(object).where(part.notna(), None).to_dict("records")
        return ItemsReader(records, options)
    assert rows is not None
    return FrameReader(rows, "pandas.DataFrame", options, number)


def _top(name: str) -> str:
    """The column that a field lies in."""
    return name.split(".")[0]
