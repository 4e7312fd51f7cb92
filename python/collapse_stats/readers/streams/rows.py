"""Where the rows of CSV begin and end, and what separates their fields."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from ...errors import InputError
from ..stream import check_length, decode

_DELIMITERS = ",\t;|"
_PROBED_ROWS, _SAMPLE = 20, 1 << 16
_TOLD = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)  # the first line of what Excel writes


class Dialect(NamedTuple):
    """How a CSV file is written.

    Attributes
    ----------
    delimiter
        What separates the fields of a row.
    names
        The names of the columns; empty if the file has no row.
    header
        Lines and rows up to the names of the columns, which have no document.
    """

    delimiter: str
    names: tuple[str, ...]
    header: int


def dialect_of(beginning: bytes, whole: bool, default: str) -> Dialect:
    """Return the dialect of a file by its beginning, which may be the `whole` file.

    The delimiter is the one that cuts the first row into the most fields and most of the next rows
    into as many, `default` if there is none.
    """
    if b"\n" in beginning[:_SAMPLE]:
        beginning, whole = beginning[:_SAMPLE], whole and len(beginning) <= _SAMPLE
    text = decode(beginning)[0]
    told = _TOLD.match(text)
    above = told.end() if told else 0
    above += len(text) - above - len(text[above:].lstrip("\r\n"))  # empty lines
    header, text = 1 + len(text[:above].splitlines()), text[above:]
    if told:
        return Dialect(told[1], _names(_rows(text, told[1], whole)), header)
    delimiter, rows = default, _rows(text, default, whole)
    most = _fields(rows)
    for other in _DELIMITERS:
        other_rows = _rows(text, other, whole)
        if _fields(other_rows) > most:
            delimiter, rows, most = other, other_rows, _fields(other_rows)
    return Dialect(delimiter, _names(rows), header)


def _names(rows: list[list[str]]) -> tuple[str, ...]:
    return tuple(name.strip() for name in rows[0]) if rows else ()


def _rows(text: str, delimiter: str, whole: bool) -> list[list[str]]:
    """The first rows that are complete."""
    rows: list[list[str]] = []
    parsed = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in islice(parsed, _PROBED_ROWS):
            rows.append(row)
    except csv.Error:  # a field that is longer than the module likes
        return rows
    if not whole and 1 < len(rows) < _PROBED_ROWS:
        rows.pop()
    return [row for row in rows if row]


def _fields(rows: list[list[str]]) -> int:
    """How many fields the first row has, 1 if most of the others have not as many."""
    if not rows:
        return 1
    width = len(rows[0])
    alike = sum(len(row) == width for row in rows[1:])
    return width if 2 * alike >= len(rows) - 1 else 1


def row_blocks(
    path: object, blocks: Iterable[tuple[bytes, int]], longest: int, delimiter: str
) -> Iterator[tuple[bytes, int, int]]:
    """Yield blocks of whole rows, each with the line that it begins at and the bytes it takes.

    Input: the content in blocks, each with the bytes it takes in the file.

    Raises
    ------
    InputError
        A row has more than `longest` bytes, or a quotation mark is not closed.
    """
    quotes = _Quotes(delimiter)
    parts: list[bytes] = []
    line, read, held, total = 1, 0, 0, 0  # held: bytes of the row whose end has not been read yet
    for block, bytes_read in blocks:
        first, end = quotes.row_ends(block)
        length = held + (first or len(block))
        check_length(path, length, longest, total - held, "a row", "break it up")
        read += bytes_read
        total += len(block)
        parts.append(block[:end] if end else block)
        held = len(block) - end if end else held + len(block)
        if end:
            rows = b"".join(parts)
            yield rows, line, read
            line += rows.count(b"\n")
            parts, read = [block[end:]], 0
    if quotes.open:
        raise InputError(
            f"{path}: the row that begins in line {line:,} opens a quotation mark that is never "
            "closed: close it, or put quotation marks around the field and double those in it"
        )
    rest = b"".join(parts)
    if rest:
        yield rest, line, read


class _Quotes:
    """Whether a place in a file is between quotation marks, found from block to block.

    A quotation mark opens only at the beginning of a field. One that follows a closing one opens
    again, so that the two are one quotation mark of the text.
    """

    def __init__(self, delimiter: str) -> None:
        self.open = False
        self._starts = {ord("\n"), ord("\r"), ord(delimiter)}
        self._before = ord("\n")  # the byte before the block
        self._closed = False  # whether that byte is a closing quotation mark

    def row_ends(self, block: bytes) -> tuple[int, int]:
        """Return where the first and the last row end in the next block, 0 if none does."""
        first = last = at = 0
        closed = -1 if not self._closed else 0  # just behind the last closing quotation mark
        while True:
            mark = block.find(b'"', at)
            end = mark if mark >= 0 else len(block)
            if self.open:
                if mark < 0:
                    break
                self.open, at = False, mark + 1
                closed = at
                continue
            newline = block.rfind(b"\n", at, end)
            if newline >= 0:
                first = first or block.index(b"\n", at) + 1
                last = newline + 1
            if mark < 0:
                break
            before = block[mark - 1] if mark else self._before
            self.open = before in self._starts or mark == closed
            at = mark + 1
        if block:
            self._before = block[-1]
            self._closed = closed == len(block)
        return first, last
