"""Figures of a baseline and a candidate between opposite halves, and of the baseline's own halves.

Figures that depend on sample size are taken between opposite halves (baseline A and candidate B,
baseline B and candidate A, averaged), as the floor is taken between baseline A and baseline B: two
samples of one source then give the floor, not less. Opposite halves, because a candidate may answer
the same prompts in the same order.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from .. import metrics
from ..ngrams.spectrum import JointSpectrum, Masks

# Labels 0 and 1 are the halves of the baseline, 2 and 3 those of the candidate.
WHOLE: Masks = (0b0011, 0b1100)
FLOOR: Masks = (0b0001, 0b0010)
OPPOSITE: tuple[Masks, Masks] = ((0b0001, 0b1000), (0b0010, 0b0100))
CANDIDATE: Masks = (0b0100, 0b1000)
MASKS: tuple[Masks, ...] = (WHOLE, FLOOR, *OPPOSITE, CANDIDATE)
SIDES: tuple[Masks, ...] = ((0b01, 0b10),)  # without halves

BANDS = (1, 2, 3, 5, 9, 17, 33, 65)

Figure = Callable[[JointSpectrum], float | None]


FIGURES: dict[str, Figure] = {
    "kl": metrics.kl_divergence,
    "reverse_kl": partial(metrics.kl_divergence, reverse=True),
    "js": metrics.js_divergence,
    "total_variation": metrics.total_variation,
    "hellinger": metrics.hellinger,
    "unseen_mass": metrics.unseen_mass,
    "novelty": metrics.novelty,
}
MIRRORED = {
    "kl": "reverse_kl",
    "reverse_kl": "kl",
    "unseen_mass": "novelty",
    "novelty": "unseen_mass",
}
"""What a figure is of the joint spectrum with its sides exchanged; others stay as they are."""


@dataclass(frozen=True, slots=True)
class RetainedBand:
    """What is kept of one band of the baseline's types, and what held-out baseline text keeps.

    Attributes
    ----------
    band
        Counts in half of the baseline: ``"1"``, ``"3-4"``, ``"65+"``.
    types
        Types in the band, the mean of both halves.
    retained, floor
        Share of them (0..1) in the candidate's opposite half, and in the baseline's other half.
    """

    band: str
    types: float
    retained: float | None
    floor: float | None


def figure_of(name: str) -> Figure:
    """The figure of `FIGURES`; ValueError for another name."""
    if name not in FIGURES:
        raise ValueError(f"figure must be one of {', '.join(FIGURES)}, got {name!r}")
    return FIGURES[name]


def retained_bands(
    opposite: Sequence[JointSpectrum], own: JointSpectrum | None
) -> list[RetainedBand]:
    """Per band of baseline counts what `opposite` halves keep, as floor the baseline's `own`."""
    kept = partial(metrics.retention, bands=BANDS)
    pairs = [kept(joint) for joint in opposite]
    floors = [kept(joint) for joint in (own, own.swapped)] if own is not None else []
    return [
        RetainedBand(
            rows[0].band,
            fmean(row.types for row in rows),
            mean(row.retained for row in rows),
            mean(row[band].retained for row in floors) if floors else None,
        )
        for band, rows in enumerate(zip(*pairs, strict=True))
    ]


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values; None when there are none, or one of them is None."""
    found: Sequence[float | None] = list(values)
    given = [value for value in found if value is not None]
    return fmean(given) if given and len(given) == len(found) else None
