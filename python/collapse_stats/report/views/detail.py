"""One comparison in more detail: its figures by order with their errors, and example n-grams."""

from ..grid import Cell, Column, Grid, printable
from ..json_object import Json
from ..numbers import count, with_error
from ..shown import compared
from .corpus import spelled

_SHOWN = (
    (("JS", "bits"), "js_bits", 3, 1),
    (("lost", "%"), "unseen_mass", 1, 100),
    (("novel", "%"), "novelty", 1, 100),
)


def orders_grid(comparison: Json) -> Grid:
    """Return the figures of every order and their excess over the floor, each ± 2 SE."""
    columns = [Column(("order",))]
    for (name, unit), *_ in _SHOWN:
        columns += [Column((name, f"{unit} ± 2 SE")), Column(("over floor", "± 2 SE"))]
    rows = []
    for order in comparison["orders"]:
        cells = [Cell(order)]
        for _, key, digits, factor in _SHOWN:
            figure = compared(comparison, key, int(order))
            value = with_error(figure.value, figure.error, digits, factor)
            excess = with_error(figure.excess, figure.excess_error, digits, factor)
            is_above = figure.excess is not None and figure.excess >= 0
            cells += [
                Cell(value),
                Cell("+" * is_above + excess, "plain" if figure.is_significant else "dim"),
            ]
        rows.append(cells)
    name = printable(comparison["candidate"])
    interval = comparison["orders"]["1"]["intervals"]["js_bits"]
    size = "" if interval is None else f", {count(interval['tokens'])} tokens per side"
    return Grid(
        columns,
        rows,
        f"{name} by order{size}",
        (
            "lost: share of the baseline's n-grams that the candidate lacks. novel: share of the "
            "candidate's n-grams that the baseline lacks.",
        ),
    )


def example_grids(comparison: Json) -> list[Grid]:
    """Return tables of the n-grams that were lost and inflated, if the report has them."""
    name = printable(comparison["candidate"])
    grids = []
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
        grids.append(Grid(columns, rows, f"most frequent n-grams that {name} lost"))
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
        grids.append(Grid(columns, rows, f"n-grams over-represented in {name}"))
    return grids
