"""The curves of a report's corpora, for the charts that draw a line for each."""

from dataclasses import dataclass, replace
from typing import Any

from ..report.json_object import Json
from .candidates import corpus_of, lines
from .names import line_names
from .palette import BASELINE, MARKERS, of_step


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of a curve, and how it is drawn.

    Attributes
    ----------
    windows
        How many n-grams of its order the corpus has.
    """

    x: list[float]
    y: list[float]
    windows: int
    label: str
    color: str
    marker: str | None

    def over(self, total: float) -> "Curve":
        """Return the curve with every y divided."""
        return replace(self, y=[y / total for y in self.y])

    def style(self) -> dict[str, Any]:
        """Return how the line is drawn; that of the baseline is thicker, and on top."""
        if self.marker is None:
            return {"color": self.color, "linewidth": 2.2, "zorder": 5}
        style = {"marker": self.marker, "markersize": 4, "linewidth": 1.3}
        return {"color": self.color, "zorder": 3, **style}


def curves_of(report: Json, kind: str, x: str, y: str, order: int) -> list[Curve]:
    """Return a curve for each corpus that is drawn, that of the baseline first.

    Of a report without comparisons it is one for each order of the first corpus.
    """
    if not report["comparisons"]:
        return _by_order(report["corpora"][0], kind, x, y)
    drawn = lines(report)
    baseline = report["corpora"][0]
    (name,) = line_names([baseline["name"]])
    found = [_curve(baseline, kind, x, y, order, name, BASELINE, None)]
    for line in drawn:
        corpus = corpus_of(report, line.comparison["candidate"])
        found.append(_curve(corpus, kind, x, y, order, line.label, line.color, line.marker))
    return [curve for curve in found if curve is not None]


def _by_order(corpus: Json, kind: str, x: str, y: str) -> list[Curve]:
    orders = sorted(map(int, corpus["orders"]))[: len(MARKERS)]
    found = (
        _curve(corpus, kind, x, y, n, f"{n}-grams", of_step(i, len(orders)), MARKERS[i])
        for i, n in enumerate(orders)
    )
    return [curve for curve in found if curve is not None]


def _curve(
    corpus: Json, kind: str, x: str, y: str, order: int, label: str, color: str, marker: str | None
) -> Curve | None:
    """Return a curve, None where the report has none, or a point of it alone."""
    points = corpus.get("curves", {}).get(str(order), {}).get(kind)
    if points is None or len(points[x]) < 2:
        return None
    windows = corpus["orders"][str(order)]["windows"]
    return Curve(points[x], points[y], windows, label, color, marker)
