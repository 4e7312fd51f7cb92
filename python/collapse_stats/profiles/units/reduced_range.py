"""What merging all units over a part of the key space gives: its rows, and what adds up to a whole.

range.json               which units and key ranges; the other files; its SHA-256 and theirs
part-00000.parquet       the merged rows, as in a profile, unless nobody wants the table
spectra.parquet          the spectra of these rows
first-tokens/part-...    how often each token begins one of them, see `range_spectra`; not of all
sample.parquet           the sample of a share of the units
"""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ...backends.base import Backend
from ...corpus.sample import Sample
from ...counting.part_writer import PartWriter
from ...counting.saved_file import Folder, SavedFile
from ...counting.table_on_disk import TableOnDisk
from ...errors import InputError
from ...ngrams.layout import Layout
from ...ngrams.spectrum import JointSpectra
from ...ngrams.table import NgramTable
from ...readers.directory.names import SAMPLE, SPECTRA
from ...system.atomic_directory import new_directory
from ..columns import (
    sample_from_parquet,
    sample_to_parquet,
    spectra_from_parquet,
    spectra_to_parquet,
)
from ..folders import is_there, on_disk
from ..json_field import Field
from ..saved_parts import file_content, file_of, part_content, parts_of
from .described import read_described, signed
from .range_spectra import FirstTokens, layout_of_first_tokens, masks_of

RANGE = "range.json"
_FIRST = "first-tokens"


@dataclass(frozen=True, slots=True)
class ReducedRange:
    """A part of the key space, merged.

    Attributes
    ----------
    table
        Its rows; None if they were not kept.
    first_tokens
        How often each token begins one of them; None if they are all rows there are, whose spectra
        say it.
    windows
        Number of tokens counted: the sum of the counts of all rows.
    """

    path: Folder
    layout: Layout
    table: TableOnDisk | None
    first_tokens: TableOnDisk | None
    windows: int
    _spectra: SavedFile
    _sample: SavedFile

    def read_first_tokens(self) -> NgramTable:
        """Return the table of first tokens."""
        assert self.first_tokens is not None  # nobody asks for those of all rows
        return self.first_tokens.read(0, self.first_tokens.layout.key_ranges)

    def read_spectra(self) -> JointSpectra:
        """Return the spectra of the rows; InputError if their file is damaged."""
        return spectra_from_parquet(self._spectra.read(self.path), self.layout, _OF)

    def read_sample(self) -> Sample:
        """Return the sample of its share of the units; InputError if its file is damaged."""
        return sample_from_parquet(self._sample.read(self.path), self.layout, _OF)


_OF = "a part of the key space"  # what the files of spectra and samples say they are of


def write_range(
    path: Folder,
    what: dict[str, Any],
    layout: Layout,
    tables: Iterable[NgramTable],
    sample: Sample,
    backend: Backend,
    memory: int,
    table: bool,
) -> None:
    """Write ascending tables and what is counted of them, unless another process does so first.

    Parameters
    ----------
    what
        Of which units and key ranges they are, which `read_range` compares.
    sample
        That of its share of the units.
    table
        Whether to keep the rows.
    """
    is_whole = what["key_ranges"] == [0, layout.key_ranges]
    firsts = FirstTokens(layout, backend)
    pieces: Iterable[NgramTable] = chain([NgramTable.empty(layout)], tables)  # there may be none
    pieces = pieces if is_whole else firsts.added(pieces)
    try:
        with on_disk(path, RANGE) as local, new_directory(local) as folder:
            with ExitStack() as stack:
                writer = stack.enter_context(PartWriter(folder, memory)) if table else None
                rows = writer.written(pieces) if writer else pieces
                spectra = backend.joint_spectra(([each] for each in rows), masks_of(layout))
            (folder / _FIRST).mkdir()
            with PartWriter(folder / _FIRST, memory) as of_firsts:
                of_firsts.add(firsts.table)
            spectra_file = spectra_to_parquet(spectra, layout, _OF)
            content = {
                **what,
                "parts": None if writer is None else list(map(part_content, writer.parts)),
                "first_tokens": None if is_whole else list(map(part_content, of_firsts.parts)),
                "windows": next(iter(spectra.ngrams[1].values())).total.occurrences,
                "spectra": file_content(SavedFile.write(folder, SPECTRA, spectra_file)),
                "sample": file_content(
                    SavedFile.write(folder, SAMPLE, sample_to_parquet(sample, layout, _OF))
                ),
            }
            (folder / RANGE).write_bytes(signed(content))
    except InputError:
        if not is_there(path, RANGE):
            raise


def read_range(path: Folder, what: dict[str, Any], layout: Layout) -> ReducedRange | None:
    """Return what `write_range` has written, None if there is nothing.

    Raises
    ------
    InputError
        It is damaged, or is not of what is expected.
    """

    def parsed(content: Field) -> ReducedRange:
        spectra = file_of(content["spectra"], SPECTRA)
        sample = file_of(content["sample"], SAMPLE)
        for file in (spectra, sample):
            file.check_size(path)
        return ReducedRange(
            path,
            layout,
            _table(path, content["parts"], layout),
            _table(path / _FIRST, content["first_tokens"], layout_of_first_tokens(layout)),
            content["windows"].number(),
            spectra,
            sample,
        )

    return read_described(path, RANGE, what, parsed)


def _table(path: Folder, field: Field, layout: Layout) -> TableOnDisk | None:
    """The table of the parts that a field names, whose sizes are checked; None of null."""
    if field.is_null:
        return None
    parts = parts_of(field, layout)
    for part in parts:
        part.file.check_size(path)
    return TableOnDisk(path, layout, parts)
