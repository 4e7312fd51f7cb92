"""A table before it is drawn: what terminal, Markdown and pages have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Emphasis = Literal["plain", "dim", "worse", "other"]
DASH = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, its emphasis, and a mark behind it that stays out of the alignment of numbers."""

    text: str
    emphasis: Emphasis = "plain"
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading (lines of it, the last one the unit) and whether the cells are numbers."""

    heading: tuple[str, ...]
    number: bool = True


@dataclass(frozen=True, slots=True)
class Grid:
    """A titled table with the notes that belong under it."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Page:
    """Tables with what is said before and after them."""

    grids: Sequence[Grid]
    head: str = ""
    warnings: Sequence[str] = field(default_factory=tuple)
    tail: Sequence[str] = field(default_factory=tuple)


def printable(text: str) -> str:
    """The text with everything that could steer a terminal replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
