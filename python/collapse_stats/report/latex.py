"""Tables as LaTeX, for papers; they need the package booktabs."""

from collections.abc import Sequence

from .grid import DASH, Cell, Grid, printable

_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",  # which no package for a language takes for a command
    "`": "`{}",
    "'": "'{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "±": r"$\pm$",
    "…": r"\ldots{}",
    DASH: r"\textendash{}",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}


def write(grids: Sequence[Grid]) -> str:
    """Return each table as an environment ``tabular`` with the rules of booktabs."""
    return "\n".join(["% needs \\usepackage{booktabs}", *map(_table, grids)])


def _table(grid: Grid) -> str:
    depth = max(len(column.heading) for column in grid.columns)
    headings = [
        [printable(line) for line in ("",) * (depth - len(column.heading)) + column.heading]
        for column in grid.columns
    ]
    kinds = "".join("r" if column.number else "l" for column in grid.columns)
    lines = [f"% {line}" for line in (printable(grid.title), *map(printable, grid.notes)) if line]
    lines += [f"\\begin{{tabular}}{{{kinds}}}", r"\toprule"]
    lines += [_row([escaped(line[i]) for line in headings]) for i in range(depth)]
    lines += [r"\midrule", *(_row([_cell(cell) for cell in row]) for row in grid.rows)]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(cell: Cell) -> str:
    text = escaped(printable(cell.text.strip()))
    return f"{text} {escaped(cell.mark)}" if cell.mark else text


def escaped(text: str) -> str:
    """Return a text so that LaTeX shows every character of it."""
    return "".join(_SIGNS.get(sign, sign) for sign in text).replace("--", "-{}-")
