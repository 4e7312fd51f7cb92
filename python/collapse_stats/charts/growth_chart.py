"""How fast new n-grams come as a corpus grows: curves of rarefaction."""

from ..report.json_object import Json
from ..report.views.generations import DISTINCT_ORDER
from .axes import Canvas, End, count_ticks, log_ticks, name_lines, room_for, stacked
from .candidates import how_many
from .curves import Curve, curves_of

TITLE = "How fast new n-grams come"
_APART = 8  # times that sizes differ at which both axes become logarithmic


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    return None if _curves(report) else "the report has no curves"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    if not report["comparisons"]:
        return (
            "How many distinct n-grams a random part of the corpus has; where a curve still climbs "
            "at its end, more text would bring more."
        )
    return (
        f"How many distinct {_order(report)}-grams a random part of each whole corpus has; at "
        f"equal size, a lower curve means less variety{how_many(report)}."
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw a curve for each corpus, or for each order of one corpus."""
    curves = _curves(report)
    (axes,) = stacked(figure, left=46, right=room_for([curve.label for curve in curves]))
    sizes = [curve.x[-1] for curve in curves]
    of = "n" if not report["comparisons"] else str(_order(report))
    axes.set_title(f"distinct {of}-grams")
    axes.set_xlabel(f"{of}-grams drawn")
    ends = []
    for curve in curves:
        axes.plot(curve.x, curve.y, **curve.style(), markevery=[-1])
        ends.append(End(curve.x[-1], curve.y[-1], curve.label, curve.color, curve.marker))
    if max(sizes) > _APART * min(sizes):
        axes.set(xscale="log", yscale="log")
        low, high = min(c.x[0] for c in curves), max(sizes)
        axes.set_xlim(low, high * 1.1)
        log_ticks(axes.xaxis, low, high, most=5)
        heights = [y for curve in curves for y in curve.y]
        axes.set_ylim(min(heights), max(heights) * 1.3)
        log_ticks(axes.yaxis, min(heights), max(heights))
    else:
        axes.set_xlim(0, max(sizes) * 1.01)
        axes.set_ylim(0, max(y for curve in curves for y in curve.y) * 1.04)
        count_ticks(axes.xaxis)
        count_ticks(axes.yaxis)
    name_lines(axes, ends)


def _order(report: Json) -> int:
    return min(DISTINCT_ORDER, len(report["corpora"][0]["orders"]))


def _curves(report: Json) -> list[Curve]:
    return curves_of(report, "growth", "windows", "distinct", _order(report))
