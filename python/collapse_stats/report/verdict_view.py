"""The table of verdicts, from a report."""

import math
from collections.abc import Sequence
from typing import Any

from ..verdict.rule import COLLAPSE, DRIFT, LOSS_OF_TAIL, WITHIN_FLOOR
from .grid import DASH, Cell, Column, Emphasis, Grid, printable
from .numbers import column, percent

Json = dict[str, Any]
SHOWN_ORDER = 2
_EMPHASIS: dict[str, Emphasis] = {
    COLLAPSE: "worse",
    LOSS_OF_TAIL: "worse",
    DRIFT: "other",
    WITHIN_FLOOR: "plain",
}


def verdict_grid(name: str, against: Sequence[Json], *, explain: bool = True) -> Grid:
    """One row per candidate with the figures that decide, the reasons below."""
    unit, tokens = column([one["compared"]["tokens"]["candidate"] for one in against])
    columns = [
        Column(("",), number=False),
        Column(("tokens", "used", unit)),
        Column(("new 2-grams", "in more", "% (floor)")),
        Column(("odds of new", "to floor", "± 2 SE")),
        Column(("repeats", "in texts", "%")),
        Column(("copies", "texts", "%")),
        Column(("verdict",), number=False),
    ]
    rows = [
        [Cell(printable(one["candidate"])), Cell(compared), *_figures(one), _word(one)]
        for one, compared in zip(against, tokens, strict=True)
    ]
    return Grid(
        columns, rows, f"verdicts against {printable(name)}", _notes(name, against, explain)
    )


def _figures(comparison: Json) -> list[Cell]:
    novel = _shown(comparison)
    if novel is None:
        masses = [Cell(DASH)] * 2
    else:
        low, high = (math.exp(novel["tail"] + s * novel["tail_se"]) for s in (-2, 2))
        odds = f"x{_odds(novel)} ±{(high - low) / 2:.2f}"
        masses = [Cell(f"{percent(novel['own'])} ({percent(novel['floor'])})"), Cell(odds)]
    return [
        *masses,
        Cell(percent(comparison["repeated_text"]["candidate"])),
        Cell(percent(comparison["duplicate_documents"]["candidate"])),
    ]


def _word(comparison: Json) -> Cell:
    return Cell(comparison["verdict"], _EMPHASIS.get(comparison["verdict"], "dim"))


def _notes(name: str, against: Sequence[Json], explain: bool) -> tuple[str, ...]:
    because: dict[str, list[str]] = {}
    for one in against:
        if one["verdict"] != WITHIN_FLOOR:
            why = f"{one['verdict']}, {'; '.join(one['reasons'])}."
            because.setdefault(why, []).append(one["candidate"])
    said = [printable(f"{', '.join(names)}: {why}") for why, names in because.items()]
    told = [one for one in against if explain and _shown(one) is not None]
    return (*said, *(_explained(name, one) for one in told[-1:]))


def _explained(name: str, comparison: Json) -> str:
    """The figures of the last candidate in words."""
    novel = _shown(comparison)
    assert novel is not None
    candidate = comparison["candidate"]
    low, high = (math.exp(novel["tail"] + s * novel["tail_se"]) for s in (-2, 2))
    return printable(
        f"How to read it: {candidate}: {comparison['verdict']}. In fresh {candidate} text "
        f"{percent(novel['own'])} % of {SHOWN_ORDER}-grams are new to as much other {candidate} "
        f"text; in fresh {name} text of the same size {percent(novel['floor'])} %. "
        f"The odds are x{_odds(novel)} of {name}'s ({low:.2f} to {high:.2f})."
    )


def _shown(comparison: Json) -> Json | None:
    found: Sequence[Json] = comparison["novel_mass"]
    return next((one for one in found if one["order"] == SHOWN_ORDER), None)


def _odds(novel: Json) -> str:
    return f"{math.exp(novel['tail']):.2f}"
