"""How much worse a model knows rare tokens of the baseline, candidate by candidate."""

from dataclasses import dataclass

from ..ngram_model.rare_tokens.bands import HEADLINES
from ..report.json_object import Json
from ..report.views.rare_tokens import band_of, is_there
from .axes import Axes, Canvas, End, candidate_ticks, name_lines, room_for, stacked
from .candidates import against_baseline, is_series
from .palette import BASELINE, MARKERS, of_step

TITLE = "Rare tokens, in bits above the floor"
_FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class _Point:
    """The excess of a candidate with two standard errors."""

    place: int
    value: float
    error: float


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    if len(report["comparisons"]) < 2:
        return "there are fewer than two candidates"
    if not is_there(against_baseline(report)):
        return "the report was made without --perplexity"
    return None if any(_points(report).values()) else "no figure could be given"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    return (
        "How many bits more than the floor an n-gram model that learned from a candidate needs for "
        "tokens that a third of the baseline has 5 to 8, or 9 to 64 times, ± 2 standard errors; "
        "the level depends on the topic as well, and a rise along generations is a loss."
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw a line for each of the two bands over that of the floor."""
    by_band = _points(report)
    names = {band: f"{band} times" for band in by_band}
    (axes,) = stacked(figure, left=36, right=room_for([*names.values(), _FLOOR]))
    axes.set_title("bits per token above the floor")
    candidate_ticks(axes, report)
    axes.axhline(0, color=BASELINE, linewidth=1.6, zorder=2)
    ends = [End(axes.get_xlim()[1], 0, _FLOOR, BASELINE)]
    for number, (band, points) in enumerate(by_band.items()):
        if points:
            color, marker = of_step(number, len(by_band)), MARKERS[number]
            _line(axes, points, color, marker, connected=is_series(report))
            ends.append(End(points[-1].place, points[-1].value, names[band], color, marker))
    every = [point for points in by_band.values() for point in points]
    low = min([0, *(point.value - point.error for point in every)])
    high = max([0.5, *(point.value + point.error for point in every)])
    room = 0.08 * (high - low)
    axes.set_ylim(low - room, high + room)
    axes.locator_params(axis="y", nbins=6)
    name_lines(axes, ends)


def _line(axes: Axes, points: list[_Point], color: str, marker: str, *, connected: bool) -> None:
    x, y = [point.place for point in points], [point.value for point in points]
    low, high = ([p.value + side * p.error for p in points] for side in (-1, 1))
    axes.vlines(x, low, high, color=color, linewidth=1.3)
    width = 1.3 if connected else 0
    axes.plot(x, y, color=color, marker=marker, markersize=4, linewidth=width)


def _points(report: Json) -> dict[str, list[_Point]]:
    """Return the candidates by band; where the figure is missing, there is no point."""
    found: dict[str, list[_Point]] = {band: [] for band in HEADLINES}
    for place, comparison in enumerate(against_baseline(report)):
        for name, points in found.items():
            band = band_of(comparison, name)
            if band is not None and band["excess_bits"] is not None:
                estimate = band["excess_bits"]
                points.append(_Point(place, estimate["value"], 2 * estimate["error"]))
    return found
