"""The charts there are, in the order in which a page shows them."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from ..report.json_object import Json
from . import (
    entropy_chart,
    growth_chart,
    ngram_chart,
    rank_chart,
    rare_chart,
    retention_chart,
    series_chart,
    verdict_chart,
)
from .axes import Canvas


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that can be drawn from a report.

    Attributes
    ----------
    why_not
        Says why a report has nothing to draw, None if it has.
    caption
        Says in one sentence what the chart of a report shows.
    draw
        Draws it into an empty figure, or a part of one.
    """

    kind: str
    title: str
    why_not: Callable[[Json], str | None]
    caption: Callable[[Json], str]
    draw: Callable[[Canvas, Json], None]


def _chart(kind: str, module: ModuleType) -> Chart:
    return Chart(kind, module.TITLE, module.why_not, module.caption, module.draw)


CHARTS = {
    chart.kind: chart
    for chart in (
        _chart("verdicts", verdict_chart),
        _chart("retention", retention_chart),
        _chart("series", series_chart),
        _chart("rare", rare_chart),
        _chart("growth", growth_chart),
        _chart("ranks", rank_chart),
        _chart("ngrams", ngram_chart),
        _chart("entropy", entropy_chart),
    )
}


def drawable(report: Json) -> list[Chart]:
    """Return the charts for which the report has something to draw."""
    return [chart for chart in CHARTS.values() if chart.why_not(report) is None]
