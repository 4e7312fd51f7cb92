"""One comparison in more detail: its figures by order with their errors, and example n-grams."""

from ..grid import DASH, Cell, Column, Grid, printable
from ..json_object import Json
from ..numbers import count, fixed, percent
from .corpus import spelled

_SHOWN = (
    (("JS", "bits"), "js_bits", fixed),
    (("lost", "%"), "unseen_mass", percent),
    (("new", "%"), "novelty", percent),
)


def orders_grid(comparison: Json) -> Grid:
    """Return the figures of every order and their excess over the floor, each ± 2 SE."""
    columns = [Column(("order",))]
    for (name, unit), _, _ in _SHOWN:
        columns += [Column((name, f"{unit} ± 2 SE")), Column(("over floor", "± 2 SE"))]
    rows = []
    for order, figures in comparison["orders"].items():
        cells = [Cell(order)]
        for _, key, show in _SHOWN:
            interval = figures["intervals"][key]
            if interval is None or interval["excess"] is None:
                cells += [Cell(show(figures[key])), Cell(DASH)]
                continue
            excess, excess_error = interval["excess"], interval["excess_error"]
            signed = show(excess) if excess < 0 else f"+{show(excess)}"
            significant = abs(excess) > 2 * excess_error
            cells += [
                Cell(f"{show(interval['value'])} ±{show(2 * interval['error'])}"),
                Cell(f"{signed} ±{show(2 * excess_error)}", "plain" if significant else "dim"),
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
            "lost: share of the baseline's n-grams that the candidate lacks. new: share of the "
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
