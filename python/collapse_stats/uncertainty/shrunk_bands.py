"""How much less probable the baseline's rare n-grams have become, and what chance alone does."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..metrics.two_corpora.rare_probability import RareProbabilities, rare_probabilities
from ..ngrams.spectrum import JointSpectrum
from .halves import BANDS, mean


@dataclass(frozen=True, slots=True)
class ShrunkBand:
    """How probable one band of the baseline's n-grams is in the candidate, and in held-out text.

    Attributes
    ----------
    band
        Counts in half of the baseline: ``"1"``, ``"3-4"``, ``"65+"``.
    log2_probability, floor
        Mean log2 probability in the candidate's opposite half, and in the baseline's other half.
    is_fallback
        Whether a half of the candidate has a discount of 0.5, because the formula has none.
    """

    band: str
    log2_probability: float | None
    floor: float | None
    is_fallback: bool

    @property
    def shrinkage(self) -> float | None:
        """Bits that the n-grams have become more probable than in other text of the baseline.

        Below 0, they have shrunk.
        """
        if self.log2_probability is None or self.floor is None:
            return None
        return self.log2_probability - self.floor


def shrunk_bands(
    opposite: Sequence[JointSpectrum], own: JointSpectrum | None, kinds: int
) -> list[ShrunkBand]:
    """Return the probabilities band by band.

    Parameters
    ----------
    opposite
        Joint spectra of opposite halves.
    own
        Joint spectrum of the baseline's halves, from which the floor is taken; None: no floor.
    kinds
        How many n-grams of the order there could be.
    """
    found = [rare_probabilities(joint, kinds, BANDS) for joint in opposite]
    floors = [rare_probabilities(joint, kinds, BANDS) for joint in _both_ways(own)]
    if not found:
        return []
    return [
        ShrunkBand(
            row.band,
            _mean_of(found, place),
            _mean_of(floors, place),
            any(each.is_fallback for each in found),
        )
        for place, row in enumerate(found[0].bands)
    ]


def _both_ways(own: JointSpectrum | None) -> list[JointSpectrum]:
    return [] if own is None else [own, own.swapped]


def _mean_of(found: Sequence[RareProbabilities], place: int) -> float | None:
    return mean(each.bands[place].log2_probability for each in found)
