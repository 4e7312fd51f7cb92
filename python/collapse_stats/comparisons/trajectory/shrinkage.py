"""How the baseline's rare n-grams become less probable over the steps of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from ... import metrics
from ...metrics.series.half_life import HalfLife
from ...uncertainty.halves import RetainedBand
from ...uncertainty.shrunk_bands import ShrunkBand

Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class BandShrinkage:
    """The n-grams that half of the baseline has so many times, at each step.

    Attributes
    ----------
    band
        ``"1"``, ``"3-4"``, ``"65+"``.
    bits
        By how many bits they are more probable than in other text of the baseline, on average of
        their kinds, by absolute discounting; below 0, they have shrunk. It saturates once most of
        them are gone, which `retained` shows.
    retained
        Share of them that is still there, over the share that other text of the baseline has: 1 is
        as many as there.
    fit
        The exponential approach of `retained` to a limit; None where it does not fit.
    """

    band: str
    bits: Values
    retained: Values
    fit: HalfLife | None


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """The shrinkage of the baseline's n-grams by band, from rare to frequent.

    Attributes
    ----------
    order
        Of the n-grams.
    steps
        Numbers of the steps.
    bands
        From rare to frequent.
    fallback
        Steps whose discount is fixed at 0.5, because the formula has none for their counts.
    """

    order: int
    steps: tuple[float, ...]
    bands: tuple[BandShrinkage, ...]
    fallback: tuple[float, ...]


def shrinkage_of(
    order: int,
    steps: tuple[float, ...],
    shrunk: Sequence[Sequence[ShrunkBand]],
    retained: Sequence[Sequence[RetainedBand]],
) -> Shrinkage:
    """Return the shrinkage from the bands of each step."""
    names = [band.band for band in next(filter(None, shrunk), [])]
    bands = []
    for place, name in enumerate(names):
        of_steps = [each[place] if each else None for each in shrunk]
        kept = tuple(_over_floor(each[place]) if each else None for each in retained)
        bits = tuple(each.shrinkage if each else None for each in of_steps)
        bands.append(BandShrinkage(name, bits, kept, _fit(steps, kept)))
    fallback = (
        step
        for step, each in zip(steps, shrunk, strict=True)
        if any(band.is_fallback for band in each)
    )
    return Shrinkage(order, steps, tuple(bands), tuple(fallback))


def _over_floor(band: RetainedBand) -> float | None:
    return None if band.retained is None or not band.floor else band.retained / band.floor


def _fit(steps: tuple[float, ...], values: Values) -> HalfLife | None:
    known = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
    return metrics.half_life([value for _, value in known], [step for step, _ in known], least=0.0)
