"""A candidate against a baseline: each figure with its floor between the baseline's own halves.

Figures are taken between opposite halves (`uncertainty.halves`) of the two corpora. Where sizes are
too far apart, or n-grams were not kept, they are taken from samples of both that are matched by
whole documents (`uncertainty.matched_samples`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from .. import metrics
from ..backends.base import Backend
from ..backends.selection import select
from ..corpus.load import Progress
from ..counting.top import most_frequent, most_inflated
from ..errors import CollapseStatsError
from ..metrics.figures import COMPARISON_FIGURES, FLOORED_FIGURES, look_up
from ..ngram_model.rare_tokens.rare_perplexity import RarePerplexity, rare_perplexity
from ..ngrams.spectrum import JointSpectra, JointSpectrum
from ..profiles.data import described
from ..profiles.profile import Ngram, Profile
from ..system.arguments import checked_methods
from ..system.presented import Presented
from ..uncertainty.estimate import Estimate
from ..uncertainty.figure_vectors import Floats, figures_of, mean_of
from ..uncertainty.halves import (
    FLOOR,
    OPPOSITE,
    SIDES,
    WHOLE,
    RetainedBand,
    mean,
    retained_bands,
)
from ..uncertainty.jackknife import CorpusIntervals
from ..uncertainty.matched_samples import BASELINE, CANDIDATE, MatchedSamples
from ..uncertainty.shrunk_bands import ShrunkBand, shrunk_bands
from ..verdict.limits import Limits
from ..verdict.measure import measured
from ..verdict.rule import CANNOT_TELL, Verdict
from .cautions import js_within_floor, no_verdict, reasons_for_caution, sizes_apart


@checked_methods
@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Presented):
    """Figures of a candidate against a baseline. A figure without an honest value is None.

    Attributes
    ----------
    baseline, candidate
        Profiles of the two, without their tables when they were counted in one pass.
    joint_spectra
        Joint spectra of the two; None when there was neither text nor a table to join.
    limits
        Limits of the verdict's rule; LayoutMismatchError if they are for other tokens.
    backend
        The backend that counts samples; None: the first that is usable.
    """

    baseline: Profile
    candidate: Profile
    joint_spectra: JointSpectra | None
    limits: Limits = field(default_factory=Limits)
    backend: Backend | None = None

    def __post_init__(self) -> None:
        """Check that the limits are for these tokens."""
        self.limits.check(self.baseline, self.candidate)

    def __repr__(self) -> str:
        """Return the names and sizes of the two, and the verdict if it is known."""
        judged = f": {self.verdict}" if "judgement" in vars(self) else ""
        baseline, candidate = map(described, self._sides)
        return f"<Comparison of {candidate} with {baseline}{judged}>"

    def kl(
        self, order: int, *, reverse: bool = False, smoothing: str = "absolute-discount"
    ) -> float | None:
        """Return KL(baseline || candidate) in bits, with `reverse` KL(candidate || baseline)."""

        def formula(joint: JointSpectrum) -> float | None:
            return metrics.kl_divergence(joint, smoothing, reverse=reverse)

        return self._between(formula, order)

    def js(self, order: int) -> float | None:
        """Return the Jensen-Shannon divergence in bits, 0..1."""
        return self.figure("js", order)

    def total_variation(self, order: int) -> float | None:
        """Return the total variation distance, a share 0..1."""
        return self.figure("total_variation", order)

    def figure(self, name: str, order: int) -> float | None:
        """Return a figure of `metrics.figures.FLOORED_FIGURES` between opposite halves."""
        look_up(name, FLOORED_FIGURES)
        return mean_of(self._figures(order)[0], name)

    def floor(self, name: str, order: int) -> float | None:
        """Return the same figure between the baseline's own halves; None when it has no halves."""
        look_up(name, FLOORED_FIGURES)
        return mean_of(self._figures(order)[1], name)

    def interval(self, name: str, order: int) -> Estimate | None:
        """Return a figure of `metrics.figures.COMPARISON_FIGURES` with its standard error.

        Both are those of the matched samples. None where the figure is None, without samples, or
        with too few documents for an error.
        """
        return self._estimate(name, order, MatchedSamples.interval)

    def excess(self, name: str, order: int) -> Estimate | None:
        """Return a figure less its floor, with the standard error of the difference."""
        return self._estimate(name, order, MatchedSamples.excess)

    def side_interval(self, side: Profile, name: str, order: int) -> Estimate | None:
        """Return `Profile.interval` of one of the two profiles.

        It is taken from the matched sample, if there is one, because that is recounted without each
        group of documents in any case.
        """
        if not self.has_errors:
            return side.interval(name, order)
        intervals = self._baseline_intervals if side is self.baseline else self._candidate_intervals
        return intervals.interval(name, order)

    def resample(self, progress: Progress | None = None) -> None:
        """Count the samples for intervals and the verdict now, and report progress.

        Without this call, that is done when the first figure that needs it is asked for.
        """
        if self._has_documents and self.matched is not None:
            self.matched.resample(progress)
        if self.by_samples is not None:  # after the recounts, which have most of it
            _ = self.by_samples.joint_spectra

    def forget_samples(self) -> None:
        """Forget what was counted for this comparison alone; it is counted again if asked for."""
        matched = vars(self).get("matched")  # where cached_property keeps it
        if matched is not None:
            matched.forget()
        for name in ("_baseline_intervals", "_candidate_intervals", "_figures_by_order"):
            vars(self).pop(name, None)

    @property
    def has_errors(self) -> bool:
        """Whether there are standard errors: from enough documents in both matched samples."""
        return self._has_documents and self.matched is not None and bool(self.matched.recounts)

    def size_matched_distinct_ratio(self, order: int) -> float | None:
        """Return the distinct n-grams of the candidate over those of the baseline at equal size.

        As every figure of a comparison, it is the mean of those between opposite halves. The larger
        half of a pair is rarefied to the size of the smaller one. Without text and tables there are
        no pairs of halves, and the whole corpora are taken.
        """
        values, _ = self._figures(order)
        if len(values):
            return mean_of(values, "size_matched_distinct_ratio")
        return metrics.size_matched_distinct_ratio(
            self.candidate.spectrum(order), self.baseline.spectrum(order)
        )

    def rare_perplexity(self, order: int = 3) -> RarePerplexity:
        """Return the perplexity of the baseline by how rare its tokens are.

        It is that under models of the candidate, beside that under models of other text of the
        baseline, all from the samples: see `ngram_model.rare_tokens.rare_perplexity`.
        """
        return rare_perplexity(self.baseline, self.candidate, order)

    def retention(self, order: int) -> list[RetainedBand]:
        """Return by band of baseline counts the share of n-grams still present, and its floor."""
        return retained_bands(self._opposite(order), self._own(order))

    def shrinkage(self, order: int = 1) -> list[ShrunkBand]:
        """Return by the same bands how probable n-grams are in the candidate, and the floor.

        They are given as mean log2 probabilities by `metrics.rare_probabilities`.
        """
        kinds = self.baseline.vocab_size ** self.baseline.check_order(order)
        return shrunk_bands(self._opposite(order), self._own(order), kinds)

    def joint_spectrum(self, order: int) -> JointSpectrum:
        """Return the joint spectrum of the whole baseline and the whole candidate."""
        if self.joint_spectra is None:
            raise CollapseStatsError(
                "the joint spectrum needs the text or the tables of both sides, got a profile made "
                "without its table: make it again without --no-table and --sample-ngrams"
            )
        pairs = self.joint_spectra.ngrams[self.baseline.check_order(order)]
        return pairs[WHOLE] if WHOLE in pairs else pairs[SIDES[0]]

    def lost(self, order: int, k: int = 20) -> list[tuple[Ngram, int]]:
        """Return the k most frequent baseline n-grams that the candidate lacks, with their counts.

        Raises
        ------
        CollapseStatsError
            when either side was compared without its table of n-grams.
        """
        self.baseline.check_order(order)
        baseline, candidate = self.baseline.known_table, self.candidate.known_table
        ids, counts = most_frequent(baseline, order, k, without=candidate)
        return list(zip(self.baseline.spell(ids), counts.tolist(), strict=True))

    def inflated(self, order: int, k: int = 20) -> list[tuple[Ngram, int, int]]:
        """Return the k most over-represented n-grams, with counts in candidate and baseline.

        They are ordered by their excess, largest first: the occurrences beyond those that the
        baseline's share of the n-gram would give in as much text (`counting.top.most_inflated`).

        Raises
        ------
        CollapseStatsError
            when either side was compared without its table of n-grams.
        """
        order = self.baseline.check_order(order)
        candidate, baseline = self.candidate.known_table, self.baseline.known_table
        windows = self.candidate.windows(order), self.baseline.windows(order)
        ids, counts = most_inflated(candidate, baseline, order, k, windows)
        return list(zip(self.baseline.spell(ids), *counts.tolist(), strict=True))

    @cached_property
    def matched(self) -> MatchedSamples | None:
        """Samples of both sides at one size; None when a side keeps none."""
        if not all(len(side.sample.tokens) for side in self._sides):
            return None
        samples = self.baseline.recounted, self.candidate.recounted
        return MatchedSamples.between(*samples, self.baseline.layout, self.backend or select())

    @cached_property
    def by_samples(self) -> MatchedSamples | None:
        """`matched` when figures are taken from the samples, None when from the whole corpora."""
        return self.matched if self.joint_spectra is None or sizes_apart(*self._sides) else None

    @property
    def measured_tokens(self) -> tuple[int, int] | None:
        """Tokens of baseline and candidate that divergences are taken from; None without those."""
        if self.by_samples is not None:
            return self.by_samples.tokens
        return None if self.joint_spectra is None else (self.baseline.tokens, self.candidate.tokens)

    @cached_property
    def warnings(self) -> list[str]:
        """Why figures must not be trusted, or cannot be given, and what to do about it."""
        return [*reasons_for_caution(*self._sides, self.measured_tokens), *self._within_floor()]

    @cached_property
    def judgement(self) -> Verdict:
        """The verdict with its evidence, which is taken from the matched samples."""
        for side in (self.baseline, self.candidate):
            reason = no_verdict(side)
            if reason:
                return Verdict(CANNOT_TELL, (reason,), None, self.limits.constants)
        assert self.matched is not None  # both samples have text
        return self.limits.judge(measured(self.matched))

    @property
    def verdict(self) -> str:
        """One of 'within floor', 'drift', 'loss of tail', 'collapse', 'cannot tell'."""
        return self.judgement.label

    @property
    def reasons(self) -> list[str]:
        """The reasons for the verdict, in sentences."""
        return list(self.judgement.reasons)

    @property
    def _sides(self) -> tuple[Profile, Profile]:
        return self.baseline, self.candidate

    @cached_property
    def _baseline_intervals(self) -> CorpusIntervals:
        return self._intervals_of(0)

    @cached_property
    def _candidate_intervals(self) -> CorpusIntervals:
        return self._intervals_of(1)

    def _intervals_of(self, number: int) -> CorpusIntervals:
        matched = self.matched
        assert matched is not None  # there are errors
        recounts = matched.recounts[(BASELINE, CANDIDATE)[number]]
        sample = matched.sides[number].sample
        side = self._sides[number]
        return CorpusIntervals(sample, side.spectra, list(recounts.values()), side.sampling_errors)

    @property
    def _has_documents(self) -> bool:
        return all(side.is_halved_by_documents for side in self._sides)

    def _estimate(
        self,
        name: str,
        order: int,
        estimate_of: Callable[[MatchedSamples, str, int], Estimate | None],
    ) -> Estimate | None:
        look_up(name, COMPARISON_FIGURES)
        order = self.baseline.check_order(order)
        matched = self.matched if self._has_documents else None
        return estimate_of(matched, name, order) if matched else None

    def _within_floor(self) -> list[str]:
        """Return a warning if the JS of some orders cannot be told from its floor."""
        excesses = {n: self.excess("js", n) for n in range(1, self.baseline.max_order + 1)}
        orders = [n for n, excess in excesses.items() if excess is not None and excess.low <= 0]
        return [js_within_floor(orders)] if orders else []

    def _own(self, order: int) -> JointSpectrum | None:
        if self.by_samples is None:
            return self.baseline.halves(order)
        return self.by_samples.joint_spectra.ngrams[self.baseline.check_order(order)][FLOOR]

    def _opposite(self, order: int) -> list[JointSpectrum]:
        self.baseline.check_order(order)
        by_samples = self.by_samples
        spectra = self.joint_spectra if by_samples is None else by_samples.joint_spectra
        if spectra is None:
            return []
        pairs = spectra.ngrams[order]
        return [pairs[masks] for masks in (OPPOSITE if OPPOSITE[0] in pairs else SIDES)]

    def _figures(self, order: int) -> tuple[Floats, Floats]:
        """Return figure vectors ``(S, SIZE)`` between opposite halves, and between own halves.

        S is 0 where there are none. Own halves are taken both ways around.
        """
        order = self.baseline.check_order(order)
        if order not in self._figures_by_order:
            opposite, own = self._opposite(order), self._own(order)
            both_ways = [] if own is None else [own, own.swapped]
            vectors = figures_of([*opposite, *both_ways])
            self._figures_by_order[order] = vectors[: len(opposite)], vectors[len(opposite) :]
        return self._figures_by_order[order]

    @cached_property
    def _figures_by_order(self) -> dict[int, tuple[Floats, Floats]]:
        return {}

    def _between(
        self, formula: Callable[[JointSpectrum], float | None], order: int
    ) -> float | None:
        return mean(map(formula, self._opposite(order)))
