"""Tables and pages before they are drawn, for the terminal or as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Emphasis = Literal["plain", "dim", "worse", "other"]
DASH = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, its emphasis, and a mark behind it that does not affect the alignment of numbers."""

    text: str
    emphasis: Emphasis = "plain"
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """The lines of a heading, the last one being the unit, and how the cells are shown.

    Attributes
    ----------
    number
        Whether the cells are numbers.
    one_line
        Whether texts that are too long are cut in the middle, like paths, and not folded.
    optional
        0: always shown. Where a table is too wide, the columns with the largest number are left
        out first.
    """

    heading: tuple[str, ...]
    number: bool = True
    one_line: bool = False
    optional: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with its title and the notes below it."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Page:
    """Tables, with a head and sentences before them, and warnings and notes below them."""

    grids: Sequence[Grid]
    head: str = ""
    warnings: Sequence[str] = field(default_factory=tuple)
    tail: Sequence[str] = field(default_factory=tuple)
    summary: Sequence[str] = field(default_factory=tuple)

    def printable(self) -> "Page":
        """The same page without control characters, wherever its texts come from."""
        grids = [
            replace(
                grid,
                rows=[
                    [replace(cell, text=printable(cell.text)) for cell in row] for row in grid.rows
                ],
                columns=[
                    replace(column, heading=tuple(map(printable, column.heading)))
                    for column in grid.columns
                ],
                title=printable(grid.title),
                notes=[*map(printable, grid.notes)],
            )
            for grid in self.grids
        ]
        texts = (self.warnings, self.tail, self.summary)
        return Page(grids, printable(self.head), *([*map(printable, each)] for each in texts))


def printable(text: str) -> str:
    """Return the text with control characters, and others that cannot be seen, escaped.

    >>> printable("a\\x1b[31m")
    'a\\\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
