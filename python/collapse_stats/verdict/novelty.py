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
from .histograms import PART, PARTNERS, PARTS, Histograms
from .ngrams import COLUMNS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST = 0.01  # of the largest part
NEVER = 1e-30  # a chance that adds nothing to a share of some million n-grams
_FIGURES = {  # means of two unseen masses (of, against)
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


def drawn_from(windows: Ints) -> int:
    """Size at which unseen masses are taken, from the n-grams ``(32,)`` in each group.

    The smallest part less its largest group: it must survive the loss of any group, so that errors
    are those of the text. 0 where one group is nearly all of a part: nothing can be measured.
    """
    by_part = windows.reshape(PARTS, PART)
    left = int((by_part.sum(axis=1) - by_part.max(axis=1)).min())
    return left if left >= LEAST * int(by_part.sum(axis=1).max()) else 0


def columns_for(windows: Ints) -> int:
    """Columns of histograms: n-grams seen oftener are missed with a chance below `NEVER`."""
    size = int(windows.reshape(PARTS, PART).sum(axis=1).max())
    kept = 1 - drawn_from(windows) / size  # one occurrence is missed with this chance
    often = math.ceil(math.log(NEVER) / math.log(kept)) if kept > 0 else 1
    return min(often, size) + 1


def novelty(counts: Histograms, windows: Ints, order: int) -> Novelty:
    """Novelty of two samples at one order, with n-grams ``(32,)`` in each group."""
    drawn = drawn_from(windows)
    masses = {
        pair: _unseen_masses(counts, windows, *pair, drawn)
        for pairs in _FIGURES.values()
        for pair in pairs
    }
    figures = {name: (masses[pairs[0]] + masses[pairs[1]]) / 2 for name, pairs in _FIGURES.items()}
    floor, own, lost, new = (_log_odds(figures[name]) for name in ("floor", "own", "lost", "new"))
    filled = [np.flatnonzero(side) for side in windows.reshape(2, GROUPS)]
    return Novelty(
        order,
        **{name: float(figure[COLUMNS]) for name, figure in figures.items()},
        tail=_jackknife(own - floor, filled),
        drift=_jackknife((lost + new - floor - own) / 2, filled),
        gain=_jackknife(new - floor, filled),
    )


def _unseen_masses(counts: Histograms, windows: Ints, of: int, against: int, drawn: int) -> Floats:
    """Unseen mass ``(33,)`` of one part against another: without each group in turn, and of all."""
    partner = PARTNERS.index(of ^ against)
    mine, theirs = (slice(part * PART, (part + 1) * PART) for part in (of, against))
    own = counts.own[partner, mine]
    change = counts.after[partner, theirs] - counts.before[partner, theirs]
    occurrences, size = windows[mine].sum(), windows[theirs].sum()

    often = np.arange(own.shape[1])
    whole = own @ _missed(size, often, drawn)
    masses = np.full(COLUMNS + 1, whole.sum() / occurrences)
    masses[:COLUMNS][mine] = (whole.sum() - whole) / (occurrences - windows[mine])
    without = np.array([_missed(size - group, often, drawn) for group in windows[theirs]])
    masses[:COLUMNS][theirs] = ((own.sum(axis=0) + change) * without).sum(axis=1) / occurrences
    return masses


def _missed(size: int, often: Ints, drawn: int) -> Floats:
    """Chance ``(C,)`` that `drawn` of `size` n-grams miss one that occurs 0, 1, 2 ... times."""
    k = often[:-1]
    with np.errstate(divide="ignore"):  # certain to be drawn: the log of 0
        steps = np.log((size - drawn - k).clip(min=0) / (size - k).clip(min=1))
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
