"""Figures of several joint spectra at once are those of each by itself."""

import numpy as np
import pytest

from collapse_stats.metrics.figures import COMPARISON_FIGURES, RETAINED_BACKWARD
from collapse_stats.metrics.kinds import ComparisonFigure
from collapse_stats.metrics.two_corpora.joint_rows import JointRows, totals
from collapse_stats.ngrams.spectrum import JointSpectrum

FIGURES = [*COMPARISON_FIGURES.values(), RETAINED_BACKWARD]


def spectra() -> list[JointSpectrum]:
    """Joint spectra of different sizes; the first and the last are empty, two are one-sided."""
    rng = np.random.default_rng(0)
    some = [
        JointSpectrum.from_counts(rng.poisson(a, 300) ** 2, rng.poisson(b, 300) ** 3)
        for a, b in ((2, 1), (0, 3), (30, 1), (1, 0), (3, 60))
    ]
    empty = JointSpectrum.from_counts([], [])
    return [empty, *some, empty]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figures_are_those_of_each(figure: ComparisonFigure) -> None:
    together = figure.formula(JointRows.of(spectra())).tolist()
    each = [figure.value(joint) for joint in spectra()]
    assert [None if np.isnan(value) else value for value in together] == each
    assert each[0] is each[-1] is None
    assert each[1] is not None


def test_margins_are_those_of_each() -> None:
    rows = JointRows.of(spectra())
    assert rows.spectra(rows.a) == [joint.first for joint in spectra()]
    assert rows.spectra(rows.b) == [joint.second for joint in spectra()]
    assert totals(spectra()) == [joint.total for joint in spectra()]


def test_sums_are_those_of_numpy_to_the_last_digit() -> None:
    rows = JointRows.of(spectra())
    values = np.random.default_rng(1).random(len(rows.types))
    values[rows.begin] = 0
    assert rows.sums(values).tolist() == [float(np.sum(part)) for part in rows.split(values)]
