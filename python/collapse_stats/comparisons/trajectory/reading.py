"""What becomes of a run, in words: whether it falls or has settled, and whether it still moves.

Distance between successive steps is a speed: it is small in a run that holds its variety, and in
one that has none left. Only together do the two say what happens.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...verdict.rule import COLLAPSE, LOSS_OF_TAIL
from .series import Series

FEWEST = 5  # steps
COLLAPSING, COLLAPSED, FALLING = "collapsing", "collapsed", "falling"
HELD, RECOVERING, MOVING = "held", "recovering", "moving"
READINGS = (COLLAPSING, COLLAPSED, FALLING, HELD, RECOVERING, MOVING)


@dataclass(frozen=True, slots=True)
class Reading:
    """What becomes of a run.

    Attributes
    ----------
    label
        One of `READINGS`; None where it cannot be said.
    sentence
        The reason, in words.
    """

    label: str | None
    sentence: str


def read(
    names: Sequence[str],
    variety: Series,
    onset: float | None,
    moved: Series,
    verdict: str,
    first: str,
) -> Reading:
    """Read a run.

    Parameters
    ----------
    names
        Of the steps.
    variety
        The distinct n-grams over the baseline's, at each step.
    onset
        The step from which on these are fewer than at first, if there is one.
    moved
        How far each step is from the one before; the last one decides.
    verdict
        On the last step.
    first
        Name of what the steps are compared with for the onset.
    """
    if len(variety.steps) < FEWEST:
        return Reading(
            None,
            f"whether the run falls, has settled or recovers needs {FEWEST} steps or more, got "
            f"{len(variety.steps)}",
        )
    values = [value for value in variety.values if value is not None]
    has_errors = None not in (*variety.errors, *moved.errors)
    if len(values) < len(variety.values) or not has_errors:
        return Reading(
            None,
            "whether the run falls, has settled or recovers cannot be said without a standard "
            "error at each step: give more documents",
        )
    distance, error = moved.values[-1] or 0.0, moved.errors[-1] or 0.0
    is_moving = abs(distance) > 2 * error  # below the floor, it has become narrower
    state = variety.state
    is_low = onset is not None and verdict in (LOSS_OF_TAIL, COLLAPSE)
    course = {
        "worsening": f"went from {values[0]:.2f} to {values[-1]:.2f}",
        "recovering": f"came back from {min(values):.2f} to {values[-1]:.2f}",
        "settled": f"have settled at {variety.settled_value:.2f}",
        None: f"are at {values[-1]:.2f}",
    }[state]
    since = ""
    if onset is not None:
        since = f", below {first} from {names[variety.steps.index(onset)]} on"
    still = "still moved" if is_moving else "did not move"
    last = (
        f"from {names[-2]} to {names[-1]} the text {still} (JS of {moved.order}-grams "
        f"{distance:.3f} ±{2 * error:.3f} over its floor)"
    )
    step = values[-1] - values[-2]
    step_error = math.hypot(variety.errors[-1] or 0.0, variety.errors[-2] or 0.0)
    if not is_moving and abs(step) > 2 * step_error:  # the floor of a mixed step is large
        last += f", but this ratio went from {values[-2]:.2f} to {values[-1]:.2f}"
    sentence = f"distinct {variety.order}-grams {course} of the baseline's{since}; {last}"
    return Reading(_label(state, is_low, is_moving), sentence)


def _label(state: str | None, is_low: bool, is_moving: bool) -> str:
    if state == "worsening":
        return COLLAPSING if is_low and is_moving else FALLING
    if state == "recovering":
        return RECOVERING
    if is_moving:
        return MOVING
    return COLLAPSED if is_low else HELD
