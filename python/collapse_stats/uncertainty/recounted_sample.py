"""A sample that is recounted once at each size, whatever it is compared with.

Several comparisons have one side in common: the baseline, or the first of many candidates. What
depends on that side alone is counted once for all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from weakref import WeakValueDictionary

import numpy as np

from ..backends.base import Backend
from ..corpus.sample import Sample
from ..ngrams.layout import Layout
from .figure_vectors import Floats, figures_of, mirrored
from .jackknife import HalfSample, Recount, number_of_recounts, recounts

LeftOut = tuple[int, int]
"""A part of two, or in a comparison of four, and the group of it that was left out."""

_MOST_IDS = 1 << 24  # of a vocabulary that is looked up in an array, which takes 5 bytes an id


class RecountedSample:
    """The documents of a sample, and recounts of its two halves without each of their groups."""

    def __init__(self, sample: Sample, layout: Layout, backend: Backend) -> None:
        self.sample = sample
        self._layout = layout
        self._backend = backend
        self._lock = Lock()
        self._recounts: list[Recount] | None = None
        self._floors: dict[int, dict[LeftOut | None, Floats]] = {}

    def __reduce__(self) -> tuple[type, tuple[Sample, Layout, Backend]]:
        """Copies, and what is read from a pickle, are counted anew."""
        return RecountedSample, (self.sample, self._layout, self._backend)

    @property
    def steps(self) -> int:
        """Recounts that are still to be done."""
        return number_of_recounts(halves_of(self.sample)) if self._recounts is None else 0

    def recounts(self, counted: Callable[[], None] | None = None) -> list[Recount]:
        """Return the recounts, which the first call makes; it calls `counted` after each."""
        with self._lock:
            if self._recounts is None:
                (sample,), layout = in_own_vocabulary([self.sample], self._layout)
                halves = halves_of(sample)
                self._recounts = list(recounts(halves, layout, self._backend, counted))
            return self._recounts

    def floors(self, order: int) -> dict[LeftOut | None, Floats]:
        """Return the figures between the two halves, by the group that was left out."""
        if order not in self._floors:
            recounts = self.recounts()
            figures = figures_of([each.ngrams[order] for each in recounts])
            floors = (figures + mirrored(figures)) / 2
            keys = (each.left_out for each in recounts)
            self._floors[order] = dict(zip(keys, floors, strict=True))
        return self._floors[order]


class RecountedSamples:
    """One sample at each of the sizes at which it is compared.

    A size is forgotten when no comparison uses it any more.
    """

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self._by_size: WeakValueDictionary[tuple[int, int, Backend], RecountedSample]
        self._by_size = WeakValueDictionary()

    def __reduce__(self) -> tuple[type, tuple[Sample]]:
        """Copies, and what is read from a pickle, are counted anew."""
        return RecountedSamples, (self.sample,)

    def first(self, documents: int, layout: Layout, backend: Backend) -> RecountedSample:
        """Return the first `documents` documents, to be recounted up to the layout's order."""
        key = documents, layout.max_order, backend
        found = self._by_size.get(key)
        if found is None:
            found = RecountedSample(self.sample.first(documents), layout, backend)
            self._by_size[key] = found
        return found


def halves_of(sample: Sample) -> tuple[HalfSample, HalfSample]:
    """Return the two halves of a sample."""
    return HalfSample.of(sample, 0), HalfSample.of(sample, 1)


def in_own_vocabulary(samples: Sequence[Sample], layout: Layout) -> tuple[list[Sample], Layout]:
    """Return samples whose tokens are numbered anew, without the ids that none of them has.

    Counts of counts do not depend on the names of tokens, and a small vocabulary is counted faster:
    each recount goes through all of its ids, and of a tokenizer's most do not occur in a sample.
    """
    largest = max(int(sample.tokens.max(initial=0)) for sample in samples)
    if layout.vocab_size > _MOST_IDS or largest >= layout.vocab_size:  # a backend refuses such ids
        return list(samples), layout
    occurs = np.zeros(layout.vocab_size, dtype=bool)
    for sample in samples:
        occurs[sample.tokens] = True
    ids = np.flatnonzero(occurs)
    number = np.empty(layout.vocab_size, dtype=np.uint32)
    number[ids] = np.arange(len(ids), dtype=np.uint32)
    renamed = [replace(sample, tokens=number[sample.tokens]) for sample in samples]
    return renamed, replace(layout, vocab_size=max(len(ids), 1))
