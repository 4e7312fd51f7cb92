"""What the verdicts are, and why: one line a candidate, from a report."""

from collections.abc import Sequence

from ...readers.alike import grouped_alike
from ...verdict.reasons import WITHIN
from ...verdict.rule import CANNOT_TELL, COLLAPSE, DRIFT, LOSS_OF_TAIL, WITHIN_FLOOR
from ..decision import USUAL_ORDER
from ..grid import DASH, Cell, Column, Emphasis, Grid, printable
from ..json_object import Json
from ..numbers import percent
from .labels import Labels
from .warnings import joined

EMPHASIS: dict[str, Emphasis] = {
    COLLAPSE: "worse",
    LOSS_OF_TAIL: "worse",
    DRIFT: "other",
    WITHIN_FLOOR: "plain",
}
_OF_DOCUMENTS = {
    "repeated_text": ("repeats", "documents repeat themselves"),
    "duplicate_documents": ("copies", "documents copy each other"),
}


def verdict_grid(name: str, against: Sequence[Json]) -> Grid:
    """Return a table with one row per candidate: verdict, what decides it, and a sentence."""
    labels = Labels.of([comparison["candidate"] for comparison in against])
    columns = [
        Column((labels.heading,), number=False, one_line=True),
        Column(("verdict",), number=False),
        Column(("decided by",), number=False),
        Column((f"compared with {printable(name)}",), number=False),
    ]
    rows = [
        [
            Cell(printable(labels.label(comparison["candidate"]))),
            Cell(comparison["verdict"], EMPHASIS.get(comparison["verdict"], "dim")),
            Cell(decision(comparison)),
            Cell(sentence(comparison)),
        ]
        for comparison in against
    ]
    return Grid(columns, rows)


def decision(comparison: Json) -> str:
    """Return the figure that decides, with its interval or floor: ``odds x0.52 ±0.02``."""
    found = comparison["decided_by"]
    if found is None:
        return DASH
    if found["figure"] in _OF_DOCUMENTS:
        word = _OF_DOCUMENTS[found["figure"]][0]
        return f"{word} {percent(found['value'])} % ({percent(found['floor'])})"
    word = "odds" if found["figure"] == "novelty_odds" else "distance"
    order = "" if found["order"] == USUAL_ORDER else f", {found['order']}-grams"
    return f"{word} x{found['value']:.2f} ±{(found['high'] - found['low']) / 2:.2f}{order}"


def sentence(comparison: Json) -> str:
    """Say what the verdict means; the candidate is the subject."""
    label, found = comparison["verdict"], comparison["decided_by"]
    if label == CANNOT_TELL or found is None:
        return "the reason is below"
    if label == WITHIN_FLOOR:
        return "differs only by chance"
    if found["figure"] in _OF_DOCUMENTS:
        return _OF_DOCUMENTS[found["figure"]][1]
    if label == DRIFT:
        return _kind_of_drift(found, comparison["novel_mass"])
    if _is_shared(comparison):
        return "repeats it, less varied"
    return "lost rare text, gained none"


def _is_shared(comparison: Json) -> bool:
    """Whether the sides are closer to each other than to themselves."""
    sigmas = comparison["constants"]["sigmas"]
    return any(
        novelty["working"] and novelty["drift"] < -sigmas * novelty["drift_se"]
        for novelty in comparison["novel_mass"]
    )


def _kind_of_drift(found: Json, orders: Sequence[Json]) -> str:
    brings = any(each["gain"] - 2 * each["gain_se"] > 0 for each in orders if each["working"])
    if found["figure"] == "novelty_odds" and found["value"] < 1 and not brings:
        return "less varied, little is new"
    if found["figure"] == "novelty_odds" and found["value"] < 1:
        return "less varied, other content"
    if found["figure"] == "novelty_odds":
        return "more varied, other content"
    return "as varied, other content"


def reasons_of(against: Sequence[Json], *, all_: bool) -> list[str]:
    """Return the reasons of verdicts in full, equal ones once.

    Without `all_`, these are the reasons for `cannot tell`, which say what would be needed, and
    those that are alike but for numbers are given once.
    """
    reasons = [
        (each["candidate"], f"{each['verdict']}, {'; '.join(each['reasons'])}.")
        for each in against
        if each["verdict"] == CANNOT_TELL or (all_ and each["reasons"] != [WITHIN])
    ]
    if not all_:
        return [joined(group) for group in grouped_alike(reasons)]
    by_reason: dict[str, list[tuple[str, str]]] = {}
    for candidate, reason in reasons:
        by_reason.setdefault(reason, []).append((candidate, reason))
    return [joined(group) for group in by_reason.values()]
