"""The figures of a monitor, by their keys: ``figure/order``, ``figure/order/band``."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..comparisons.comparison import Comparison
from ..corpus.sample import Sample
from ..metrics.figures import MONITORED_CORPUS_FIGURES, MONITORED_FLOORED_FIGURES
from ..ngrams.spectrum import JointSpectra
from ..system.suggestion import did_you_mean
from ..verdict.repetition import repeated_share
from . import groups
from .baseline import BAND_NAMES, NEVER, Baseline
from .surprisal import SurprisalSums
from .window import newest

Figures = dict[str, float]
FLOOR = "floor/"
REPETITION_TOKENS = 1 << 19  # in which repetition is looked for, which depends on no size
_DEFAULT = (
    "tokens",
    "documents",
    "entropy_bits/2",
    "distinct_ratio/3",
    "size_matched_distinct_ratio/3",
    "js_bits/2",
    "retention/1/seen-once",
    "novelty/2",
    "repetition",
    "copies",
    "perplexity",
    "perplexity/seen-5-8",
    "impossible_tokens",
    "group_distinct_ratio/3",
    "group_copies",
    "group_overlap",
    "group_effective",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What all figures are computed from.

    Attributes
    ----------
    vocab_size, joint_spectra, documents
        The number of different tokens there may be, spectra of all tokens that the figures cover,
        and the number of their documents.
    sample
        The newest documents, the oldest first, in which repetition and copies are looked for.
    comparison
        Compares the newest documents with the baseline; None if there are too few, or no baseline.
    group_figures
        The figures of groups, by their keys.
    """

    vocab_size: int
    joint_spectra: JointSpectra
    documents: int
    sample: Sample
    comparison: Comparison | None
    surprisals: SurprisalSums
    baseline: Baseline | None
    group_figures: Mapping[str, float]


def names(max_order: int, *, baseline: bool) -> tuple[str, ...]:
    """Return every key that a monitor can give, in order."""
    orders = range(1, max_order + 1)
    keys = ["tokens", "documents", "repetition", "copies", "perplexity", "impossible_tokens"]
    keys += [f"{f.key}/{n}" for f in MONITORED_CORPUS_FIGURES.values() for n in orders]
    if baseline:
        keys += [f"{FLOOR}repetition", f"{FLOOR}copies"]
        keys += ["compared_tokens", *(f"size_matched_distinct_ratio/{n}" for n in orders)]
        floored = [f"{f.key}/{n}" for f in MONITORED_FLOORED_FIGURES.values() for n in orders]
        floored += [f"retention/{n}/{band}" for n in orders for band in BAND_NAMES.values()]
        keys += [key for name in floored for key in (name, FLOOR + name)]
        by_band = [f"perplexity/{band}" for band in (NEVER, *BAND_NAMES.values())]
        keys += [*by_band, *(FLOOR + key for key in ("perplexity", *by_band))]
    return (*keys, *groups.names(max_order))


def chosen(figures: str | Iterable[str], max_order: int, *, baseline: bool) -> tuple[str, ...]:
    """Return the keys that a user has chosen, in order.

    Parameters
    ----------
    figures
        ``"default"``, ``"all"``, or keys.

    Raises
    ------
    ValueError
        when there is no such key, or it needs a baseline.
    """
    possible = names(max_order, baseline=baseline)
    if figures == "all":
        return possible
    if figures == "default":
        wanted = {_of_order(key, max_order) for key in _DEFAULT}
        return tuple(key for key in possible if key in wanted)
    if isinstance(figures, str):
        raise ValueError(
            f"figures must be 'default', 'all', or a list of keys, got {figures!r}: give "
            f"[{figures!r}] for a single key"
        )
    keys = tuple(dict.fromkeys(figures))
    for key in keys:
        if key in possible:
            continue
        if key in names(max_order, baseline=True):
            raise ValueError(f"the figure {key!r} needs a baseline: give the monitor one")
        raise ValueError(
            f"figures must be keys of a monitor of orders 1 to {max_order}, got {key!r}"
            f"{did_you_mean(str(key), possible)}: monitor.names of a monitor with figures='all' "
            "lists them"
        )
    return keys


def floors_of(keys: Iterable[str], max_order: int, *, baseline: bool) -> tuple[str, ...]:
    """Return the keys of the floors of figures, in order."""
    floors = {FLOOR + key for key in keys}
    return tuple(key for key in names(max_order, baseline=baseline) if key in floors)


