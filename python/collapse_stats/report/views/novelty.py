"""The measurements behind the verdicts: novelty of fresh text, repetition, copies."""

import math
from collections.abc import Sequence

from ...verdict.rule import LABELS
from ..decision import USUAL_ORDER
from ..grid import DASH, Cell, Column, Grid, printable
from ..json_object import Json
from ..numbers import column, percent
from .labels import Labels
from .verdict import EMPHASIS


def novelty_grid(name: str, against: Sequence[Json], *, explain: bool = True) -> Grid:
    """Return a table with one row per candidate; with `explain`, one row is read out below it."""
    order = shown_order(against)
    labels = Labels.of([comparison["candidate"] for comparison in against])
    unit, tokens = column([comparison["compared"]["tokens"]["candidate"] for comparison in against])
    columns = [
        Column((labels.heading,), number=False, one_line=True),
        Column(("tokens", "used", unit), optional=1),
        Column((f"{order}-grams new", "to own text", "% (floor)")),
        Column(("novelty odds", "vs floor", "± 2 SE")),
        Column(("repeated", "text", "%")),
        Column(("duplicate", "documents", "%")),
        Column(("verdict",), number=False),
    ]
    rows = [
        [
            Cell(printable(labels.label(comparison["candidate"]))),
            Cell(size),
            *_figures(comparison, order),
        ]
        for comparison, size in zip(against, tokens, strict=True)
    ]
    notes = _explained(name, against, order) if explain else ()
    return Grid(columns, rows, f"verdicts against {printable(name)}", notes)


def shown_order(against: Sequence[Json]) -> int:
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
        Cell(verdict, EMPHASIS.get(verdict, "dim")),
    ]


def _explained(name: str, against: Sequence[Json], order: int) -> tuple[str, ...]:
    """Say the figures of the worst candidate in words."""
    measured = [each for each in against if _novelty(each, order) is not None]
    if not measured:
        return ()
    comparison = max(measured, key=lambda each: _severity(each, order))
    novelty = _novelty(comparison, order)
    assert novelty is not None
    candidate = comparison["candidate"]
    low, high = _odds_interval(novelty)
    return (
        printable(
            f"How to read the row of {candidate} ({comparison['verdict']}): in new text of "
            f"{candidate}, {percent(novelty['own'])} % of the {order}-grams do not occur in as "
            f"much other text of {candidate}; for {name} at the same size it is "
            f"{percent(novelty['floor'])} % (the floor). The odds of the first share are "
            f"x{_odds(novelty)} those of the second ({low:.2f} to {high:.2f})."
        ),
    )


def _severity(comparison: Json, order: int) -> tuple[int, float]:
    """How bad a verdict is, and among equal ones how thin the tail."""
    label, novelty = comparison["verdict"], _novelty(comparison, order)
    assert novelty is not None
    return LABELS.index(label) if label in LABELS else -1, -novelty["tail"]


def _novelty(comparison: Json, order: int) -> Json | None:
    orders: Sequence[Json] = comparison["novel_mass"]
    return next((novelty for novelty in orders if novelty["order"] == order), None)


def _odds(novelty: Json) -> str:
    return f"{math.exp(novelty['tail']):.2f}"


def _odds_interval(novelty: Json) -> tuple[float, float]:
    low, high = (math.exp(novelty["tail"] + sign * novelty["tail_se"]) for sign in (-2, 2))
    return low, high
