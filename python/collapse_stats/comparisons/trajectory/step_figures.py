"""All that a trajectory needs of one comparison, so that its counts need not be kept."""

from collections.abc import Sequence
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
        Those of one corpus, of the baseline, with the first step.
    retained, shrunk
        What is kept of the baseline's n-grams, and how probable they are, by order.
    """

    figures: Figures
    baseline: Figures
    retained: dict[int, list[RetainedBand]]
    shrunk: dict[int, list[ShrunkBand]]

    @classmethod
    def of_step(cls, comparison: Comparison, *, is_first: bool) -> "StepFigures":
        """Take everything of a step; figures of the baseline only from the first comparison."""
        comparison.resample()
        orders = range(1, comparison.baseline.max_order + 1)
        between = {
            (name, n): between_sides(comparison, name, n)
            for name in COMPARISON_FIGURES
            for n in orders
        }
        own = _of_side(comparison, comparison.candidate, orders)
        return cls(
            between | own,
            _of_side(comparison, comparison.baseline, orders) if is_first else {},
            {n: comparison.retention(n) for n in orders},
            {n: comparison.shrinkage(n) for n in orders},
        )

    @classmethod
    def of_move(
        cls, comparison: Comparison, names: Sequence[str], orders: Sequence[int]
    ) -> "StepFigures":
        """Take some figures of the comparison of a step with the one before."""
        comparison.resample()
        figures = {(name, n): between_sides(comparison, name, n) for name in names for n in orders}
        return cls(figures, {}, {}, {})


def is_ratio(name: str) -> bool:
    """Whether a figure of two corpora is given as it is, 1 being that of the baseline.

    All others are given as excess over their floor.
    """
    return COMPARISON_FIGURES[name].reciprocal


def between_sides(comparison: Comparison, name: str, order: int) -> Point:
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


def _of_side(comparison: Comparison, side: Profile, orders: Sequence[int]) -> Figures:
    """Return figures of one corpus with their errors, or else the figures alone."""
    found: Figures = {}
    for name in SERIES_FIGURES.keys() - COMPARISON_FIGURES.keys():
        for n in orders:
            estimate = comparison.side_interval(side, name, n)
            if estimate is None:
                value = CORPUS_FIGURES[name].value(side.spectrum(n), side.contexts(n))
                found[name, n] = value, None
            else:
                found[name, n] = _point(estimate)
    return found


def _point(estimate: Estimate | None, value: float | None = None) -> Point:
    return (value, None) if estimate is None else (estimate.value, estimate.error)
