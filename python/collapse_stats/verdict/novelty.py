"""How new fresh text is: unseen mass between groups of documents, with jackknife errors.

The unseen mass of X against Y at size m is the expected share of X's n-grams that do not occur
among m n-grams drawn from Y without replacement (hypergeometric thinning, as in Hurlbert's
rarefaction, Ecology 52, 1971). Standard errors delete one group of documents at a time
(Quenouille-Tukey jackknife), on each side separately, and add the variances.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..groups import GROUPS
from .ngrams import COLUMNS, GroupCounts

Floats = npt.NDArray[np.float64]

# Parts 0 and 1 are the baseline's halves A and B, parts 2 and 3 the candidate's. A figure is the
# mean of two unseen masses (of, against); across corpora only opposite halves meet.
PARTS = 4
PART = GROUPS // 2  # groups in it
_FIGURES = {
    "floor": ((0, 1), (1, 0)),
    "own": ((2, 3), (3, 2)),
    "lost": ((0, 3), (1, 2)),
    "new": ((2, 1), (3, 0)),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its standard error."""

    value: float
    error: float

    @property
    def low(self) -> float:
        """Two standard errors below."""
        return self.value - 2 * self.error

    @property
    def high(self) -> float:
        """Two standard errors above."""
        return self.value + 2 * self.error


@dataclass(frozen=True, slots=True)
class Novelty:
    """Unseen masses (0..1) of one order, and what they say, as differences of log odds.

    Attributes
    ----------
    floor, own
        Share of fresh baseline (candidate) text that other baseline (candidate) text does not have.
    lost, new
        Share of baseline text that the candidate does not have, and the other way round.
    tail
        ``L(own) - L(floor)``: below 0, the candidate's own tail is thinner.
    drift
        ``(L(lost) + L(new) - L(floor) - L(own)) / 2``: above 0, another distribution.
    gain
        ``L(new) - L(floor)``: at most 0 with a thinner tail, the candidate says less and nothing
        else.
    """

    order: int
    floor: float
    own: float
    lost: float
    new: float
    tail: Estimate
    drift: Estimate
    gain: Estimate


def novelty(counts: GroupCounts, order: int) -> Novelty | None:
    """Novelty of two samples at one order; None when a half has no n-grams."""
    groups = counts.alone + [count.sum() for _, count in counts.shared]
    by_part = groups.reshape(PARTS, -1)
    drawn = float((by_part.sum(axis=1) - by_part.max(axis=1)).min())
    if drawn < 1:
        return None  # it must survive the loss of any group, so that errors are those of the text
    seen = np.zeros((PARTS, counts.types))
    for column, (number, count) in enumerate(counts.shared):
        seen[column // PART, number] += count

    masses = {
        pair: _unseen_masses(counts, groups, seen, *pair, drawn)
        for pairs in _FIGURES.values()
        for pair in pairs
    }
    figures = {name: (masses[pairs[0]] + masses[pairs[1]]) / 2 for name, pairs in _FIGURES.items()}
    floor, own, lost, new = (_log_odds(figures[name]) for name in ("floor", "own", "lost", "new"))
    filled = [np.flatnonzero(side) for side in groups.reshape(2, GROUPS)]
    return Novelty(
        order,
        **{name: float(figure[COLUMNS]) for name, figure in figures.items()},
        tail=_jackknife(own - floor, filled),
        drift=_jackknife((lost + new - floor - own) / 2, filled),
        gain=_jackknife(new - floor, filled),
    )


def _unseen_masses(
    counts: GroupCounts, groups: Floats, seen: Floats, of: int, against: int, drawn: float
) -> Floats:
    """Unseen mass ``(33,)`` of one part against another: without each group in turn, and of all."""
    mine, theirs = (range(part * PART, (part + 1) * PART) for part in (of, against))
    x, y = seen[of], seen[against].astype(np.intp)
    size, other = groups[list(mine)].sum(), groups[list(theirs)].sum()

    missed = _missed(other, int(y.max(initial=0)), drawn)[y]
    alone = counts.alone[list(mine)].sum()
    whole = float(x @ missed) + alone
    masses = np.full(COLUMNS + 1, whole / size)
    for column in mine:
        number, count = counts.shared[column]
        masses[column] = (whole - counts.alone[column] - count @ missed[number]) / (
            size - groups[column]
        )

    mass_by_count = np.bincount(y, x, minlength=1)  # of X, by how often Y has the n-gram
    mass_by_count[0] += alone
    for column in theirs:
        without = _missed(other - groups[column], len(mass_by_count) - 1, drawn)
        number, count = counts.shared[column]
        before = y[number]
        change = without[before - count.astype(np.intp)] - without[before]
        masses[column] = (mass_by_count @ without + x[number] @ change) / size
    return masses


def _missed(size: float, most: int, drawn: float) -> Floats:
    """Chance ``(most + 1,)`` that `drawn` of `size` n-grams miss one that occurs 0..most times."""
    k = np.arange(most, dtype=np.float64)
    with np.errstate(divide="ignore"):  # certain to be drawn: the log of 0
        steps = np.log(np.maximum(size - drawn - k, 0.0) / (size - k).clip(min=1.0))
    missed: Floats = np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    return missed


def _log_odds(share: Floats) -> Floats:
    p = np.clip(share, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(p) - np.log1p(-p))


def _jackknife(values: Floats, sides: Sequence[npt.NDArray[np.intp]]) -> Estimate:
    """`values` without each group, and of all last; `sides` are the groups that have text."""
    variance = 0.0
    for number, groups in enumerate(sides):
        without = values[groups + number * GROUPS]
        spread = float(((without - without.mean()) ** 2).sum())
        variance += (len(without) - 1) / len(without) * spread
    return Estimate(float(values[-1]), math.sqrt(variance))
