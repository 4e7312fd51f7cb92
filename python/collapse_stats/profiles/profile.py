"""The profile of a corpus: its fields, and methods that answer questions about the corpus."""

import os
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .. import metrics
from ..backends.selection import select
from ..counting.top import most_frequent
from ..ngrams.table import NgramTable
from ..system.memory import budget
from ..tokenizers import load as load_tokenizer
from ..uncertainty.jackknife import (
    CorpusIntervals,
    HalfSample,
    Interval,
    check_figure,
    has_intervals,
    recounts,
)
from . import storage
from .data import ProfileData
from .merge import merge

Ngram = tuple[int, ...] | str
"""An n-gram as token ids, or as text when the tokenizer is known."""


class Profile(ProfileData):
    """The counts of one corpus (the fields of `ProfileData`) and figures derived from them."""

    @cached_property
    def run(self) -> NgramTable:
        """The n-gram table: every window with its counts.

        Raises
        ------
        CollapseStatsError
            when the profile was made without its table.
        """
        return self.known_table.read(0, self.layout.key_ranges)

    def entropy(self, order: int, estimator: str = "chao-wang-jost") -> float | None:
        """Return the entropy of the n-grams of one order, in bits; None for an empty corpus."""
        return metrics.entropy(self.spectrum(order), estimator=estimator)

    def interval(self, name: str, order: int) -> Interval | None:
        """Return a figure of `jackknife.FIGURES` with its standard error, from document groups.

        Figures that converge as a corpus grows (entropies) are those of the corpus, others those of
        the sample. None where the figure itself is None, without a sample, or with too few
        documents for a standard error.
        """
        check_figure(name)
        self.check_order(order)
        return None if self._intervals is None else self._intervals.interval(name, order)

    @cached_property
    def _intervals(self) -> CorpusIntervals | None:
        if self.halved_by != "documents" or not has_intervals(self.sample):
            return None
        halves = HalfSample.of(self.sample, 0), HalfSample.of(self.sample, 1)
        counted = list(recounts(halves, self.layout, self.backend or select()))
        return CorpusIntervals(self.sample, self.spectra, counted)

    def top(self, order: int, k: int = 20) -> list[tuple[Ngram, int]]:
        """Return the k most frequent n-grams with counts, as text if the tokenizer is known."""
        ids, counts = most_frequent(self.known_table, self.check_order(order), k)
        return list(zip(self.spell(ids), counts.tolist(), strict=True))

    def spell(self, ids: npt.NDArray[np.int64]) -> list[Ngram]:
        """Return n-grams given as token ids ``(order, K)``; as text if the tokenizer is known."""
        if self.tokenizer.spec == "none":
            return [tuple(ngram) for ngram in ids.T.tolist()]
        tokenizer = load_tokenizer(self.tokenizer.spec)
        return [tokenizer.decode(ngram) for ngram in ids.T.tolist()]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile to a new directory, completely or not at all.

        This may use half of the free memory.

        Raises
        ------
        InputError
            when `path` exists, or cannot be written.
        """
        storage.write(self, Path(path))

    def __add__(self, other: "Profile") -> "Profile":
        """Return the profile of both corpora taken together.

        Raises
        ------
        LayoutMismatchError
            when layouts or tokenizers differ.
        """
        tables = [profile.table for profile in (self, other) if profile.table is not None]
        resident_bytes = sum(table.resident_bytes for table in tables)
        return merge([self, other], select(), budget(None) + resident_bytes)
