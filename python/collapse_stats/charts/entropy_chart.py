"""The entropy of one corpus by order, and how near it is to the most that its size allows."""

import math

from ..report.json_object import Json
from .axes import Canvas, End, name_lines, name_ticks, room_for, stacked
from .palette import BASELINE, LIGHT, MUTED

TITLE = "Entropy by order"
_COUNTED = LIGHT["step-1"]


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    if report["comparisons"]:
        return "it is drawn for one corpus alone"
    return None if _orders(report) else "the corpus has no n-grams"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    return (
        "Entropy as estimated (± 2 standard errors) and as counted; where that meets the most "
        "that so many n-grams can show (saturation near 1), the estimate is extrapolated."
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw both entropies of every order, and the most that the counted one can be."""
    rows = _orders(report)
    orders = [order for order, _ in rows]
    estimated = [figures["entropy_bits"]["chao-wang-jost"] for _, figures in rows]
    counted = [figures["entropy_bits"]["plugin"] for _, figures in rows]
    most = [math.log2(figures["windows"]) for _, figures in rows]
    errors = [_error(figures["intervals"]["entropy_bits"]) for _, figures in rows]
    names = ["estimated", "counted", "most"]
    (axes,) = stacked(figure, left=34, right=room_for(names), bottom=50)
    axes.set_title("bits")
    axes.set_xlabel("order (saturation)")
    axes.set_xlim(orders[0] - 0.3, orders[-1] + 0.3)
    axes.set_ylim(0, max([1, *most, *estimated]) * 1.1)
    ticks = [f"{order}\n({figures['saturation']:.2f})" for order, figures in rows]
    name_ticks(axes.xaxis, orders, ticks)
    axes.plot(orders, most, color=MUTED, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.plot(orders, counted, color=_COUNTED, linewidth=1.4, marker="s", markersize=4)
    axes.errorbar(orders, estimated, errors, color=BASELINE, linewidth=2, marker="o", markersize=5)
    styles = ((BASELINE, "o"), (_COUNTED, "s"), (MUTED, None))
    lines = zip(names, (estimated, counted, most), styles, strict=True)
    name_lines(axes, [End(orders[-1], line[-1], name, *style) for name, line, style in lines])


def _orders(report: Json) -> list[tuple[int, Json]]:
    orders = report["corpora"][0]["orders"]
    return [
        (int(order), figures)
        for order, figures in orders.items()
        if None not in (figures["entropy_bits"]["chao-wang-jost"], figures["saturation"])
    ]


def _error(interval: Json | None) -> float:
    return 0.0 if interval is None else 2 * interval["error"]
