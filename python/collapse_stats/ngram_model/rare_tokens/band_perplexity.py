"""The perplexity of the tokens of each band under two models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...uncertainty.estimate import Estimate
from ..weights import Floats
from .bands import BANDS
from .excess import excess_bits, standard_errors
from .parts import Part
from .rotation import Bits, Rotation

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
    bytes
        How many bytes of text the places have; None when the tokenizer does not say it.
    bits_per_byte, floor_bits_per_byte
        The bits of all places over their bytes, which, unlike a perplexity, does not depend on how
        long the tokens are; None when `perplexity`, `floor` or `bytes` is, or without any bytes.
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
    bytes: int | None
    bits_per_byte: float | None
    floor_bits_per_byte: float | None
    unknown: float | None
    floor_unknown: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the models of one side need for the tokens of a band.

    Attributes
    ----------
    bits
        In all; NaN when the models have never seen nearly all of the tokens.
    type_bits
        The mean of each different token, summed over them; NaN as `bits`.
    unknown
        Share of the places whose token the model has never seen.
    """

    bits: float
    type_bits: float
    unknown: float


def band_perplexities(
    rotations: Sequence[Rotation], baseline: Sequence[Part], candidate: Sequence[Part]
) -> tuple[BandPerplexity, ...]:
    """Return the perplexity of every band, from all rotations of the parts."""
    turns = [each.turn for each in rotations]
    places = _sum([turn.places[_WHOLE] for turn in turns])
    types = _sum([turn.types for turn in turns])
    known = [turn.bytes for turn in turns if turn.bytes is not None]
    size = _sum(known) if len(known) == len(turns) else None
    sides = (
        ([each.candidate for each in rotations], [each.candidate.sums[0] for each in rotations]),
        ([each.floor for each in rotations], [each.floor.sums for each in rotations]),
    )
    asked = [_asked(models, [each[_WHOLE] for each in sums], places) for models, sums in sides]
    excess = excess_bits(rotations)[_WHOLE]
    errors = standard_errors(rotations, baseline, candidate)
    return tuple(
        _band(
            name,
            (int(places[i]), int(types[i]), None if size is None else int(size[i])),
            (asked[0][i], asked[1][i]),
            Estimate(float(excess[i]), float(errors[i]), int(places[i])),
        )
        for i, name in enumerate(BANDS)
    )


def _asked(models: Sequence[Bits], bits: Sequence[Floats], places: Floats) -> list[_Asked]:
    """Return by band what the models of one side need, given the bits of each."""
    unknown = _sum([model.unknown for model in models]) / np.maximum(places, 1)
    sums = np.array([_sum(bits), _sum([model.of_types for model in models])])
    sums[:, unknown > MOST_UNKNOWN] = np.nan
    return [_Asked(*values) for values in zip(*sums.tolist(), unknown.tolist(), strict=True)]


def _band(
    name: str,
    numbers: tuple[int, int, int | None],
    asked: tuple[_Asked, _Asked],
    excess: Estimate,
) -> BandPerplexity:
    """Return the perplexities of a band.

    Parameters
    ----------
    numbers
        Of places, of types, and of bytes, which may be unknown.
    asked
        Of the candidate, and of the floor.
    """
    places, types, size = numbers
    reason: str | None = None
    if not places:
        reason = "the text has no such token"
    elif not all(np.isfinite(side.bits) for side in asked):
        reason = _SATURATED.format("baseline's" if np.isfinite(asked[0].bits) else "candidate's")
    elif not np.isfinite(excess.error):
        reason = "one group of documents has all of these tokens, so that there is no error"
    candidate, floor = asked
    return BandPerplexity(
        band=name,
        tokens=places,
        types=types,
        perplexity=_power(_ratio(candidate.bits, places)),
        floor=_power(_ratio(floor.bits, places)),
        type_perplexity=_power(_ratio(candidate.type_bits, types)),
        type_floor=_power(_ratio(floor.type_bits, types)),
        excess_bits=None if reason else excess,
        bytes=size,
        bits_per_byte=_ratio(candidate.bits, size),
        floor_bits_per_byte=_ratio(floor.bits, size),
        unknown=candidate.unknown if places else None,
        floor_unknown=floor.unknown if places else None,
        reason=reason,
    )


def _sum(arrays: Sequence[Floats]) -> Floats:
    total: Floats = np.sum(arrays, axis=0)
    return total


def _ratio(bits: float, number: int | None) -> float | None:
    return bits / number if number and np.isfinite(bits) else None


def _power(bits: float | None) -> float | None:
    return None if bits is None else float(2**bits)
