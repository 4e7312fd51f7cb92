"""How many rows of a file lie before a part of it, so that the part can number its own.

Where that takes a look at what lies before, each part that is looked at leaves its number in the
work directory: ``rows/u000123.json``. Looking goes backwards from the part that asks, so that
processes that begin at the same time look at different parts, and find the numbers of the others.
"""

from ...counting.saved_file import Folder
from ...readers.file_reader import FileReader
from ..folders import has_file, write_small
from .described import read_described, signed
from .plan import Plan


def rows_before(work: Folder, plan: Plan, unit: int, reader: FileReader) -> int:
    """Return how many rows of a file lie before the part that is this unit.

    Parameters
    ----------
    work
        The work directory.
    reader
        A reader of the file.

    Raises
    ------
    InputError
        The file cannot be read, or a number in the work directory is damaged.
    """
    part = plan.units[unit]
    assert part.places is not None  # else it is no part of a file
    if not reader.looks:
        return reader.rows_between(0, part.places[0])
    rows = 0
    for before in range(unit - 1, -1, -1):
        if plan.units[before].first != part.first:
            break
        rows += _rows(work / "rows", plan, before, reader)
    return rows


def _rows(folder: Folder, plan: Plan, unit: int, reader: FileReader) -> int:
    """The rows of one part, which are counted if no process has left their number."""
    name, what = f"u{unit:06d}.json", {"plan": plan.digest, "unit": unit}
    if has_file(folder / name):
        known = read_described(folder, name, what, lambda content: content["rows"].number())
        assert known is not None  # the file is there
        return known
    places = plan.units[unit].places
    assert places is not None  # it belongs to a file in parts
    rows = reader.rows_between(*places)
    write_small(folder / name, signed({**what, "rows": rows}))
    return rows
