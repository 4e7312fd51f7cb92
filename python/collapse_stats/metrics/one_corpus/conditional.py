"""What the next token adds to an n-gram, and when the sample is too small to say."""

import math

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import LN2
from .entropy import plugin_entropy

__all__ = ["SATURATION_LIMIT", "conditional_entropy", "saturation"]

SATURATION_LIMIT = 0.95
"""No conditional entropy is given above this saturation."""


def saturation(spectrum: Spectrum) -> float | None:
    """Plug-in entropy over log2 N, in 0..1: near 1, the sample is too small for its entropy.

    None below two occurrences, where log2 N says nothing.

    >>> saturation(Spectrum.from_counts([1, 1, 1, 1]))
    1.0
    """
    n = spectrum.occurrences
    return min(1.0, plugin_entropy(spectrum) / math.log(n)) if n > 1 else None


def conditional_entropy(ngrams: Spectrum, contexts: Spectrum) -> float | None:
    """Bits the last token of an n-gram adds to its first n - 1: plug-in H(ngrams) - H(contexts).

    At least 0. None when ``saturation(ngrams)`` is None or above `SATURATION_LIMIT`: there the
    figure falls to 0 only because every n-gram is new.

    Parameters
    ----------
    ngrams
        Spectrum of the n-grams.
    contexts
        Spectrum of the (n-1)-grams that begin these same n-grams; for order 1 the one empty
        context, seen N times.

    Raises
    ------
    ValueError
        When `contexts` cannot be the contexts of `ngrams`.

    >>> conditional_entropy(Spectrum.from_counts([2, 2, 2, 2]), Spectrum.from_counts([4, 4]))
    1.0
    """
    if ngrams.occurrences != contexts.occurrences:
        raise ValueError(
            f"contexts must occur as often as ngrams, {ngrams.occurrences} times, got "
            f"{contexts.occurrences}: count only the (n-1)-grams that begin an n-gram"
        )
    full = saturation(ngrams)
    if full is None or full > SATURATION_LIMIT:
        return None
    whole, context = plugin_entropy(ngrams), plugin_entropy(contexts)
    if contexts.distinct > ngrams.distinct or context - whole > 1e-9:
        raise ValueError(
            f"contexts must be coarser than ngrams, got {contexts.distinct} types of "
            f"{context / LN2:.6g} bits against {ngrams.distinct} of {whole / LN2:.6g}: "
            "are the two arguments swapped?"
        )
    return max(0.0, whole - context) / LN2  # the difference of equals may round below zero
