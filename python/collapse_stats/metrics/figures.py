"""The registry of figures: what reports, errors, limits and the monitor give, and under which keys.

To add a figure, write its formula in one of the modules imported below and an entry here, run
``python tools/report_schema.py``, and add a test and a row in ``docs/metrics.md``. To give a figure
in the monitor, set its entry's `monitored`.
"""

from collections.abc import Iterable
from functools import partial
from typing import TypeVar

import numpy as np

from .kinds import ComparisonFigure, CorpusFigure, Figure
from .numeric.special_functions import FloatArray
from .one_corpus.conditional import conditional_entropy, saturation
from .one_corpus.coverage import coverage, missing_mass
from .one_corpus.diversity import dis, distinct_ratio, hapax
from .one_corpus.entropy import ESTIMATORS, entropy
from .one_corpus.growth import heaps_exponent
from .one_corpus.hill import collision_entropy, hill
from .one_corpus.lexical import honore_r, sichel_s, yule_k
from .one_corpus.richness import ace, chao1
from .two_corpora.divergence import hellingers, js_divergences, kl_divergences, total_variations
from .two_corpora.joint_rows import JointRows
from .two_corpora.overlap import novelties, unseen_masses
from .two_corpora.rarefaction import size_matched_distinct_ratios


def _retained_singletons(rows: JointRows, *, backward: bool = False) -> FloatArray:
    baseline, candidate = (rows.b, rows.a) if backward else (rows.a, rows.b)
    once = baseline == 1
    types, retained = rows.types_in(once), rows.types_in(once & (candidate > 0))
    return np.where(types > 0, retained / np.maximum(types, 1), np.nan)


_CORPUS_FIGURES = (
    CorpusFigure(
        name="windows",
        formula=lambda ngrams: ngrams.occurrences,
        unit="count",
        description="n-gram occurrences.",
    ),
    CorpusFigure(
        name="distinct",
        formula=lambda ngrams: ngrams.distinct,
        unit="count",
        description="Distinct n-grams.",
    ),
    CorpusFigure(
        name="hapax", formula=hapax, unit="count", description="Distinct n-grams seen once."
    ),
    CorpusFigure(name="dis", formula=dis, unit="count", description="Distinct n-grams seen twice."),
    CorpusFigure(
        name="distinct_ratio",
        formula=distinct_ratio,
        unit="share",
        description="distinct / windows.",
        error="sample",
        monitored=True,
    ),
    CorpusFigure(
        name="saturation",
        formula=saturation,
        sampled_by="buckets",
        unit="share",
        description="Plug-in entropy over log2 of the windows.",
    ),
    CorpusFigure(
        name="coverage",
        formula=coverage,
        unit="share",
        description="Total probability, in the source, of the n-grams that were seen.",
        error="sample",
        monitored=True,
    ),
    CorpusFigure(
        name="missing_mass",
        formula=missing_mass,
        unit="share",
        description="Good-Turing estimate of the probability of all n-grams that were not seen.",
    ),
    CorpusFigure(
        name="chao1",
        formula=chao1,
        unit="types",
        description="Lower bound of the number of n-grams that the source has (Chao1).",
    ),
    CorpusFigure(
        name="ace",
        formula=ace,
        unit="types",
        description="As chao1, from the coverage of the rare n-grams (ACE).",
    ),
    CorpusFigure(
        name="hill_2",
        formula=hill,
        sampled_by="pairs",
        unit="types",
        description="Effective number of n-grams (Hill number of order 2).",
    ),
    CorpusFigure(
        name="collision_entropy",
        formula=collision_entropy,
        sampled_by="pairs",
        unit="bits",
        description="Collision entropy (Rényi entropy of order 2).",
        error="corpus",
        monitored=True,
        worse="down",
    ),
    CorpusFigure(
        name="heaps_exponent",
        formula=heaps_exponent,
        unit="share",
        description="Growth exponent of the distinct n-grams: hapax / distinct.",
        error="sample",
    ),
    CorpusFigure(
        name="yule_k",
        formula=yule_k,
        sampled_by="pairs",
        unit="number",
        maximum=10000,
        description="Yule's K, the rate of repetition.",
        error="corpus",
        worse="up",
    ),
    CorpusFigure(name="honore_r", formula=honore_r, unit="number", description="Honoré's R."),
    CorpusFigure(
        name="sichel_s", formula=sichel_s, unit="share", description="Sichel's S: dis / distinct."
    ),
    CorpusFigure(
        name="entropy",
        formula=entropy,
        sampled_by="buckets",
        unit="bits",
        description="Shannon entropy, by estimator.",
        error="corpus",
        monitored=True,
        estimators=ESTIMATORS,
        worse="down",
    ),
    CorpusFigure(
        name="conditional_entropy",
        formula=conditional_entropy,
        sampled_by="buckets",
        unit="bits",
        description="Entropy of an n-gram's last token given those before it, plug-in.",
        error="corpus",
        monitored=True,
        needs_contexts=True,
        worse="down",
    ),
)

