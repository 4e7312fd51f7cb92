"""Distinct-n of a whole corpus, and its numbers of types that occur once or twice."""

import math

from ...ngrams.spectrum import Spectrum

__all__ = ["dis", "distinct_ratio", "expectation_adjusted_distinct", "hapax"]


def distinct_ratio(spectrum: Spectrum) -> float | None:
    """Distinct-n over the whole corpus: types per occurrence, V / N, in 0..1.

    It falls as a corpus grows, so use `size_matched_distinct_ratio` to compare corpora. The mean
    over documents, `document_distinct_ratio`, is a different and far larger figure. None for an
    empty spectrum.

    >>> distinct_ratio(Spectrum.from_counts([3, 1]))
    0.5
    """
    n = spectrum.occurrences
    return spectrum.distinct / n if n else None


def expectation_adjusted_distinct(spectrum: Spectrum, vocab_size: int) -> float | None:
    """Expectation-adjusted distinct (EAD): V relative to N uniform draws from U types, at least 0.

    V / (U (1 - (1 - 1/U)^N)), about 1 for text of maximal variety (Liu et al. 2022). None for an
    empty spectrum.

    Parameters
    ----------
    spectrum
        Counts of counts.
    vocab_size
        U, the number of types that could occur. Tools differ in their choice for n-grams; with
        ``vocab_size ** n`` the metric is practically V / N.

    Raises
    ------
    ValueError
        When `vocab_size` is below the number of types.

    >>> expectation_adjusted_distinct(Spectrum.from_counts([2, 2]), 2)
    1.0666666666666667
    """
    if vocab_size < spectrum.distinct:
        raise ValueError(
            f"vocab_size must be at least the {spectrum.distinct:,} types seen, got "
            f"{vocab_size:,}: give the number of types that could have occurred"
        )
    if not spectrum.distinct:
        return None
    if vocab_size == 1:
        return 1.0
    expected = -vocab_size * math.expm1(spectrum.occurrences * math.log1p(-1 / vocab_size))
    return spectrum.distinct / expected


def hapax(spectrum: Spectrum) -> int:
    """Number of types that occur exactly once (hapax legomena), f1. 0 for an empty spectrum."""
    return spectrum.types_seen(1)


def dis(spectrum: Spectrum) -> int:
    """Number of types that occur exactly twice (dis legomena), f2. 0 for an empty spectrum."""
    return spectrum.types_seen(2)
