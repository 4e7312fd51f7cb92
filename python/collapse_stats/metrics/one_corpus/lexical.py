"""Indices of lexical richness that are functions of the spectrum.

All except `yule_k` depend on sample size, so compare only texts of equal length with them. They
are defined for all n-gram orders, but are rarely used above order 1.
"""

import math

import numpy as np

from ...ngrams.spectrum import Spectrum

__all__ = [
    "corrected_ttr",
    "dugast_u",
    "herdan_c",
    "honore_r",
    "maas_a",
    "root_ttr",
    "sichel_s",
    "summer_s",
    "yule_k",
]


def root_ttr(spectrum: Spectrum) -> float | None:
    """Root type-token ratio V / sqrt N, at least 0 (Guiraud 1954). None for an empty spectrum.

    >>> root_ttr(Spectrum.from_counts([2, 1, 1]))
    1.5
    """
    n = spectrum.occurrences
    return spectrum.distinct / math.sqrt(n) if n else None


def corrected_ttr(spectrum: Spectrum) -> float | None:
    """Corrected type-token ratio V / sqrt(2 N), at least 0 (Carroll 1964).

    None for an empty spectrum.
    """
    root = root_ttr(spectrum)
    return None if root is None else root / math.sqrt(2)


def herdan_c(spectrum: Spectrum) -> float | None:
    """Herdan's C = log V / log N, in 0..1 (Herdan 1960). None below two occurrences.

    >>> herdan_c(Spectrum.from_counts([2, 1, 1, 1, 1, 1, 1, 1]))  # log 8 / log 9
    0.946394630357186
    """
    n = spectrum.occurrences
    return math.log(spectrum.distinct) / math.log(n) if n > 1 else None


def summer_s(spectrum: Spectrum) -> float | None:
    """Somers' S = log log V / log log N, at most 1 (Somers 1966); often spelled "Summer".

    Natural logarithms. None below two types or three occurrences.

    >>> summer_s(Spectrum.from_counts([1] * 16))
    1.0
    """
    n, v = spectrum.occurrences, spectrum.distinct
    if v < 2 or n < 3:
        return None
    return math.log(math.log(v)) / math.log(math.log(n))


def maas_a(spectrum: Spectrum) -> float | None:
    """Maas's a^2 = (log N - log V) / (log N)^2, at least 0, low for rich text (Maas 1972).

    Natural logarithms. None below two occurrences.

    >>> maas_a(Spectrum.from_counts([1, 1]))
    0.0
    """
    n = spectrum.occurrences
    return math.log(n / spectrum.distinct) / math.log(n) ** 2 if n > 1 else None


def dugast_u(spectrum: Spectrum) -> float | None:
    """Dugast's U = (log N)^2 / (log N - log V), the inverse of `maas_a` (Dugast 1978).

    Natural logarithms; above 0. None below two occurrences, and when all types occur once.
    """
    maas = maas_a(spectrum)
    return 1 / maas if maas else None


def yule_k(spectrum: Spectrum) -> float | None:
    """Yule's K = 1e4 (sum m^2 f_m - N) / N^2, in 0..1e4, high for repetitive text (Yule 1944).

    1e4 (N - 1) / N times `simpson`, so it hardly depends on sample size. Some tools report a value
    ten times as large. None for an empty spectrum.

    >>> yule_k(Spectrum.from_counts([2, 2]))
    2500.0
    """
    n = spectrum.occurrences
    if not n:
        return None
    m = spectrum.count.astype(np.float64)
    return min(1e4, 1e4 * float(np.sum(spectrum.types * (m / n) * ((m - 1) / n))))


def honore_r(spectrum: Spectrum) -> float | None:
    """Honore's R = 100 log N / (1 - f1 / V), at least 0 (Honore 1979).

    Natural logarithm. None for an empty spectrum, and when all types occur once.

    >>> honore_r(Spectrum.from_counts([7])) == 100 * math.log(7)
    True
    """
    v = spectrum.distinct
    repeated = v - spectrum.types_seen(1)
    return 100 * math.log(spectrum.occurrences) * (v / repeated) if repeated else None


def sichel_s(spectrum: Spectrum) -> float | None:
    """Sichel's S = f2 / V, in 0..1 (Sichel 1975). None for an empty spectrum.

    >>> sichel_s(Spectrum.from_counts([2, 1, 1, 5]))
    0.25
    """
    v = spectrum.distinct
    return spectrum.types_seen(2) / v if v else None
