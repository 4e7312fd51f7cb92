"""How much of the baseline is still there, by how rare it was."""

from ..report.json_object import Json
from .axes import Canvas, End, band_ticks, name_lines, name_ticks, room_for, stacked
from .candidates import Line, how_many, lines
from .palette import BASELINE

TITLE = "What is kept, by how rare it was"
ORDER = 1


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    if any(_kept(line.comparison) for line in _lines(report)):
        return None
    return "no half of the baseline has an n-gram of which a share could be kept"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    return (
        "The share of the baseline's distinct tokens that a candidate still has; a line below the "
        "floor has lost more of them than as much other text of the baseline "
        f"lacks{how_many(report)}."
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw a line for each candidate over the band of its floors."""
    drawn = _lines(report)
    names = [*(line.label for line in drawn), "floor"]
    bands = _bands(report)
    (axes,) = stacked(figure, left=40, right=room_for(names))
    axes.set(ylim=(0, 1.02), xlim=(-0.25, len(bands) - 0.85))
    band_ticks(axes, bands)
    name_ticks(axes.yaxis, [0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.set_xlabel("times seen in half of the baseline (rarer to the right)")
    axes.set_title("share of distinct tokens still there")
    ends = []
    for line in drawn:
        kept = _kept(line.comparison)
        points = [(i, kept[band][0]) for i, band in enumerate(bands) if band in kept]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, color=line.color, marker=line.marker, markersize=4, linewidth=1.3)
            ends.append(End(x[-1], y[-1], line.label, line.color, line.marker))
    floors = {
        i: [kept[band][1] for line in drawn if band in (kept := _kept(line.comparison))]
        for i, band in enumerate(bands)
    }
    floors = {i: values for i, values in floors.items() if values}
    low, high = [*map(min, floors.values())], [*map(max, floors.values())]
    axes.fill_between([*floors], 0, high, color=BASELINE, alpha=0.1, linewidth=0, zorder=0)
    axes.fill_between([*floors], low, high, color=BASELINE, alpha=0.35, linewidth=0, zorder=4)
    axes.plot([*floors], high, color=BASELINE, linewidth=2, zorder=4)
    ends.append(End([*floors][-1], high[-1], "floor", BASELINE))
    name_lines(axes, ends)


def _lines(report: Json) -> list[Line]:
    return lines(report) if report["comparisons"] else []


def _kept(comparison: Json) -> dict[str, tuple[float, float]]:
    """Return by band the share that is kept, and its floor, where both are known."""
    return {
        row["band"]: (row["retained"], row["floor"])
        for row in comparison["retention"]
        if row["order"] == ORDER and None not in (row["retained"], row["floor"])
    }


def _bands(report: Json) -> list[str]:
    """Return the bands that a candidate has, from frequent to rare."""
    found = {band for line in lines(report) for band in _kept(line.comparison)}
    return sorted(found, key=lambda band: -int(band.rstrip("+").split("-")[0]))
