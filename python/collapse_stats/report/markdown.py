"""A page as Markdown, for issues and model cards."""

from .grid import Cell, Grid, Page


def write(page: Page) -> str:
    """Return the page as Markdown: pipe tables, then warnings as a list."""
    page = page.printable()
    blocks = [_escaped(page.head)] if page.head else []
    for grid in page.grids:
        if grid.title:
            blocks.append(f"**{_escaped(grid.title)}**")
        blocks.append(_table(grid))
        if grid.notes:
            blocks.append("  \n".join(map(_escaped, grid.notes)))
    if page.warnings:
        blocks.append("\n".join(f"- ⚠ {_escaped(warning)}" for warning in page.warnings))
    if page.tail:
        blocks.append("  \n".join(map(_escaped, page.tail)))
    return "\n\n".join(blocks) + "\n"


def _table(grid: Grid) -> str:
    headings = [_heading(column.heading) for column in grid.columns]
    rule = ["---:" if column.number else ":---" for column in grid.columns]
    rows = [[_cell(cell) for cell in row] for row in grid.rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in (headings, rule, *rows))


def _heading(lines: tuple[str, ...]) -> str:
    name, unit = " ".join(filter(None, lines[:-1])), lines[-1]
    return _escaped(f"{name}, {unit}" if name and unit else name or unit)


def _cell(cell: Cell) -> str:
    text = _escaped(cell.text.strip())
    if cell.mark:
        text = f"{text} {cell.mark}"
    return f"**{text}**" if cell.emphasis == "worse" else text


def _escaped(text: str) -> str:
    """Escape a text so that Markdown shows it as it is, within one cell."""
    for sign in "\\|*_`<[":
        text = text.replace(sign, "\\" + sign)
    return text
