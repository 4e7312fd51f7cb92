"""Axes of charts: where they stand in a figure, their ticks, and the names beside lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..report.json_object import Json
from ..report.wrapping import shortened
from .candidates import is_series, names_of
from .canvas import POINTS, fitted, text_width
from .names import numbered, tick_names
from .palette import INK, MUTED, of_verdict

Axes = Any
"""``matplotlib.axes.Axes``."""
Canvas = Any
"""A ``matplotlib.figure.Figure`` or ``SubFigure``."""

_BESIDE = 30.0  # points of the left margin that a name above the axes may use
_LINE = 12.0  # points between the names beside lines
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class End:
    """The end of a line, in the units of its axes, and its name."""

    x: float
    y: float
    name: str
    color: str
    marker: str | None = None


def stacked(
    figure: Canvas,
    heights: Sequence[float] = (1,),
    *,
    left: float = 44,
    right: float = 16,
    bottom: float = 38,
    top: float = 24,
    gap: float = 28,
) -> list[Axes]:
    """Return axes one below the other, with margins in points and heights in proportion."""
    width, height = size_of(figure)
    room = height - bottom - top - gap * (len(heights) - 1)
    y, every = height - top, []
    for part in heights:
        y -= room * part / sum(heights)
        every.append(
            figure.add_axes(
                (
                    left / width,
                    y / height,
                    (width - left - right) / width,
                    room * part / sum(heights) / height,
                )
            )
        )
        y -= gap
    return every


def size_of(figure: Canvas) -> tuple[float, float]:
    """Return width and height of a figure, or of its part, in points."""
    scale = POINTS / figure.dpi
    return figure.bbox.width * scale, figure.bbox.height * scale


def name_ticks(axis: Any, places: Sequence[float], names: Sequence[str], **style: Any) -> None:
    """Set the ticks of an axis and their names, which are never read as formulas."""
    axis.set_ticks(places, labels=names, **style)
    for label in axis.get_ticklabels():
        label.set_parse_math(False)


def band_ticks(axes: Axes, names: Sequence[str]) -> None:
    """Name the places 0, 1, 2 ... of the x axis, from the last one on as many as there is room for.

    The limits of the axes must be final.
    """
    low, high = axes.get_xlim()
    room = axes.get_position().width * size_of(axes.figure)[0] / (high - low)
    every = math.ceil((max(map(text_width, names)) + 5) / room)
    shown = range(len(names) - 1, -1, -every)
    name_ticks(axes.xaxis, [*shown], [names[i] for i in shown])


def candidate_ticks(axes: Axes, report: Json) -> None:
    """Let the x axis have the candidates, in order, at 0, 1, 2 ..."""
    names = tick_names(names_of(report))
    room = axes.get_position().width * size_of(axes.figure)[0] / max(len(names), 1)
    widest = max(text_width(name) for name in names) + 6
    axes.set_xlim(-0.5, len(names) - 0.5)
    if is_series(report):
        parts = numbered(names_of(report))
        shown = range(0, len(names), math.ceil(widest / room))
        name_ticks(axes.xaxis, [*shown], [names[i] for i in shown])
        axes.set_xlabel(parts.word.strip("-_. ") if parts else "")
    elif widest <= room or room > 48:
        fitting = [fitted(name, room - 6) for name in names]
        name_ticks(axes.xaxis, range(len(names)), fitting)
    else:
        fitting = [shortened(name, 14) for name in names]
        style = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
        name_ticks(axes.xaxis, range(len(names)), fitting, **style)


def mark_onsets(every: Sequence[Axes], onsets: dict[str, int]) -> None:
    """Draw a line where a verdict begins through axes that stand one below the other."""
    for label, at in onsets.items():
        color = of_verdict(label)
        for axes in every:
            axes.axvline(at, color=color, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1)


def name_onsets(axes: Axes, onsets: dict[str, int]) -> None:
    """Write above the axes which verdict begins at each line, as far as there is room."""
    scale = axes.get_position().width * size_of(axes.figure)[0]
    taken = -_BESIDE  # points from the left
    for number, (label, at) in enumerate(onsets.items()):
        place = axes.transAxes.inverted().transform(axes.transData.transform((at, 0)))[0] * scale
        wide = text_width(label, 7.2)
        later = [*onsets.values()][number + 1 :]
        to_left = bool(later) and place + _BESIDE >= wide
        if (place - wide if to_left else place) < taken:
            continue
        axes.annotate(
            label,
            (at, 1),
            (-2 if to_left else 2, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right" if to_left else "left",
            color=of_verdict(label),
            size=8,
        )
        taken = place if to_left else place + wide


def log_ticks(axis: Any, low: float, high: float, most: int = 6) -> None:
    """Set the ticks of a logarithmic axis to powers of ten: plain up to a million."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    powers = range(first, last + 1, math.ceil((last - first + 1) / most) or 1)
    name_ticks(axis, [10.0**power for power in powers], [*map(_power, powers)])
    no_minor_ticks(axis)


