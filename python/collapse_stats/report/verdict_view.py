"""The table of verdicts, from a report."""

import math
from collections.abc import Sequence

from ..verdict.rule import COLLAPSE, DRIFT, LABELS, LOSS_OF_TAIL, WITHIN_FLOOR
from .grid import DASH, Cell, Column, Emphasis, Grid, printable
from .json_object import Json
from .numbers import column, percent

USUAL_ORDER = 2  # whose figures are shown if the rule used it anywhere
_EMPHASIS: dict[str, Emphasis] = {
    COLLAPSE: "worse",
    LOSS_OF_TAIL: "worse",
    DRIFT: "other",
    WITHIN_FLOOR: "plain",
}


def verdict_grid(name: str, against: Sequence[Json], *, explain: bool = True) -> Grid:
    """Return a table with one row per candidate: the figures that decide, the reasons below."""
    order = _shown_order(against)
    unit, tokens = column([comparison["compared"]["tokens"]["candidate"] for comparison in against])
    columns = [
        Column(("",), number=False),
        Column(("tokens", "used", unit)),
        Column((f"{order}-grams new", "to own text", "% (floor)")),
        Column(("novelty odds", "vs floor", "± 2 SE")),
        Column(("repeated", "text", "%")),
        Column(("duplicate", "documents", "%")),
        Column(("verdict",), number=False),
    ]
    rows = [
        [Cell(printable(comparison["candidate"])), Cell(size), *_figures(comparison, order)]
        for comparison, size in zip(against, tokens, strict=True)
    ]
    notes = _notes(name, against, order if explain else None)
    return Grid(columns, rows, f"verdicts against {printable(name)}", notes)


def _shown_order(against: Sequence[Json]) -> int:
    """The order whose figures are shown: bigrams, or the lowest that the rule used."""
    used = [
        novelty["order"]
        for comparison in against
        for novelty in comparison["novel_mass"]
        if novelty["working"]
    ]
    return USUAL_ORDER if USUAL_ORDER in used else min(used, default=USUAL_ORDER)


def _figures(comparison: Json, order: int) -> list[Cell]:
    novelty = _novelty(comparison, order)
    if novelty is None:
        masses = [Cell(DASH)] * 2
    else:
        low, high = _odds_interval(novelty)
        odds = f"x{_odds(novelty)} ±{(high - low) / 2:.2f}"
        masses = [Cell(f"{percent(novelty['own'])} ({percent(novelty['floor'])})"), Cell(odds)]
    verdict = comparison["verdict"]
    return [
        *masses,
        Cell(percent(comparison["repeated_text"]["candidate"])),
        Cell(percent(comparison["duplicate_documents"]["candidate"])),
        Cell(verdict, _EMPHASIS.get(verdict, "dim")),
    ]


def _notes(name: str, against: Sequence[Json], explained_order: int | None) -> tuple[str, ...]:
    names_by_reason: dict[str, list[str]] = {}
    for comparison in against:
        if comparison["verdict"] != WITHIN_FLOOR or len(comparison["reasons"]) > 1:
            reason = f"{comparison['verdict']}, {'; '.join(comparison['reasons'])}."
            names_by_reason.setdefault(reason, []).append(comparison["candidate"])
    notes = [
        printable(f"{', '.join(names)}: {reason}") for reason, names in names_by_reason.items()
    ]
    if explained_order is not None:
        measured = [each for each in against if _novelty(each, explained_order) is not None]
        if measured:
            worst = max(measured, key=lambda each: _severity(each, explained_order))
            notes.append(_explained(name, worst, explained_order))
    return tuple(notes)


def _severity(comparison: Json, order: int) -> tuple[int, float]:
    """How bad a verdict is, and among equal ones how thin the tail."""
    label, novelty = comparison["verdict"], _novelty(comparison, order)
    assert novelty is not None
    return LABELS.index(label) if label in LABELS else -1, -novelty["tail"]


def _explained(name: str, comparison: Json, order: int) -> str:
    """Say the figures of a candidate in words."""
    novelty = _novelty(comparison, order)
    assert novelty is not None
    candidate = comparison["candidate"]
    low, high = _odds_interval(novelty)
    return printable(
        f"How to read the row of {candidate} ({comparison['verdict']}): in new text of "
        f"{candidate}, {percent(novelty['own'])} % of the {order}-grams do not occur in as "
        f"much other text of {candidate}; for {name} at the same size it is "
        f"{percent(novelty['floor'])} % (the floor). The odds of the first share are "
        f"x{_odds(novelty)} those of the second ({low:.2f} to {high:.2f})."
    )


def _novelty(comparison: Json, order: int) -> Json | None:
    orders: Sequence[Json] = comparison["novel_mass"]
    return next((novelty for novelty in orders if novelty["order"] == order), None)


def _odds(novelty: Json) -> str:
    return f"{math.exp(novelty['tail']):.2f}"


def _odds_interval(novelty: Json) -> tuple[float, float]:
    low, high = (math.exp(novelty["tail"] + sign * novelty["tail_se"]) for sign in (-2, 2))
    return low, high
