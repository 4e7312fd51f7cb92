"""Merging the tables of all units, by parts of the key space and in a tree that fits the memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...backends.base import Backend
from ...counting.part_writer import writer_bytes
from ...counting.relaid_table import RelaidTable
from ...counting.table import TableSource, read_aligned
from ...counting.table_on_disk import TableOnDisk
from ...errors import InputError, LayoutMismatchError
from ...ngrams.layout import KeyRanges, Layout
from ...ngrams.table import NgramTable
from ..manifest import Manifest
from .range_table import read_table, write_table
from .work_directory import WorkDirectory

_FEWEST = 2  # tables that are merged at a time, however little memory there is


@dataclass(frozen=True, slots=True)
class Merged:
    """The table of consecutive units, which may be one."""

    first: int
    last: int
    source: TableSource


def layout_of(manifests: Sequence[Manifest]) -> Layout:
    """Return the layout of all units: that of the largest vocabulary.

    Raises
    ------
    LayoutMismatchError
        The units were not tokenized alike.
    """
    first = manifests[0]
    for other in manifests[1:]:
        if other.tokenizer.sha256 != first.tokenizer.sha256:
            raise LayoutMismatchError(
                f"{first.name} was tokenized with {first.tokenizer}, {other.name} with "
                f"{other.tokenizer}, whose vocabulary differs: count all units with one version "
                "of it, in another --work-dir"
            )
    return max((manifest.layout for manifest in manifests), key=lambda each: each.vocab_size)


def key_ranges_of(manifests: Sequence[Manifest], layout: Layout, number: int, of: int) -> KeyRanges:
    """Return one of `of` stretches of key ranges, which hold about as many rows each."""
    rows = np.zeros(layout.key_ranges)
    for manifest in manifests:
        if manifest.layout.code_bits != layout.code_bits:
            continue  # its keys are in another order
        for part in manifest.parts or ():
            first, last = part.first_key_range, part.last_key_range + 1
            rows[first:last] += part.rows / (last - first)
    until = np.concatenate([[0.0], np.cumsum(rows)])
    edges = np.searchsorted(until, until[-1] * np.arange(1, of) / of).tolist()
    first, last = [*pairwise([0, *edges, layout.key_ranges])][number]
    return first, last


def reduce_range(work: WorkDirectory, number: int, of: int, backend: Backend, memory: int) -> None:
    """Write the merged table of all units over one of `of` stretches, unless it is there."""
    if work.plan.options.get("sample_ngrams") is not None:
        raise InputError(
            "units with --sample-ngrams have no tables to merge by parts of the key space: leave "
            "--reduce out, and run --finish"
        )
    manifests = work.manifests()
    layout = layout_of(manifests)
    if reduced(work, number, of, manifests, layout) is not None:
        return
    stretch = key_ranges_of(manifests, layout, number, of)
    tables = merged_tables(work, manifests, layout, stretch, backend, memory)
    what = _what(work, 0, work.units, stretch)
    write_table(_folder(work, number, of), what, layout, tables, memory)


def reduced(
    work: WorkDirectory, number: int, of: int, manifests: Sequence[Manifest], layout: Layout
) -> TableOnDisk | None:
    """Return what `reduce_range` has written, None if it has not."""
    stretch = key_ranges_of(manifests, layout, number, of)
    return read_table(_folder(work, number, of), _what(work, 0, work.units, stretch), layout)


def all_reduced(
    work: WorkDirectory, manifests: Sequence[Manifest], layout: Layout
) -> TableOnDisk | None:
    """Return the table of all stretches, None if nothing has been reduced by stretches.

    Raises
    ------
    InputError
        Some stretches are missing, or do not hold all tokens of the units.
    """
    found = sorted((work.path / "reduce").glob("*-of-*"))
    numbers = {int(folder.name.split("-of-")[1]) for folder in found}
    if not numbers:
        return None
    gaps: list[str] = []
    for of in sorted(numbers):
        tables = [reduced(work, number, of, manifests, layout) for number in range(of)]
        there = [table for table in tables if table is not None]
        if len(there) == of:
            whole = _joined(work.path / "reduce", layout, there)
            tokens = sum(part.windows for part in whole.parts)
            expected = sum(manifest.windows[1] for manifest in manifests)
            if tokens != expected:
                raise InputError(
                    f"the {of} parts in {work.path / 'reduce'} hold {tokens:,} tokens, and the "
                    f"units {expected:,}: remove that folder, and run --reduce again"
                )
            return whole
        gaps += [f"{number}/{of}" for number, table in enumerate(tables) if table is None]
    raise InputError(
        f"{work.path / 'reduce'} lacks parts: run --reduce {' and --reduce '.join(gaps[:5])} "
        "first, or remove that folder to merge without them"
    )


def merged_tables(
    work: WorkDirectory,
    manifests: Sequence[Manifest],
    layout: Layout,
    stretch: KeyRanges,
    backend: Backend,
    memory: int,
) -> Iterator[NgramTable]:
    """Yield the merged table of all units over a stretch of key ranges, piece by piece.

    As many tables as half of the memory has room for are merged at a time. Where there are more,
    the merged ones are written to the work directory and merged in turn.
    """
    if stretch[0] == stretch[1]:
        return
    writing = writer_bytes(memory)
    tables = [
        Merged(unit, unit + 1, _source(work.folder(unit), manifest, layout, stretch))
        for unit, manifest in enumerate(manifests)
    ]
    while len(tables) > (most := _fan_in(tables, memory - writing)):
        number = -(-len(tables) // most)
        edges = np.linspace(0, len(tables), number + 1).astype(int).tolist()
        tables = [
            _merged(work, tables[begin:end], layout, stretch, backend, memory)
            for begin, end in pairwise(edges)
        ]
    yield from _together(tables, stretch, backend, memory)


def _together(
    tables: Sequence[Merged], stretch: KeyRanges, backend: Backend, memory: int
) -> Iterator[NgramTable]:
    sources = [table.source for table in tables]
    for rows in read_aligned(sources, memory, writer_bytes(memory), stretch):
        yield backend.merge(rows) if len(rows) > 1 else rows[0]


def _merged(
    work: WorkDirectory,
    tables: Sequence[Merged],
    layout: Layout,
    stretch: KeyRanges,
    backend: Backend,
    memory: int,
) -> Merged:
    """Some consecutive tables as one, which is written, or was before."""
    if len(tables) == 1:
        return tables[0]
    first, last = tables[0].first, tables[-1].last
    what = _what(work, first, last, stretch)
    folder = work.path / "merged" / f"{stretch[0]}-{stretch[1] - 1}"
    path = folder / f"u{first:06d}-u{last - 1:06d}"
    if (source := read_table(path, what, layout)) is None:
        write_table(path, what, layout, _together(tables, stretch, backend, memory), memory)
        source = read_table(path, what, layout)
        assert source is not None  # it was written
    return Merged(first, last, source)


def _fan_in(tables: Sequence[Merged], memory: int) -> int:
    """How many tables half of the memory has room for, beside the rows that are merged."""
    sources = [table.source for table in tables]
    each = max(source.resident_bytes - source.shared_bytes for source in sources)
    shared = max(source.shared_bytes for source in sources)
    return max(_FEWEST, (memory // 2 - shared) // max(1, each))


def _source(path: Path, manifest: Manifest, layout: Layout, stretch: KeyRanges) -> TableSource:
    """The table of a unit, with the parts that may have rows in a stretch of key ranges."""
    parts = manifest.parts or []
    if manifest.layout.code_bits == layout.code_bits:
        first, last = stretch
        parts = [p for p in parts if p.first_key_range < last and p.last_key_range >= first]
    source = TableOnDisk(path, manifest.layout, parts)
    return source if manifest.layout == layout else RelaidTable(source, layout)


def _joined(path: Path, layout: Layout, tables: Sequence[TableOnDisk]) -> TableOnDisk:
    """Tables below a folder, of ascending key ranges, as one."""
    parts = [
        replace(part, file=replace(part.file, name=f"{table.path.name}/{part.file.name}"))
        for table in tables
        for part in table.parts
    ]
    return TableOnDisk(path, layout, parts)


def _folder(work: WorkDirectory, number: int, of: int) -> Path:
    return work.path / "reduce" / f"{number}-of-{of}"


def _what(work: WorkDirectory, first: int, last: int, stretch: KeyRanges) -> dict[str, Any]:
    return {"plan": work.plan.digest, "units": [first, last], "key_ranges": list(stretch)}
