"""The report object ``collapse-stats.report/1``: every figure of profiles and comparisons.

A figure that cannot be given is None, and a warning of the same corpus or comparison says why.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from importlib import resources
from typing import Any

from .. import metrics
from ..comparisons.cautions import cautions, listed
from ..comparisons.comparison import Comparison
from ..ngrams.spectrum import Spectrum
from ..profiles.profile import Profile
from ..uncertainty import jackknife
from ..uncertainty.halves import FIGURES
from ..uncertainty.jackknife import Interval
from ..uncertainty.matched_samples import NAMES
from ..version import __version__
from .sample_figures import sample_figures
from .verdict_figures import sides, verdict_figures

SCHEMA = "collapse-stats.report/1"
FORMATS = ("table", "json", "csv", "markdown")
SMOOTHING = "absolute-discount"
NOT_GIVEN = "null at order"
"""In warnings about figures that no table shows."""

Json = dict[str, Any]
IntervalOf = Callable[[str, int], Interval | None]
SPECTRUM_FIGURES: dict[str, Callable[[Spectrum], float | None]] = {
    "windows": lambda spectrum: spectrum.occurrences,
    "distinct": lambda spectrum: spectrum.distinct,
    "hapax": metrics.hapax,
    "dis": metrics.dis,
    "distinct_ratio": metrics.distinct_ratio,
    "saturation": metrics.saturation,
    "coverage": metrics.coverage,
    "missing_mass": metrics.missing_mass,
    "chao1": metrics.chao1,
    "ace": metrics.ace,
    "hill_2": metrics.hill,
    "collision_entropy_bits": metrics.collision_entropy,
    "heaps_exponent": metrics.heaps_exponent,
    "yule_k": metrics.yule_k,
    "honore_r": metrics.honore_r,
    "sichel_s": metrics.sichel_s,
}
_IN_BITS = ("kl", "reverse_kl", "js", "entropy", "conditional_entropy", "collision_entropy")


def _keys(names: Iterable[str]) -> dict[str, str]:
    return {name: f"{name}_bits" if name in _IN_BITS else name for name in names}


COMPARISON_FIGURES = _keys(FIGURES)
"""Key in the report of each figure of `Comparison.figure`."""
CORPUS_INTERVALS, COMPARISON_INTERVALS = _keys(jackknife.FIGURES), _keys(NAMES)


def schema() -> Json:
    """The JSON Schema of a report."""
    text = resources.files(__package__).joinpath("report.schema.json").read_text("utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def make_report(
    profiles: Iterable[Profile], comparisons: Sequence[Comparison] = (), *, backend: str
) -> Json:
    """Report of some corpora and of comparisons between them.

    Without comparisons it also has the figures that read the tokens of the samples in order.
    """
    return {
        "schema": SCHEMA,
        "tool": {"name": "collapse-stats", "version": __version__},
        "backend": backend,
        "corpora": [
            corpus_figures(profile, _interval_of(profile, comparisons), in_order=not comparisons)
            for profile in profiles
        ],
        "comparisons": [comparison_figures(comparison) for comparison in comparisons],
    }


def _interval_of(profile: Profile, comparisons: Sequence[Comparison]) -> IntervalOf:
    """Intervals of a corpus: those of a comparison that has it, for they are counted there."""
    for comparison in comparisons:
        if profile in (comparison.baseline, comparison.candidate):
            return partial(comparison.side_interval, profile)
    return profile.interval


def corpus_figures(profile: Profile, interval: IntervalOf, *, in_order: bool = True) -> Json:
    """Every figure of one corpus; those of token order only if `in_order`."""
    orders = {n: _order_figures(profile, n, interval) for n in range(1, profile.max_order + 1)}
    return {
        "name": profile.name,
        "tokens": profile.tokens,
        "documents": profile.documents,
        "vocab_size": profile.vocab_size,
        "tokenizer": {"spec": profile.tokenizer.spec, "sha256": profile.tokenizer.sha256},
        "orders": {str(n): figures for n, figures in orders.items()},
        "sample": sample_figures(profile, in_order=in_order),
        "unreadable": [
            {"path": source.path, "error": source.error}
            for source in profile.sources
            if source.error is not None
        ],
        "warnings": [*profile.warnings, *cautions(profile), *_why_not_given(orders)],
    }


def comparison_figures(comparison: Comparison) -> Json:
    """Every figure of a candidate against a baseline, each beside its floor."""
    orders = range(1, comparison.baseline.max_order + 1)
    figures = {n: _compared_order(comparison, n) for n in orders}
    warnings = list(comparison.warnings)
    if comparison.measured_tokens and comparison.baseline.tokens and comparison.candidate.tokens:
        missing = [n for n in orders if figures[n]["kl_bits"] is None]
        if missing:
            warnings.append(
                f"no divergences at order {listed(missing)}: a side, or a half of one, has no "
                "n-grams that long"
            )
    retention = [row for n in orders for row in _retention(comparison, n)]
    bare = sorted({row["order"] for row in retention if None in (row["retained"], row["floor"])})
    if bare and figures[1]["floor"]["kl_bits"] is not None:
        warnings.append(
            "a half of the baseline has no n-gram in a band, so retained or its floor is "
            f"{NOT_GIVEN} {listed(bare)}"
        )
    return {
        "baseline": comparison.baseline.name,
        "candidate": comparison.candidate.name,
        "orders": {str(n): figures[n] for n in orders},
        "retention": retention,
        "measured": _measured(comparison),
        **verdict_figures(comparison.judgement),
        "warnings": warnings,
    }


def _order_figures(profile: Profile, order: int, interval: IntervalOf) -> Json:
    spectrum = profile.spectrum(order)
    figures: Json = {name: figure(spectrum) for name, figure in SPECTRUM_FIGURES.items()}
    figures["entropy_bits"] = {
        name: metrics.entropy(spectrum, estimator=name) for name in metrics.ESTIMATORS
    }
    figures["conditional_entropy_bits"] = metrics.conditional_entropy(
        spectrum, profile.contexts(order)
    )
    figures["intervals"] = {
        key: _interval(interval(name, order)) for name, key in CORPUS_INTERVALS.items()
    }
    return figures


def _compared_order(comparison: Comparison, order: int) -> Json:
    figures: Json = {
        key: comparison.figure(name, order) for name, key in COMPARISON_FIGURES.items()
    }
    figures["size_matched_distinct_ratio"] = comparison.size_matched_distinct_ratio(order)
    figures["floor"] = {
        key: comparison.floor(name, order) for name, key in COMPARISON_FIGURES.items()
    }
    figures["smoothing"] = SMOOTHING
    figures["intervals"] = {
        key: _compared_interval(comparison, name, order)
        for name, key in COMPARISON_INTERVALS.items()
    }
    return figures


def _interval(found: Interval | None) -> Json | None:
    return None if found is None else asdict(found)


def _compared_interval(comparison: Comparison, name: str, order: int) -> Json | None:
    own, over = comparison.interval(name, order), comparison.excess(name, order)
    if own is None:
        return None
    excess, error = (None, None) if over is None else (over.value, over.error)
    return {**asdict(own), "excess": excess, "excess_error": error}


def _measured(comparison: Comparison) -> Json:
    """What divergences and retention are taken from."""
    text = None if comparison.measured_tokens is None else "corpora"
    documents = (comparison.baseline.documents, comparison.candidate.documents)
    if comparison.by_samples is not None:
        text, documents = "samples", comparison.by_samples.documents
    return {
        "text": text,
        "tokens": sides(comparison.measured_tokens),
        "documents": sides(documents if text else None),
    }


def _retention(comparison: Comparison, order: int) -> list[Json]:
    return [
        {
            "order": order,
            "band": row.band,
            "types": row.types,
            "retained": row.retained,
            "floor": row.floor,
        }
        for row in comparison.retention(order)
        if row.types
    ]


def _why_not_given(orders: dict[int, Json]) -> list[str]:
    empty = [n for n, figures in orders.items() if not figures["windows"]]
    filled = {n: figures for n, figures in orders.items() if n not in empty}
    reasons = {
        f"no document is that long, so every figure is {NOT_GIVEN}": empty,
        "nearly every n-gram is new (saturation above "
        f"{metrics.SATURATION_LIMIT}), so conditional_entropy_bits is {NOT_GIVEN}": [
            n for n, figures in filled.items() if figures["conditional_entropy_bits"] is None
        ],
        "no n-gram was seen twice, so hill_2, collision_entropy_bits and honore_r are "
        f"{NOT_GIVEN}": [n for n, figures in filled.items() if figures["hill_2"] is None],
        f"all rare n-grams were seen just once, so ace is {NOT_GIVEN}": [
            n for n, figures in filled.items() if figures["ace"] is None
        ],
    }
    return [f"{why} {listed(which)}" for why, which in reasons.items() if which]
