"""Several charts as one figure of matplotlib, and figures as files."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import CollapseStatsError
from ..report.json_object import Json
from .canvas import HEIGHT, TITLE_HEIGHT, fonts_for, new_figure, style
from .catalogue import CHARTS, Chart, drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure
else:
    Figure = Any

RESOLUTION = 200  # points of an inch of a PNG
_COLUMNS = 3  # charts beside each other, where there are more than four


def sheet(report: Json, charts: Sequence[Chart]) -> Figure:
    """Return a figure with some charts, each under its title."""
    columns = len(charts) if len(charts) < 3 else 2 if len(charts) == 4 else _COLUMNS
    with style():
        figure = new_figure(len(charts), columns, titles=True)
        rows = -(-len(charts) // columns)
        parts = figure.subfigures(rows, columns, squeeze=False).flat
        for part, chart in zip(parts, charts, strict=False):
            head, body = part.subfigures(2, 1, height_ratios=(TITLE_HEIGHT, HEIGHT))
            head.text(0.02, 0, chart.title, weight="bold", va="bottom", size=11)
            chart.draw(body, report)
        figure.draw_without_rendering()  # so that ticks are made, in this style
    return figure


def picture(report: Json) -> bytes:
    """Return every chart that a report has something for as one PNG.

    Raises
    ------
    CollapseStatsError
        matplotlib is missing, or there is nothing to draw.
    """
    with style():
        return written(sheet(report, chosen(report, None)), "png")


def written(figure: Figure, ending: str, resolution: int = RESOLUTION) -> bytes:
    """Return a figure as a PNG, SVG or PDF, the same bytes for the same figure every time."""
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    file = io.BytesIO()
    with style(fonts_for(ending)):
        figure.savefig(file, format=ending, dpi=resolution, metadata=dates[ending])
    return file.getvalue()


def chosen(report: Json, kind: str | None) -> list[Chart]:
    """Return the charts of a kind, or all that can be drawn.

    Raises
    ------
    CollapseStatsError
        There is nothing to draw.
    ValueError
        There is no such kind.
    """
    if kind is not None and kind not in CHARTS:
        raise ValueError(f"kind must be one of {', '.join(CHARTS)}, got {kind!r}")
    charts = drawable(report) if kind is None else [CHARTS[kind]]
    if not charts:
        raise CollapseStatsError("there is nothing to draw: no corpus has an n-gram")
    why = charts[0].why_not(report)
    if why is not None:
        raise CollapseStatsError(f"no chart of {kind}: {why}")
    return charts
