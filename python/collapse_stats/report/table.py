"""A page for the terminal: light tables, readable without colour."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .grid import Cell, Grid, Page, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

_STYLES = {"plain": "", "dim": "dim", "worse": "bold red", "other": "yellow"}
_NARROW = 16  # width to which a column of names may be folded


def draw(page: Page, *, width: int = 100, color: bool = False) -> str:
    """Draw the page in `width` columns, with control codes only when `color`.

    A table whose numbers need more columns is wider: a number is never cut.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    page = page.printable()
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        no_color=None if color else True,
        color_system="standard" if color else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    parts: list[RenderableType] = []
    if page.head:
        parts.append(Text(page.head, style="bold"))
    for grid in page.grids:
        parts += ["", *_grid(grid, width)]
    if page.warnings:
        parts += ["", Text("warnings", style="bold yellow")]
        parts += [_hanging("  ! ", warning) for warning in page.warnings]
    if page.tail:
        parts += ["", *(Text(line, style="dim") for line in page.tail)]
    for part in parts[1:] if parts and parts[0] == "" else parts:
        console.width = max(width, (part.width or 0) if isinstance(part, Table) else 0)
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _grid(grid: Grid, width: int) -> "list[RenderableType]":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style=""
    )
    drawn: list[list[Text]] = []
    least = 2 * (len(grid.columns) - 1)  # smallest width of the table
    rows = _in_one_line(grid, width)
    for number, column in enumerate(grid.columns):
        marked = any(row[number].mark for row in rows)
        lines = [line + "  " * marked for line in column.heading]
        texts = [_aligned(row[number], marked) for row in rows]
        if column.number:  # aligned here, because rich drops spaces at the end of a line
            wide = max(map(len, lines + texts))
            least += wide
            lines, texts = ([text.rjust(wide) for text in group] for group in (lines, texts))
        else:
            wide = 1
            least += min(max(map(len, lines + texts)), _NARROW)
        heading = Text("\n".join(lines[:-1]) or lines[-1], style="bold")
        if len(lines) > 1:
            heading.append("\n" + lines[-1], style="not bold dim")
        table.add_column(heading, min_width=wide, no_wrap=column.number, overflow="fold")
        drawn.append(
            [
                Text(text, style=_STYLES[row[number].emphasis])
                for text, row in zip(texts, rows, strict=True)
            ]
        )
    for cells in zip(*drawn, strict=True):
        table.add_row(*cells)
    table.width = least if least > width else None
    title = [Text(grid.title, style="bold")] if grid.title else []
    notes: list[RenderableType] = (
        ["", *(Text(note, style="dim") for note in grid.notes)] if grid.notes else []
    )
    return [*title, table, *notes]


def _in_one_line(grid: Grid, width: int) -> Sequence[Sequence[Cell]]:
    """The rows, with the texts of one-line columns cut so that the table fits."""
    wide = [
        max(len(text) for text in (*column.heading, *(row[number].text for row in grid.rows)))
        for number, column in enumerate(grid.columns)
    ]
    to_cut = sorted(
        (number for number, column in enumerate(grid.columns) if column.one_line),
        key=wide.__getitem__,
    )
    room = width - 2 * (len(wide) - 1) - sum(wide) + sum(wide[number] for number in to_cut)
    for done, number in enumerate(to_cut):  # what a short text does not need is for the long ones
        wide[number] = min(wide[number], max(_NARROW, room // (len(to_cut) - done)))
        room -= wide[number]
    return [
        [
            replace(cell, text=shortened(cell.text, wide[number])) if number in to_cut else cell
            for number, cell in enumerate(row)
        ]
        for row in grid.rows
    ]


def _aligned(cell: Cell, marked: bool) -> str:
    """Return the cell's text; in a column with marks, with room for a mark or a bracket."""
    if not marked:
        return cell.text
    return cell.text + (f" {cell.mark}" if cell.mark else " " if cell.text.endswith(")") else "  ")


def _hanging(lead: str, text: str) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=0)
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text(lead, style="yellow"), Text(text))
    return line
