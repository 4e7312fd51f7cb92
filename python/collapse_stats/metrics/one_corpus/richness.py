"""Estimators of the number of types of a source, including those not in the sample."""

import numpy as np

from ...ngrams.spectrum import Spectrum

__all__ = ["CHAO1_VARIANTS", "ace", "chao1"]

CHAO1_VARIANTS = ("bias-corrected", "classic", "small-sample")


def chao1(spectrum: Spectrum, variant: str = "bias-corrected") -> float | None:
    """Estimated lower bound of the source's number of types, at least V.

    None for an empty spectrum.

    Parameters
    ----------
    spectrum
        Counts of counts.
    variant
        ``"bias-corrected"`` is V + f1 (f1 - 1) / (2 (f2 + 1)) (Chao 1987).
        ``"classic"`` is V + f1^2 / (2 f2) (Chao 1984), and V if f1 is 0; None if only f2 is 0.
        ``"small-sample"`` is V + (N-1)/N f1^2 / (2 f2), with f1 (f1 - 1) / 2 in place of the last
        fraction if f2 is 0, as in iNEXT and `expected_distinct` (Chao & Jost 2012).

    Raises
    ------
    ValueError
        When `variant` is none of these.

    >>> chao1(Spectrum.from_counts([5, 3, 2, 1, 1, 1, 1]))
    10.0
    """
    if variant not in CHAO1_VARIANTS:
        raise ValueError(
            f"variant must be one of {', '.join(map(repr, CHAO1_VARIANTS))}, got {variant!r}: "
            "published Chao1 figures differ by variant, so choose the one you compare with"
        )
    if not spectrum.distinct:
        return None
    if variant == "small-sample":
        return spectrum.distinct + unseen_types(spectrum)
    f1, f2 = spectrum.types_seen(1), spectrum.types_seen(2)
    if variant == "bias-corrected":
        return spectrum.distinct + f1 * (f1 - 1) / (2 * (f2 + 1))
    if f1 and not f2:
        return None
    return spectrum.distinct + (f1 * f1 / (2 * f2) if f1 else 0.0)


def unseen_types(spectrum: Spectrum) -> float:
    """f0, the unseen types that `chao1` estimates in its small-sample variant; 0 if it is empty."""
    n, f1, f2 = spectrum.occurrences, spectrum.types_seen(1), spectrum.types_seen(2)
    if not f1:
        return 0.0
    return (n - 1) / n * (f1 * f1 / (2 * f2) if f2 else f1 * (f1 - 1) / 2)


def ace(spectrum: Spectrum, rare: int = 10) -> float | None:
    """Abundance-based coverage estimator (ACE) of the source's number of types, at least V.

    V_abundant + V_rare / C + (f1 / C) g (Chao & Lee 1992), where rare types occur at most `rare`
    times, C = 1 - f1 / N_rare, and over rare types
    g = max(0, V_rare / C sum m (m-1) f_m / (N_rare (N_rare - 1)) - 1). None for an empty spectrum,
    and when all rare types occur once; use `chao1` then.

    Raises
    ------
    ValueError
        When `rare` is below 2.

    >>> round(ace(Spectrum.from_counts([5, 3, 2, 1, 1, 1, 1])), 9)
    12.643076923
    """
    if rare < 2:
        raise ValueError(f"rare must be at least 2, got {rare}: C needs types that occur twice")
    if not spectrum.distinct:
        return None
    is_rare = spectrum.count <= rare
    m = spectrum.count[is_rare].astype(np.float64)
    f = spectrum.types[is_rare].astype(np.float64)
    types, total, once = float(np.sum(f)), float(np.sum(m * f)), spectrum.types_seen(1)
    if not types:
        return float(spectrum.distinct)
    if total == once:
        return None
    covered = (total - once) / total
    pairs = float(np.sum(m * (m - 1) * f))
    variation = max(0.0, types / covered * pairs / (total * (total - 1)) - 1)
    return spectrum.distinct - types + (types + once * variation) / covered
