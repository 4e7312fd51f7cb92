"""Every metric of degenerate samples and of huge counts is a finite number or None."""

import importlib
import math
import pkgutil
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import JointSpectrum, Spectrum

Figure = Callable[[Spectrum], object]

SINGLE: dict[str, Figure] = {
    **{name: partial(metrics.entropy, estimator=name) for name in metrics.ESTIMATORS},
    **{name: partial(metrics.chao1, variant=name) for name in metrics.CHAO1_VARIANTS},
    **{
        name: getattr(metrics, name)
        for name in (
            "saturation distinct_ratio hapax dis hill renyi_entropy collision_entropy simpson "
            "missing_mass coverage ace root_ttr corrected_ttr herdan_c summer_s maas_a dugast_u "
            "yule_k honore_r sichel_s heaps_exponent hdd"
        ).split()
    },
    "hill 0": partial(metrics.hill, q=0, estimator="plugin"),
    "hill 1": partial(metrics.hill, q=1, estimator="plugin"),
    "hill inf": partial(metrics.hill, q=math.inf, estimator="plugin"),
    "hill 30": partial(metrics.hill, q=30),
    "ead": lambda s: metrics.expectation_adjusted_distinct(s, 2 * s.distinct + 1),
    "twice the size": lambda s: metrics.expected_distinct(s, 2 * s.occurrences),
    "half the size": lambda s: metrics.expected_distinct(s, s.occurrences // 2),
    "coverage of twice": lambda s: metrics.expected_coverage(s, 2 * s.occurrences),
    "coverage of half": lambda s: metrics.expected_coverage(s, s.occurrences // 2),
    "size at coverage": lambda s: metrics.size_at_coverage(s, 0.9),
    "distinct at coverage": lambda s: metrics.distinct_at_coverage(s, 0.9),
    "binomial": lambda s: metrics.binomial_distinct(s, s.occurrences // 2),
    "kneser-ney": lambda s: (metrics.kneser_ney_discounts(s) or (None,))[-1],
    "binomial f2": lambda s: metrics.binomial_types_seen(s, s.occurrences // 2, 2),
}
STRUCTURED: list[Figure] = [
    metrics.good_turing,
    metrics.simple_good_turing,
    metrics.zipf_fit,
    partial(metrics.zipf_fit, c_min=1),
    metrics.zipf_mandelbrot_fit,
]
SPECTRA = {
    "empty": {},
    "one token": {1: 1},
    "one type twice": {2: 1},
    "one type": {10**9: 1},
    "two singletons": {1: 2},
    "all singletons": {1: 1000},
    "very many singletons": {1: 10**12},
    "one count": {7: 300},
    "one large count": {10**9: 1000},
    "a hapax": {1: 1, 10**12 - 1: 1},
    "a dis": {2: 1, 10**12 - 2: 1},
    "hapax and dis": {1: 5, 2: 3},
    "no dis": {1: 5, 3: 1},
    "text": {1: 4 * 10**8, 2: 10**8, 3: 5 * 10**7, 5: 10**7, 10**9: 800, 10**11: 1},
}


def spectrum_of(name: str) -> Spectrum:
    rows = SPECTRA[name]
    return Spectrum.from_pairs(
        np.array(list(rows), dtype=np.uint64), np.array(list(rows.values()), dtype=np.uint64)
    )


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("figure", SINGLE)
def test_a_figure_is_a_finite_number_or_none(figure: str, spectrum: str) -> None:
    with np.errstate(over="raise", invalid="raise"):
        value = SINGLE[figure](spectrum_of(spectrum))
    assert value is None or type(value) in (int, float)
    assert value is None or math.isfinite(value)
    assert value is None or value >= 0 or figure == "summer_s"


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_fits_are_finite_or_none(spectrum: str) -> None:
    for figure in STRUCTURED:
        with np.errstate(over="raise", invalid="raise"):
            fit = figure(spectrum_of(spectrum))
        if fit is None:
            continue
        for name in fit.__slots__:
            value = getattr(fit, name)
            assert value is None or np.isfinite(np.asarray(value, dtype=float)).all(), name


@pytest.mark.parametrize("name", SPECTRA)
def test_growth_curves_rise(name: str) -> None:
    spectrum = spectrum_of(name)
    curve = metrics.growth_curve(spectrum)
    assert [point.occurrences for point in curve[-1:]] == [spectrum.occurrences][: len(curve)]
    distinct = [point.distinct for point in curve]
    assert distinct == sorted(distinct)
    assert not curve or distinct[-1] == spectrum.distinct


@pytest.mark.parametrize("first", SPECTRA)
@pytest.mark.parametrize("second", ["empty", "one token", "one large count", "text"])
@pytest.mark.parametrize("shared", [False, True])
def test_comparisons_are_finite_or_none(first: str, second: str, shared: bool) -> None:
    a, b = spectrum_of(first), spectrum_of(second)
    none = np.zeros_like
    joint = JointSpectrum.from_rows(
        np.concatenate([a.count, none(b.count)]),
        np.concatenate([none(a.count), b.count]),
        np.concatenate([a.types, b.types]),
    )
    if shared:
        joint = joint + JointSpectrum.from_rows([3], [10**9], [1])
    figures = [partial(metrics.kl_divergence, smoothing=name) for name in metrics.SMOOTHINGS]
    names = (
        "js_divergence total_variation hellinger unseen_mass novelty jaccard overlap_coefficient"
    )
    for figure in [*figures, *(getattr(metrics, name) for name in names.split())]:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            value = figure(joint)
        if not shared and "empty" in (first, second):
            assert value is None
        else:
            assert value is not None
            assert 0 <= value < math.inf
    for row in metrics.retention(joint):
        for value in (row.retained, row.mass_ratio, row.survival_ratio):
            assert value is None or 0 <= value < math.inf


def test_every_formula_module_is_exported() -> None:
    """A new module in one of these folders needs a line in ``metrics/__init__.py``."""
    exported = []
    for folder in ("one_corpus", "two_corpora", "token_order", "series"):
        package = importlib.import_module(f"collapse_stats.metrics.{folder}")
        for entry in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{entry.name}")
            exported += getattr(module, "__all__", [])
    assert sorted(exported) == metrics.__all__
