"""A corpus as one side of several comparisons: it is sampled once, and counted with other sides."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from ..backends.base import Backend
from ..backends.options import CountOptions
from ..corpus.corpus import Corpus
from ..corpus.load import Progress
from ..corpus.sample import DEFAULT_TOKENS
from ..counting.passes import TableUse, passes
from ..counting.spectra import spectra_in_passes
from ..errors import LayoutMismatchError
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra, Masks
from ..profiles.build import at_least, bytes_for_samples, bytes_in_use, profile_of
from ..profiles.profile import Profile
from ..system.memory import TooLittleMemoryError
from ..uncertainty.halves import CANDIDATE, FLOOR, MASKS
from .comparison import Comparison

SIDES_AT_ONCE = 4  # eight labels, the most that are counted in one pass, are the halves of four
Pair = tuple[int, int]
"""The numbers of the baseline and of the candidate among some sides."""


@dataclass(eq=False)
class Side:
    """A corpus that is compared, and its profile once it was.

    Later comparisons share the sample of the profile, and what was recounted of it.
    """

    corpus: Corpus
    counting: CountOptions
    sample_tokens: int = DEFAULT_TOKENS
    profile: Profile | None = None

    def profiled(self, layout: Layout, spectra: JointSpectra, backend: Backend) -> Profile:
        """Return the profile of a comparison with this layout; the spectra are always the same."""
        if self.profile is None:
            self.profile = profile_of(self.corpus, layout, spectra, self.sample_tokens, backend)
        if self.profile.layout == layout:
            return self.profile
        return replace(self.profile, layout=layout)


def share_of_memory(sides: int) -> int:
    """Return n so that half of the memory holds as many corpora as are counted at once.

    Each may take one n-th of the memory.
    """
    return 2 * min(sides, SIDES_AT_ONCE)


def compare_each(
    baseline: Corpus, candidates: Iterable[Corpus], counting: CountOptions
) -> Iterator[Comparison]:
    """Compare each candidate with the baseline, three of them at a time.

    Candidates are taken when they are needed, so that no more than four corpora are in memory.
    """
    side, waiting = Side(baseline, counting), iter(candidates)
    while some := [Side(corpus, counting) for corpus in islice(waiting, SIDES_AT_ONCE - 1)]:
        yield from compare_together([side, *some], [(0, at + 1) for at in range(len(some))])


def compare_series(
    baseline: Corpus,
    candidates: Sequence[Corpus],
    counting: CountOptions,
    progress: Progress | None = None,
) -> list[Comparison]:
    """Compare candidates with the baseline, then each later candidate with the first as well.

    Four corpora are counted at a time: the baseline, the first candidate, and two others. So each
    of these is counted once for both of its comparisons.
    """
    sides = [Side(corpus, counting) for corpus in (baseline, *candidates)]
    by_side: list[list[Comparison]] = [[], []]  # with the baseline, with the first candidate
    total = 2 * len(candidates) - 1
    begin, new = 0, SIDES_AT_ONCE
    while begin < len(sides):
        chosen = [*range(min(begin, 2)), *range(begin, min(begin + new, len(sides)))]
        pairs = [(a, b) for a in (0, 1) for b in range(a + 1, len(chosen)) if chosen[b] >= begin]
        found = compare_together([sides[at] for at in chosen], pairs)
        for (first, _), comparison in zip(pairs, found, strict=True):
            by_side[first].append(comparison)
        if progress:
            progress("counting", sum(map(len, by_side)), total)
        begin, new = begin + new, SIDES_AT_ONCE - 2
    return [*by_side[0], *by_side[1]]


def compare_sides(baseline: Side, candidate: Side) -> Comparison:
    """Compare two sides in one pass over both; see `compare_together`."""
    (comparison,) = compare_together([baseline, candidate], [(0, 1)])
    return comparison


def compare_together(sides: Sequence[Side], pairs: Sequence[Pair]) -> list[Comparison]:
    """Compare pairs of up to four sides, each of which is counted once.

    Each pair is counted by itself on a GPU, and where the memory is too small for all sides.

    Raises
    ------
    LayoutMismatchError
        The corpora of a pair are tokenized differently.
    """
    for a, b in pairs:
        _check_tokenizers(sides[a].corpus, sides[b].corpus)
    backend = sides[0].counting.selected_backend
    if len(sides) > 2 and backend.on_gpu:
        return [compare_sides(sides[a], sides[b]) for a, b in pairs]
    try:
        counted = _count_together(sides, pairs, backend)
    except TooLittleMemoryError:
        if len(sides) == 2:
            raise
        return [compare_sides(sides[a], sides[b]) for a, b in pairs]
    sides[0].counting.used()  # gives back what counting kept, before samples are taken
    return [
        _comparison(sides[a], sides[b], counted.renamed(_names(a, b)), backend) for a, b in pairs
    ]


def _count_together(sides: Sequence[Side], pairs: Sequence[Pair], backend: Backend) -> JointSpectra:
    """Joint spectra of all pairs; labels 2 n and 2 n + 1 are the halves of side n."""
    corpora, counting = [side.corpus for side in sides], sides[0].counting
    vocab_size = max(corpus.vocab_size for corpus in corpora)

    def chunks() -> Iterable[Chunk]:
        return chain.from_iterable(each.chunks(2 * at) for at, each in enumerate(corpora))

    labels = 4 if len(sides) == 2 else 8
    layout = Layout(vocab_size, counting.max_order, labels)
    used, memory = bytes_in_use(counting, corpora), counting.memory_bytes
    windows = sum(corpus.tokens for corpus in corpora)
    with at_least(memory, used + bytes_for_samples(backend, layout)):
        needed = passes(chunks, windows, layout, backend, memory, TableUse.spectra, used)
    masks = list(dict.fromkeys(masks for pair in pairs for masks in _names(*pair)))
    return spectra_in_passes(chunks, layout, backend, masks, needed)


def _names(baseline: int, candidate: int) -> dict[Masks, Masks]:
    """Masks of a pair of sides that are counted together -> their names in a comparison of two."""

    def together(mask: int) -> int:
        return (mask & 0b11) << 2 * baseline | mask >> 2 << 2 * candidate

    return {(together(first), together(second)): (first, second) for first, second in MASKS}


def _comparison(
    baseline: Side, candidate: Side, joined: JointSpectra, backend: Backend
) -> Comparison:
    size = max(side.corpus.vocab_size for side in (baseline, candidate))
    layout = Layout(size, baseline.counting.max_order, 2)

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
