"""Grids as tables of HTML; every text is escaped."""

from collections.abc import Sequence
from html import escape

from ..report.grid import Cell, Column, Grid
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

    Roles are written out, because the style sheet shows tables as blocks on narrow screens, and
    browsers then forget that they are tables.
    """
    numbers = [column.number for column in grid.columns]
    heads = "".join(map(_head, grid.columns))
    rows = "".join(
        f"<tr role='row'>{''.join(map(_cell, row, numbers, [True] + [False] * len(row)))}</tr>\n"
        for row in grid.rows
    )
    title = f"<h3>{escape(grid.title)}</h3>\n" if grid.title else ""
    name = escape(grid.title or label)
    return (
        f'{title}<div class="table" role="region" tabindex="0" aria-label="{name}">\n'
        f'<table role="table"{_class(kind)}>\n<thead role="rowgroup"><tr role="row">{heads}</tr>'
        f'</thead>\n<tbody role="rowgroup">\n{rows}</tbody>\n</table>\n</div>\n'
        f"{paragraphs(grid.notes, 'notes')}"
    )


def paragraphs(texts: Sequence[str], kind: str = "") -> str:
    """Return each text as a paragraph."""
    return "".join(f"<p{_class(kind)}>{escape(text)}</p>\n" for text in texts)


def _head(column: Column) -> str:
    text = "<br>".join(escape(line) for line in column.heading if line)
    kind = _class("number" * column.number)
    unnamed = '<span class="hidden">name</span>'
    return f'<th role="columnheader" scope="col"{kind}>{text or unnamed}</th>'


def _cell(cell: Cell, number: bool, first: bool) -> str:
    text = cell.text.strip()
    if text in _SIGNS:
        sign, role = _SIGNS[text], text.replace(" ", "-")
        return (
            f'<td role="cell" class="verdict" style="color:var(--{role})">'
            f'<span aria-hidden="true">{sign}</span>{escape(text)}</td>'
        )
    kind = " ".join(filter(None, ("number" * number, cell.emphasis.replace("plain", ""))))
    shown = escape(text) + (f" {escape(cell.mark)}" if cell.mark else "")
    return (
        f'<th role="rowheader" scope="row">{shown}</th>'
        if first
        else f'<td role="cell"{_class(kind)}>{shown}</td>'
    )


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
