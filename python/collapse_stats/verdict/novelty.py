"""Novelty of fresh text: unseen masses between parts of two corpora, with jackknife errors.

The unseen mass of X against Y at size m is the expected share of X's n-grams that do not occur
among m n-grams drawn from Y without replacement (hypergeometric thinning, as in Hurlbert's
rarefaction, Ecology 52, 1971). Standard errors come from the Quenouille-Tukey jackknife, which
leaves out one group of documents at a time, on each side separately; their variances are added.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..metrics.two_corpora.joint_rows import JointRows
from ..ngrams.spectrum import UInt64Array
from ..uncertainty.estimate import Estimate
from ..uncertainty.matched_samples import BASELINE, CANDIDATE, MatchedSamples, Pair
from ..uncertainty.recounted_sample import LeftOut

Floats = npt.NDArray[np.float64]
Masses = dict[LeftOut | None, float]

LEAST = 0.01  # smallest size of a part that is used, relative to the largest part
NEVER = 1e-30  # a probability that is negligible in a share of millions of n-grams
_PAIRS_OF_MASS = {  # the two pairs of parts (of, against) whose unseen masses are averaged
    "floor": ((0, 1), (1, 0)),
    "own": ((2, 3), (3, 2)),
    "lost": ((0, 3), (1, 2)),
    "new": ((2, 1), (3, 0)),
}


@dataclass(frozen=True, slots=True)
class Novelty:
    """Unseen masses (0..1) at one n-gram order, and differences of their log odds ``L``.

    Attributes
    ----------
    order
        Length of the n-grams.
    floor, own
        Share of fresh baseline (candidate) n-grams that other baseline (candidate) text lacks.
    lost, new
        Share of baseline n-grams that the candidate lacks, and the reverse.
    tail
        ``L(own) - L(floor)``: negative when the candidate's tail is thinner than the baseline's.
    drift
        ``(L(lost) + L(new) - L(floor) - L(own)) / 2``: positive when the distributions differ.
    gain
        ``L(new) - L(floor)``: at most 0 when the candidate adds nothing that the baseline lacks.
    missing
        ``L(lost) - L(floor)``: positive when the candidate lacks what the baseline has.
    """

    order: int
    floor: float
    own: float
    lost: float
    new: float
    tail: Estimate
    drift: Estimate
    gain: Estimate
    missing: Estimate


def novelty(matched: MatchedSamples, order: int) -> Novelty | None:
    """Novelty of two matched samples at one order; None when a half has too few n-grams."""
    recounts = matched.recounts
    if not recounts:
        return None
    rows = {
        pair: JointRows.of([recount.ngrams[order] for recount in of_pair.values()])
        for pair, of_pair in recounts.items()
    }
    drawn = _drawn_from([rows[BASELINE], rows[CANDIDATE]])
    if not drawn:
        return None
    masses: dict[Pair, Masses] = {}
    for (a, b), of_pair in rows.items():
        for pair, of, against in (((a, b), of_pair.a, of_pair.b), ((b, a), of_pair.b, of_pair.a)):
            values = _unseen_masses(of_pair, of, against, drawn)
            masses[pair] = dict(zip(recounts[a, b], values, strict=True))
    keys = [  # groups that hold n-grams: leaving out another changes nothing
        key
        for pair in (BASELINE, CANDIDATE)
        for key, size in zip(recounts[pair], rows[pair].windows, strict=True)
        if key is not None and size < rows[pair].windows[0]  # those of all documents
    ]
    figures = {
        name: np.array([_mean(masses, pairs, key) for key in (None, *keys)])
        for name, pairs in _PAIRS_OF_MASS.items()
    }
    floor, own, lost, new = (_log_odds(figures[name]) for name in ("floor", "own", "lost", "new"))
    side = np.array([part // 2 for part, _ in keys])
    return Novelty(
        order,
        **{name: float(figure[0]) for name, figure in figures.items()},
        tail=_jackknife(own - floor, side),
        drift=_jackknife((lost + new - floor - own) / 2, side),
        gain=_jackknife(new - floor, side),
        missing=_jackknife(lost - floor, side),
    )


def _drawn_from(halves: Sequence[JointRows]) -> int:
    """Number of n-grams that are drawn to measure unseen masses.

    This is the size of the smallest part without its largest group, so that all masses of the
    jackknife are measured at the same size. It is 0 when one group makes up nearly all of a part,
    for then nothing can be measured.
    """
    sizes = np.concatenate([size for rows in halves for size in rows.occurrences])
    return int(sizes.min()) if sizes.min() >= LEAST * sizes.max() else 0


def _mean(masses: Mapping[Pair, Masses], pairs: tuple[Pair, Pair], key: LeftOut | None) -> float:
    """Mean of two unseen masses with group `key` left out of the parts that contain it."""
    first, second = (masses[pair].get(key, masses[pair][None]) for pair in pairs)
    return (first + second) / 2


def _unseen_masses(
    rows: JointRows, of: UInt64Array, against: UInt64Array, drawn: int
) -> list[float]:
    """Unseen mass of one side against the other for each of S joint spectra."""
    missed, last = _missed(rows.sums(against.astype(np.float64) * rows.types), drawn)
    seen = np.minimum(against, rows.spread(last)).astype(np.intp)
    missed_of_row = missed[rows.spread(np.arange(len(missed))), seen]
    occurrences = (of * rows.types).astype(np.float64)
    return [
        float(weights @ shares / weights.sum())
        for weights, shares in zip(rows.split(occurrences), rows.split(missed_of_row), strict=True)
    ]


def _missed(size: Floats, drawn: int) -> tuple[Floats, npt.NDArray[np.uint64]]:
    """Probability that `drawn` of `size` ``(S,)`` n-grams contain no occurrence of one.

    Returns ``(S, K)``, whose element k of a row is for an n-gram that occurs k times, and ``(S,)``,
    the last element of each row that is used: it is for all more frequent ones as well.
    """
    kept = (size - drawn) / size  # probability that a single occurrence is not drawn
    with np.errstate(divide="ignore"):  # log 0 where an n-gram is certain to be drawn
        often = np.maximum(np.ceil(math.log(NEVER) / np.log(kept)), 1)
        last = np.minimum(often, size)
        rest = size[:, np.newaxis] - np.arange(int(last.max()))
        steps = np.log((rest - drawn).clip(min=0) / rest.clip(min=1))
    missed: Floats = np.exp(np.cumsum(np.insert(steps, 0, 0.0, axis=1), axis=1))
    return missed, last.astype(np.uint64)


def _log_odds(share: Floats) -> Floats:
    p = np.clip(share, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(p) - np.log1p(-p))


def _jackknife(values: Floats, side: npt.NDArray[np.intp]) -> Estimate:
    """Jackknife estimate from the full value and the G values that leave out one group.

    `values` has shape ``(1 + G,)``, the full value first; `side`, ``(G,)``, is 0 for groups of the
    baseline and 1 for groups of the candidate.
    """
    variance = 0.0
    for number in (0, 1):
        without = values[1:][side == number]
        spread = float(((without - without.mean()) ** 2).sum())
        variance += (len(without) - 1) / len(without) * spread
    return Estimate(float(values[0]), math.sqrt(variance))
