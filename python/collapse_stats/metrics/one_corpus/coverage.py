"""How much of the source's probability a sample has seen."""

from ...ngrams.spectrum import Spectrum

__all__ = ["coverage", "missing_mass"]


def missing_mass(spectrum: Spectrum) -> float | None:
    """Good-Turing share of the source's probability that lies on types never seen, in 0..1.

    f1 / N (Good 1953). None for an empty spectrum.

    >>> missing_mass(Spectrum.from_counts([5, 3, 1, 1]))
    0.2
    """
    n = spectrum.occurrences
    return spectrum.types_seen(1) / n if n else None


def coverage(spectrum: Spectrum) -> float | None:
    """Share of the source's probability that lies on types seen, in 0..1.

    1 - (f1 / N) (1 - A) with A of `deficit_odds` (Chao & Jost 2012). Where the only rare type is
    one hapax A is undefined and Turing's 1 - f1 / N is given. None for an empty spectrum.

    >>> coverage(Spectrum.from_counts([2, 2, 2]))
    1.0
    """
    missing = missing_mass(spectrum)
    if missing is None:
        return None
    odds = deficit_odds(spectrum)
    return 1 - (missing if odds is None else missing / (1 + odds))


def deficit_odds(spectrum: Spectrum) -> float | None:
    """A / (1 - A), where A is the mean probability of the types seen once (Chao & Jost 2012).

    2 f2 / ((N - 1) f1), or 2 / ((N - 1) (f1 - 1)) when no type was seen twice. None when that
    divides by zero: nothing was seen once, or a single type was and none twice.
    """
    once, twice = spectrum.types_seen(1), spectrum.types_seen(2)
    if not twice:
        once, twice = once - 1, 1
    if once <= 0:
        return None
    return 2 * twice / ((spectrum.occurrences - 1) * once)
