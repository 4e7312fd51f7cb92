"""Profiles with a sample of n-grams: of a corpus, and of several such profiles together."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..backends.base import Backend
from ..backends.options import CountOptions
from ..corpus.load import Progress
from ..counting.ngram_sample import NgramSample
from ..counting.ngram_sampler import NgramSampler, sampler_bytes
from ..counting.part_writer import PartWriter, writer_bytes
from ..counting.passes import TableUse, count_tables, passes
from ..counting.table import TableInMemory, TableSource, fan_in, read_aligned
from ..counting.table_on_disk import TableOnDisk
from ..errors import LayoutMismatchError
from ..ngrams.chunk import Chunks, Int64Array
from ..ngrams.layout import Layout
from ..ngrams.ngram_hash import LABELS
from ..ngrams.table import NgramTable
from ..system.memory import TooLittleMemoryError
from .data import ProfileData
from .storage import read, write_sampled

P = TypeVar("P", bound=ProfileData)

Tables = Mapping[int, Iterable[NgramTable]]


def sampled_profile(
    bare: P,
    chunks: Chunks,
    tokens: int,
    one_of: int,
    backend: Backend,
    counting: CountOptions,
    save_to: Path | None,
    progress: Progress | None,
) -> P:
    """Return the profile of a corpus with one in `one_of` of its n-grams.

    Its tokens are read once, and memory does not grow with them.

    Parameters
    ----------
    bare
        The profile without what is counted; its layout has one label.
    tokens
        Number of tokens of the chunks.

    Raises
    ------
    TooLittleMemoryError
        There is no room for the sums of the buckets.
    """
    layout, memory = bare.layout, counting.memory_bytes
    least = counting.used() + sampler_bytes(layout.max_order)
    if least > memory:
        raise TooLittleMemoryError(memory, least)

    def counted() -> P | None:
        """The profile in memory, None if it was written; what was counted is then forgotten."""
        sampler = NgramSampler(
            layout.vocab_size, layout.max_order, one_of, backend.threads, counting.tmp
        )
        done = 0
        for chunk in chunks():
            sampler.add(chunk)
            done += chunk.windows
            if progress:
                progress("counting", done, tokens)
        tables = {n: _tables(sampler, n, backend, counting, save_to) for n in sampler.orders}
        if save_to is None:
            return in_memory(bare, one_of, sampler.sums, tables)
        write_sampled(bare, one_of, sampler.sums, tables, memory, save_to)
        return None

    profile = counted()
    if profile is None:
        assert save_to is not None
        memory.settle()
        return read(save_to, type(bare))
    return profile


def _tables(
    sampler: NgramSampler,
    order: int,
    backend: Backend,
    counting: CountOptions,
    save_to: Path | None,
) -> Iterator[NgramTable]:
    """The table of the kept n-grams of one order, in as many passes as the memory requires.

    All are planned before the first is counted, whose memory the next one takes over.
    """
    use = TableUse.kept if save_to is None else TableUse.written
    kept, windows = partial(sampler.chunks, order), sampler.windows(order)
    layout, memory = sampler.layout(order), counting.memory_bytes
    needed = passes(kept, windows, layout, backend, memory, use, counting.used())

    def counted() -> Iterator[NgramTable]:
        memory.settle()
        yield from count_tables(kept, windows, layout, backend, needed, use)

    return counted()


def in_memory(bare: P, one_of: int, sums: Mapping[int, Int64Array], tables: Tables) -> P:
    """Return a profile with a sample whose tables come in stretches of key ranges."""
    whole: dict[int, TableSource] = {
        n: TableInMemory(NgramTable.concatenate(Layout(bare.vocab_size, n, LABELS), list(some)))
        for n, some in tables.items()
    }
    return replace(bare, ngram_sample=NgramSample(bare.vocab_size, one_of, sums, whole))


def with_sample(
    bare: P,
    one_of: int,
    sums: Mapping[int, Int64Array],
    tables: Tables,
    memory: int,
    save_to: Path | None,
) -> P:
    """Return a profile with a sample, which is written to `save_to` if that is given."""
    if save_to is None:
        return in_memory(bare, one_of, sums, tables)
    write_sampled(bare, one_of, sums, tables, memory, save_to)
    return read(save_to, type(bare))


class SampleSum:
    """The sum of several samples of one share of the n-grams, which are added one by one."""

    def __init__(self) -> None:
        self.one_of = 0
        self.sums: dict[int, Int64Array] = {}
        self._tables: dict[int, list[TableSource]] = {}

    def add(self, profile: ProfileData) -> None:
        """Add the sample of a profile that has one."""
        sample = profile.ngram_sample
        assert sample is not None
        self.one_of = sample.one_of
        for order, sums in sample.sums.items():
            self.sums[order] = sums + self.sums[order] if order in self.sums else sums
        for order, table in sample.tables.items():
            self._tables.setdefault(order, []).append(table)

    def tables(self, backend: Backend, memory: int) -> Tables:
        """Return the merged tables of the kept n-grams, which come in stretches of key ranges."""
        return {n: merged(sources, backend, memory) for n, sources in self._tables.items()}


def check_shares(profiles: Sequence[ProfileData]) -> None:
    """Raise LayoutMismatchError unless all profiles keep one share of their n-grams."""
    first = profiles[0]
    for other in profiles[1:]:
        if _share(other) != _share(first):
            raise LayoutMismatchError(
                "profiles must keep one share of their n-grams to be merged: "
                f"{first.name} keeps {_share(first)}, {other.name} {_share(other)}: make both "
                "again with one --sample-ngrams, or without"
            )


def _share(profile: ProfileData) -> str:
    sample = profile.ngram_sample
    return "all" if sample is None else f"one in {sample.one_of:,}"


def merged(sources: Sequence[TableSource], backend: Backend, memory: int) -> Iterator[NgramTable]:
    """Yield the sum of tables, stretch by stretch.

    As many are merged at a time as half of the memory has room for. Where there are more, groups
    of them are merged into temporary files first.
    """
    with tempfile.TemporaryDirectory(prefix="collapse-stats-") as folder:
        level = 0
        while len(sources) > (most := fan_in(sources, memory - writer_bytes(memory))):
            edges = np.linspace(0, len(sources), -(-len(sources) // most) + 1).astype(int)
            groups = [sources[first:last] for first, last in pairwise(edges.tolist())]
            sources = [
                _on_disk(Path(folder) / f"{level}-{number}", group, backend, memory)
                for number, group in enumerate(groups)
            ]
            level += 1
        for tables in read_aligned(sources, memory, writer_bytes(memory)):
            yield backend.merge(tables)


def _on_disk(
    folder: Path, sources: Sequence[TableSource], backend: Backend, memory: int
) -> TableSource:
    folder.mkdir()
    with PartWriter(folder, memory) as writer:
        for tables in read_aligned(sources, memory, writer_bytes(memory)):
            writer.add(backend.merge(tables))
    return TableOnDisk(folder, sources[0].layout, writer.parts)
