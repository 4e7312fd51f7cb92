"""A baseline against a candidate: every figure with the same figure between the baseline's halves.

Figures lie between opposite halves (`opposite`): of the corpora, or, where sizes are apart or
n-grams were not kept, of samples of them that are matched by whole documents (`matching`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from .. import metrics
from ..backends.base import Backend
from ..backends.selection import select
from ..counting.top import most_frequent, most_inflated
from ..errors import CollapseStatsError
from ..ngrams.spectrum import JointSpectra, JointSpectrum
from ..profiles.profile import Ngram, Profile
from ..uncertainty.halves import (
    FLOOR,
    OPPOSITE,
    SIDES,
    WHOLE,
    Figure,
    RetainedBand,
    figure_of,
    mean,
    retained_bands,
)
from ..uncertainty.jackknife import CorpusIntervals, Interval
from ..uncertainty.matched_samples import BASELINE, CANDIDATE, NAMES, MatchedSamples
from ..verdict.measure import measured
from ..verdict.rule import CANNOT_TELL, Constants, Verdict, judge
from .cautions import no_signal, no_verdict, reasons_for_caution, sizes_apart


@dataclass(frozen=True, eq=False)
class Comparison:
    """Figures of a candidate against a baseline. What cannot be given honestly is None.

    Attributes
    ----------
    baseline, candidate
        Profiles of the two, without their tables when they were counted in one pass.
    tables
        Joint spectra of the two, or None when neither text nor tables were there to join.
    constants
        What the verdict compares with.
    backend
        What counts samples; by default the first that is usable.
    """

    baseline: Profile
    candidate: Profile
    joint_spectra: JointSpectra | None
    constants: Constants = field(default_factory=Constants)
    backend: Backend | None = None

    def kl(
        self, order: int, *, reverse: bool = False, smoothing: str = "absolute-discount"
    ) -> float | None:
        """KL divergence (baseline || candidate), `reverse` the other way, in bits."""

        def figure(joint: JointSpectrum) -> float | None:
            return metrics.kl_divergence(joint, smoothing, reverse=reverse)

        return self._between(figure, order)

    def js(self, order: int) -> float | None:
        """Jensen-Shannon divergence in bits, 0..1."""
        return self.figure("js", order)

    def total_variation(self, order: int) -> float | None:
        """Total variation distance, a share 0..1."""
        return self.figure("total_variation", order)

    def figure(self, name: str, order: int) -> float | None:
        """Any of `opposite.FIGURES` between opposite halves of baseline and candidate."""
        return self._between(figure_of(name), order)

    def floor(self, name: str, order: int) -> float | None:
        """The figure `name` between the baseline's own halves; None when there are no halves."""
        joint = self._own(order)
        return None if joint is None else mean(map(figure_of(name), (joint, joint.swapped)))

    def interval(self, name: str, order: int) -> Interval | None:
        """A figure of `matching.NAMES` with its standard error, at the size of the matched samples.

        None where the figure is, without a sample, or with too few documents for an error.
        """
        return self._counted(name, order, MatchedSamples.interval)

    def excess(self, name: str, order: int) -> Interval | None:
        """A figure less its floor with the standard error of the difference, as `interval`."""
        return self._counted(name, order, MatchedSamples.excess)

    def side_interval(self, side: Profile, name: str, order: int) -> Interval | None:
        """As `Profile.interval` of one of the sides; from its matched sample, if there is one.

        That was counted without each group of documents in any case.
        """
        found = self._side_intervals.get(id(side))
        return side.interval(name, order) if found is None else found.interval(name, order)

    def size_matched_distinct_ratio(self, order: int) -> float | None:
        """Distinct n-grams of candidate over baseline at equal size.

        Of corpora or samples of nearly one size; what is left between them is rarefied.
        """
        sides = [side.spectrum(self.baseline.check_order(order)) for side in self._sides]
        if self.by_samples is not None:
            joint = self.by_samples.joint_spectra.ngrams[order][WHOLE]
            sides = [joint.first, joint.second]
        return metrics.size_matched_distinct_ratio(sides[1], sides[0])

    def retention(self, order: int) -> list[RetainedBand]:
        """Per band of baseline counts: the share of types still present, and its floor."""
        return retained_bands(self._opposite(order), self._own(order))

    def joint_spectrum(self, order: int) -> JointSpectrum:
        """Joint spectrum of the whole baseline and the whole candidate."""
        if self.joint_spectra is None:
            raise CollapseStatsError(
                "the joint spectrum needs the text or the tables of both sides, got a profile made "
                "without its table: make it again without --no-table (table=True)"
            )
        pairs = self.joint_spectra.ngrams[self.baseline.check_order(order)]
        return pairs[WHOLE] if WHOLE in pairs else pairs[SIDES[0]]

    def lost(self, order: int, k: int = 20) -> list[tuple[Ngram, int]]:
        """The k most frequent baseline n-grams that the candidate does not have, with counts.

        Raises
        ------
        CollapseStatsError
            when either side was compared without its table of n-grams.
        """
        self.baseline.check_order(order)
        own, other = self.baseline.known_table, self.candidate.known_table
        ids, counts = most_frequent(own, order, k, without=other)
        return list(zip(self.baseline.spell(ids), counts.tolist(), strict=True))

    def inflated(self, order: int, k: int = 20) -> list[tuple[Ngram, int, int]]:
        """The k n-grams that the candidate has most too often, with counts in it and the baseline.

        The largest excess first: occurrences above what the baseline's share of the n-gram would
        give in as much text; `frequent.most_inflated` has the exact order.

        Raises
        ------
        CollapseStatsError
            when either side was compared without its table of n-grams.
        """
        order = self.baseline.check_order(order)
        own, other = self.candidate.known_table, self.baseline.known_table
        windows = self.candidate.windows(order), self.baseline.windows(order)
        ids, counts = most_inflated(own, other, order, k, windows)
        return list(zip(self.baseline.spell(ids), *counts.tolist(), strict=True))

    @cached_property
    def matched(self) -> MatchedSamples | None:
        """Samples of both sides at one size; None when a side keeps none."""
        one, other = (side.sample for side in self._sides)
        if not (len(one.tokens) and len(other.tokens)):
            return None
        return MatchedSamples.of(one, other, self.baseline.layout, self.backend or select())

    @cached_property
    def by_samples(self) -> MatchedSamples | None:
        """`matched` when figures are those of the samples, None when those of the whole corpora."""
        return self.matched if self.joint_spectra is None or sizes_apart(*self._sides) else None

    @property
    def measured_tokens(self) -> tuple[int, int] | None:
        """Tokens of baseline and candidate that divergences are taken from; None without any."""
        if self.by_samples is not None:
            return self.by_samples.tokens
        return None if self.joint_spectra is None else (self.baseline.tokens, self.candidate.tokens)

    @cached_property
    def warnings(self) -> list[str]:
        """Why a figure must not be trusted, or cannot be given, and what to do."""
        return [*reasons_for_caution(*self._sides, self.measured_tokens), *self._no_signal()]

    @cached_property
    def judgement(self) -> Verdict:
        """The verdict with its evidence: samples of both sides, matched by whole documents."""
        for side in (self.baseline, self.candidate):
            missing = no_verdict(side)
            if missing:
                return Verdict(CANNOT_TELL, (missing,), None, self.constants)
        assert self.matched is not None  # both have text in their samples
        return judge(measured(self.matched), self.constants)

    @property
    def verdict(self) -> str:
        """One of 'within floor', 'drift', 'loss of tail', 'collapse', 'cannot tell'."""
        return self.judgement.label

    @property
    def reasons(self) -> list[str]:
        """Why the verdict is what it is, in sentences."""
        return list(self.judgement.reasons)

    @property
    def _sides(self) -> tuple[Profile, Profile]:
        return self.baseline, self.candidate

    @cached_property
    def _side_intervals(self) -> dict[int, CorpusIntervals]:
        if not (self._has_documents and self.matched and self.matched.recounts):
            return {}
        matched = self.matched
        samples = (matched.baseline, BASELINE), (matched.candidate, CANDIDATE)
        return {
            id(side): CorpusIntervals(sample, side.spectra, list(matched.recounts[halves].values()))
            for side, (sample, halves) in zip(self._sides, samples, strict=True)
        }

    @property
    def _has_documents(self) -> bool:
        return all(side.halved_by == "documents" for side in self._sides)

    def _counted(
        self, name: str, order: int, kind: Callable[[MatchedSamples, str, int], Interval | None]
    ) -> Interval | None:
        if name not in NAMES:
            raise ValueError(f"figure must be one of {', '.join(NAMES)}, got {name!r}")
        order = self.baseline.check_order(order)
        matched = self.matched if self._has_documents else None
        return kind(matched, name, order) if matched else None

    def _no_signal(self) -> list[str]:
        """That a divergence cannot be told from its floor."""
        orders = range(1, self.baseline.max_order + 1)
        over = [(order, self.excess("js", order)) for order in orders]
        lost = [order for order, excess in over if excess is not None and excess.low <= 0]
        return [no_signal(lost)] if lost else []

    def _own(self, order: int) -> JointSpectrum | None:
        if self.by_samples is None:
            return self.baseline.halves(order)
        return self.by_samples.joint_spectra.ngrams[self.baseline.check_order(order)][FLOOR]

    def _opposite(self, order: int) -> list[JointSpectrum]:
        self.baseline.check_order(order)
        found = self.joint_spectra if self.by_samples is None else self.by_samples.joint_spectra
        if found is None:
            return []
        pairs = found.ngrams[order]
        return [pairs[masks] for masks in (OPPOSITE if WHOLE in pairs else SIDES)]

    def _between(self, figure: Figure, order: int) -> float | None:
        return mean(map(figure, self._opposite(order)))
