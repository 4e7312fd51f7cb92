"""The division of a corpus into units: files, groups of small ones, or parts of a Parquet file."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...errors import InputError
from ...readers.formats.parquet import ParquetReader
from ...readers.open import open_file
from ...readers.options import ReadOptions
from ...readers.remote.location import Name
from ...readers.stream import COMPRESSIONS

_BYTES_A_TOKEN, _PACKED_BYTES_A_TOKEN = 4, 2  # of text, and of what is compressed or holds ids
_PACKED = (*COMPRESSIONS, ".parquet", ".bin", ".npy", ".arrow", ".feather", ".mds")
_SMALL = 16  # no unit has less than this part of one, unless it is the only one


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of the corpus, with its size in bytes and the digest of its two ends."""

    path: str
    bytes: int
    digest: str


class Unit(NamedTuple):
    """What one process counts at a time.

    Attributes
    ----------
    first, last
        The first and last + 1 of its files.
    row_groups
        The first and last + 1 of the row groups of its only file; None is all.
    """

    first: int
    last: int
    row_groups: tuple[int, int] | None = None

    @property
    def is_part(self) -> bool:
        """Whether it is a part of one file."""
        return self.row_groups is not None

    @property
    def continues(self) -> bool:
        """Whether it is a part of a file that another one begins."""
        return self.row_groups is not None and self.row_groups[0] > 0


def divided(
    files: Sequence[PlannedFile], names: Sequence[Name], unit_tokens: int, reading: ReadOptions
) -> list[Unit]:
    """Return the units of a corpus, which cover all files in their order.

    Parameters
    ----------
    files, names
        The files, and how each is opened.
    unit_tokens
        About how many tokens a unit has.
    """
    units = units_of_files(files, unit_tokens)
    return [
        part
        for unit in units
        for part in _by_row_groups(unit, files[unit.first], names[unit.first], unit_tokens, reading)
    ]


def units_of_files(files: Sequence[PlannedFile], unit_tokens: int) -> list[Unit]:
    """Consecutive files in units of about as many tokens, of which none is almost empty."""
    tokens = [
        file.bytes / (_PACKED_BYTES_A_TOKEN if _is_packed(file.path) else _BYTES_A_TOKEN)
        for file in files
    ]
    least, left = unit_tokens / _SMALL, sum(tokens)
    edges, held = [0], 0.0
    for number, more in enumerate(tokens):
        if held + more > unit_tokens and min(held, more, left) >= least:
            edges.append(number)
            held = 0.0
        held += more
        left -= more
    return list(map(Unit, edges, [*edges[1:], len(files)]))


def _by_row_groups(
    unit: Unit,
    file: PlannedFile,
    name: Name,
    unit_tokens: int,
    reading: ReadOptions,
) -> list[Unit]:
    """A unit in several, if it is one large Parquet file, whose row groups tell their rows.

    With ``--eot``, rows are known only when they are read, because each may hold several.
    """
    parts = file.bytes // _PACKED_BYTES_A_TOKEN // unit_tokens
    if unit.last - unit.first > 1 or parts < 2 or reading.eot is not None:
        return [unit]
    try:
        reader = open_file(name, reading)
    except InputError:
        return [unit]  # whoever counts it says what is wrong, or leaves it out
    if not isinstance(reader, ParquetReader):
        return [unit]
    groups = reader.row_groups
    edges = np.linspace(0, groups, min(groups, parts) + 1).astype(int).tolist()
    if len(edges) < 3:
        return [unit]
    return [Unit(unit.first, unit.last, stretch) for stretch in pairwise(edges)]


def _is_packed(path: str) -> bool:
    return path.lower().endswith(_PACKED)
