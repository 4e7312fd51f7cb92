"""Shannon entropy of a spectrum, and what the next token adds to it."""

import math
from collections.abc import Callable

import numpy as np

from ..spectrum import Spectrum
from ._numeric import LN2, FloatArray, geometric_harmonic_sum, log_minus_digamma
from .tail import deficit_odds

SATURATION_LIMIT = 0.95
"""No conditional entropy is given above this saturation."""


def entropy(spectrum: Spectrum, estimator: str = "chao-wang-jost") -> float | None:
    """Entropy of the source of the n-grams, in bits. None for an empty spectrum.

    Parameters
    ----------
    spectrum
        Counts of counts.
    estimator
        ``"chao-wang-jost"`` (Chao, Wang & Jost 2013), the least biased on text; ``"plugin"``, the
        entropy of the sample itself, in 0..log2 V; ``"miller-madow"`` (Miller 1955), plug-in plus
        (V - 1) / (2 N) nats.

    Raises
    ------
    ValueError
        For another estimator.

    >>> entropy(Spectrum.from_counts([4, 2, 1, 1]), "plugin")
    1.75
    """
    if estimator not in _ESTIMATORS:
        raise ValueError(
            f"estimator must be one of {', '.join(map(repr, _ESTIMATORS))}, got {estimator!r}"
        )
    return _ESTIMATORS[estimator](spectrum) / LN2 if spectrum.distinct else None


def saturation(spectrum: Spectrum) -> float | None:
    """Plug-in entropy over log2 N, in 0..1: near 1, the sample is too small for its entropy.

    None below two occurrences, where log2 N says nothing.

    >>> saturation(Spectrum.from_counts([1, 1, 1, 1]))
    1.0
    """
    n = spectrum.occurrences
    return min(1.0, _plugin(spectrum) / math.log(n)) if n > 1 else None


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
    whole, context = _plugin(ngrams), _plugin(contexts)
    if contexts.distinct > ngrams.distinct or context - whole > 1e-9:
        raise ValueError(
            f"contexts must be coarser than ngrams, got {contexts.distinct} types of "
            f"{context / LN2:.6g} bits against {ngrams.distinct} of {whole / LN2:.6g}: "
            "are the two arguments swapped?"
        )
    return max(0.0, whole - context) / LN2  # the difference of equals may round below zero


def _plugin(spectrum: Spectrum) -> float:
    """Entropy of the sample, in nats."""
    return float(np.sum(_share(spectrum) * _log_ratio(spectrum)))


def _miller_madow(spectrum: Spectrum) -> float:
    return _plugin(spectrum) + (spectrum.distinct - 1) / (2 * spectrum.occurrences)


def _chao_wang_jost(spectrum: Spectrum) -> float:
    """Chao-Wang-Jost entropy, in nats; relative error below 1e-13 from N = 1 to 1e12.

    The digammas enter as log N - log m and two small remainders, so that text of one dominant
    type loses no digits. The unseen part is ``(1-A)^(1-N) (-log A - sum of (1-A)^r / r, r < N)`` in
    the paper, which overflows; it equals ``sum of (1-A)^(j+1) / (N+j), j >= 0``.
    """
    n = spectrum.occurrences
    m = spectrum.count.astype(np.float64)
    digammas = log_minus_digamma(np.append(m, float(n)))  # small next to the logarithms
    seen = _share(spectrum) * (_log_ratio(spectrum) + (digammas[:-1] - digammas[-1]))
    odds = deficit_odds(spectrum)
    if odds is None:  # A is 1 or there is no hapax: nothing to add
        return float(np.sum(seen))
    unseen = geometric_harmonic_sum(math.log1p(odds), n)  # 1 - A = 1 / (1 + odds)
    return float(np.sum(seen)) + spectrum.types_seen(1) / n * unseen


def _share(spectrum: Spectrum) -> FloatArray:
    """Share of the occurrences in each row, ``(R,)``."""
    return spectrum.count.astype(np.float64) * spectrum.types / spectrum.occurrences


def _log_ratio(spectrum: Spectrum) -> FloatArray:
    """log(N / m) of each row, ``(R,)``, accurate also where m is nearly N."""
    m = spectrum.count.astype(np.float64)
    return np.log1p((spectrum.occurrences - m) / m)


_ESTIMATORS: dict[str, Callable[[Spectrum], float]] = {
    "chao-wang-jost": _chao_wang_jost,
    "plugin": _plugin,
    "miller-madow": _miller_madow,
}

ESTIMATORS = tuple(_ESTIMATORS)
"""Names `entropy` takes, the default first."""
