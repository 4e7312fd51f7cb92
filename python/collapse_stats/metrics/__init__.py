"""Metrics: short formulas over spectra (one corpus), joint spectra (two), or tokens in order.

Plain functions from integers to a number, or to None where no honest number exists. Formulas,
units, ranges and caveats are in ``docs/metrics.md``.
"""

from .binomial import binomial_distinct, binomial_types_seen
from .conditional import SATURATION_LIMIT, conditional_entropy, saturation
from .coverage import coverage, missing_mass
from .divergence import hellinger, js_divergence, kl_divergence, total_variation
from .diversity import dis, distinct_ratio, expectation_adjusted_distinct, hapax
from .entropy import ESTIMATORS, entropy
from .extrapolation import (
    distinct_at_coverage,
    expected_coverage,
    expected_distinct,
    size_at_coverage,
)
from .good_turing import GoodTuring, good_turing, simple_good_turing
from .growth import GrowthPoint, growth_curve, heaps_exponent
from .hdd import document_hdd, hdd
from .hill import collision_entropy, hill, renyi_entropy, simpson
from .lexical import (
    corrected_ttr,
    dugast_u,
    herdan_c,
    honore_r,
    maas_a,
    root_ttr,
    sichel_s,
    summer_s,
    yule_k,
)
from .mandelbrot import ZipfMandelbrotFit, zipf_mandelbrot_fit
from .mattr import mattr
from .mtld import mtld
from .overlap import jaccard, novelty, overlap_coefficient, unseen_mass
from .rarefaction import rarefied_distinct, size_matched_distinct_ratio
from .repetition import (
    document_distinct_ratio,
    duplicate_documents,
    repetition,
    repetition_diversity,
)
from .retention import RetentionBand, retention
from .richness import CHAO1_VARIANTS, ace, chao1
from .sequence import SequenceTotals
from .smoothing import SMOOTHINGS
from .zipf import ZipfFit, zipf_fit

__all__ = [
    "CHAO1_VARIANTS",
    "ESTIMATORS",
    "SATURATION_LIMIT",
    "SMOOTHINGS",
    "GoodTuring",
    "GrowthPoint",
    "RetentionBand",
    "SequenceTotals",
    "ZipfFit",
    "ZipfMandelbrotFit",
    "ace",
    "binomial_distinct",
    "binomial_types_seen",
    "chao1",
    "collision_entropy",
    "conditional_entropy",
    "corrected_ttr",
    "coverage",
    "dis",
    "distinct_at_coverage",
    "distinct_ratio",
    "document_distinct_ratio",
    "document_hdd",
    "dugast_u",
    "duplicate_documents",
    "entropy",
    "expectation_adjusted_distinct",
    "expected_coverage",
    "expected_distinct",
    "good_turing",
    "growth_curve",
    "hapax",
    "hdd",
    "heaps_exponent",
    "hellinger",
    "herdan_c",
    "hill",
    "honore_r",
    "jaccard",
    "js_divergence",
    "kl_divergence",
    "maas_a",
    "mattr",
    "missing_mass",
    "mtld",
    "novelty",
    "overlap_coefficient",
    "rarefied_distinct",
    "renyi_entropy",
    "repetition",
    "repetition_diversity",
    "retention",
    "root_ttr",
    "saturation",
    "sichel_s",
    "simple_good_turing",
    "simpson",
    "size_at_coverage",
    "size_matched_distinct_ratio",
    "summer_s",
    "total_variation",
    "unseen_mass",
    "yule_k",
    "zipf_fit",
    "zipf_mandelbrot_fit",
]
