"""Discounts of modified Kneser-Ney smoothing."""

from ...ngrams.spectrum import Spectrum

__all__ = ["kneser_ney_discounts"]


def kneser_ney_discounts(spectrum: Spectrum) -> tuple[float, float, float] | None:
    """Discounts of n-grams seen once, twice, and three times or more (Chen & Goodman 1998, eq. 26).

    D_j = j - (j + 1) Y f_{j+1} / f_j with Y = f_1 / (f_1 + 2 f_2). They lie in 0..j, in counts.
    None where they are not defined: when no n-gram was seen once, twice or three times, or when a
    discount would lie outside 0..j. That is usual for order 1 of subword tokens, of which hardly
    any is seen once.

    Parameters
    ----------
    spectrum
        Of the adjusted counts of one order: see `NgramModel`.

    >>> kneser_ney_discounts(Spectrum.from_pairs([1, 2, 3, 4], [60, 20, 10, 5]))
    (0.6, 1.1, 1.8)
    """
    f1, f2, f3, f4 = (spectrum.types_seen(times) for times in (1, 2, 3, 4))
    if not (f1 and f2 and f3):
        return None
    found = []
    for j, (f, more) in enumerate(((f1, f2), (f2, f3), (f3, f4)), start=1):
        # One quotient of whole numbers, so that a discount of 0 is exactly 0.
        found.append((j * (f1 + 2 * f2) * f - (j + 1) * f1 * more) / ((f1 + 2 * f2) * f))
    if not all(0 <= discount <= j for j, discount in enumerate(found, start=1)):
        return None
    return found[0], found[1], found[2]
