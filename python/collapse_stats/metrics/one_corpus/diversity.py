"""How varied the n-grams of a whole corpus are: types seen once, twice, and per occurrence."""

import math

from ...ngrams.spectrum import Spectrum

__all__ = ["dis", "distinct_ratio", "expectation_adjusted_distinct", "hapax"]


def distinct_ratio(spectrum: Spectrum) -> float | None:
    """Distinct-n, pooled: types over occurrences, V / N, in 0..1. None for an empty spectrum.

    It falls as a corpus grows: compare corpora with `size_matched_distinct_ratio`. The mean over
    documents is another figure, far larger: `document_distinct_ratio`.

    >>> distinct_ratio(Spectrum.from_counts([3, 1]))
    0.5
    """
    n = spectrum.occurrences
    return spectrum.distinct / n if n else None


def expectation_adjusted_distinct(spectrum: Spectrum, vocab_size: int) -> float | None:
    """EAD: types over those expected of N draws from a uniform vocabulary of U, at least 0.

    V / (U (1 - (1 - 1/U)^N)) (Liu et al. 2022): about 1 for text as varied as can be. U is the
    number of types that could have occurred; tools differ in what they take for n-grams, and
    ``vocab_size ** n`` is so large that V / N is left. None for an empty spectrum.

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
    """Types seen exactly once, f1. Zero for an empty spectrum."""
    return spectrum.types_seen(1)


def dis(spectrum: Spectrum) -> int:
    """Types seen exactly twice, f2. Zero for an empty spectrum."""
    return spectrum.types_seen(2)
