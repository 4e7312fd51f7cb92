"""A corpus in parts that share no document, and models of a part without some of its documents."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...backends.base import Backend
from ...corpus.sample import Sample, within
from ...corpus.split import group_of
from ...ngrams.chunk import Int64Array
from ...ngrams.layout import Layout
from ..trie import Trie
from ..weights import Floats, Weights

PARTS = 3
_LABELS = 8  # of a table: a power of two; a part has five or six groups


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Whole documents of a sample with text, those of some groups.

    Attributes
    ----------
    name
        For messages.
    group
        ``(D,)`` uint8: which of the part's groups each document is in, from 0 on.
    share
        ``(G,)``: share of each group in the part's tokens.
    """

    name: str
    sample: Sample
    group: npt.NDArray[np.uint8]
    share: Floats

    @classmethod
    def of(cls, name: str, sample: Sample, number: int) -> "Part":
        """Take one of the `PARTS` parts of a sample: those groups whose remainder is `number`.

        `name` is that of the profile.
        """
        groups = group_of(sample.hash)
        chosen = (groups % PARTS == number) & (sample.length > 0)
        inside = np.repeat(chosen, sample.length)
        some = Sample(sample.hash[chosen], sample.length[chosen], sample.tokens[inside])
        found, group = np.unique(groups[chosen], return_inverse=True)
        shares = _shares(some, group, len(found))
        name = f"part {number + 1} of {PARTS} of the sample of {name}"
        return cls(name, some, group.astype(np.uint8), shares)

    @property
    def tokens(self) -> int:
        """Number of tokens."""
        return len(self.sample.tokens)

    @property
    def groups(self) -> int:
        """Number of groups; those of a first part of a part may be without text."""
        return len(self.share)

    def first(self, tokens: int) -> "Part":
        """Return the first documents, with at most so many tokens."""
        some = self.sample.first(within(self.sample.length, tokens))
        group = self.group[: len(some)]
        return Part(self.name, some, group, _shares(some, group, self.groups))


class PartModel:
    """The weights of a model of a part's documents, and of those without each of its groups.

    The part is counted once, and its n-grams are arranged once: without a group, some of them are
    seen less often, or never.

    Raises
    ------
    CollapseStatsError
        when no document of the part is long enough for the order.
    """

    def __init__(self, part: Part, layout: Layout, backend: Backend) -> None:
        labelled = Layout(layout.vocab_size, layout.max_order, _LABELS)
        self._trie = Trie.of_sample(part.sample, labelled, backend, part.group, part.groups)
        self._trie.check_filled(part.name)
        self._part = part
        self._vocab_size = layout.vocab_size
        self.index = self._trie.index
        self._counts = self._trie.counts.sum(axis=0)
        self.weights = Weights.of(self._trie, self._counts, layout.vocab_size)

    def without_each_group(self) -> Iterator[Weights]:
        """Yield the weights of the documents outside of each group."""
        for group in range(self._part.groups):
            counts: Int64Array = self._counts - self._trie.counts[group]
            yield Weights.of(self._trie, counts, self._vocab_size)


def _shares(sample: Sample, group: npt.NDArray[np.integer], groups: int) -> Floats:
    tokens = np.bincount(group, sample.length, groups)
    shares: Floats = tokens / max(float(tokens.sum()), 1.0)
    return shares
