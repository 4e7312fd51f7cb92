"""How new fresh text is: unseen mass between groups of documents, with jackknife errors.

The unseen mass of X against Y at size m is the expected share of X's n-grams that do not occur
among m n-grams drawn from Y without replacement (hypergeometric thinning, as in Hurlbert's
rarefaction, Ecology 52, 1971). Standard errors delete one group of documents at a time
(Quenouille-Tukey jackknife), on each side separately, and add the variances.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ngrams.spectrum import JointSpectrum, UInt64Array
from ..uncertainty.estimate import Estimate
from ..uncertainty.matched_samples import BASELINE, CANDIDATE, LeftOut, MatchedSamples, Pair

Floats = npt.NDArray[np.float64]
Masses = dict[LeftOut | None, float]

LEAST = 0.01  # of the largest part
NEVER = 1e-30  # a chance that adds nothing to a share of some million n-grams
_FIGURES = {  # means of two unseen masses (of, against)
    "floor": ((0, 1), (1, 0)),
    "own": ((2, 3), (3, 2)),
    "lost": ((0, 3), (1, 2)),
    "new": ((2, 1), (3, 0)),
}


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


def novelty(matched: MatchedSamples, order: int) -> Novelty | None:
    """Novelty of two samples at one order; None where a half has too few n-grams."""
    joints = {
        pair: {key: one.ngrams[order] for key, one in found.items()}
        for pair, found in matched.recounts.items()
    }
    drawn = _drawn_from(joints) if joints else 0
    if not drawn:
        return None
    masses: dict[Pair, Masses] = {}
    for (a, b), found in joints.items():
        masses[a, b] = {key: _unseen_mass(one.a, one.b, one, drawn) for key, one in found.items()}
        masses[b, a] = {key: _unseen_mass(one.b, one.a, one, drawn) for key, one in found.items()}
    keys = [
        key
        for pair in (BASELINE, CANDIDATE)
        for key, one in joints[pair].items()
        if key is not None and _size(one) < _size(joints[pair][None])
    ]
    figures = {
        name: np.array([_mean(masses, pairs, key) for key in (None, *keys)])
        for name, pairs in _FIGURES.items()
    }
    floor, own, lost, new = (_log_odds(figures[name]) for name in ("floor", "own", "lost", "new"))
    side = np.array([part // 2 for part, _ in keys])
    return Novelty(
        order,
        **{name: float(figure[0]) for name, figure in figures.items()},
        tail=_jackknife(own - floor, side),
        drift=_jackknife((lost + new - floor - own) / 2, side),
        gain=_jackknife(new - floor, side),
    )


def _drawn_from(joints: Mapping[Pair, Mapping[LeftOut | None, JointSpectrum]]) -> int:
    """Size at which unseen masses are taken.

    The smallest part less its largest group: it must survive the loss of any group, so that errors
    are those of the text. 0 where one group is nearly all of a part: nothing can be measured.
    """
    sizes = [
        size
        for pair in (BASELINE, CANDIDATE)
        for one in joints[pair].values()
        for size in (int(one.a @ one.types), int(one.b @ one.types))
    ]
    return min(sizes) if min(sizes) >= LEAST * max(sizes) else 0


def _size(joint: JointSpectrum) -> int:
    return int((joint.a + joint.b) @ joint.types)


def _mean(masses: Mapping[Pair, Masses], pairs: tuple[Pair, Pair], key: LeftOut | None) -> float:
    """Mean of two unseen masses without a group; one whose parts do not have it stays whole."""
    one, other = (masses[pair].get(key, masses[pair][None]) for pair in pairs)
    return (one + other) / 2


def _unseen_mass(of: UInt64Array, against: UInt64Array, joint: JointSpectrum, drawn: int) -> float:
    missed = _missed(int(against @ joint.types), drawn)
    seen = np.minimum(against, np.uint64(len(missed) - 1)).astype(np.intp)
    occurrences = (of * joint.types).astype(np.float64)
    return float(occurrences @ missed[seen] / occurrences.sum())


def _missed(size: int, drawn: int) -> Floats:
    """Chance that `drawn` of `size` n-grams miss one that occurs 0, 1, 2 ... times, or oftener."""
    kept = (size - drawn) / size  # one occurrence is missed with this chance
    often = math.ceil(math.log(NEVER) / math.log(kept)) if kept > 0 else 1
    k = np.arange(min(often, size))
    with np.errstate(divide="ignore"):  # certain to be drawn: the log of 0
        steps = np.log((size - drawn - k).clip(min=0) / (size - k).clip(min=1))
    missed: Floats = np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    return missed


def _log_odds(share: Floats) -> Floats:
    p = np.clip(share, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(p) - np.log1p(-p))


def _jackknife(values: Floats, side: npt.NDArray[np.intp]) -> Estimate:
    """From values ``(1 + G,)``, of all first, then without each group of `side` 0 or 1 ``(G,)``."""
    variance = 0.0
    for number in (0, 1):
        without = values[1:][side == number]
        spread = float(((without - without.mean()) ** 2).sum())
        variance += (len(without) - 1) / len(without) * spread
    return Estimate(float(values[0]), math.sqrt(variance))
