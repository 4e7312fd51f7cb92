"""One comparison in more detail: its figures by order with their errors, and n-grams as text."""

from typing import Any

from .corpus_view import spelled
from .grid import DASH, Cell, Column, Grid, printable
from .numbers import count, fixed, percent

Json = dict[str, Any]
_SHOWN = (
    (("JS", "bits"), "js_bits", fixed),
    (("lost", "%"), "unseen_mass", percent),
    (("new", "%"), "novelty", percent),
)


def orders_grid(comparison: Json) -> Grid:
    """Figures of every order: with two standard errors, and how far they are above their floor."""
    columns = [Column(("order",))]
    for (name, unit), _, _ in _SHOWN:
        columns += [Column((name, f"{unit} ± 2 SE")), Column(("over floor", "± 2 SE"))]
    rows = []
    for order, figures in comparison["orders"].items():
        cells = [Cell(order)]
        for _, key, shown in _SHOWN:
            found = figures["intervals"][key]
            if found is None or found["excess"] is None:
                cells += [Cell(shown(figures[key])), Cell(DASH)]
                continue
            excess = found["excess"]
            cells.append(Cell(f"{shown(found['value'])} ±{shown(2 * found['error'])}"))
            signed = shown(excess) if excess < 0 else f"+{shown(excess)}"
            seen = abs(excess) > 2 * found["excess_error"]
            cells.append(
                Cell(f"{signed} ±{shown(2 * found['excess_error'])}", "plain" if seen else "dim")
            )
        rows.append(cells)
    name = printable(comparison["candidate"])
    found = comparison["orders"]["1"]["intervals"]["js_bits"]
    size = "" if found is None else f", {count(found['tokens'])} tokens a side"
    return Grid(
        columns,
        rows,
        f"{name} by order{size}",
        ("lost, new: share of the baseline, of the candidate, that the other lacks.",),
    )


def example_grids(comparison: Json) -> list[Grid]:
    """What was lost and what was inflated, if the report has it."""
    name = printable(comparison["candidate"])
    found = []
    if comparison.get("lost"):
        rows = [
            [Cell(str(row["order"])), Cell(f"{row['count']:,}"), Cell(spelled(row["ngram"]))]
            for row in comparison["lost"]
        ]
        columns = [
            Column(("order",)),
            Column(("in baseline",)),
            Column(("n-gram",), number=False),
        ]
        found.append(Grid(columns, rows, f"most frequent n-grams that {name} lost"))
    if comparison.get("inflated"):
        rows = [
            [
                Cell(str(row["order"])),
                Cell(f"{row['baseline_count']:,}"),
                Cell(f"{row['count']:,}"),
                Cell(spelled(row["ngram"])),
            ]
            for row in comparison["inflated"]
        ]
        columns = [
            Column(("order",)),
            Column(("in baseline",)),
            Column((f"in {name}",)),
            Column(("n-gram",), number=False),
        ]
        found.append(Grid(columns, rows, f"n-grams that {name} has most too often"))
    return found
