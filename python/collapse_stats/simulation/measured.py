"""Figures of a generation against the human baseline, by their names in reports."""

from ..comparisons.comparison import Comparison
from ..metrics.figures import COMPARISON_FIGURES, CORPUS_FIGURES, FLOORED_FIGURES

RARE = "1"  # the band of retention: n-grams seen once in half of the baseline
FIGURES = (*COMPARISON_FIGURES, *CORPUS_FIGURES)
"""Names of the figures: those of two corpora, and those of the generation alone."""


def figure_of(comparison: Comparison, name: str, order: int) -> float | None:
    """Return a figure of `FIGURES`.

    Raises
    ------
    ValueError
        There is no such figure, or no such order.
    """
    if name == "size_matched_distinct_ratio":
        return comparison.size_matched_distinct_ratio(order)
    if name == "retained":
        return next((row.retained for row in comparison.retention(order) if row.band == RARE), None)
    if name in FLOORED_FIGURES:
        return comparison.figure(name, order)
    if name not in CORPUS_FIGURES:
        raise ValueError(f"figure must be one of {', '.join(FIGURES)}, got {name!r}")
    candidate = comparison.candidate
    ngrams, contexts = candidate.spectrum(order), candidate.contexts(order)
    return CORPUS_FIGURES[name].value(ngrams, contexts)
