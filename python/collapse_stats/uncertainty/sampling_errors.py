"""Standard errors of figures that are estimated from a sample of n-grams.

They say how far a figure would move with another choice of n-grams. The kept buckets are a random
sample of all; they are divided into groups, and a figure is computed again without each of them
(the delete-a-group jackknife; Wolter, Introduction to Variance Estimation, 2007, chapter 4).
"""

import math

import numpy as np

from ..counting.ngram_sample import GROUPS, NgramSample
from ..metrics.kinds import CorpusFigure
from ..ngrams.sampled_spectrum import SampledSpectrum
from ..ngrams.spectrum import Spectrum


def count_error(estimate: float, one_of: int) -> float:
    """Return the standard error of a number of distinct n-grams, K times that of the kept ones.

    Each n-gram is kept with probability 1 / K, so the kept ones are binomial.
    """
    return math.sqrt(estimate * (one_of - 1))


class SamplingErrors:
    """The errors of the figures of one corpus."""

    def __init__(self, sample: NgramSample) -> None:
        self._sample = sample
        self._without: dict[int, list[tuple[Spectrum, Spectrum]]] = {}

    def error(self, figure: CorpusFigure, order: int, estimator: str | None = None) -> float | None:
        """Return the standard error of a figure; 0 where it is exact.

        None where the figure is None, or is so without one of the groups.
        """
        one_of = self._sample.rate(order)
        ngrams, contexts = self._sample.ngrams(order), self._sample.contexts(order)
        value = figure.value(ngrams, contexts, estimator)
        if one_of == 1 or figure.name == "windows" or value is None:
            return None if value is None else 0.0
        if figure.unit == "count":
            return count_error(value, one_of)
        assert isinstance(ngrams, SampledSpectrum)  # since the order is sampled
        if figure.sampled_by == "pairs":
            low, high = (figure.value(ngrams.with_pairs(off), contexts) for off in (-1.0, 1.0))
            return None if low is None or high is None else abs(high - low) / 2
        values = [figure.value(*some, estimator) for some in self._spectra_without(order)]
        known = [value for value in values if value is not None]
        if len(known) < GROUPS or min(known) == max(known):  # the end of what is possible
            return None
        return math.sqrt((1 - 1 / one_of) * (GROUPS - 1) * float(np.var(known)))

    def _spectra_without(self, order: int) -> list[tuple[Spectrum, Spectrum]]:
        """Return the spectra of n-grams and contexts of one order without each group."""
        if order not in self._without:
            self._without[order] = [
                (self._sample.ngrams(order, group), self._sample.contexts(order, group))
                for group in range(GROUPS)
            ]
        return self._without[order]
