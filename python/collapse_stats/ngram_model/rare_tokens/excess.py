"""The excess of a candidate's perplexity over the floor, and its standard error.

The documents of six parts decide it: those of the baseline give bands, floor and text, and those of
the candidate its models. Without a group of one part, the excess moves by what is due to that part
alone, and by what is due to it together with others, such as words that only some documents of both
the text and the model have. Added up over the parts, the second kind would count once for each part
that is involved, which makes errors up to twice too large. So what is due to two parts together is
estimated as well, by leaving out a group of both, and subtracted; and so on for three and four.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ..weights import Floats
from .parts import Part
from .rotation import Rotation


def excess_bits(rotations: Sequence[Rotation]) -> Floats:
    """Return the excess in bits per token.

    Output: an axis for each part of the baseline, as the sums of `rotation` have them, and one of
    bands; NaN for an empty band.
    """
    return _per_place(rotations, _more_bits(rotations))


def standard_errors(
    rotations: Sequence[Rotation], baseline: Sequence[Part], candidate: Sequence[Part]
) -> Floats:
    """Return the standard errors ``(B,)`` of the excess; NaN where there is none.

    They follow from the delete-m_j jackknife (Busing, Meijer & van der Leeden 1999) over the groups
    of each part, without what it counts more than once (Efron & Stein 1981).
    """
    shares = [part.share for part in baseline]
    more_bits = _more_bits(rotations)
    single, joint = _variances(_per_place(rotations, more_bits), shares, 0)
    for each in rotations:
        sums = each.candidate.sums
        excess = _per_place(rotations, more_bits - sums[0] + sums)
        of_candidate = _variances(excess, [candidate[each.turn.part].share, *shares], 1)
        single, joint = single + of_candidate[0], joint + of_candidate[1]
    # The difference is noisy. What two parts share is counted twice, so that half is left at least.
    errors: Floats = np.sqrt(np.maximum(single - joint, single / 2))
    return errors


def _more_bits(rotations: Sequence[Rotation]) -> Floats:
    bits: Floats = np.sum([each.candidate.sums[0] - each.floor.sums for each in rotations], axis=0)
    return bits


def _per_place(rotations: Sequence[Rotation], bits: Floats) -> Floats:
    first, second, third = (each.turn.places for each in rotations)
    places = first + second + third
    with np.errstate(invalid="ignore", divide="ignore"):
        return bits / places


def _variances(excess: Floats, shares: Sequence[Floats], fixed: int) -> tuple[Floats, Floats]:
    """Return the variances ``(B,)`` of single parts, and what of them is counted more than once.

    Parameters
    ----------
    excess
        ``(1 + G_1, ..., 1 + G_k, B)``: an axis for each part, and the bands.
    shares
        ``(G_i,)``: share of each group in its part.
    fixed
        The number of first parts that are always among those left out.
    """
    single, joint = np.zeros((2, excess.shape[-1]))
    first = tuple(range(fixed))
    others = range(fixed, len(shares))
    for number in range(len(others) + 1):
        for chosen in combinations(others, number):
            parts = first + chosen
            if len(parts) == 1:
                single += _due_to(parts, excess, shares)
            elif parts:
                joint += (-1) ** len(parts) * _due_to(parts, excess, shares)
    return single, joint


def _due_to(parts: Sequence[int], excess: Floats, shares: Sequence[Floats]) -> Floats:
    """Return the variance ``(B,)`` due to some parts together.

    It is the mean square of the pseudo-values of all pairs (triples, ...) of their groups, less
    their means over the groups of each part.
    """
    moves = excess[tuple(slice(None) if i in parts else 0 for i in range(len(shares)))]
    for axis, part in enumerate(parts):
        moves = np.moveaxis(moves, axis, 0)
        filled = np.flatnonzero(shares[part])
        share = shares[part][filled].reshape(-1, *[1] * (moves.ndim - 1))
        pseudo = moves[:1] / share - (1 / share - 1) * moves[1 + filled]
        pseudo -= np.sum(share * pseudo, axis=0)
        moves = np.moveaxis(pseudo / np.sqrt(1 / share - 1), 0, axis)
    variance: Floats = np.mean(moves**2, axis=tuple(range(len(parts))))
    return variance
