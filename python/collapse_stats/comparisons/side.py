"""A corpus as one side of several comparisons: it is sampled once, and counted once if it fits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ..backends.base import Backend
from ..backends.options import CountOptions
from ..corpus.corpus import Corpus
from ..corpus.load import Progress
from ..corpus.sample import DEFAULT_TOKENS
from ..counting.spectra import count_spectra
from ..counting.table import TableInMemory, read_aligned
from ..errors import LayoutMismatchError
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra, Masks
from ..profiles.build import profile_of
from ..profiles.profile import Profile
from ..uncertainty.halves import CANDIDATE, FLOOR, MASKS
from .comparison import Comparison


@dataclass(eq=False)
class Side:
    """A corpus that is compared, and what is known of it from earlier comparisons.

    Attributes
    ----------
    profile
        Its profile, once it was compared; later comparisons share its sample and their recounts.
    table
        Its n-gram table, where `compare_series` keeps it; None: it is counted for each comparison.
    """

    corpus: Corpus
    counting: CountOptions
    sample_tokens: int = DEFAULT_TOKENS
    profile: Profile | None = None
    table: TableInMemory | None = None

    def count(self, backend: Backend) -> None:
        """Count the n-gram table, unless that is done."""
        if self.table is None:
            layout = Layout(self.corpus.vocab_size, self.counting.max_order, 2)
            self.table = TableInMemory(backend.count(self.corpus.chunks(), layout))

    def profiled(self, layout: Layout, spectra: JointSpectra, backend: Backend) -> Profile:
        """Return the profile of a comparison with this layout; the spectra are always the same."""
        if self.profile is None:
            self.profile = profile_of(self.corpus, layout, spectra, self.sample_tokens, backend)
        if self.profile.layout == layout:
            return self.profile
        return replace(self.profile, layout=layout)


def compare_series(
    baseline: Corpus,
    candidates: Sequence[Corpus],
    counting: CountOptions,
    progress: Progress | None = None,
) -> list[Comparison]:
    """Compare candidates with the baseline, then each later candidate with the first as well.

    If the tables of three corpora fit into the memory, each corpus is counted into a table once:
    those of the baseline and of the first candidate are kept, and the next candidate's replaces the
    one before. Otherwise, and on a GPU, which counts faster than it makes tables, two corpora are
    counted in one pass for each comparison. The comparisons are the same.
    """
    backend = counting.selected_backend
    in_tables = len(candidates) > 1 and tables_fit([baseline, *candidates], counting, backend)
    total = 2 * len(candidates) - 1
    compared_with = [Side(baseline, counting)]
    by_side: list[list[Comparison]] = [[], []]  # with the baseline, with the first candidate
    for corpus in candidates:
        candidate = Side(corpus, counting)
        if in_tables:
            for side in (*compared_with, candidate):
                side.count(backend)
        for side, comparisons in zip(compared_with, by_side, strict=False):
            comparisons.append(compare_sides(side, candidate))
            if progress:
                progress("counting", sum(map(len, by_side)), total)
        if len(compared_with) == 1:
            compared_with.append(candidate)
    return [*by_side[0], *by_side[1]]


def tables_fit(corpora: Sequence[Corpus], counting: CountOptions, backend: Backend) -> bool:
    """Whether corpora have one vocabulary, and the tables of three fit beside all their tokens."""
    vocabularies = {(corpus.tokenizer.sha256, corpus.vocab_size) for corpus in corpora}
    if backend.on_gpu or len(vocabularies) > 1:
        return False
    layout = Layout(corpora[0].vocab_size, counting.max_order, 2)
    fixed, per_window = backend.needs(layout, layout.key_ranges, rows=True)
    row = 8 * (layout.words + layout.labels)
    largest = sorted((corpus.tokens for corpus in corpora), reverse=True)[:3]
    resident = sum(corpus.resident_bytes for corpus in corpora)
    kept, counted = row * sum(largest), fixed + per_window * largest[0]
    return resident + kept + counted <= counting.memory_bytes


def compare_sides(baseline: Side, candidate: Side) -> Comparison:
    """Compare two sides: by their tables if both have one, else by counting both in one pass.

    Raises
    ------
    LayoutMismatchError
        The corpora are tokenized differently.
    """
    _check_tokenizers(baseline.corpus, candidate.corpus)
    counting = baseline.counting
    backend = counting.selected_backend
    size = max(side.corpus.vocab_size for side in (baseline, candidate))
    layout = Layout(size, counting.max_order, 2)
    resident_bytes = sum(side.corpus.resident_bytes for side in (baseline, candidate))
    if baseline.table is not None and candidate.table is not None:
        tables = [baseline.table, candidate.table]
        stretches = read_aligned(tables, counting.memory_bytes, resident_bytes)
        joined = backend.joint_spectra(stretches, MASKS)
    else:

        def chunks() -> Iterable[Chunk]:
            return chain(baseline.corpus.chunks(0), candidate.corpus.chunks(2))

        joined = count_spectra(
            chunks,
            baseline.corpus.tokens + candidate.corpus.tokens,
            replace(layout, labels=4),
            backend,
            MASKS,
            counting.memory_bytes,
            resident_bytes,
        )

    def profiled(side: Side, masks: Masks) -> Profile:
        return side.profiled(layout, joined.only(masks, renamed=FLOOR), backend)

    sides = profiled(baseline, FLOOR), profiled(candidate, CANDIDATE)
    return Comparison(*sides, joined, backend=backend)


def _check_tokenizers(baseline: Corpus, candidate: Corpus) -> None:
    hashes = {baseline.tokenizer.sha256, candidate.tokenizer.sha256}
    # Ids whose tokenizer is unknown are trusted to be the other's, if the vocabularies are equal.
    on_trust = None in hashes and baseline.vocab_size == candidate.vocab_size
    if len(hashes) > 1 and not on_trust and baseline.tokens and candidate.tokens:
        raise LayoutMismatchError(
            f"{baseline.name} is tokenized with {baseline.tokenizer.spec}, {candidate.name} with "
            f"{candidate.tokenizer.spec}: token ids of different tokenizers cannot be compared"
        )
