"""Figures between opposite halves of two corpora, and their floors between the baseline's halves.

Figures that depend on sample size are taken between opposite halves (baseline A and candidate B,
baseline B and candidate A, averaged), just as the floor is taken between baseline A and baseline B:
two samples of one source then give the floor, and not less. The halves are opposite because a
candidate may answer the same prompts in the same order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from ..metrics.two_corpora.retention import band_label, retained_types
from ..ngrams.spectrum import JointSpectrum, Masks

# Labels 0 and 1 are the halves of the baseline, 2 and 3 those of the candidate.
WHOLE: Masks = (0b0011, 0b1100)
FLOOR: Masks = (0b0001, 0b0010)
OPPOSITE: tuple[Masks, Masks] = ((0b0001, 0b1000), (0b0010, 0b0100))
CANDIDATE: Masks = (0b0100, 0b1000)
MASKS: tuple[Masks, ...] = (WHOLE, FLOOR, *OPPOSITE, CANDIDATE)
SIDES: tuple[Masks, ...] = ((0b01, 0b10),)  # of corpora without halves

BANDS = (1, 2, 3, 5, 9, 17, 33, 65)


@dataclass(frozen=True, slots=True)
class RetainedBand:
    """How much of one band of the baseline's n-grams is retained, and how much held-out text has.

    Attributes
    ----------
    band
        Counts in half of the baseline: ``"1"``, ``"3-4"``, ``"65+"``.
    types
        Distinct n-grams in the band, the mean of both halves.
    retained, floor
        Share of them (0..1) in the candidate's opposite half, and in the baseline's other half.
    """

    band: str
    types: float
    retained: float | None
    floor: float | None


def retained_bands(
    opposite: Sequence[JointSpectrum], own: JointSpectrum | None
) -> list[RetainedBand]:
    """Return retention band by band.

    Parameters
    ----------
    opposite
        Joint spectra of opposite halves.
    own
        Joint spectrum of the baseline's halves, from which the floor is taken; None: no floor.
    """
    pairs = [retained_types(joint, BANDS) for joint in opposite]
    floors = [retained_types(joint, BANDS) for joint in ((own, own.swapped) if own else ())]
    return [
        RetainedBand(
            band_label(BANDS, band),
            fmean(types for types, _ in rows),
            mean(retained for _, retained in rows),
            mean(of_floor[band][1] for of_floor in floors),
        )
        for band, rows in enumerate(zip(*pairs, strict=True))
    ]


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean; None when there are no values, or one of them is None."""
    everything = list(values)
    known = [value for value in everything if value is not None]
    return fmean(known) if known and len(known) == len(everything) else None
