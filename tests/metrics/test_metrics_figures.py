"""The registry: what its entries say of a figure is true of its formula."""

import numpy as np
import pytest

from collapse_stats import JointSpectrum, Spectrum
from collapse_stats.metrics.figures import (
    COMPARISON_FIGURES,
    CORPUS_FIGURES,
    CORPUS_FIGURES_WITH_ERRORS,
    RETAINED_BACKWARD,
    look_up,
)
from collapse_stats.metrics.kinds import ComparisonFigure, Figure
from collapse_stats.monitor.figures import names
from collapse_stats.monitor.groups import names as names_of_groups

WITH_MIRRORS = COMPARISON_FIGURES | {RETAINED_BACKWARD.name: RETAINED_BACKWARD}


def joint() -> JointSpectrum:
    rng = np.random.default_rng(0)
    return JointSpectrum.from_counts(rng.poisson(2, 300), rng.poisson(1, 300))


@pytest.mark.parametrize("figure", WITH_MIRRORS.values(), ids=WITH_MIRRORS)
def test_a_mirrored_figure_is_that_of_exchanged_sides(figure: ComparisonFigure) -> None:
    mirror = WITH_MIRRORS[figure.mirrored or figure.name]
    assert WITH_MIRRORS[mirror.mirrored or mirror.name] is figure
    value, mirrored = figure.value(joint()), mirror.value(joint().swapped)
    assert value == pytest.approx(1 / mirrored if figure.reciprocal else mirrored, rel=1e-12)


@pytest.mark.parametrize(
    "figure", [*CORPUS_FIGURES.values(), *COMPARISON_FIGURES.values()], ids=lambda f: f.name
)
def test_values_have_the_range_of_their_unit(figure: Figure) -> None:
    if isinstance(figure, ComparisonFigure):
        value = figure.value(joint())
    else:
        ngrams = joint().first
        half = ngrams.occurrences // 2
        value = figure.value(ngrams, Spectrum.from_counts([half, ngrams.occurrences - half]))
    assert value is not None
    assert value >= 0
    most = 1 if figure.unit == "share" else figure.maximum
    assert most is None or value <= most
    assert isinstance(value, int) == (figure.unit == "count")
    assert figure.key == figure.name + "_bits" * (figure.unit == "bits")
    assert figure.description.endswith(".")


def test_keys_are_unique() -> None:
    for figures in (CORPUS_FIGURES, COMPARISON_FIGURES):
        assert len({figure.key for figure in figures.values()}) == len(figures)
        assert all(figure.name == name for name, figure in figures.items())


def test_the_monitor_gives_the_monitored_figures() -> None:
    keys = {*names(2, baseline=True)} - {*names_of_groups(2)}
    given = {name.split("/")[0] for name in keys}
    own = {"tokens", "documents", "compared_tokens", "perplexity", "retention", "floor"}
    own |= {"impossible_tokens", "repetition", "copies"}
    figures = [*CORPUS_FIGURES.values(), *COMPARISON_FIGURES.values()]
    assert given - own == {figure.key for figure in figures if figure.monitored}


def test_a_name_that_is_not_registered_is_refused_with_those_that_are() -> None:
    assert look_up("entropy", CORPUS_FIGURES) is CORPUS_FIGURES["entropy"]
    with pytest.raises(ValueError, match=r"one of entropy, .*heaps_exponent, got 'windows'"):
        look_up("windows", CORPUS_FIGURES_WITH_ERRORS)
