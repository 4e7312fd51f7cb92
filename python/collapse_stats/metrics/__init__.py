"""Metrics: short formulas over spectra (one corpus) and joint spectra (two).

Plain functions from integers to a number, or to None where no honest number exists. Formulas,
units, ranges and caveats are in ``docs/metrics.md``.
"""

from .divergence import (
    SMOOTHINGS,
    hellinger,
    js_divergence,
    kl_divergence,
    novelty,
    total_variation,
    unseen_mass,
)
from .diversity import collision_entropy, dis, distinct_ratio, hapax, hill
from .entropy import ESTIMATORS, SATURATION_LIMIT, conditional_entropy, entropy, saturation
from .rarefaction import rarefied_distinct, size_matched_distinct_ratio
from .tail import RetentionBand, chao1, coverage, missing_mass, retention

__all__ = [
    "ESTIMATORS",
    "SATURATION_LIMIT",
    "SMOOTHINGS",
    "RetentionBand",
    "chao1",
    "collision_entropy",
    "conditional_entropy",
    "coverage",
    "dis",
    "distinct_ratio",
    "entropy",
    "hapax",
    "hellinger",
    "hill",
    "js_divergence",
    "kl_divergence",
    "missing_mass",
    "novelty",
    "rarefied_distinct",
    "retention",
    "saturation",
    "size_matched_distinct_ratio",
    "total_variation",
    "unseen_mass",
]
