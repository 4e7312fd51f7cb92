"""Colours by what they stand for, on a light and on a dark ground.

Figures are drawn in the light colours. On a page each becomes a variable of its style sheet, which
has the dark ones too (`svg`). No two roles share a light colour, so a colour tells its role.
"""

from ..verdict.rule import CANNOT_TELL, COLLAPSE, DRIFT, LOSS_OF_TAIL, WITHIN_FLOOR

LIGHT = {
    "ink": "#1f2328",
    "muted": "#626a75",
    "grid": "#dde1e6",
    "baseline": "#1f66b0",
    "within-floor": "#2b7a3d",
    "drift": "#8f6f00",
    "loss-of-tail": "#c2560b",
    "collapse": "#b3241c",
    "cannot-tell": "#6b7179",
    "step-0": "#cf7a1b",
    "step-1": "#c25a1c",
    "step-2": "#b94424",
    "step-3": "#982a30",
    "step-4": "#731a3c",
    "step-5": "#491245",
}
DARK = {
    "ink": "#e6e9ee",
    "muted": "#9aa3af",
    "grid": "#333a44",
    "baseline": "#6db1ff",
    "within-floor": "#5fc779",
    "drift": "#e3bd45",
    "loss-of-tail": "#ff9c52",
    "collapse": "#ff7068",
    "cannot-tell": "#98a0aa",
    "step-0": "#a97034",
    "step-1": "#cc7a3c",
    "step-2": "#ea8155",
    "step-3": "#fb9482",
    "step-4": "#ffb0bd",
    "step-5": "#ffd3f0",
}
"""Steps come nearer to the ink from the first to the last, on both grounds."""

STEPS = 6  # most candidates that one chart draws as lines
MARKERS = ("o", "s", "^", "D", "v", "P")  # one for each of them: colour alone tells nothing

INK, MUTED, GRID, BASELINE = (LIGHT[role] for role in ("ink", "muted", "grid", "baseline"))
VERDICT_MARKERS = {
    WITHIN_FLOOR: "o",
    DRIFT: "D",
    LOSS_OF_TAIL: "v",
    COLLAPSE: "X",
    CANNOT_TELL: "s",
}


def of_verdict(label: str) -> str:
    """Return the colour of a verdict."""
    return LIGHT[label.replace(" ", "-")]


def of_step(number: int, steps: int) -> str:
    """Return the colour of one of several candidates in order, the last one the strongest."""
    place = STEPS - 1 if steps == 1 else round(number * (STEPS - 1) / (steps - 1))
    return LIGHT[f"step-{place}"]
