"""Metrics: short formulas over spectra (one corpus), joint spectra (two), or tokens in order.

Plain functions from integers to a number, or to None where no honest number exists. Formulas,
units, ranges and caveats are in ``docs/metrics.md``.
"""

from .one_corpus.binomial import binomial_distinct, binomial_types_seen
from .one_corpus.conditional import SATURATION_LIMIT, conditional_entropy, saturation
from .one_corpus.coverage import coverage, missing_mass
from .one_corpus.diversity import dis, distinct_ratio, expectation_adjusted_distinct, hapax
from .one_corpus.entropy import ESTIMATORS, entropy
from .one_corpus.extrapolation import (
    distinct_at_coverage,
    expected_coverage,
    expected_distinct,
    size_at_coverage,
)
from .one_corpus.good_turing import GoodTuring, good_turing, simple_good_turing
from .one_corpus.growth import GrowthPoint, growth_curve, heaps_exponent
from .one_corpus.hill import collision_entropy, hill, renyi_entropy, simpson
from .one_corpus.lexical import (
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
from .one_corpus.mandelbrot import ZipfMandelbrotFit, zipf_mandelbrot_fit
from .one_corpus.richness import CHAO1_VARIANTS, ace, chao1
from .one_corpus.zipf import ZipfFit, zipf_fit
from .token_order.hdd import document_hdd, hdd
from .token_order.mattr import mattr
from .token_order.mtld import mtld
from .token_order.repetition import (
    document_distinct_ratio,
    duplicate_documents,
    repetition,
    repetition_diversity,
)
from .token_order.sequence import SequenceTotals
from .two_corpora.divergence import hellinger, js_divergence, kl_divergence, total_variation
from .two_corpora.overlap import jaccard, novelty, overlap_coefficient, unseen_mass
from .two_corpora.rarefaction import rarefied_distinct, size_matched_distinct_ratio
from .two_corpora.retention import RetentionBand, retention
from .two_corpora.smoothing import SMOOTHINGS

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
