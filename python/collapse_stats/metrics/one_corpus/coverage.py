"""Sample coverage: the probability mass of the source that lies on the types in the sample."""

from ...ngrams.spectrum import Spectrum

__all__ = ["coverage", "missing_mass"]


def missing_mass(spectrum: Spectrum) -> float | None:
    """Estimated probability mass of the types that are not in the sample, in 0..1.

    The Good-Turing estimate f1 / N (Good 1953). None for an empty spectrum.

    >>> missing_mass(Spectrum.from_counts([5, 3, 1, 1]))
    0.2
    """
    n = spectrum.occurrences
    return spectrum.types_seen(1) / n if n else None


def coverage(spectrum: Spectrum) -> float | None:
    """Estimated probability mass of the types in the sample, in 0..1.

    1 - (f1 / N) (1 - A), where A is the estimated mean probability of the types that occur once
    (Chao & Jost 2012): A / (1 - A) = 2 f2 / ((N - 1) f1), or 2 / ((N - 1) (f1 - 1)) if f2 is 0.
    Where that is undefined, at f2 = 0 and f1 <= 1, it is Turing's 1 - f1 / N. None for an empty
    spectrum.

    >>> coverage(Spectrum.from_counts([2, 2, 2]))
    1.0
    """
    missing = missing_mass(spectrum)
    if missing is None:
        return None
    odds = deficit_odds(spectrum)
    return 1 - (missing if odds is None else missing / (1 + odds))


def deficit_odds(spectrum: Spectrum) -> float | None:
    """A / (1 - A), where A is the mean probability of the types that occur once; see `coverage`.

    None where it is undefined: f1 is 0, or f1 is 1 and f2 is 0 (Chao & Jost 2012).
    """
    once, twice = spectrum.types_seen(1), spectrum.types_seen(2)
    if not twice:
        once, twice = once - 1, 1
    if once <= 0:
        return None
    return 2 * twice / ((spectrum.occurrences - 1) * once)
