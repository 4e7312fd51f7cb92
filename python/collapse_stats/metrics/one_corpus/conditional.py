"""Conditional entropy of the next token, and the saturation that makes it unreliable."""

import math

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import LN2
from .entropy import plugin_entropy

__all__ = ["SATURATION_LIMIT", "conditional_entropy", "saturation"]

SATURATION_LIMIT = 0.95
"""`conditional_entropy` returns None above this saturation."""


def saturation(spectrum: Spectrum) -> float | None:
    """Plug-in entropy divided by log2 N, in 0..1.

    Near 1 nearly every n-gram occurs once, and the sample is too small to estimate the entropy of
    its source. None below two occurrences.

    >>> saturation(Spectrum.from_counts([1, 1, 1, 1]))
    1.0
    """
    n = spectrum.occurrences
    return min(1.0, plugin_entropy(spectrum) / math.log(n)) if n > 1 else None


def conditional_entropy(ngrams: Spectrum, contexts: Spectrum) -> float | None:
    """Entropy of an n-gram's last token given the tokens before it, in bits per token, at least 0.

    The difference of plug-in entropies H(ngrams) - H(contexts). None when ``saturation(ngrams)`` is
    None or above `SATURATION_LIMIT`, where the difference is near 0 only because nearly every
    n-gram occurs once.

    Parameters
    ----------
    ngrams
        Spectrum of the n-grams.
    contexts
        Spectrum of the (n-1)-grams at the beginning of the same n-grams; for order 1 the spectrum
        of a single empty context that occurs N times.

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
    share = saturation(ngrams)
    if share is None or share > SATURATION_LIMIT:
        return None
    whole, context = plugin_entropy(ngrams), plugin_entropy(contexts)
    is_coarser = contexts.distinct <= ngrams.distinct and context - whole <= 1e-9
    if not (is_coarser or ngrams.is_estimate):
        raise ValueError(
            f"contexts must be coarser than ngrams, got {contexts.distinct} types of "
            f"{context / LN2:.6g} bits against {ngrams.distinct} of {whole / LN2:.6g}: "
            "are the two arguments swapped?"
        )
    return max(0.0, whole - context) / LN2  # rounding may give a negative difference