def _of_order(key: str, max_order: int) -> str:
    """Return a key with the order cut to the longest that is counted."""
    return "/".join(
        str(min(int(part), max_order)) if part.isdigit() else part for part in key.split("/")
    )


def computed(measured: Measured, wanted: Collection[str]) -> Figures:
    """Return the `wanted` figures that can be given."""
    (joint,) = measured.joint_spectra.ngrams[1].values()
    values: dict[str, float | None] = {
        "tokens": joint.total.occurrences,
        "documents": measured.documents,
        **_of_window(measured.joint_spectra, wanted),
        **_of_sample(measured, wanted),
        **_of_comparison(measured.comparison, wanted),
        **_of_surprisals(measured.surprisals, measured.baseline, wanted),
        **measured.group_figures,
    }
    return {
        key: float(np.float64(value)) for key in wanted if (value := values.get(key)) is not None
    }


def _of_window(joint_spectra: JointSpectra, wanted: Collection[str]) -> dict[str, float | None]:
    """Return figures of the tokens themselves."""
    values: dict[str, float | None] = {}
    for n, pairs in joint_spectra.ngrams.items():
        (ngrams,), (contexts,) = pairs.values(), joint_spectra.contexts[n].values()
        spectra = ngrams.total, contexts.total
        for figure in MONITORED_CORPUS_FIGURES.values():
            if f"{figure.key}/{n}" in wanted:
                values[f"{figure.key}/{n}"] = figure.value(*spectra)
    return values


def _of_sample(measured: Measured, wanted: Collection[str]) -> dict[str, float | None]:
    """Return how documents repeat themselves and each other."""
    values: dict[str, float | None] = {}
    if not measured.sample.filled:
        return values
    if "repetition" in wanted:
        sample = newest(measured.sample, REPETITION_TOKENS)
        values["repetition"] = repeated_share(sample, measured.vocab_size)
    if "copies" in wanted:
        values["copies"] = measured.sample.duplicates
    if measured.comparison is not None and measured.baseline is not None:
        if f"{FLOOR}repetition" in wanted:
            values[f"{FLOOR}repetition"] = measured.baseline.repetition
        if f"{FLOOR}copies" in wanted:
            values[f"{FLOOR}copies"] = measured.comparison.baseline.sample.duplicates
    return values


def _of_comparison(
    comparison: Comparison | None, wanted: Collection[str]
) -> dict[str, float | None]:
    """Return figures against the baseline, each with its floor."""
    if comparison is None:
        return {}
    values: dict[str, float | None] = {"compared_tokens": comparison.candidate.tokens}
    for n in range(1, comparison.baseline.max_order + 1):
        for name, figure in MONITORED_FLOORED_FIGURES.items():
            key = f"{figure.key}/{n}"
            if key in wanted:
                values[key] = comparison.figure(name, n)
            if FLOOR + key in wanted:
                values[FLOOR + key] = comparison.floor(name, n)
        key = f"size_matched_distinct_ratio/{n}"
        if key in wanted:
            values[key] = comparison.size_matched_distinct_ratio(n)
        if any(f"retention/{n}/" in key for key in wanted):
            for row in comparison.retention(n):
                key = f"retention/{n}/{BAND_NAMES[row.band]}"
                values |= {key: row.retained, FLOOR + key: row.floor}
    return values


def _of_surprisals(
    sums: SurprisalSums, baseline: Baseline | None, wanted: Collection[str]
) -> dict[str, float | None]:
    """Return the perplexity of all tokens, and by how often the baseline has their ids.

    The floors are those of the baseline's own tokens, if the model has scored them.
    """
    values: dict[str, float | None] = {
        "perplexity": sums.perplexity(),
        "impossible_tokens": sums.impossible,
    }
    if baseline is not None and sums.impossible is not None:
        for name, ids in baseline.bands().items():
            if f"perplexity/{name}" in wanted:
                values[f"perplexity/{name}"] = sums.perplexity(ids)
    scored = None if baseline is None else baseline.surprisals
    if scored is not None:
        values[f"{FLOOR}perplexity"] = scored.perplexity()
        for number, name in enumerate((NEVER, *BAND_NAMES.values())):
            band = np.arange(scored.sums.shape[1]) == number
            values[f"{FLOOR}perplexity/{name}"] = scored.perplexity(band)
    return values
