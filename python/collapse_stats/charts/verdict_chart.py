"""The verdict on each candidate, and the odds of novelty that it rests on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..report.json_object import Json
from ..report.views.novelty import shown_order
from ..verdict.rule import CANNOT_TELL, LABELS
from .axes import Axes, Canvas, candidate_ticks, mark_onsets, name_ticks, no_minor_ticks, stacked
from .candidates import against_baseline, is_series, names_of, onsets
from .names import tick_names
from .palette import BASELINE, INK, MUTED, VERDICT_MARKERS, of_verdict

TITLE = "Verdicts"
_FURTHEST = 12.0  # logarithm of the odds; wider intervals are cut there
_TICKS = (1, 2, 5)
_MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class _Odds:
    place: int
    verdict: str
    value: float
    low: float
    high: float


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    return None if report["comparisons"] else "nothing is compared"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    against = against_baseline(report)
    order = shown_order(against)
    if len(against) == 1:
        return (
            f"{against[0]['candidate']}: {against[0]['verdict']}, and by order the odds that fresh "
            "text is new to the rest of its corpus, over the baseline's, ± 2 standard errors."
        )
    return (
        f"The verdict on each candidate, and the odds that a {order}-gram of fresh text is new to "
        "the rest of its corpus, over the baseline's, ± 2 standard errors."
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw the ladder of verdicts, and the odds below it."""
    against = against_baseline(report)
    odds = _by_candidate(against) if len(against) > 1 else _by_order(against[0])
    ladder, below = stacked(figure, (5, 6), left=76, gap=42 if len(against) == 1 else 30)
    _ladder(ladder, report)
    _odds(below, odds, against[0]["constants"])
    if len(against) == 1:
        orders = [row["order"] for row in against[0]["novel_mass"]]
        below.set_xlim(-0.5, max(1, len(orders)) - 0.5)
        name_ticks(below.xaxis, range(len(orders)), [f"{order}-grams" for order in orders])
        below.set_title("novelty odds against the baseline, by order")
    else:
        below.set_title(f"novelty odds against the baseline, {shown_order(against)}-grams")
        candidate_ticks(below, report)
        ladder.set_xlim(below.get_xlim())
        name_ticks(ladder.xaxis, below.get_xticks(), [""] * len(below.get_xticks()))
        if is_series(report):
            mark_onsets((ladder, below), onsets(report))


def _ladder(axes: Axes, report: Json) -> None:
    against = against_baseline(report)
    lowest = -1 if any(each["verdict"] == CANNOT_TELL for each in against) else 0
    rungs = [(CANNOT_TELL, -1.2)] * (lowest < 0) + list(
        zip(LABELS, range(len(LABELS)), strict=True)
    )
    height = dict(rungs)
    name_ticks(axes.yaxis, [*height.values()], [*height])
    axes.set_ylim(min(height.values()) - 0.5, len(LABELS) - 0.5)
    if len(against) == 1:
        name_ticks(axes.xaxis, [0], tick_names(names_of(report)))
    axes.set_xlim(-0.5, len(against) - 0.5)
    on_ladder = [(i, height[c["verdict"]]) for i, c in enumerate(against) if c["verdict"] in LABELS]
    if is_series(report) and on_ladder:
        axes.plot(*zip(*on_ladder, strict=True), color=MUTED, linewidth=0.8, zorder=1)
    for label, y in height.items():
        at = [i for i, each in enumerate(against) if each["verdict"] == label]
        if at:
            marker, color = VERDICT_MARKERS[label], of_verdict(label)
            axes.plot(at, [y] * len(at), marker, color=color, markersize=8, zorder=3)
    axes.set_title("verdict against the baseline")


def _odds(axes: Axes, odds: Sequence[_Odds], constants: Json) -> None:
    axes.set_yscale("log")
    axes.axhline(1, color=BASELINE, linewidth=1.6, zorder=2)
    low = min([0.4, *(each.low for each in odds)]) / 1.25
    high = max([1.6, *(each.high for each in odds)]) * 1.25
    axes.set_ylim(low, high)
    ticks = _ticks(low, high)
    name_ticks(axes.yaxis, ticks, [f"×{tick:g}" for tick in ticks])
    no_minor_ticks(axes.yaxis)
    for label in {each.verdict: None for each in odds}:
        rows = [each for each in odds if each.verdict == label]
        places, color = [each.place for each in rows], of_verdict(label)
        axes.vlines(
            places, [e.low for e in rows], [e.high for e in rows], color=color, linewidth=1.4
        )
        axes.plot(
            places, [e.value for e in rows], VERDICT_MARKERS[label], color=color, markersize=5
        )
    if not odds:
        axes.text(
            0.5, 0.5, "no order could be measured", transform=axes.transAxes, ha="center", color=INK
        )


def _by_candidate(against: Sequence[Json]) -> list[_Odds]:
    order = shown_order(against)
    return [
        _from(row, place, each["verdict"])
        for place, each in enumerate(against)
        for row in each["novel_mass"]
        if row["order"] == order
    ]


def _by_order(comparison: Json) -> list[_Odds]:
    return [
        _from(row, place, comparison["verdict"])
        for place, row in enumerate(comparison["novel_mass"])
    ]


def _from(row: Json, place: int, verdict: str) -> _Odds:
    tail, error = row["tail"], row["tail_se"]
    ends = (max(-_FURTHEST, min(_FURTHEST, tail + side * 2 * error)) for side in (0, -1, 1))
    return _Odds(place, verdict, *map(math.exp, ends))


def _ticks(low: float, high: float) -> list[float]:
    """Return round odds in the range; powers of ten alone where there are too many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [times * 10.0**power for power in powers for times in _TICKS]
    ticks = [tick for tick in ticks if low <= tick <= high]
    if len(ticks) <= _MOST_TICKS + 2:
        return ticks
    return [tick for tick in ticks if round(math.log10(tick)) == math.log10(tick)]
