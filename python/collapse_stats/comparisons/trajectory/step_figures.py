"""All that a trajectory needs of one comparison, so that its counts need not be kept."""

from dataclasses import dataclass

from ...metrics.figures import (
    COMPARISON_FIGURES,
    CORPUS_FIGURES,
    FLOORED_FIGURES,
    SERIES_FIGURES,
)
from ...profiles.profile import Profile
from ...uncertainty.estimate import Estimate
from ...uncertainty.halves import RetainedBand
from ...uncertainty.shrunk_bands import ShrunkBand
from ..comparison import Comparison

Point = tuple[float | None, float | None]
"""A value and its standard error."""
Figures = dict[tuple[str, int], Point]
"""By name and order."""


@dataclass(frozen=True, slots=True)
class StepFigures:
    """Figures of a comparison by name and order, and bands by order.

    Attributes
    ----------
    figures
        Of the two corpora, and of the candidate.
    baseline
        Those of one corpus, of the baseline.
    retained, shrunk
        What is kept of the baseline's n-grams, and how probable they are, by order.
    """

    figures: Figures
    baseline: Figures
    retained: dict[int, list[RetainedBand]]
    shrunk: dict[int, list[ShrunkBand]]

    @classmethod
    def of(cls, comparison: Comparison, *, with_sides: bool = True) -> "StepFigures":
        """Take the figures, those of one corpus and the bands only if `with_sides`."""
        comparison.resample()
        orders = range(1, comparison.baseline.max_order + 1)
        between = {
            (name, n): _between(comparison, name, n) for name in COMPARISON_FIGURES for n in orders
        }
        if not with_sides:
            return cls(between, {}, {}, {})
        baseline, candidate = (
            {
                (name, n): _of_side(comparison, side, name, n)
                for name in SERIES_FIGURES.keys() - COMPARISON_FIGURES.keys()
                for n in orders
            }
            for side in (comparison.baseline, comparison.candidate)
        )
        return cls(
            between | candidate,
            baseline,
            {n: comparison.retention(n) for n in orders},
            {n: comparison.shrinkage(n) for n in orders},
        )


def is_ratio(name: str) -> bool:
    """Whether a figure of two corpora is given as it is, 1 being that of the baseline.

    All others are given as excess over their floor.
    """
    return COMPARISON_FIGURES[name].reciprocal


def _between(comparison: Comparison, name: str, order: int) -> Point:
    """Return a figure of two corpora with its error, or else the figure alone."""
    if is_ratio(name):
        estimate = comparison.interval(name, order)
        return _point(estimate, comparison.size_matched_distinct_ratio(order))
    estimate = comparison.excess(name, order)
    if estimate is not None:
        return _point(estimate)
    if name in FLOORED_FIGURES:
        value, floor = comparison.figure(name, order), comparison.floor(name, order)
    else:  # retained
        bands = comparison.retention(order)
        value, floor = (bands[0].retained, bands[0].floor) if bands else (None, None)
    return (None if value is None or floor is None else value - floor), None


def _of_side(comparison: Comparison, side: Profile, name: str, order: int) -> Point:
    """Return a figure of one corpus with its error, or else the figure alone."""
    estimate = comparison.side_interval(side, name, order)
    if estimate is not None:
        return _point(estimate)
    return CORPUS_FIGURES[name].value(side.spectrum(order), side.contexts(order)), None


def _point(estimate: Estimate | None, value: float | None = None) -> Point:
    return (value, None) if estimate is None else (estimate.value, estimate.error)
