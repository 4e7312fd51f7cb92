"""Checks of the tables given to a backend, the same for every backend."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from ..errors import LayoutMismatchError
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout
from ..ngrams.table import NgramTable
from ..system.memory import check_unchanged


def check_mergeable(tables: Sequence[NgramTable]) -> Layout:
    """Return the layout of the tables; raise an error if they have none or several."""
    if not tables:
        raise ValueError("merge needs at least one table, got none")
    layout = tables[0].layout
    for table in tables:
        _check_layout(table.layout, layout)
    return layout


def checked_tables(aligned: Iterable[Sequence[NgramTable]]) -> Iterator[Sequence[NgramTable]]:
    """Yield the items of `aligned`; raise an error for layouts that do not fit, or no item.

    See `Backend.joint_spectra`.
    """
    expected: list[Layout] | None = None
    for tables in aligned:
        if expected is None:
            first = tables[0].layout
            expected = [
                Layout(first.vocab_size, first.max_order, table.layout.labels) for table in tables
            ]
        for table, layout in zip(tables, expected, strict=True):
            _check_layout(table.layout, layout)
        yield tables
    if expected is None:
        raise ValueError("joint_spectra needs at least one stretch of key ranges, got none")


@contextmanager
def named_if_changed(chunk: Chunk) -> Iterator[None]:
    """Name the file in the error for ids that turn out to be wrong because it is written to."""
    try:
        yield
    except (ValueError, IndexError):
        check_unchanged(chunk.tokens)
        raise


def _check_layout(layout: Layout, expected: Layout) -> None:
    if layout != expected:
        raise LayoutMismatchError(
            f"expected a table of {expected}, got one of {layout}: count both with the same "
            "settings"
        )
