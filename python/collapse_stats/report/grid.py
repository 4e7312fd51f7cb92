"""Tables and pages before they are drawn, for the terminal or as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    """The lines of a heading, the last one being the unit, and whether the cells are numbers."""

    heading: tuple[str, ...]
    number: bool = True


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with its title and the notes below it."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Page:
    """Tables with a head, and with warnings and notes below them."""

    grids: Sequence[Grid]
    head: str = ""
    warnings: Sequence[str] = field(default_factory=tuple)
    tail: Sequence[str] = field(default_factory=tuple)


def printable(text: str) -> str:
    """Return the text with control characters replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