def no_minor_ticks(axis: Any) -> None:
    """Leave out the ticks between those that are set."""
    from matplotlib.ticker import NullLocator

    axis.set_minor_locator(NullLocator())


def count_ticks(axis: Any) -> None:
    """Write the ticks of a linear axis as counts: 20k, 1.5M."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(5, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))


def short_count(value: float) -> str:
    """Return a count in few letters.

    >>> [short_count(n) for n in (0, 950, 20_000, 1_500_000)]
    ['0', '950', '20k', '1.5M']
    """
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{unit}"
    return f"{value:.4g}"


def name_lines(axes: Axes, ends: Sequence[End]) -> None:
    """Write the names of lines to the right of the axes, each as near to its end as there is room.

    The limits of the axes must be final. A thin line leads to an end that is not at its name.
    """
    if not ends:
        return
    height = axes.get_position().height * size_of(axes.figure)[1]
    width = axes.get_position().width * size_of(axes.figure)[0]
    to_axes = axes.transData + axes.transAxes.inverted()
    points = to_axes.transform([(end.x, end.y) for end in ends])
    order = sorted(range(len(ends)), key=lambda i: (points[i][1], -points[i][0]))
    places = spread([points[i][1] for i in order], _LINE / height)
    for i, y in zip(order, places, strict=True):
        end, (from_x, from_y) = ends[i], points[i]
        over = {"transform": axes.transAxes, "clip_on": False}
        bend = 1 + 8 / width
        if abs(from_y - y) * height > 3 or from_x < 0.97:
            dotted = {"color": MUTED, "linewidth": 0.6, "linestyle": (0, (1, 2))}
            axes.plot([from_x, bend], [from_y, y], zorder=1, **dotted, **over)
        axes.plot([bend + 4 / width], [y], color=end.color, **_mark(end), **over)
        axes.text(bend + 11 / width, y, end.name, va="center_baseline", color=INK, **over)


def room_for(names: Sequence[str]) -> float:
    """Return the right margin, in points, that `name_lines` needs."""
    return 26 + max((text_width(name) for name in names), default=0)


def spread(wanted: Sequence[float], gap: float, low: float = 0, high: float = 1) -> list[float]:
    """Return places at least `gap` apart, as near as can be to the rising ones that are wanted.

    Where there is no room for all of them between `low` and `high`, they get closer.

    >>> [round(place, 2) for place in spread([0.5, 0.5, 0.9], 0.1)]
    [0.45, 0.55, 0.9]
    """
    if len(wanted) > 1:
        gap = min(gap, (high - low) / (len(wanted) - 1))
    groups: list[list[float]] = []
    for number, place in enumerate(wanted):
        groups.append([place - number * gap])
        while len(groups) > 1 and _mean(groups[-1]) < _mean(groups[-2]):
            last = groups.pop()
            groups[-1] += last
    top = high - (len(wanted) - 1) * gap
    even = [min(max(_mean(group), low), top) for group in groups for _ in group]
    return [place + number * gap for number, place in enumerate(even)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mark(end: End) -> dict[str, Any]:
    if end.marker is None:
        return {"marker": "_", "markersize": 7, "markeredgewidth": 2.2}
    return {"marker": end.marker, "markersize": 4.5}


def _power(power: int) -> str:
    if 0 <= power <= 5:
        return f"{10**power:,}"
    return "10" + str(power).translate(_SUPERSCRIPTS)
