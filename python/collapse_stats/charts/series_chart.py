"""How figures move from candidate to candidate: distinct n-grams, entropy, divergence."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..report.comparison_view import DISTINCT_ORDER, ENTROPY_ORDER
from ..report.json_object import Json
from .axes import Axes, Canvas, candidate_ticks, mark_onsets, stacked
from .candidates import against_baseline, corpus_of, is_series, onsets
from .palette import BASELINE, INK, LIGHT

TITLE = "Figures in order"
JS_ORDER = 2
_LINE = LIGHT["step-3"]


@dataclass(frozen=True, slots=True)
class _Point:
    """A figure of a candidate with two standard errors, and the ends of the band of its floor."""

    place: int
    value: float
    error: float | None
    low: float
    high: float


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    if len(report["comparisons"]) < 2:
        return "there are fewer than two candidates"
    panels = _panels(report)
    return None if any(points for _, points in panels) else "no figure could be given"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    begins = ", ".join(onsets(report)) if is_series(report) else ""
    marked = f"; dashed lines mark where {begins} begins" if begins else ""
    return (
        "Distinct n-grams at equal size, entropy, and divergence from the baseline, ± 2 standard "
        f"errors where they are known; in blue what the baseline's own text has{marked}."
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw the three figures one below the other."""
    panels = _panels(report)
    every = stacked(figure, (1,) * len(panels), left=44, gap=26)
    for axes, (title, points) in zip(every, panels, strict=True):
        axes.set_title(title)
        _panel(axes, points, connected=is_series(report))
        candidate_ticks(axes, report)
    for axes in every[:-1]:
        axes.tick_params(labelbottom=False)
        axes.set_xlabel("")
    if is_series(report):
        mark_onsets(every, onsets(report))


def _panel(axes: Axes, points: Sequence[_Point], *, connected: bool) -> None:
    if not points:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "not given", transform=axes.transAxes, ha="center", color=INK)
        return
    x, y = [point.place for point in points], [point.value for point in points]
    low, high = [point.low for point in points], [point.high for point in points]
    wide = [x[0] - 0.5, *x, x[-1] + 0.5]
    low, high = [low[0], *low, low[-1]], [high[0], *high, high[-1]]
    axes.fill_between(wide, low, high, color=BASELINE, alpha=0.2, linewidth=0, zorder=1)
    axes.plot(wide, high, color=BASELINE, linewidth=1.6, zorder=2)
    bars = [point for point in points if point.error is not None]
    axes.vlines(
        [point.place for point in bars],
        [point.value - (point.error or 0) for point in bars],
        [point.value + (point.error or 0) for point in bars],
        color=_LINE,
        linewidth=1.3,
    )
    axes.plot(x, y, color=_LINE, marker="o", markersize=4, linewidth=1.3 if connected else 0)
    bottom = min([0.0, *(point.value - (point.error or 0) for point in points)])
    top = max(*high, *(point.value + (point.error or 0) for point in points))
    axes.set_ylim(bottom, top * 1.08 or 1)
    axes.locator_params(axis="y", nbins=3)


def _panels(report: Json) -> list[tuple[str, list[_Point]]]:
    against = against_baseline(report)
    longest = len(report["corpora"][0]["orders"])
    distinct, entropy, js = (min(n, longest) for n in (DISTINCT_ORDER, ENTROPY_ORDER, JS_ORDER))
    return [
        (
            f"distinct {distinct}-grams at equal size, ratio to the baseline",
            _ratios(against, distinct),
        ),
        (f"entropy of {entropy}-grams, bits", _entropies(report, against, entropy)),
        (f"Jensen-Shannon divergence of {js}-grams, bits", _divergences(against, js)),
    ]


def _ratios(against: Sequence[Json], order: int) -> list[_Point]:
    points = []
    for place, each in enumerate(against):
        figures = each["orders"][str(order)]
        value = figures["size_matched_distinct_ratio"]
        if value is not None:
            error = _error(figures["intervals"]["size_matched_distinct_ratio"])
            points.append(_Point(place, value, error, 1, 1))
    return points


def _entropies(report: Json, against: Sequence[Json], order: int) -> list[_Point]:
    own, own_error = _entropy(report["corpora"][0], order)
    points = []
    for place, each in enumerate(against):
        value, error = _entropy(corpus_of(report, each["candidate"]), order)
        if value is not None and own is not None:
            spread = own_error or 0
            points.append(_Point(place, value, error, own - spread, own + spread))
    return points


def _entropy(corpus: Json, order: int) -> tuple[float | None, float | None]:
    figures = corpus["orders"][str(order)]
    value = figures["entropy_bits"]["chao-wang-jost"]
    return value, _error(figures["intervals"]["entropy_bits"])


def _divergences(against: Sequence[Json], order: int) -> list[_Point]:
    points = []
    for place, each in enumerate(against):
        figures = each["orders"][str(order)]
        value, floor = figures["js_bits"], figures["floor"]["js_bits"]
        if value is not None and floor is not None:
            points.append(_Point(place, value, _error(figures["intervals"]["js_bits"]), 0, floor))
    return points


def _error(interval: Json | None) -> float | None:
    """Return two standard errors."""
    return None if interval is None else 2 * interval["error"]
