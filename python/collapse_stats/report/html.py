"""A page as HTML for notebooks: its tables and sentences, small enough to be kept in the file."""

from collections.abc import Sequence
from html import escape

from .grid import Cell, Grid, Page
from .wrapping import shortened

MOST_ROWS = 40  # rows of a table; of more, those in the middle are left out
MOST_LETTERS = 60  # of a text in a cell
_LARGEST = 19_000  # characters
_BOLD = ' style="font-weight:bold"'


def write(page: Page) -> str:
    """Return the page as one ``<div>`` of less than 20 kB; every text is escaped.

    Tables that do not fit any more are left out from the last one, which is said.
    """
    page = page.printable()
    head = [_paragraph(page.head, bold=True)] if page.head else []
    head += [_paragraph(line) for line in page.summary]
    tables = [_table(grid) for grid in page.grids]
    tail = [_paragraph(f"⚠ {warning}") for warning in page.warnings]
    tail += [_paragraph(note) for note in page.tail]
    left_out = ""
    while len("".join([*head, *tables, *tail]).encode()) > _LARGEST and (tables or tail):
        (tables if len(tables) > 1 or not tail else tail).pop()
        left_out = _paragraph("More is in summary() and in to_dict().")
    return "".join(["<div>", *head, *tables, *tail, left_out, "</div>"])


def _table(grid: Grid) -> str:
    depth = max(len(column.heading) for column in grid.columns)
    kinds = ["right" if column.number else "left" for column in grid.columns]
    lines = []
    for number in range(depth):
        texts = [
            column.heading[number - depth + len(column.heading)]
            if number >= depth - len(column.heading)
            else ""
            for column in grid.columns
        ]
        lines.append(_row([escape(_cut(text)) for text in texts], kinds, "th"))
    rows = [_row([_cell(cell) for cell in row], kinds, "td") for row in _some(grid.rows)]
    left_out = len(grid.rows) - len(_some(grid.rows))
    if left_out:
        rows.insert(MOST_ROWS // 2, f'<tr><td colspan="{len(kinds)}">… {left_out} more …</td></tr>')
    title = _paragraph(grid.title, bold=True) if grid.title else ""
    body = f"<table><thead>{''.join(lines)}</thead><tbody>{''.join(rows)}</tbody></table>"
    return title + body + "".join(map(_paragraph, grid.notes))


def _some(rows: Sequence[Sequence[Cell]]) -> Sequence[Sequence[Cell]]:
    half = MOST_ROWS // 2
    return rows if len(rows) <= MOST_ROWS else [*rows[:half], *rows[-half:]]


def _row(texts: Sequence[str], kinds: Sequence[str], tag: str) -> str:
    # Notebooks align cells to the right by a style sheet, and code hosts leave out styles.
    cells = (
        f'<{tag} align="{kind}" style="text-align:{kind}">{text}</{tag}>'
        for text, kind in zip(texts, kinds, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _cell(cell: Cell) -> str:
    text = escape(_cut(cell.text.strip()))
    text = f"{text} {cell.mark}" if cell.mark else text
    return f"<b>{text}</b>" if cell.emphasis == "worse" else text


def _cut(text: str) -> str:
    return shortened(text, MOST_LETTERS)


def _paragraph(text: str, *, bold: bool = False) -> str:
    return f"<p{_BOLD * bold}>{escape(text)}</p>"
