"""A baseline against a candidate: every figure with the same figure between the baseline's halves.

Figures that depend on sample size are taken between opposite halves (baseline A and candidate B,
baseline B and candidate A, averaged), as the floor is taken between baseline A and baseline B: two
samples of one source then give the floor, not less. Opposite halves, because a candidate may answer
the same prompts in the same order.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain
from statistics import fmean

from . import metrics
from .backends import Backend, select
from .chunk import Chunk
from .corpus import Corpus
from .counting import Use, passes, tables
from .errors import CollapseStatsError, LayoutMismatchError
from .frequent import most_frequent
from .ingest import Progress, read_corpus
from .keys import Layout
from .memory import budget
from .profile import Ngram, Profile, check_comparable, load, profile
from .readers import ReadOptions
from .sample import DEFAULT_TOKENS
from .spectrum import JointSpectrum, Masks, Tables
from .table import read_aligned
from .validity import no_verdict, reasons_for_caution
from .verdict import CANNOT_TELL, Constants, Verdict, evidence, judge

# Labels 0 and 1 are the halves of the baseline, 2 and 3 those of the candidate.
WHOLE: Masks = (0b0011, 0b1100)
FLOOR: Masks = (0b0001, 0b0010)
OPPOSITE: tuple[Masks, Masks] = ((0b0001, 0b1000), (0b0010, 0b0100))
CANDIDATE: Masks = (0b0100, 0b1000)
MASKS: tuple[Masks, ...] = (WHOLE, FLOOR, *OPPOSITE, CANDIDATE)
PLAIN: tuple[Masks, ...] = ((0b01, 0b10),)  # without halves

BANDS = (1, 2, 3, 5, 9, 17, 33, 65)

Figure = Callable[[JointSpectrum], float | None]


def _reverse_kl(joint: JointSpectrum) -> float | None:
    return metrics.kl_divergence(joint.swapped)


FIGURES: dict[str, Figure] = {
    "kl": metrics.kl_divergence,
    "reverse_kl": _reverse_kl,
    "js": metrics.js_divergence,
    "total_variation": metrics.total_variation,
    "hellinger": metrics.hellinger,
    "unseen_mass": metrics.unseen_mass,
    "novelty": metrics.novelty,
}


@dataclass(frozen=True, slots=True)
class RetainedBand:
    """What is kept of one band of the baseline's types, and what held-out baseline text keeps.

    Attributes
    ----------
    band
        Counts in half of the baseline: ``"1"``, ``"3-4"``, ``"65+"``.
    types
        Types in the band, the mean of both halves.
    retained, floor
        Share of them (0..1) in the candidate's opposite half, and in the baseline's other half.
    """

    band: str
    types: float
    retained: float | None
    floor: float | None


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
    """

    baseline: Profile
    candidate: Profile
    tables: Tables | None
    constants: Constants = field(default_factory=Constants)

    def kl(
        self, order: int, *, reverse: bool = False, smoothing: str = "absolute-discount"
    ) -> float | None:
        """KL divergence (baseline || candidate), `reverse` the other way, in bits."""

        def figure(joint: JointSpectrum) -> float | None:
            return metrics.kl_divergence(joint.swapped if reverse else joint, smoothing=smoothing)

        return self._between(figure, order)

    def js(self, order: int) -> float | None:
        """Jensen-Shannon divergence in bits, 0..1."""
        return self.figure("js", order)

    def total_variation(self, order: int) -> float | None:
        """Total variation distance, a share 0..1."""
        return self.figure("total_variation", order)

    def figure(self, name: str, order: int) -> float | None:
        """Any of `FIGURES` between opposite halves of baseline and candidate."""
        return self._between(_figure(name), order)

    def floor(self, name: str, order: int) -> float | None:
        """The figure `name` between the baseline's own halves; None when there are no halves."""
        joint = self.baseline.halves(order)
        return None if joint is None else _mean(map(_figure(name), (joint, joint.swapped)))

    def size_matched_distinct_ratio(self, order: int) -> float | None:
        """Distinct n-grams of candidate over baseline, the larger rarefied to one size."""
        return metrics.size_matched_distinct_ratio(
            self.candidate.spectrum(order), self.baseline.spectrum(order)
        )

    def retention(self, order: int) -> list[RetainedBand]:
        """Per band of baseline counts: the share of types still present, and its floor."""
        kept = partial(metrics.retention, bands=BANDS)
        own = self.baseline.halves(order)
        pairs = [kept(joint) for joint in self._opposite(order)]
        floors = [kept(joint) for joint in (own, own.swapped)] if own is not None else []
        return [
            RetainedBand(
                rows[0].band,
                fmean(row.types for row in rows),
                _mean(row.retained for row in rows),
                _mean(row[band].retained for row in floors) if floors else None,
            )
            for band, rows in enumerate(zip(*pairs, strict=True))
        ]

    def joint_spectrum(self, order: int) -> JointSpectrum:
        """Joint spectrum of the whole baseline and the whole candidate."""
        if self.tables is None:
            raise CollapseStatsError(
                "the joint spectrum needs the text or the tables of both sides, got a profile made "
                "without its table: make it again without --no-table (table=True)"
            )
        pairs = self.tables.ngrams[self.baseline._known(order)]
        return pairs[WHOLE] if WHOLE in pairs else pairs[PLAIN[0]]

    def lost(self, order: int, k: int = 20) -> list[tuple[Ngram, int]]:
        """The k most frequent baseline n-grams that the candidate does not have, with counts.

        Raises
        ------
        CollapseStatsError
            when either side was compared without its table of n-grams.
        """
        self.baseline._known(order)
        own, other = self.baseline.known_table, self.candidate.known_table
        ids, counts = most_frequent(own, order, k, without=other)
        return list(zip(self.baseline.spell(ids), counts.tolist(), strict=True))

    @cached_property
    def warnings(self) -> list[str]:
        """Why a figure must not be trusted, or cannot be given."""
        return reasons_for_caution(self.baseline, self.candidate, joined=self.tables is not None)

    @cached_property
    def judgement(self) -> Verdict:
        """The verdict with its evidence: samples of both sides, matched by whole documents."""
        for side in (self.baseline, self.candidate):
            missing = no_verdict(side)
            if missing:
                return Verdict(CANNOT_TELL, (missing,), None, self.constants)
        return judge(evidence(self.baseline.sample, self.candidate.sample), self.constants)

    @property
    def verdict(self) -> str:
        """One of 'within floor', 'drift', 'loss of tail', 'collapse', 'cannot tell'."""
        return self.judgement.label

    @property
    def reasons(self) -> list[str]:
        """Why the verdict is what it is, in sentences."""
        return list(self.judgement.reasons)

    def _opposite(self, order: int) -> list[JointSpectrum]:
        self.baseline._known(order)
        if self.tables is None:
            return []
        pairs = self.tables.ngrams[order]
        return [pairs[masks] for masks in (OPPOSITE if WHOLE in pairs else PLAIN)]

    def _between(self, figure: Figure, order: int) -> float | None:
        return _mean(map(figure, self._opposite(order)))


