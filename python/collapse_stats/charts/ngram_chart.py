"""The n-grams that the worst candidate lost, and those that it has too often."""

import re
from dataclasses import dataclass

from ..report.grid import printable
from ..report.json_object import Json
from ..verdict.rule import LABELS
from .axes import Axes, Canvas, size_of, stacked
from .candidates import against_baseline, corpus_of
from .canvas import fitted
from .names import line_names
from .palette import BASELINE, INK, LIGHT, MUTED

TITLE = "What is lost, and what is said too often"
ROWS = 8
_USUAL = (2, 3, 4, 1, 5)  # orders from the one that is shown by choice
_BYTES = re.compile(r"(?:\\x[0-9a-f]{2})+")  # how tokenizers spell what is no whole character
_INVISIBLE = str.maketrans({"\n": "↵", "\r": "↵", "\t": "⇥"})
_CANDIDATE = LIGHT["step-3"]


@dataclass(frozen=True, slots=True)
class _Row:
    ngram: str
    here: float
    baseline: float


def why_not(report: Json) -> str | None:
    """Say why the chart cannot be drawn, None if it can."""
    if shown_comparison(report) is not None:
        return None
    return "the report has no n-grams: compare with --examples 8"


def caption(report: Json) -> str:
    """Say in one sentence what the chart shows."""
    comparison = shown_comparison(report)
    assert comparison is not None
    order, name = _order(comparison), comparison["candidate"]
    named = "; ‹E0 A4› are bytes of a part of a character" if _has_bytes(comparison, order) else ""
    return (
        f"The most frequent {order}-grams of the baseline that {name} has not once, and those that "
        f"it has most too often, beside the baseline's share (blue){named}."
    )


def draw(figure: Canvas, report: Json) -> None:
    """Draw the two lists side by side, each with bars of its own scale."""
    comparison = shown_comparison(report)
    assert comparison is not None
    order = _order(comparison)
    (name,) = line_names([comparison["candidate"]])
    sides = [corpus_of(report, comparison[side]) for side in ("candidate", "baseline")]
    windows = [max(1, side["orders"][str(order)]["windows"]) for side in sides]
    lost = [
        _Row(_spelled(row["ngram"]), 0, row["count"] / windows[1])
        for row in comparison["lost"]
        if row["order"] == order
    ]
    inflated = [
        _Row(_spelled(row["ngram"]), row["count"] / windows[0], row["baseline_count"] / windows[1])
        for row in comparison["inflated"]
        if row["order"] == order
    ]
    width = size_of(figure)[0]
    half = width / 2
    (left,) = stacked(figure, left=8, right=half + 10, bottom=10, top=30)
    (right,) = stacked(figure, left=half + 10, right=8, bottom=10, top=30)
    _bars(left, lost[:ROWS], "lost", "nothing of the baseline is lost")
    _bars(right, inflated[:ROWS], f"too often in {name}", "nothing is said too often")


def _bars(axes: Axes, rows: list[_Row], title: str, nothing: str) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(ROWS - 0.35, -0.55))
    room = axes.get_position().width * size_of(axes.figure)[0]
    axes.text(0, -0.62, fitted(title, room - 64), weight="bold", color=INK, va="bottom")
    axes.text(1, -0.62, "% of n-grams", color=MUTED, ha="right", va="bottom", size=8)
    if not rows:
        axes.text(0, 0, nothing, color=MUTED, va="top")
        return
    longest = max(max(row.here, row.baseline) for row in rows)
    for y, row in enumerate(rows):
        share = row.here or row.baseline
        axes.text(0, y, fitted(row.ngram, room - 40), color=INK, va="bottom")
        axes.text(1, y, _percent(share), color=MUTED, ha="right", va="bottom", size=8)
        if row.here:
            axes.barh(y + 0.16, row.here / longest, 0.2, color=_CANDIDATE, linewidth=0)
            axes.barh(y + 0.32, row.baseline / longest, 0.08, color=BASELINE, linewidth=0)
        else:
            axes.barh(y + 0.16, row.baseline / longest, 0.2, color=BASELINE, linewidth=0)


def shown_comparison(report: Json) -> Json | None:
    """Return the worst candidate that has n-grams; of equally bad ones the last."""
    if not report["comparisons"]:
        return None
    found = [c for c in against_baseline(report) if c.get("lost") or c.get("inflated")]
    return max(reversed(found), key=lambda each: _severity(each["verdict"]), default=None)


def _severity(verdict: str) -> int:
    return LABELS.index(verdict) if verdict in LABELS else -1


def _order(comparison: Json) -> int:
    """Return the first usual order of which few n-grams are parts of characters."""
    orders = {row["order"] for row in [*comparison["lost"], *comparison["inflated"]]}
    usual = [order for order in _USUAL if order in orders] or sorted(orders)
    return min(usual, key=lambda order: _share_of_bytes(comparison, order) > 0.25)


def _share_of_bytes(comparison: Json, order: int) -> float:
    rows = [r for r in [*comparison["lost"], *comparison["inflated"]] if r["order"] == order]
    return sum(bool(_BYTES.search(str(row["ngram"]))) for row in rows) / len(rows)


def _has_bytes(comparison: Json, order: int) -> bool:
    return _share_of_bytes(comparison, order) > 0


def _spelled(ngram: str | list[int]) -> str:
    """Return an n-gram in one line: text in quotes, its bytes named, or ids."""
    if not isinstance(ngram, str):
        return " ".join(map(str, ngram))
    text = _BYTES.sub(_named, ngram.translate(_INVISIBLE))
    return f"“{printable(text)}”"


def _named(found: re.Match[str]) -> str:
    return "‹" + " ".join(found[0].upper().split("\\X")[1:]) + "›"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}" if share >= 1e-5 else "<0.001"
