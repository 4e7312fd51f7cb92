"""A page for the terminal: light tables, readable without colour, and never wider than asked.

Where a table does not fit, its optional columns are left out first, which is said below it; then
long texts are cut or folded; and what is still too wide becomes several tables below each other.
Numbers are never cut.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .grid import Cell, Column, Emphasis, Grid, Page
from .wrapping import cells_of, padded, shortened, wrapped

GAP = 2  # cells between two columns
_NARROW = 16  # cells to which a column of texts may be cut or folded
_CODES = {"plain": "", "dim": "2", "worse": "1;31", "other": "33", "bold": "1", "warning": "1;33"}


def draw(page: Page, *, width: int = 100, color: bool = False) -> str:
    """Draw the page in `width` columns, with control codes only when `color`."""
    drawing = _Drawing(width, color)
    blocks = drawing.page(page.printable())
    lines = [line for block in blocks if block for line in ("", *block)]
    return "".join(f"{line.rstrip()}\n" for line in lines[1:])


@dataclass(slots=True)
class _Drawn:
    """A column with its texts, and how wide it is at least and at most."""

    column: Column
    heading: tuple[str, ...]
    texts: list[str]
    emphases: list[Emphasis]
    least: int
    most: int

    @classmethod
    def of(cls, column: Column, cells: Sequence[Cell]) -> "_Drawn":
        marked = any(cell.mark for cell in cells)
        texts = [_aligned(cell, marked) for cell in cells]
        most = max(map(cells_of, (*column.heading, *texts)), default=0)
        fits = marked and max(map(cells_of, column.heading)) + 2 <= most
        heading = tuple(line + "  " * fits for line in column.heading)
        least = most if column.number else min(most, _NARROW)
        return cls(column, heading, texts, [cell.emphasis for cell in cells], least, most)


@dataclass(frozen=True, slots=True)
class _Drawing:
    width: int
    color: bool

    def page(self, page: Page) -> list[list[str]]:
        """Return the lines of the page, in blocks that blank lines separate."""
        head = self.text(page.head, "bold") if page.head else []
        head += [line for text in page.summary for line in self.text(text)]
        warnings = [line for text in page.warnings for line in self.warning(text)]
        tail = [line for text in page.tail for line in self.text(text, "dim")]
        return [head, *map(self.grid, page.grids), [*warnings, *tail]]

    def text(self, text: str, style: str = "plain") -> list[str]:
        return [self.painted(line, style) for line in wrapped(text, self.width)]

    def warning(self, text: str) -> list[str]:
        first, *others = wrapped(text, self.width - 2)
        return [f"{self.painted('!', 'warning')} {first}", *(f"  {line}" for line in others)]

    def painted(self, text: str, style: str) -> str:
        code = _CODES[style] if self.color and text.strip() else ""
        return f"\x1b[{code}m{text}\x1b[0m" if code else text

    def grid(self, grid: Grid) -> list[str]:
        columns = [
            _Drawn.of(column, [row[number] for row in grid.rows])
            for number, column in enumerate(grid.columns)
        ]
        columns, left_out = _without_optional(columns, self.width)
        lines = self.text(grid.title, "bold") if grid.title else []
        for number, part in enumerate(_parts(columns, self.width)):
            lines += [""] * (number > 0) + self.part(part, len(grid.rows))
        if left_out:
            why = f"Left out, because {self.width} columns are too few: {left_out}."
            lines += self.text(why, "dim")
        notes = [line for note in grid.notes for line in self.text(note, "dim")]
        return [*lines, *([""] if notes else []), *notes]

    def part(self, columns: Sequence[_Drawn], rows: int) -> list[str]:
        """Draw a table of columns that fit at their least widths."""
        widths = _widths(columns, self.width)
        depth = max(len(column.heading) for column in columns)
        lines = []
        for number in range(depth):
            style = "dim" if number and number == depth - 1 else "bold"
            above = (depth - len(column.heading) for column in columns)
            texts = [
                column.heading[number - lines_above] if number >= lines_above else ""
                for column, lines_above in zip(columns, above, strict=True)
            ]
            lines += self.row(columns, widths, texts, [style] * len(columns))
        lines.append("─" * (sum(widths) + GAP * (len(widths) - 1)))
        for row in range(rows):
            texts = [column.texts[row] for column in columns]
            lines += self.row(columns, widths, texts, [column.emphases[row] for column in columns])
        return lines

    def row(
        self,
        columns: Sequence[_Drawn],
        widths: Sequence[int],
        texts: Sequence[str],
        styles: Sequence[str],
    ) -> list[str]:
        """Draw a row; texts that are too long take further lines, or are cut in the middle."""
        cells = [
            [shortened(text, width)] if drawn.column.one_line else wrapped(text, width)
            for drawn, text, width in zip(columns, texts, widths, strict=True)
        ]
        lines = []
        for number in range(max(map(len, cells))):
            parts = [
                self.painted(
                    padded(
                        cell[number] if number < len(cell) else "",
                        width,
                        right=drawn.column.number,
                    ),
                    style,
                )
                for drawn, cell, width, style in zip(columns, cells, widths, styles, strict=True)
            ]
            lines.append((" " * GAP).join(parts))
        return lines


def _room(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _without_optional(columns: list[_Drawn], width: int) -> tuple[list[_Drawn], str]:
    """Leave out optional columns until the others fit; return those, and what was left out."""
    left_out: list[_Drawn] = []
    by_rank = sorted(columns, key=lambda drawn: drawn.column.optional)
    while _room([drawn.least for drawn in by_rank]) > width and by_rank[-1].column.optional:
        left_out.append(by_rank.pop())
    kept = [drawn for drawn in columns if drawn in by_rank]
    return kept, ", ".join(drawn.column.heading[0].strip() for drawn in reversed(left_out))


def _parts(columns: Sequence[_Drawn], width: int) -> Iterator[list[_Drawn]]:
    """Divide columns into tables that fit, each of which begins with the first column."""
    first, *others = columns
    part = [first]
    for column in others:
        if len(part) > 1 and _room([drawn.least for drawn in (*part, column)]) > width:
            yield part
            part = [first]
        part.append(column)
    yield part


def _widths(columns: Sequence[_Drawn], width: int) -> list[int]:
    """Return the columns' widths: what short texts do not need is for the long ones."""
    widths = [drawn.least for drawn in columns]
    spare = width - _room(widths)
    growing = sorted(range(len(columns)), key=lambda i: columns[i].most - columns[i].least)
    for done, i in enumerate(growing):
        more = min(columns[i].most - widths[i], max(0, spare // (len(growing) - done)))
        widths[i] += more
        spare -= more
    return widths


def _aligned(cell: Cell, marked: bool) -> str:
    """Return the cell's text; in a column with marks, with room for a mark or a bracket."""
    if not marked:
        return cell.text
    return cell.text + (f" {cell.mark}" if cell.mark else " " if cell.text.endswith(")") else "  ")
