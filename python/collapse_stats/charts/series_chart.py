"""How figures move from candidate to candidate: distinct n-grams, entropy, divergence."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..report.json_object import Json
from ..report.shown import compared, of_corpus
from ..report.views.generations import DISTINCT_ORDER, ENTROPY_ORDER
from .axes import Axes, Canvas, candidate_ticks, mark_onsets, name_onsets, stacked
from .candidates import against_baseline, corpus_of, is_series, onsets
from .palette import BASELINE, INK, LIGHT

TITLE = "Variety, entropy, divergence"
JS_ORDER = 2
_LINE = LIGHT["step-3"]
_LEAST = 0.4  # range of an axis: smaller differences do not fill it


@dataclass(frozen=True, slots=True)
class _Point:
    """A figure of a candidate with two standard errors, and the ends of the band of its floor."""

    place: int
    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Panel:
    """A figure of the candidates, and the place from which on it is worse, if that is known."""

    title: str
    points: Sequence[_Point]
    onset: int | None


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    if len(report["comparisons"]) < 2:
        return "there are fewer than two candidates"
    panels = _panels(report)
    return None if any(panel.points for panel in panels) else "no figure could be given"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    has_rings = any(panel.onset is not None for panel in _panels(report))
    rings = " Rings: the figure is worse from here on." if has_rings else ""
    return (
        "Variety, entropy and divergence, ± 2 standard errors where they are known, beside what "
        f"the baseline's own text has (blue).{rings}"
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw the three figures one below the other."""
    panels = _panels(report)
    every = stacked(figure, (1,) * len(panels), left=36, top=38, gap=26)
    for axes, panel in zip(every, panels, strict=True):
        axes.set_title(panel.title, pad=16 if axes is every[0] and is_series(report) else None)
        _draw(axes, panel, connected=is_series(report))
        candidate_ticks(axes, report)
    for axes in every[:-1]:
        axes.tick_params(labelbottom=False)
        axes.set_xlabel("")
    if is_series(report):
        mark_onsets(every, onsets(report))
        name_onsets(every[0], onsets(report))


def _draw(axes: Axes, panel: _Panel, *, connected: bool) -> None:
    points = panel.points
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
    ends = [[point.value + side * point.error for point in points] for side in (-1, 1)]
    axes.vlines(x, *ends, color=_LINE, linewidth=1.3)
    axes.plot(x, y, color=_LINE, marker="o", markersize=4, linewidth=1.3 if connected else 0)
    for point in points:
        if point.place == panel.onset:
            style = {"color": _LINE, "marker": "o", "markersize": 9, "markerfacecolor": "none"}
            axes.plot(point.place, point.value, **style)
    bottom, top = min(*low, *ends[0]), max(*high, *ends[1])
    room = 0.12 * max(top - bottom, _LEAST)
    axes.set_ylim(0 if bottom < top / 3 else bottom - room, top + room)
    axes.locator_params(axis="y", nbins=3)


def _panels(report: Json) -> list[_Panel]:
    against = against_baseline(report)
    longest = len(report["corpora"][0]["orders"])
    distinct, entropy, js = (min(n, longest) for n in (DISTINCT_ORDER, ENTROPY_ORDER, JS_ORDER))
    return [
        _Panel(
            f"distinct {distinct}-grams at equal size, ratio to the baseline",
            _ratios(against, distinct),
            _onset(report, f"size_matched_distinct_ratio/{distinct}"),
        ),
        _Panel(
            f"entropy of {entropy}-grams, bits",
            _entropies(report, against, entropy),
            _onset(report, f"entropy_bits/{entropy}"),
        ),
        _Panel(
            f"Jensen-Shannon divergence of {js}-grams, bits",
            _divergences(against, js),
            _onset(report, f"js_bits/{js}"),
        ),
    ]


def _onset(report: Json, key: str) -> int | None:
    """Return the place from which on a figure is worse, if the report has a trajectory."""
    trajectory = report.get("trajectory")
    if trajectory is None or trajectory["figures"][key]["onset"] is None:
        return None
    place: int = trajectory["steps"].index(trajectory["figures"][key]["onset"])
    return place


def _ratios(against: Sequence[Json], order: int) -> list[_Point]:
    figures = [compared(each, "size_matched_distinct_ratio", order) for each in against]
    return [
        _Point(place, figure.value, _twice(figure.error), 1, 1)
        for place, figure in enumerate(figures)
        if figure.value is not None
    ]


def _entropies(report: Json, against: Sequence[Json], order: int) -> list[_Point]:
    own = of_corpus(report["corpora"][0], "entropy_bits", order)
    points = []
    for place, each in enumerate(against):
        figure = of_corpus(corpus_of(report, each["candidate"]), "entropy_bits", order)
        if figure.value is not None and own.value is not None:
            low, high = own.value - _twice(own.error), own.value + _twice(own.error)
            points.append(_Point(place, figure.value, _twice(figure.error), low, high))
    return points


def _divergences(against: Sequence[Json], order: int) -> list[_Point]:
    figures = [compared(each, "js_bits", order) for each in against]
    return [
        _Point(place, figure.value, _twice(figure.error), 0, figure.floor)
        for place, figure in enumerate(figures)
        if figure.value is not None and figure.floor is not None
    ]


def _twice(error: float | None) -> float:
    """Return two standard errors, 0 where they are not known."""
    return 0.0 if error is None else 2 * error
