"""The division of a corpus into units: files, groups of small ones, or parts of a large one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ...errors import InputError
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
    places
        The first and last + 1 of the places of its only file (`FileReader.places`); None is all.
    """

    first: int
    last: int
    places: tuple[int, int] | None = None

    @property
    def is_part(self) -> bool:
        """Whether it is a part of one file."""
        return self.places is not None

    @property
    def continues(self) -> bool:
        """Whether it is a part of a file that another one begins."""
        return self.places is not None and self.places[0] > 0


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
        for part in _by_places(unit, files[unit.first], names[unit.first], unit_tokens, reading)
    ]


def units_of_files(files: Sequence[PlannedFile], unit_tokens: int) -> list[Unit]:
    """Consecutive files in units of about as many tokens, of which none is almost empty."""
    tokens = list(map(_tokens, files))
    least, left = unit_tokens / _SMALL, sum(tokens)
    edges, held = [0], 0.0
    for number, more in enumerate(tokens):
        if held + more > unit_tokens and min(held, more, left) >= least:
            edges.append(number)
            held = 0.0
        held += more
        left -= more
    return list(map(Unit, edges, [*edges[1:], len(files)]))


def _by_places(
    unit: Unit, file: PlannedFile, name: Name, unit_tokens: int, reading: ReadOptions
) -> list[Unit]:
    """A unit in several, if it is one large file that can be read in parts."""
    parts = int(_tokens(file)) // unit_tokens
    if unit.last - unit.first > 1 or parts < 2:
        return [unit]
    try:
        places = open_file(name, reading).places
    except InputError:
        return [unit]  # whoever counts it says what is wrong, or leaves it out
    parts = min(places, parts)
    if parts < 2:
        return [unit]
    edges = [places * number // parts for number in range(parts + 1)]
    return [Unit(unit.first, unit.last, stretch) for stretch in pairwise(edges)]


def _tokens(file: PlannedFile) -> float:
    """About how many tokens a file has, by its size."""
    return file.bytes / (_PACKED_BYTES_A_TOKEN if _is_packed(file.path) else _BYTES_A_TOKEN)


def _is_packed(path: str) -> bool:
    return path.lower().endswith(_PACKED)
