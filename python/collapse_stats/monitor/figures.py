"""The figures of a monitor, by their keys: ``figure/order``, ``figure/order/band``."""

import numpy as np

from ..comparisons.comparison import Comparison
from ..metrics.figures import MONITORED_CORPUS_FIGURES, MONITORED_FLOORED_FIGURES
from ..ngrams.spectrum import JointSpectra
from .baseline import BAND_NAMES, NEVER, Baseline
from .surprisal import SurprisalSums

Figures = dict[str, float]


def names(max_order: int, *, baseline: bool) -> tuple[str, ...]:
    """Return every key that a monitor can give, in order."""
    orders = range(1, max_order + 1)
    keys = ["tokens", "documents", "perplexity"]
    keys += [f"{f.key}/{n}" for f in MONITORED_CORPUS_FIGURES.values() for n in orders]
    if baseline:
        keys += ["compared_tokens", *(f"size_matched_distinct_ratio/{n}" for n in orders)]
        floored = [f"{f.key}/{n}" for f in MONITORED_FLOORED_FIGURES.values() for n in orders]
        floored += [f"retention/{n}/{band}" for n in orders for band in BAND_NAMES.values()]
        keys += [key for name in floored for key in (name, f"floor/{name}")]
        keys += [f"perplexity/{band}" for band in (NEVER, *BAND_NAMES.values())]
    return tuple(keys)


def all_of(
    joint_spectra: JointSpectra,
    documents: int,
    comparison: Comparison | None,
    surprisals: SurprisalSums,
    baseline: Baseline | None,
) -> Figures:
    """Return every figure that can be given."""
    (joint,) = joint_spectra.ngrams[1].values()
    figures = {"tokens": float(joint.total.occurrences), "documents": float(documents)}
    figures |= of_window(joint_spectra)
    if comparison is not None:
        figures |= of_comparison(comparison)
    return figures | of_surprisals(surprisals, baseline)


def of_window(joint_spectra: JointSpectra) -> Figures:
    """Return the figures of the newest tokens themselves."""
    values: dict[str, float | None] = {}
    for n, pairs in joint_spectra.ngrams.items():
        (ngrams,), (contexts,) = pairs.values(), joint_spectra.contexts[n].values()
        spectra = ngrams.total, contexts.total
        for figure in MONITORED_CORPUS_FIGURES.values():
            values[f"{figure.key}/{n}"] = figure.value(*spectra)
    return given(values)


def of_comparison(comparison: Comparison) -> Figures:
    """Return the figures against the baseline, each with its floor."""
    values: dict[str, float | None] = {"compared_tokens": comparison.candidate.tokens}
    for n in range(1, comparison.baseline.max_order + 1):
        for name, figure in MONITORED_FLOORED_FIGURES.items():
            values[f"{figure.key}/{n}"] = comparison.figure(name, n)
            values[f"floor/{figure.key}/{n}"] = comparison.floor(name, n)
        values[f"size_matched_distinct_ratio/{n}"] = comparison.size_matched_distinct_ratio(n)
        for row in comparison.retention(n):
            band = BAND_NAMES[row.band]
            values[f"retention/{n}/{band}"] = row.retained
            values[f"floor/retention/{n}/{band}"] = row.floor
    return given(values)


def of_surprisals(sums: SurprisalSums, baseline: Baseline | None) -> Figures:
    """Return the perplexity of all tokens, and by how often the baseline has their ids."""
    values = {"perplexity": sums.perplexity()}
    bands = baseline.bands() if baseline and given(values) else {}
    return given(
        values | {f"perplexity/{name}": sums.perplexity(ids) for name, ids in bands.items()}
    )


def given(values: dict[str, float | None]) -> Figures:
    """Return the figures that are not None."""
    return {name: float(np.float64(value)) for name, value in values.items() if value is not None}