_COMPARISON_FIGURES = (
    ComparisonFigure(
        name="kl",
        formula=kl_divergences,
        unit="bits",
        description="KL(baseline || candidate).",
        mirrored="reverse_kl",
        monitored=True,
        worse="up",
    ),
    ComparisonFigure(
        name="reverse_kl",
        formula=partial(kl_divergences, reverse=True),
        unit="bits",
        description="KL(candidate || baseline).",
        mirrored="kl",
        monitored=True,
        worse="up",
    ),
    ComparisonFigure(
        name="js",
        formula=js_divergences,
        unit="bits",
        maximum=1,
        description="Jensen-Shannon divergence.",
        monitored=True,
        worse="up",
    ),
    ComparisonFigure(
        name="total_variation",
        formula=total_variations,
        unit="share",
        description="Total variation distance.",
        monitored=True,
        worse="up",
    ),
    ComparisonFigure(
        name="hellinger",
        formula=hellingers,
        unit="share",
        description="Hellinger distance.",
        worse="up",
    ),
    ComparisonFigure(
        name="unseen_mass",
        formula=unseen_masses,
        unit="share",
        description="Share of the baseline's occurrences whose n-gram the candidate lacks.",
        mirrored="novelty",
        monitored=True,
        worse="up",
    ),
    ComparisonFigure(
        name="novelty",
        formula=novelties,
        unit="share",
        description="Share of the candidate's occurrences whose n-gram the baseline lacks.",
        mirrored="unseen_mass",
        monitored=True,
        worse="down",
    ),
    ComparisonFigure(
        name="size_matched_distinct_ratio",
        formula=size_matched_distinct_ratios,
        unit="number",
        description="Distinct n-grams of the candidate over the baseline's at equal size.",
        reciprocal=True,
        has_floor=False,
        monitored=True,
        worse="down",
    ),
    ComparisonFigure(
        name="retained",
        formula=_retained_singletons,
        unit="share",
        description="Share of the n-grams seen once in half of the baseline that are still there.",
        mirrored="retained_backward",
        has_floor=False,
        worse="down",
    ),
)

RETAINED_BACKWARD = ComparisonFigure(
    name="retained_backward",
    formula=partial(_retained_singletons, backward=True),
    unit="share",
    description="`retained` with baseline and candidate exchanged; only its mirror is reported.",
    mirrored="retained",
    has_floor=False,
)

F = TypeVar("F", bound=Figure)


def _by_name(figures: Iterable[F], first: tuple[str, ...] = ()) -> dict[str, F]:
    """Figures by name, those named in `first` in front of the others."""
    named = {figure.name: figure for figure in figures}
    return {name: named[name] for name in first} | named


CORPUS_FIGURES = _by_name(_CORPUS_FIGURES)
"""Every figure of one corpus, in the order of reports."""
CORPUS_FIGURES_WITH_ERRORS = _by_name(
    (figure for figure in _CORPUS_FIGURES if figure.error),
    first=("entropy", "conditional_entropy", "collision_entropy", "yule_k"),
)
"""Those that `Profile.interval` takes, in the order of reports."""
MONITORED_CORPUS_FIGURES = _by_name(
    (figure for figure in _CORPUS_FIGURES if figure.monitored),
    first=("entropy", "collision_entropy"),
)
"""Those that the monitor gives, in its order."""

COMPARISON_FIGURES = _by_name(_COMPARISON_FIGURES)
"""Every figure of two corpora, in the order of reports: each has a standard error."""
FLOORED_FIGURES = _by_name(figure for figure in _COMPARISON_FIGURES if figure.has_floor)
"""Those that `Comparison.figure` and `Comparison.floor` take."""
MONITORED_FLOORED_FIGURES = _by_name(f for f in FLOORED_FIGURES.values() if f.monitored)
"""Those that the monitor gives with their floors, in its order."""

SERIES_FIGURES: dict[str, Figure] = {
    figure.name: figure for figure in (*_COMPARISON_FIGURES, *_CORPUS_FIGURES) if figure.worse
}
"""Those that are followed over the steps of a run, each with the direction in which it is worse."""


def look_up(name: str, figures: dict[str, F]) -> F:
    """Return the figure of this name; raise ValueError when there is none."""
    if name not in figures:
        raise ValueError(f"figure must be one of {', '.join(figures)}, got {name!r}")
    return figures[name]
