"""Two corpora at one size: samples of both, cut to the tokens of the smaller by whole documents.

Thinning counts is no matching: it takes tokens to be independent, and they are not.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .. import metrics
from ..backends.base import Backend
from ..corpus.sample import Sample, within
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra, JointSpectrum
from .halves import FIGURES, MASKS, MIRRORED
from .jackknife import (
    Floats,
    HalfSample,
    Interval,
    Recount,
    group_shares,
    has_intervals,
    recounts,
    variance,
)

Pair = tuple[int, int]
LeftOut = tuple[int, int]

# Parts 0 and 1 are the halves of the baseline, 2 and 3 those of the candidate.
BASELINE: Pair = (0, 1)
CANDIDATE: Pair = (2, 3)
OPPOSITE: tuple[Pair, Pair] = ((0, 3), (1, 2))
LEAST_ORDER = 3  # counted at least: what the verdict reads

RATIO = "size_matched_distinct_ratio"
RETAINED = "retained"
NAMES = (*FIGURES, RATIO, RETAINED)
"""Figures with intervals. `RETAINED` is the retention of what half of the baseline saw once."""

_KEPT_BACK = "kept back"  # what `RETAINED` is with the sides exchanged
_ALL = (*NAMES, _KEPT_BACK)
_SWAPPED = {**MIRRORED, RETAINED: _KEPT_BACK, _KEPT_BACK: RETAINED}
_MIRROR = [_ALL.index(_SWAPPED.get(name, name)) for name in _ALL]


@dataclass(frozen=True, slots=True)
class _Errors:
    """Figures of one order, ``(K,)`` each in the order of `_ALL`, NaN where there is none."""

    value: Floats
    error: Floats
    excess: Floats
    excess_error: Floats


@dataclass(frozen=True)
class MatchedSamples:
    """Samples of a baseline and a candidate at one size, and figures counted from them."""

    baseline: Sample
    candidate: Sample
    layout: Layout
    backend: Backend

    @classmethod
    def of(
        cls, baseline: Sample, candidate: Sample, layout: Layout, backend: Backend
    ) -> "MatchedSamples":
        """Samples cut to the tokens of the smaller one, the last in hash order left out first.

        So the n-th documents of both sides stay together.
        """
        limit = min(len(baseline.tokens), len(candidate.tokens))
        one, other = (side.first(within(side.length, limit)) for side in (baseline, candidate))
        layout = Layout(layout.vocab_size, max(layout.max_order, LEAST_ORDER), 4)
        return cls(one, other, layout, backend)

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens of baseline and candidate."""
        return len(self.baseline.tokens), len(self.candidate.tokens)

    @property
    def documents(self) -> tuple[int, int]:
        """Documents of baseline and candidate."""
        return len(self.baseline), len(self.candidate)

    @cached_property
    def joint_spectra(self) -> JointSpectra:
        """Joint spectra of the halves of both, as `compare` has them of whole corpora."""
        of_candidate = self.candidate.half + np.uint8(2)
        chunks = [self.baseline.chunk(), self.candidate.chunk(of_candidate)]
        return self.backend.spectra(chunks, self.layout, MASKS)

    def interval(self, name: str, order: int) -> Interval | None:
        """A figure of `NAMES` between opposite halves, with its standard error."""
        found = self._errors(order)
        return None if found is None else self._interval(name, found.value, found.error)

    def excess(self, name: str, order: int) -> Interval | None:
        """A figure of `NAMES` less its floor, with the standard error of the difference."""
        found = self._errors(order)
        return None if found is None else self._interval(name, found.excess, found.excess_error)

    def _interval(self, name: str, values: Floats, errors: Floats) -> Interval | None:
        value, error = (float(column[NAMES.index(name)]) for column in (values, errors))
        return None if np.isnan(value + error) else Interval(value, error, min(self.tokens))

    def _errors(self, order: int) -> _Errors | None:
        if order not in self._found:
            self._found[order] = self._jackknifed(order) if self.recounts else None
        return self._found[order]

    @cached_property
    def _found(self) -> dict[int, _Errors | None]:
        return {}

    @cached_property
    def recounts(self) -> dict[Pair, dict[LeftOut | None, Recount]]:
        """Counts of parts that meet, by the part and the group left out; None when none was.

        Nothing when there are too few documents for errors.
        """
        if not (has_intervals(self.baseline) and has_intervals(self.candidate)):
            return {}
        parts = [
            HalfSample.of(side, half) for side in (self.baseline, self.candidate) for half in (0, 1)
        ]
        pairs = (*OPPOSITE, BASELINE, CANDIDATE)

        def counted(pair: Pair) -> dict[LeftOut | None, Recount]:
            return {
                one.left_out and (pair[one.left_out[0]], one.left_out[1]): one
                for one in recounts((parts[pair[0]], parts[pair[1]]), self.layout, self.backend)
            }

        if self.backend.on_gpu:  # which belongs to this thread
            return {pair: counted(pair) for pair in pairs}
        with ThreadPoolExecutor(2) as pool:  # one goes on where the other is serial
            return dict(zip(pairs, pool.map(counted, pairs), strict=True))

    def _jackknifed(self, order: int) -> _Errors:
        """Standard errors: the groups of each half are left out one at a time, variances added."""
        *opposite, own = (
            {key: _figures(one.ngrams[order]) for key, one in self.recounts[pair].items()}
            for pair in (*OPPOSITE, BASELINE)
        )
        floors = {key: (figures + _mirrored(figures)) / 2 for key, figures in own.items()}
        whole, floor = (opposite[0][None] + opposite[1][None]) / 2, floors[None]
        total, total_excess = np.zeros(len(_ALL)), np.zeros(len(_ALL))
        for part in range(4):
            there, other = opposite if part in OPPOSITE[0] else opposite[::-1]
            shares = group_shares((self.baseline, self.candidate)[part // 2], part % 2)
            filled = np.flatnonzero(shares).tolist()
            figures = [(there[part, g] + other[None]) / 2 for g in filled]
            excess = np.array(figures) - np.array([floors.get((part, g), floor) for g in filled])
            total += variance(whole, np.array(figures), shares[filled])
            total_excess += variance(whole - floor, excess, shares[filled])
        return _Errors(whole, np.sqrt(total), whole - floor, np.sqrt(total_excess))


def _figures(joint: JointSpectrum) -> Floats:
    """Figures of `_ALL` ``(K,)``, NaN where there is none."""
    found = [figure(joint) for figure in FIGURES.values()]
    found.append(metrics.size_matched_distinct_ratio(joint.second, joint.first))
    for own, other in ((joint.a, joint.b), (joint.b, joint.a)):
        once = own == 1
        types = int(joint.types[once].sum())
        found.append(int(joint.types[once & (other > 0)].sum()) / types if types else None)
    return np.array([np.nan if value is None else value for value in found])


def _mirrored(figures: Floats) -> Floats:
    """`_figures` of the same joint spectrum with its sides exchanged."""
    mirrored = figures[_MIRROR]
    mirrored[NAMES.index(RATIO)] **= -1
    return mirrored
