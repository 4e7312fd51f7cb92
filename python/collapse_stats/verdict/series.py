"""The verdict on a run: the verdicts on its steps, and what only their order shows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .orders import is_thinner, window, works
from .rule import CANNOT_TELL, COLLAPSE, LABELS, LOSS_OF_TAIL, Verdict


@dataclass(frozen=True, slots=True)
class SeriesVerdict:
    """What became of the text over the steps of a run.

    Attributes
    ----------
    label
        The worst label that a step has, or that the trend gives.
    since
        Name of the first step with that label; None where no step has it.
    reasons
        In sentences.
    """

    label: str
    since: str | None
    reasons: tuple[str, ...]


def judge_series(
    names: Sequence[str],
    against_baseline: Sequence[Verdict],
    against_first: Sequence[Verdict | None],
) -> SeriesVerdict:
    """Judge the steps of a run together.

    Parameters
    ----------
    names
        Of the steps, in order.
    against_baseline
        The verdict on each step against the baseline of the run.
    against_first
        The verdict on each step against the first one; None for the first one itself.
    """
    severity = [
        max(_severity(verdict) for verdict in verdicts if verdict is not None)
        for verdicts in zip(against_baseline, against_first, strict=True)
    ]
    worst = max(severity, default=-1)
    if worst >= LABELS.index(LOSS_OF_TAIL):
        when = {  # a collapse last, so that it stands for a loss at the same steps
            _when(names, [one >= LABELS.index(label) for one in severity]): label
            for label in (LOSS_OF_TAIL, COLLAPSE)
            if worst >= LABELS.index(label)
        }
        alone = max(map(_severity, against_baseline))
        reasons = tuple(
            f"{label} {steps}" + ("" if alone >= LABELS.index(label) else f" against {names[0]}")
            for steps, label in when.items()
        )
        return SeriesVerdict(LABELS[worst], names[severity.index(worst)], reasons)
    at = _poorer_twice(against_first)
    if at is not None:
        return SeriesVerdict(LOSS_OF_TAIL, names[at], (_trend(names, against_first, at),))
    if worst < 0:
        return SeriesVerdict(CANNOT_TELL, None, ("no step could be judged",))
    reason = f"{LABELS[worst]} {_when(names, [one == worst for one in severity])}, and no loss"
    return SeriesVerdict(LABELS[worst], names[severity.index(worst)], (reason,))


def _severity(verdict: Verdict) -> int:
    return LABELS.index(verdict.label) if verdict.label in LABELS else -1


def _when(names: Sequence[str], holds: Sequence[bool]) -> str:
    """From which step on a label holds, or at which steps."""
    first = holds.index(True)
    if all(holds[first:]) and first < len(names) - 1:
        return f"from {names[first]} on"
    at = [name for name, one in zip(names, holds, strict=True) if one]
    return f"at {len(at)} of {len(names)} steps, first at {at[0]}" if len(at) > 1 else f"at {at[0]}"


def _poorer_twice(against_first: Sequence[Verdict | None]) -> int | None:
    """The second of two successive steps whose lowest order is poorer than the first step's."""
    poorer = [verdict is not None and _is_poorer(verdict) for verdict in against_first]
    pairs = (i for i in range(1, len(poorer)) if poorer[i - 1] and poorer[i])
    return next(pairs, None)


def _is_poorer(verdict: Verdict) -> bool:
    """Whether the lowest order has a thinner tail and significantly less that is new.

    Higher orders are not asked: a model's noise brings new sequences as fast as it loses others.
    """
    if verdict.evidence is None:
        return False
    lowest = window(verdict.evidence.orders, verdict.constants)[:1]
    return any(
        works(novelty, verdict.constants)
        and is_thinner(novelty, verdict.constants)
        and novelty.gain.high < 0
        for novelty in lowest
    )


def _trend(names: Sequence[str], against_first: Sequence[Verdict | None], at: int) -> str:
    """The reason of a loss that two successive steps show together."""
    odds = []
    for verdict in against_first[at - 1 : at + 1]:
        assert verdict is not None
        assert verdict.evidence is not None
        lowest = window(verdict.evidence.orders, verdict.constants)[0]
        odds.append(f"{math.exp(lowest.tail.value):.2f}")
    return (
        f"at order {lowest.order}, {names[at - 1]} and {names[at]} have a thinner tail than the "
        f"first step (odds {odds[0]} and {odds[1]} times its own) and bring less that is new than "
        "more text of it would; new longer sequences hide this from the verdict on each step"
    )
