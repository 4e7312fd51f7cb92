"""Rank and frequency of the n-grams of whole corpora."""

from ..report.json_object import Json
from .axes import Canvas, log_ticks, stacked
from .candidates import how_many
from .canvas import text_width
from .curves import Curve, curves_of

TITLE = "Rank and frequency"
ORDER = 1


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    return None if _curves(report) else "the report has no curves"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    if not report["comparisons"]:
        return (
            "The share of the corpus that the n-gram of each rank makes up; at the end of each "
            "line are the n-grams seen once."
        )
    return (
        "The share of the whole corpus that the token of each rank makes up; the line of a corpus "
        f"whose tail is cut falls early{how_many(report)}."
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw a curve for each corpus, or for each order of one corpus."""
    curves = _curves(report)
    right = 44 + max(text_width(curve.label) for curve in curves)
    (axes,) = stacked(figure, left=38, right=right)
    axes.set(xscale="log", yscale="log")
    ranks = max(curve.x[-1] for curve in curves)
    shares = [share for curve in curves for share in (curve.y[0], curve.y[-1])]
    axes.set_xlim(0.9, ranks * 1.3)
    axes.set_ylim(min(shares) / 1.6, max(shares) * 1.6)
    log_ticks(axes.xaxis, 1, ranks * 1.3)
    log_ticks(axes.yaxis, min(shares) / 1.6, max(shares) * 1.6)
    of = "token" if report["comparisons"] else "n-gram"
    axes.set_xlabel(f"rank of the {of}")
    axes.set_title("share of the corpus")
    for number, curve in enumerate(curves):
        every = max(1, len(curve.x) // 5)
        axes.plot(curve.x, curve.y, **curve.style(), label=curve.label, markevery=(number, every))
    axes.legend(loc="upper left", bbox_to_anchor=(1.03, 1), labelspacing=0.7)


def _curves(report: Json) -> list[Curve]:
    curves = curves_of(report, "ranks", "rank", "count", ORDER)
    return [curve.over(curve.windows) for curve in curves]