def compare(
    baseline: object,
    candidate: object,
    *,
    tokenizer: str | None = None,
    max_order: int = 5,
    vocab_size: int | None = None,
    text_key: str | None = None,
    ids_key: str | None = None,
    dtype: str | None = None,
    eot: int | None = None,
    doc_per_line: bool = False,
    part: str | None = None,
    skip_bad: bool = False,
    backend: str = "auto",
    threads: int | None = None,
    memory: int | str | None = None,
    tmp: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare a candidate with a baseline.

    Each side is a `Profile`, the path of a saved one, or whatever `profile` takes. Two corpora are
    counted in one labelled pass that builds no table; a corpus beside a profile is profiled with
    the profile's tokenizer and layout. The parameters are those of `profile`, and hold for both.

    Raises
    ------
    LayoutMismatchError
        when token ids do not mean the same on both sides.
    InputError
        when something cannot be read as what it should be.
    """
    sides = [_loaded(side) for side in (baseline, candidate)]
    known = next((side for side in sides if isinstance(side, Profile)), None)
    limit = budget(memory)
    counter = select(backend, threads)
    if known is not None:
        profiles = [
            side
            if isinstance(side, Profile)
            else profile(
                side,
                tokenizer=tokenizer or known.tokenizer.spec,
                max_order=known.max_order,
                vocab_size=vocab_size or known.vocab_size,
                text_key=text_key,
                ids_key=ids_key,
                dtype=dtype,
                eot=eot,
                doc_per_line=doc_per_line,
                part=part,
                skip_bad=skip_bad,
                backend=backend,
                threads=threads,
                memory=limit,
                tmp=tmp,
                progress=progress,
            )
            for side in sides
        ]
        return compare_profiles(profiles[0], profiles[1], counter, limit)
    options = ReadOptions(text_key, ids_key, dtype, eot, vocab_size, doc_per_line, part)  # type: ignore[arg-type]
    corpora = [
        read_corpus(
            side,
            tokenizer=tokenizer,
            options=options,
            threads=threads,
            memory=limit // 4,
            tmp=tmp,
            skip_bad=skip_bad,
            progress=progress,
        )
        for side in sides
    ]
    return compare_corpora(
        corpora[0], corpora[1], max_order=max_order, backend=counter, memory=limit
    )


def compare_profiles(
    baseline: Profile, candidate: Profile, backend: Backend, memory: int
) -> Comparison:
    """Compare two profiles by joining their tables, within `memory` bytes."""
    check_comparable(baseline, candidate)
    if baseline.max_order != candidate.max_order:
        raise LayoutMismatchError(
            f"{baseline.name} has n-grams up to order {baseline.max_order}, {candidate.name} up to "
            f"{candidate.max_order}: make both with one --max-order"
        )
    if baseline.table is None or candidate.table is None:
        return Comparison(baseline, candidate, None)
    halves = baseline.layout.labels == candidate.layout.labels == 2
    if not halves and baseline.layout.labels != candidate.layout.labels:
        raise LayoutMismatchError(
            f"{baseline.name} and {candidate.name} must both have halves, or neither"
        )
    masks = MASKS if halves else PLAIN
    runs = read_aligned([baseline.table, candidate.table], memory)
    joined = backend.joint_spectra(runs, masks)
    return Comparison(baseline, candidate, joined)


def compare_corpora(
    baseline: Corpus,
    candidate: Corpus,
    *,
    max_order: int,
    backend: Backend,
    memory: int,
    sample_tokens: int = DEFAULT_TOKENS,
) -> Comparison:
    """Compare two corpora in one labelled pass over both, without building a table."""
    one, other = baseline.tokenizer.sha256, candidate.tokenizer.sha256
    on_trust = None in (one, other) and baseline.vocab_size == candidate.vocab_size
    if one != other and not on_trust and baseline.tokens and candidate.tokens:
        raise LayoutMismatchError(
            f"{baseline.name} is tokenized with {baseline.tokenizer.spec}, {candidate.name} with "
            f"{candidate.tokenizer.spec}: ids that mean different things never compare"
        )
    layout = Layout(max(baseline.vocab_size, candidate.vocab_size), max_order, 4)

    def chunks() -> Iterable[Chunk]:
        return chain(baseline.chunks(0), candidate.chunks(2))

    windows = baseline.tokens + candidate.tokens
    held = baseline.held + candidate.held
    ranges = passes(chunks, windows, layout, backend, memory, Use.spectra, held)
    joined = tables(chunks, layout, backend, MASKS, ranges)

    def side(corpus: Corpus, masks: Masks) -> Profile:
        return Profile(
            name=corpus.name,
            layout=replace(layout, labels=2),
            tables=Tables(
                {n: {FLOOR: pairs[masks]} for n, pairs in joined.ngrams.items()},
                {n: {FLOOR: pairs[masks]} for n, pairs in joined.contexts.items()},
            ),
            documents=corpus.documents,
            sample=corpus.sample(sample_tokens),
            tokenizer=corpus.tokenizer,
            sources=corpus.sources,
            boundaries=corpus.boundaries,
            halved_by="documents" if corpus.block is None else f"blocks of {corpus.block} tokens",
            warnings=tuple(corpus.warnings),
        )

    return Comparison(side(baseline, FLOOR), side(candidate, CANDIDATE), joined)


def _loaded(side: object) -> object:
    from .storage import is_profile

    if isinstance(side, str | os.PathLike) and is_profile(side):
        return load(side)
    return side


def _figure(name: str) -> Figure:
    if name not in FIGURES:
        raise ValueError(f"figure must be one of {', '.join(FIGURES)}, got {name!r}")
    return FIGURES[name]


def _mean(values: Iterable[float | None]) -> float | None:
    found: Sequence[float | None] = list(values)
    given = [value for value in found if value is not None]
    return fmean(given) if given and len(given) == len(found) else None
