"""What is known of a figure besides its value: the entries of the registry (`metrics.figures`)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..ngrams.sampled_spectrum import FEWEST_KEPT, SampledSpectrum
from ..ngrams.spectrum import JointSpectrum, Spectrum
from .numeric.special_functions import FloatArray
from .series.onset import Worse
from .two_corpora.joint_rows import JointRows, only_value

Unit = Literal["count", "bits", "share", "types", "number"]
"""A count is an integer and always given; a share lies in 0..1; bits and numbers are at least 0;
types are an estimated number of types, which may be fractional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What is known of a figure besides its value.

    Attributes
    ----------
    name
        Its name in Python, as in ``Profile.interval(name, order)``.
    unit, maximum
        Unit, and the largest value where the unit does not imply it.
    description
        One line for the schema of reports.
    error
        ``"corpus"``: the figure converges as a corpus grows; value and error are those of the whole
        corpus. ``"sample"``: it depends on size; both are those of the sample. None: no standard
        error is computed. Setting it adds the figure to `intervals` in reports.
    monitored
        Whether the monitor gives it.
    worse
        The direction in which it moves as text collapses. Comparison figures and those of one
        corpus that have one are followed over the steps of a run (`Trajectory`).
    """

    name: str
    unit: Unit
    description: str
    maximum: float | None = None
    error: Literal["corpus", "sample"] | None = None
    monitored: bool = False
    worse: Worse | None = None

    @property
    def key(self) -> str:
        """Key in reports and in the monitor: the name, with the unit when that is bits."""
        return f"{self.name}_bits" if self.unit == "bits" else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusFigure(Figure):
    """A figure of one corpus and one order, computed from the spectrum of its n-grams.

    Attributes
    ----------
    formula
        The function that computes it; returns None where no honest number exists.
    needs_contexts
        Whether `formula` also takes the spectrum of the contexts.
    estimators
        Values of the formula's argument `estimator`, the default first: a report gives the figure
        by each of them.
    sampled_by
        Which rows of a `SampledSpectrum` estimate it: those of the kept n-grams, with the buckets
        where frequent n-grams decide it, or the pairs of occurrences.
    """

    formula: Callable[..., float | None]
    needs_contexts: bool = False
    estimators: tuple[str, ...] = ()
    sampled_by: Literal["types", "buckets", "pairs"] = "types"

    def value(
        self, ngrams: Spectrum, contexts: Spectrum, estimator: str | None = None
    ) -> float | None:
        """The figure of a corpus with these spectra; from a sample of n-grams, an estimate of it.

        None where there is no honest number, as of a sample that has too few n-grams.
        """
        if ngrams.is_estimate and self.unit != "count":
            return self._estimate(ngrams, contexts, estimator)
        return self._value(ngrams, contexts, estimator)

    def _value(self, ngrams: Spectrum, contexts: Spectrum, estimator: str | None) -> float | None:
        spectra = (ngrams, contexts) if self.needs_contexts else (ngrams,)
        return self.formula(*spectra, **({} if estimator is None else {"estimator": estimator}))

    def _estimate(
        self, ngrams: Spectrum, contexts: Spectrum, estimator: str | None
    ) -> float | None:
        """The figure from a sample of n-grams, within its limits, which chance may exceed."""
        if isinstance(ngrams, SampledSpectrum):
            if ngrams.kept < FEWEST_KEPT:
                return None
            ngrams = self._rows(ngrams)
        value = self._value(ngrams, self._rows(contexts), estimator)
        most = 1.0 if self.unit == "share" else self.maximum or math.inf
        return None if value is None else min(max(0.0, value), most)

    def _rows(self, spectrum: Spectrum) -> Spectrum:
        """The rows of a spectrum that estimate the figure; one that is exact as it is."""
        if not isinstance(spectrum, SampledSpectrum) or self.sampled_by == "types":
            return spectrum
        return spectrum.with_buckets if self.sampled_by == "buckets" else spectrum.with_pairs()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonFigure(Figure):
    """A figure of two corpora and one order, computed from their joint spectrum.

    Attributes
    ----------
    formula
        The function that computes it for several joint spectra at once; gives NaN where no honest
        number exists.
    mirrored
        Name of the figure that it becomes when baseline and candidate are exchanged; None when it
        stays the same.
    reciprocal
        Whether it becomes its own reciprocal instead.
    has_floor
        Whether it is taken between opposite halves, with its floor between the baseline's own
        halves (`Comparison.figure`, `Comparison.floor`).
    """

    formula: Callable[[JointRows], FloatArray]
    error: Literal["corpus", "sample"] | None = "sample"
    mirrored: str | None = None
    reciprocal: bool = False
    has_floor: bool = True

    def value(self, joint: JointSpectrum) -> float | None:
        """The figure of two corpora, the baseline first."""
        return only_value(self.formula(JointRows.of([joint])))
