"""Two corpora at one size: samples of both, cut to the tokens of the smaller by whole documents.

Thinning the counts of the larger corpus would not match them: it assumes that tokens are
independent of each other, and they are not.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..backends.base import Backend
from ..corpus.load import Progress
from ..corpus.sample import Sample, within
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra
from . import halves
from .estimate import Estimate
from .figure_vectors import PLACE, SIZE, Floats, figures_of
from .jackknife import (
    Recount,
    group_shares,
    has_intervals,
    number_of_recounts,
    recounts,
    step_counter,
    variance,
)
from .recounted_sample import (
    LeftOut,
    RecountedSample,
    RecountedSamples,
    halves_of,
    in_own_vocabulary,
)

Pair = tuple[int, int]
Recounts = dict[Pair, dict[LeftOut | None, Recount]]

# Parts 0 and 1 are the halves of the baseline, 2 and 3 those of the candidate.
BASELINE: Pair = (0, 1)
CANDIDATE: Pair = (2, 3)
OPPOSITE_PAIRS: tuple[Pair, Pair] = ((0, 3), (1, 2))
PAIRS: tuple[Pair, ...] = (*OPPOSITE_PAIRS, BASELINE, CANDIDATE)
_MASKS = dict(zip(PAIRS, (*halves.OPPOSITE, halves.FLOOR, halves.CANDIDATE), strict=True))
LEAST_ORDER = 3  # the verdict reads orders up to this one, whatever else is counted


@dataclass(frozen=True, slots=True)
class _Errors:
    """Figures of one order, ``(K,)`` each in the order of `PLACE`, NaN where there is none."""

    value: Floats
    error: Floats
    excess: Floats
    excess_error: Floats


@dataclass(frozen=True)
class MatchedSamples:
    """Samples of a baseline and a candidate at one size, and figures counted from them."""

    sides: tuple[RecountedSample, RecountedSample]
    layout: Layout
    backend: Backend

    @classmethod
    def of(
        cls, baseline: Sample, candidate: Sample, layout: Layout, backend: Backend
    ) -> "MatchedSamples":
        """Match two samples that are compared with nothing else; see `between`."""
        sides = RecountedSamples(baseline), RecountedSamples(candidate)
        return cls.between(*sides, layout, backend)

    @classmethod
    def between(
        cls,
        baseline: RecountedSamples,
        candidate: RecountedSamples,
        layout: Layout,
        backend: Backend,
    ) -> "MatchedSamples":
        """Cut both samples to the tokens of the smaller one.

        The last documents in hash order are left out first, so the n-th documents of both sides
        stay together.
        """
        layout = Layout(layout.vocab_size, max(layout.max_order, LEAST_ORDER), 4)
        limit = min(len(side.sample.tokens) for side in (baseline, candidate))
        first, second = (
            side.first(within(side.sample.length, limit), layout, backend)
            for side in (baseline, candidate)
        )
        return cls((first, second), layout, backend)

    @property
    def baseline(self) -> Sample:
        """The matched sample of the baseline."""
        return self.sides[0].sample

    @property
    def candidate(self) -> Sample:
        """The matched sample of the candidate."""
        return self.sides[1].sample

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
        """Joint spectra of the halves of both, as `compare` has them of whole corpora.

        They are counted, unless recounts have those of the parts already.
        """
        if vars(self).get("recounts"):
            return self._recounted_whole()
        (baseline, candidate), layout = in_own_vocabulary(
            [self.baseline, self.candidate], self.layout
        )
        chunks = [baseline.chunk(), candidate.chunk(candidate.half + np.uint8(2))]
        return self.backend.spectra(chunks, layout, halves.MASKS)

    def _recounted_whole(self) -> JointSpectra:
        """`joint_spectra` of the parts, from the recounts of all documents."""
        whole = {_MASKS[pair]: self.recounts[pair][None] for pair in PAIRS}
        orders = range(1, self.layout.max_order + 1)
        return JointSpectra(
            {n: {masks: recount.ngrams[n] for masks, recount in whole.items()} for n in orders},
            {n: {masks: recount.contexts[n] for masks, recount in whole.items()} for n in orders},
        )

    def interval(self, name: str, order: int) -> Estimate | None:
        """Return a figure of `COMPARISON_FIGURES` between opposite halves, with its error."""
        errors = self._errors(order)
        return None if errors is None else self._estimate(name, errors.value, errors.error)

    def excess(self, name: str, order: int) -> Estimate | None:
        """Return a figure less its floor, with the standard error of the difference."""
        errors = self._errors(order)
        return None if errors is None else self._estimate(name, errors.excess, errors.excess_error)

    def _estimate(self, name: str, values: Floats, errors: Floats) -> Estimate | None:
        value, error = (float(vector[PLACE[name]]) for vector in (values, errors))
        return None if np.isnan(value + error) else Estimate(value, error, min(self.tokens))

    def _errors(self, order: int) -> _Errors | None:
        if order not in self._errors_by_order:
            self._errors_by_order[order] = self._jackknifed(order) if self.recounts else None
        return self._errors_by_order[order]

    @cached_property
    def _errors_by_order(self) -> dict[int, _Errors | None]:
        return {}

    @cached_property
    def recounts(self) -> Recounts:
        """Recounts of each pair of parts, by the part and the group left out (None: no group).

        Empty when there are too few documents for errors.
        """
        return self._recount(None)

    def resample(self, progress: Progress | None = None) -> None:
        """Compute `recounts` now, unless that is done, and report progress."""
        if "recounts" not in vars(self):
            vars(self)["recounts"] = self._recount(progress)  # where cached_property looks for it

    def forget(self) -> None:
        """Forget what was counted of the two together; what each side counted by itself stays."""
        for name in ("recounts", "joint_spectra", "_errors_by_order"):
            vars(self).pop(name, None)  # where cached_property keeps it

    def _recount(self, progress: Progress | None) -> Recounts:
        if not (has_intervals(self.baseline) and has_intervals(self.candidate)):
            return {}
        samples, layout = in_own_vocabulary([self.baseline, self.candidate], self.layout)
        parts = [half for sample in samples for half in halves_of(sample)]
        opposite = {pair: (parts[pair[0]], parts[pair[1]]) for pair in OPPOSITE_PAIRS}
        own = dict(zip((BASELINE, CANDIDATE), self.sides, strict=True))
        total = sum(side.steps for side in set(self.sides))
        total += sum(map(number_of_recounts, opposite.values()))
        counted = step_counter(progress, total)

        def recounts_of(pair: Pair) -> dict[LeftOut | None, Recount]:
            if pair in own:
                found = own[pair].recounts(counted)
            else:
                found = list(recounts(opposite[pair], layout, self.backend, counted))
            return {
                each.left_out and (pair[each.left_out[0]], each.left_out[1]): each for each in found
            }

        if self.backend.on_gpu:  # the current GPU belongs to this thread
            return {pair: recounts_of(pair) for pair in PAIRS}
        with ThreadPoolExecutor(2) as pool:  # one pair continues while the other is in serial code
            return dict(zip(PAIRS, pool.map(recounts_of, PAIRS), strict=True))

    def _jackknifed(self, order: int) -> _Errors:
        """Compute standard errors: leave out the groups of each half in turn, add the variances."""
        opposite = []
        for pair in OPPOSITE_PAIRS:
            of_pair = self.recounts[pair]
            figures = figures_of([recount.ngrams[order] for recount in of_pair.values()])
            opposite.append(dict(zip(of_pair, figures, strict=True)))
        floors = self.sides[0].floors(order)
        whole, floor = (opposite[0][None] + opposite[1][None]) / 2, floors[None]
        total, total_excess = np.zeros(SIZE), np.zeros(SIZE)
        for part in range(4):
            affected, unaffected = opposite if part in OPPOSITE_PAIRS[0] else opposite[::-1]
            shares = group_shares((self.baseline, self.candidate)[part // 2], part % 2)
            filled = np.flatnonzero(shares).tolist()
            without = np.array([(affected[part, g] + unaffected[None]) / 2 for g in filled])
            excess = without - np.array([floors.get((part, g), floor) for g in filled])
            total += variance(whole, without, shares[filled])
            total_excess += variance(whole - floor, excess, shares[filled])
        return _Errors(whole, np.sqrt(total), whole - floor, np.sqrt(total_excess))
