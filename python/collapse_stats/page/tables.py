"""Grids as tables of HTML; every text is escaped."""

from collections.abc import Sequence
from html import escape

from ..report.grid import Cell, Column, Grid
from ..verdict.rule import CANNOT_TELL, COLLAPSE, DRIFT, LOSS_OF_TAIL, WITHIN_FLOOR

_SIGNS = {WITHIN_FLOOR: "●", DRIFT: "◆", LOSS_OF_TAIL: "▼", COLLAPSE: "✖", CANNOT_TELL: "■"}
"""The marks of the verdicts in the charts."""
_ROLES = {
    "<table": "table",
    "<thead": "rowgroup",
    "<tbody": "rowgroup",
    "<tr": "row",
    "<td": "cell",
    '<th scope="col"': "columnheader",
    '<th scope="row"': "rowheader",
}


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
    heads = "".join(map(_head, grid.columns))
    rows = "".join(
        f"<tr>{''.join(map(_cell, row, numbers, [True] + [False] * len(row)))}</tr>\n"
        for row in grid.rows
    )
    title = f"<h3>{escape(grid.title)}</h3>\n" if grid.title else ""
    name = escape(grid.title or label)
    return (
        f'{title}<div class="table" role="region" tabindex="0" aria-label="{name}">\n'
        f"<table{_class(kind)}>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>\n</div>\n{paragraphs(grid.notes, 'notes')}"
    )


def with_roles(text: str) -> str:
    """Return a table whose elements say what they are.

    A style sheet that shows a table as blocks makes browsers forget that it is one.
    """
    for tag, role in _ROLES.items():
        text = text.replace(tag, f'{tag} role="{role}"')
    return text


def paragraphs(texts: Sequence[str], kind: str = "") -> str:
    """Return each text as a paragraph."""
    return "".join(f"<p{_class(kind)}>{escape(text)}</p>\n" for text in texts)


def _head(column: Column) -> str:
    text = "<br>".join(escape(line) for line in column.heading if line)
    kind = _class("number" * column.number)
    unnamed = '<span class="hidden">name</span>'
    return f'<th scope="col"{kind}>{text or unnamed}</th>'


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
