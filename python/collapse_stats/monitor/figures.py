"""The figures of a monitor, by their keys: ``figure/order``, ``figure/order/band``."""

from collections.abc import Callable

import numpy as np

from .. import metrics
from ..comparisons.comparison import Comparison
from ..ngrams.spectrum import JointSpectra, Spectrum
from .baseline import BAND_NAMES, NEVER, Baseline
from .surprisal import SurprisalSums

Figures = dict[str, float]

OF_WINDOW: dict[str, Callable[[Spectrum], float | None]] = {
    "entropy_bits": metrics.entropy,
    "collision_entropy_bits": metrics.collision_entropy,
    "distinct_ratio": metrics.distinct_ratio,
    "coverage": metrics.coverage,
}
OF_COMPARISON = {
    "kl_bits": "kl",
    "reverse_kl_bits": "reverse_kl",
    "js_bits": "js",
    "total_variation": "total_variation",
    "unseen_mass": "unseen_mass",
    "novelty": "novelty",
}


def names(max_order: int, *, baseline: bool) -> tuple[str, ...]:
    """Every key that a monitor can give, in order."""
    orders = range(1, max_order + 1)
    found = ["tokens", "documents", "perplexity"]
    found += [f"{name}/{n}" for name in (*OF_WINDOW, "conditional_entropy_bits") for n in orders]
    if baseline:
        compared = [f"{name}/{n}" for name in OF_COMPARISON for n in orders]
        compared += [f"retention/{n}/{band}" for n in orders for band in BAND_NAMES.values()]
        found += ["compared_tokens", *(f"size_matched_distinct_ratio/{n}" for n in orders)]
        found += [key for name in compared for key in (name, f"floor/{name}")]
        found += [f"perplexity/{band}" for band in (NEVER, *BAND_NAMES.values())]
    return tuple(found)


def all_of(
    joint_spectra: JointSpectra,
    documents: int,
    comparison: Comparison | None,
    surprisals: SurprisalSums,
    reference: Baseline | None,
) -> Figures:
    """Every figure that can be given."""
    (first,) = joint_spectra.ngrams[1].values()
    found = {"tokens": float(first.total.occurrences), "documents": float(documents)}
    found |= of_window(joint_spectra)
    if comparison is not None:
        found |= of_comparison(comparison)
    return found | of_surprisals(surprisals, reference)


def of_window(joint_spectra: JointSpectra) -> Figures:
    """Figures of the tokens themselves."""
    found: dict[str, float | None] = {}
    for n, pairs in joint_spectra.ngrams.items():
        (joint,), (context,) = pairs.values(), joint_spectra.contexts[n].values()
        spectrum = joint.total
        for name, figure in OF_WINDOW.items():
            found[f"{name}/{n}"] = figure(spectrum)
        found[f"conditional_entropy_bits/{n}"] = metrics.conditional_entropy(
            spectrum, context.total
        )
    return given(found)


def of_comparison(comparison: Comparison) -> Figures:
    """Figures against the baseline, each with its floor."""
    found: dict[str, float | None] = {"compared_tokens": comparison.candidate.tokens}
    for n in range(1, comparison.baseline.max_order + 1):
        for key, name in OF_COMPARISON.items():
            found[f"{key}/{n}"] = comparison.figure(name, n)
            found[f"floor/{key}/{n}"] = comparison.floor(name, n)
        found[f"size_matched_distinct_ratio/{n}"] = comparison.size_matched_distinct_ratio(n)
        for row in comparison.retention(n):
            band = BAND_NAMES[row.band]
            found[f"retention/{n}/{band}"] = row.retained
            found[f"floor/retention/{n}/{band}"] = row.floor
    return given(found)


def of_surprisals(sums: SurprisalSums, reference: Baseline | None) -> Figures:
    """Perplexity of all tokens, and of those whose id the baseline has never, once, ... ."""
    found = {"perplexity": sums.perplexity()}
    bands = reference.bands() if reference and given(found) else {}
    return given(
        found | {f"perplexity/{name}": sums.perplexity(ids) for name, ids in bands.items()}
    )


def given(found: dict[str, float | None]) -> Figures:
    """Those figures that can be given."""
    return {name: float(np.float64(value)) for name, value in found.items() if value is not None}
