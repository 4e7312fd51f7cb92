"""Grids as tables of HTML; every text is escaped."""

from html import escape

from ..report.grid import Cell, Grid
from ..verdict.rule import CANNOT_TELL, COLLAPSE, DRIFT, LOSS_OF_TAIL, WITHIN_FLOOR

_SIGNS = {WITHIN_FLOOR: "●", DRIFT: "◆", LOSS_OF_TAIL: "▼", COLLAPSE: "✖", CANNOT_TELL: "■"}
"""The marks of the verdicts in the charts."""


def table(grid: Grid, label: str = "", kind: str = "") -> str:
    """Return a table that scrolls by itself if it is too wide, with its notes below it.

    Parameters
    ----------
    label
        Names the table for a screen reader, where the grid has no title.
    kind
        A class of the style sheet.
    """
    numbers = [column.number for column in grid.columns]
    heads = "".join(
        f'<th scope="col"{_class("number" * number)}>{_heading(column.heading)}</th>'
        for column, number in zip(grid.columns, numbers, strict=True)
    )
    rows = "".join(
        f"<tr>{''.join(map(_cell, row, numbers, [True] + [False] * len(row)))}</tr>\n"
        for row in grid.rows
    )
    caption = f"<caption>{escape(grid.title)}</caption>" if grid.title else ""
    name = escape(grid.title or label)
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{name}">\n'
        f"<table{_class(kind)}>{caption}\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>\n</div>\n{paragraphs(grid.notes, 'notes')}"
    )


def paragraphs(texts: tuple[str, ...] | list[str], kind: str = "") -> str:
    """Return each text as a paragraph."""
    return "".join(f"<p{_class(kind)}>{escape(text)}</p>\n" for text in texts)


def _heading(lines: tuple[str, ...]) -> str:
    text = "<br>".join(escape(line) for line in lines if line)
    return text or '<span class="hidden">name</span>'


def _cell(cell: Cell, number: bool, first: bool) -> str:
    text = cell.text.strip()
    if text in _SIGNS:
        sign, role = _SIGNS[text], text.replace(" ", "-")
        return (
            f'<td class="verdict" style="color:var(--{role})">'
            f'<span aria-hidden="true">{sign}</span>{escape(text)}</td>'
        )
    kind = " ".join(filter(None, ("number" * number, cell.emphasis.replace("plain", ""))))
    shown = escape(text) + (f" {escape(cell.mark)}" if cell.mark else "")
    return f'<th scope="row">{shown}</th>' if first else f"<td{_class(kind)}>{shown}</td>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
