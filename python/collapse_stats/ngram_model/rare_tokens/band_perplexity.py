"""The perplexity of the tokens of each band under two models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...uncertainty.estimate import Estimate
from ..weights import Floats
from .bands import BANDS
from .excess import excess_bits, standard_errors
from .parts import Part
from .rotation import Rotation

MOST_UNKNOWN = 0.9
"""Share of unknown tokens above which a perplexity is that of the smoothing, not of the text."""

_WHOLE = (0, 0, 0)
_SATURATED = (
    f"the {{}} model has never seen more than {MOST_UNKNOWN:.0%} of these tokens, so that the "
    "figure would be one of its smoothing"
)


@dataclass(frozen=True, slots=True)
class BandPerplexity:
    """The perplexity of the tokens of one band in human text.

    Attributes
    ----------
    band
        How often a part of the baseline has these tokens: ``"never"``, ``"1"``, ``"2"``, ``"3-4"``,
        ``"5-8"``, ``"9-64"`` or ``"65+"``; or ``"all"`` tokens; or ``"end"``, of a document.
    tokens
        How many of them the text has: places, in all three parts together.
    types
        How many different ones, added over the three parts.
    perplexity, floor
        Under the model of the candidate, and under that of other text of the baseline; None when
        there are no such tokens, or when that model has never seen `MOST_UNKNOWN` of them.
    type_perplexity, type_floor
        The same with one weight for each different token, however often it occurs.
    excess_bits
        Bits by which a token costs more under the candidate's model, with the standard error; None
        when `perplexity` or `floor` is, and without an error.
    unknown, floor_unknown
        Share of the places whose token the model has never seen; None when there are none.
    reason
        Why figures are None; None when they are not.
    """

    band: str
    tokens: int
    types: int
    perplexity: float | None
    floor: float | None
    type_perplexity: float | None
    type_floor: float | None
    excess_bits: Estimate | None
    unknown: float | None
    floor_unknown: float | None
    reason: str | None


def band_perplexities(
    rotations: Sequence[Rotation], baseline: Sequence[Part], candidate: Sequence[Part]
) -> tuple[BandPerplexity, ...]:
    """Return the perplexity of every band, from all rotations of the parts."""
    places = _sum([each.places[_WHOLE] for each in rotations])
    types = _sum([each.types for each in rotations])
    unknown = _sum([each.unknown for each in rotations])
    floor_bits = _sum([each.floor[_WHOLE] for each in rotations])
    bits = _sum([each.candidate[0][_WHOLE] for each in rotations])
    type_bits = _sum([each.type_bits for each in rotations])
    excess = excess_bits(rotations)[_WHOLE]
    errors = standard_errors(rotations, baseline, candidate)
    found: list[BandPerplexity] = []
    for i, name in enumerate(BANDS):
        if not places[i]:
            none = None, None, None, None, None, None, None
            found.append(BandPerplexity(name, 0, 0, *none, "the text has no such token"))
            continue
        floor_unknown, candidate_unknown = (unknown[:, i] / places[i]).tolist()
        floor, type_floor = _perplexities(
            floor_unknown, floor_bits[i] / places[i], type_bits[0, i] / types[i]
        )
        perplexity, type_perplexity = _perplexities(
            candidate_unknown, bits[i] / places[i], type_bits[1, i] / types[i]
        )
        reason: str | None = None
        if perplexity is None or floor is None:
            reason = _SATURATED.format("candidate's" if perplexity is None else "baseline's")
        elif not np.isfinite(errors[i]):
            reason = "one group of documents has all of these tokens, so that there is no error"
        found.append(
            BandPerplexity(
                name,
                int(places[i]),
                int(types[i]),
                perplexity,
                floor,
                type_perplexity,
                type_floor,
                None if reason else Estimate(float(excess[i]), float(errors[i]), int(places[i])),
                candidate_unknown,
                floor_unknown,
                reason,
            )
        )
    return tuple(found)


def _sum(arrays: Sequence[Floats]) -> Floats:
    total: Floats = np.sum(arrays, axis=0)
    return total


def _perplexities(unknown: float, *bits: float) -> list[float | None]:
    return [float(2**mean) if unknown <= MOST_UNKNOWN else None for mean in bits]
