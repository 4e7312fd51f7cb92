"""The entropy of one corpus by order, and how near it is to the most that its size allows."""

import math

from ..report.json_object import Json
from .axes import Canvas, End, name_lines, name_ticks, room_for, stacked
from .palette import BASELINE, MUTED

TITLE = "Entropy by order"


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    if report["comparisons"]:
        return "it is drawn for one corpus alone"
    return None if _orders(report) else "the corpus has no n-grams"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    return (
        "Entropy ± 2 standard errors, and above it the most that so many n-grams could have; where "
        "the two meet (saturation near 1), the corpus is too small for its entropy."
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw the entropy of every order below its ceiling."""
    rows = _orders(report)
    orders = [order for order, _ in rows]
    entropies = [figures["entropy_bits"]["chao-wang-jost"] for _, figures in rows]
    ceilings = [math.log2(max(1, figures["windows"])) for _, figures in rows]
    errors = [_error(figures["intervals"]["entropy_bits"]) for _, figures in rows]
    names = ["most", "entropy"]
    (axes,) = stacked(figure, left=34, right=room_for(names))
    axes.set_title("bits")
    axes.set_xlabel("order (saturation)")
    axes.set_xlim(orders[0] - 0.3, orders[-1] + 0.3)
    axes.set_ylim(0, max(*ceilings, *entropies) * 1.1 or 1)
    ticks = [f"{order}\n({figures['saturation']:.2f})" for order, figures in rows]
    name_ticks(axes.xaxis, orders, ticks)
    axes.plot(orders, ceilings, color=MUTED, linewidth=1.2, linestyle=(0, (4, 2)), marker="_")
    axes.errorbar(orders, entropies, errors, color=BASELINE, linewidth=2, marker="o", markersize=5)
    name_lines(
        axes,
        [
            End(orders[-1], ceilings[-1], "most", MUTED),
            End(orders[-1], entropies[-1], "entropy", BASELINE, "o"),
        ],
    )


def _orders(report: Json) -> list[tuple[int, Json]]:
    orders = report["corpora"][0]["orders"]
    return [
        (int(order), figures)
        for order, figures in orders.items()
        if None not in (figures["entropy_bits"]["chao-wang-jost"], figures["saturation"])
    ]


def _error(interval: Json | None) -> float:
    return 0.0 if interval is None else 2 * interval["error"]
