"""Human corpora of one kind against each other: every ordered pair, and the halves of each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..backends.base import Backend
from ..corpus.corpus import TokenizerIdentity
from ..corpus.sample import Sample
from ..corpus.split import hash_in_group
from ..uncertainty.recounted_sample import RecountedSamples
from .evidence import Evidence
from .measure import both_ways

_NEXT_BITS = np.uint64(4)  # those of a key that follow the bits of its group


@dataclass(frozen=True, slots=True)
class HumanText:
    """The sample of a human corpus, how large the whole is, and what its token ids mean."""

    name: str
    tokens: int
    documents: int
    sample: Sample
    tokenizer: TokenizerIdentity
    vocab_size: int


@dataclass(frozen=True, slots=True)
class HumanPair:
    """Evidence of two human corpora, or of the halves of one, which are called by its name."""

    baseline: str
    candidate: str
    evidence: Evidence

    @property
    def is_of_halves(self) -> bool:
        """Whether the two are halves of one corpus."""
        return self.baseline == self.candidate


def number_of_steps(corpora: int) -> int:
    """Return how often `measured_pairs` calls `counted`: for each two corpora, and for each one."""
    return corpora * (corpora + 1) // 2


def measured_pairs(
    corpora: Sequence[HumanText], backend: Backend, counted: Callable[[], None]
) -> Iterator[HumanPair]:
    """Yield the evidence of all pairs, both ways around; call `counted` after both.

    The halves of a corpus differ by chance alone: they show what the rule says of no difference.
    """
    sides = {text.name: RecountedSamples(text.sample) for text in corpora}
    pairs = [(a, b, sides[a], sides[b]) for a, b in combinations(sides, 2)]
    for text in corpora:
        first, second = map(RecountedSamples, halves_apart(text.sample))
        pairs.append((text.name, text.name, first, second))
    for a, b, one, other in pairs:
        there, back = both_ways(one, other, backend)
        yield HumanPair(a, b, there)
        yield HumanPair(b, a, back)
        counted()


def halves_apart(sample: Sample) -> tuple[Sample, Sample]:
    """Return the two halves of a sample as samples with halves and groups of their own.

    Documents of one key stay in one group.
    """
    first, second = (_part(sample, number) for number in (0, 1))
    return first, second


def _part(sample: Sample, number: int) -> Sample:
    chosen = sample.half == number
    length = sample.length[chosen]
    keys = (sample.hash if sample.key is None else sample.key)[chosen]
    hashes = hash_in_group(sample.hash[chosen], keys >> _NEXT_BITS)
    return Sample.of(hashes, length, sample.tokens[np.repeat(chosen, sample.length)], keys)
