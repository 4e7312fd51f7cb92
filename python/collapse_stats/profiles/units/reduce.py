"""Merging the tables of all units, by parts of the key space and in a tree that fits the memory."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ...backends.base import Backend
from ...corpus.sample import Sample, merge_samples
from ...counting.part_writer import writer_bytes
from ...counting.relaid_table import RelaidTable
from ...counting.saved_file import Folder
from ...counting.table import TableSource, fan_in, read_aligned
from ...counting.table_on_disk import TableOnDisk
from ...errors import InputError, LayoutMismatchError
from ...ngrams.layout import KeyRanges, Layout
from ...ngrams.table import NgramTable
from ..folders import names_in
from ..manifest import Manifest
from ..storage import read_sample
from .range_table import read_table, write_table
from .reduced_range import ReducedRange, read_range, write_range
from .work_directory import WorkDirectory

_PART = re.compile(r"\d+-of-(\d+)")  # the name of the folder of a stretch


@dataclass(frozen=True, slots=True)
class Merged:
    """The table of consecutive units, which may be one."""

    first: int
    last: int
    source: TableSource


Manifests = Mapping[int, Manifest]
"""The manifests of the units of a corpus, by their numbers."""


def filled(manifests: Manifests) -> list[Manifest]:
    """Return the manifests of the units that hold a token, which is at least one.

    Raises
    ------
    InputError
        There are none.
    """
    found = [manifest for manifest in manifests.values() if manifest.windows[1]]
    if not found:
        errors = (s.error for m in manifests.values() for s in m.sources if s.error is not None)
        why = next(errors, "their documents are all empty, or there are none")
        raise InputError(f"the files have nothing to count: {why}: give another source")
    return found


def layout_of(manifests: Manifests) -> Layout:
    """Return the layout of all units: that of the largest vocabulary.

    Raises
    ------
    LayoutMismatchError
        The units were not tokenized alike.
    """
    first, *others = units = filled(manifests)
    for other in others:
        if other.tokenizer.sha256 != first.tokenizer.sha256:
            raise LayoutMismatchError(
                f"{first.name} was tokenized with {first.tokenizer}, {other.name} with "
                f"{other.tokenizer}, whose vocabulary differs: count all units with one version "
                "of it, in another --work-dir"
            )
    return max((manifest.layout for manifest in units), key=lambda each: each.vocab_size)


def key_ranges_of(manifests: Manifests, layout: Layout, number: int, of: int) -> KeyRanges:
    """Return one of `of` stretches of key ranges, which hold about as many rows each."""
    rows = np.zeros(layout.key_ranges)
    for manifest in filled(manifests):
        if manifest.layout.code_bits != layout.code_bits:
            continue  # its keys are in another order
        for part in manifest.parts or ():
            first, last = part.first_key_range, part.last_key_range + 1
            rows[first:last] += part.rows / (last - first)
    until = np.concatenate([[0.0], np.cumsum(rows)])
    edges = np.searchsorted(until, until[-1] * np.arange(1, of) / of).tolist()
    first, last = [*pairwise([0, *edges, layout.key_ranges])][number]
    return first, last


def reduce_range(
    work: WorkDirectory,
    number: int,
    of: int,
    backend: Backend,
    memory: int,
    table: bool = True,
) -> ReducedRange:
    """Merge all units over one of `of` stretches, unless that is there; return what is.

    Input: `table`, whether to keep the rows of the merged table, and not just what is counted.
    """
    if work.plan.options.get("sample_ngrams") is not None:
        raise InputError(
            "units with --sample-ngrams have no tables to merge by parts of the key space: leave "
            "--reduce out, and run --finish"
        )
    manifests = work.manifests()
    layout = layout_of(manifests)
    found = reduced(work, number, of, manifests, layout)
    if found is not None:
        return _with_table(found) if table else found
    stretch = key_ranges_of(manifests, layout, number, of)
    tables = merged_tables(work, manifests, layout, stretch, backend, memory)
    share = range(number * work.units // of, (number + 1) * work.units // of)
    sample = _sample(work, {unit: manifests[unit] for unit in share if unit in manifests})
    what = _what(work, 0, work.units, stretch)
    write_range(_folder(work, number, of), what, layout, tables, sample, backend, memory, table)
    found = reduced(work, number, of, manifests, layout)
    assert found is not None  # it was written
    return found


def reduced(
    work: WorkDirectory, number: int, of: int, manifests: Manifests, layout: Layout
) -> ReducedRange | None:
    """Return what `reduce_range` has written, None if it has not."""
    stretch = key_ranges_of(manifests, layout, number, of)
    return read_range(_folder(work, number, of), _what(work, 0, work.units, stretch), layout)


def all_reduced(
    work: WorkDirectory, manifests: Manifests, layout: Layout, table: bool
) -> list[ReducedRange] | None:
    """Return all stretches, None if nothing has been reduced by stretches.

    Input: `table`, whether their rows are needed.

    Raises
    ------
    InputError
        Some stretches are missing, do not hold all tokens of the units, or lack their rows.
    """
    found = filter(None, map(_PART.fullmatch, names_in(work.path / "reduce")))
    numbers = {int(part[1]) for part in found}
    if not numbers:
        return None
    gaps: list[str] = []
    for of in sorted(numbers):
        ranges = [reduced(work, number, of, manifests, layout) for number in range(of)]
        there = [each for each in ranges if each is not None]
        if len(there) == of:
            tokens = sum(each.windows for each in there)
            expected = sum(manifest.windows[1] for manifest in manifests.values())
            if tokens != expected:
                raise InputError(
                    f"the {of} parts in {work.path / 'reduce'} hold {tokens:,} tokens, and the "
                    f"units {expected:,}: remove that folder, and run --reduce again"
                )
            return [*map(_with_table, there)] if table else there
        gaps += [f"{number}/{of}" for number, each in enumerate(ranges) if each is None]
    raise InputError(
        f"{work.path / 'reduce'} lacks parts: run --reduce {' and --reduce '.join(gaps[:5])} "
        "first, or remove that folder to merge without them"
    )


def _with_table(found: ReducedRange) -> ReducedRange:
    if found.table is None:
        raise InputError(
            f"{found.path} was merged with --no-table: give that now, or remove "
            f"{found.path.parent} and merge again"
        )
    return found


def _sample(work: WorkDirectory, units: Manifests) -> Sample:
    """The sample of some units, with that of one unit in memory at a time."""
    budget = work.plan.options["sample_tokens"]
    sample = Sample.empty()
    for unit, manifest in units.items():
        sample = merge_samples([sample, read_sample(work.folder(unit), manifest)], budget)
    return sample


def merged_tables(
    work: WorkDirectory,
    manifests: Manifests,
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
        for unit, manifest in manifests.items()
        if manifest.windows[1]
    ]
    while len(tables) > (most := fan_in([each.source for each in tables], memory - writing)):
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


def _source(path: Folder, manifest: Manifest, layout: Layout, stretch: KeyRanges) -> TableSource:
    """The table of a unit, with the parts that may have rows in a stretch of key ranges."""
    parts = manifest.parts or []
    if manifest.layout.code_bits == layout.code_bits:
        first, last = stretch
        parts = [p for p in parts if p.first_key_range < last and p.last_key_range >= first]
    source = TableOnDisk(path, manifest.layout, parts)
    return source if manifest.layout == layout else RelaidTable(source, layout)


def _folder(work: WorkDirectory, number: int, of: int) -> Folder:
    return work.path / "reduce" / f"{number}-of-{of}"


def _what(work: WorkDirectory, first: int, last: int, stretch: KeyRanges) -> dict[str, Any]:
    return {"plan": work.plan.digest, "units": [first, last], "key_ranges": list(stretch)}
