"""A profile: the spectra of one corpus, and what is needed to read and to trust them later."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from . import metrics
from .backends import Backend, select
from .corpus import Source, TokenizerIdentity
from .counting import HALVES
from .errors import CollapseStatsError, LayoutMismatchError
from .frequent import most_frequent
from .intervals import CorpusIntervals, Interval, Part, check_figure, has_intervals, recounts
from .keys import Layout
from .memory import budget
from .run import Run
from .sample import Sample
from .spectrum import JointSpectrum, Spectrum, Tables
from .table import Table

Ngram = tuple[int, ...] | str
"""An n-gram as token ids, or as text when the tokenizer is known."""


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of one corpus.

    Attributes
    ----------
    tables
        Spectra of every order: of the two halves jointly when there are halves.
    documents
        Documents counted, empty ones included.
    sample
        Whole documents to recount matched sizes and intervals from.
    table
        Where the run is, or None when none was kept.
    backend
        What counts the sample again; by default the first that is usable.
    """

    name: str
    layout: Layout
    tables: Tables
    documents: int
    sample: Sample
    table: Table | None = None
    tokenizer: TokenizerIdentity = field(default_factory=lambda: TokenizerIdentity("none", None))
    sources: tuple[Source, ...] = ()
    boundaries: str = "each item is a document"
    halved_by: str = "documents"
    warnings: tuple[str, ...] = ()
    backend: Backend | None = None

    @property
    def vocab_size(self) -> int:
        """Ids lie below this."""
        return self.layout.vocab_size

    @property
    def max_order(self) -> int:
        """Longest n-gram counted."""
        return self.layout.max_order

    @property
    def tokens(self) -> int:
        """Tokens counted."""
        return self.windows(1)

    @cached_property
    def run(self) -> Run:
        """The run: every window with its counts.

        Raises
        ------
        CollapseStatsError
            when the profile was made without its table.
        """
        return self.known_table.read(0, self.layout.shards)

    @property
    def known_table(self) -> Table:
        """The table; raises CollapseStatsError when the profile was made without it."""
        if self.table is None:
            raise CollapseStatsError(
                f"profile {self.name} was made without its table of n-grams, which this needs: "
                "make it again without --no-table (table=True)"
            )
        return self.table

    def halves(self, order: int) -> JointSpectrum | None:
        """Joint spectrum of half A and half B, or None when halves were not kept."""
        return self.tables.ngrams[self._known(order)].get(HALVES[0])

    def spectrum(self, order: int) -> Spectrum:
        """Spectrum of the n-grams of one order."""
        (joint,) = self.tables.ngrams[self._known(order)].values()
        return joint.total

    def contexts(self, order: int) -> Spectrum:
        """Spectrum of the (order - 1)-grams that begin an n-gram, by how often they do."""
        (joint,) = self.tables.contexts[self._known(order)].values()
        return joint.total

    @property
    def spectra(self) -> dict[int, tuple[Spectrum, Spectrum]]:
        """By order the spectra of n-grams and of their contexts."""
        return {order: (self.spectrum(order), self.contexts(order)) for order in self.tables.ngrams}

    def windows(self, order: int) -> int:
        """n-gram occurrences N_n: the sum over documents of max(0, length - order + 1)."""
        return self.spectrum(order).occurrences

    def distinct(self, order: int) -> int:
        """Distinct n-grams V_n."""
        return self.spectrum(order).distinct

    def entropy(self, order: int, estimator: str = "chao-wang-jost") -> float | None:
        """Entropy of the n-grams of one order, in bits; None for an empty corpus."""
        return metrics.entropy(self.spectrum(order), estimator=estimator)

    def interval(self, name: str, order: int) -> Interval | None:
        """A figure of `intervals.FIGURES` with its standard error, from groups of documents.

        Of the corpus where the figure settles as a corpus grows (entropies), else of the sample;
        None where the figure is, without a sample, or with too few documents for an error.
        """
        check_figure(name)
        known, found = self._known(order), self._intervals
        return None if found is None else found.interval(name, known)

    @cached_property
    def _intervals(self) -> CorpusIntervals | None:
        if self.halved_by != "documents" or not has_intervals(self.sample):
            return None
        halves = Part.of(self.sample, 0), Part.of(self.sample, 1)
        counted = list(recounts(halves, self.layout, self.backend or select()))
        return CorpusIntervals(self.sample, self.spectra, counted)

    def top(self, order: int, k: int = 20) -> list[tuple[Ngram, int]]:
        """The k most frequent n-grams with their counts, as text when the tokenizer is known."""
        ids, counts = most_frequent(self.known_table, self._known(order), k)
        return list(zip(self.spell(ids), counts.tolist(), strict=True))

    def spell(self, ids: "np.typing.NDArray[np.int64]") -> list[Ngram]:
        """n-grams ``(order, K)`` of token ids: as text when the tokenizer is known."""
        if self.tokenizer.spec == "none":
            return [tuple(ngram) for ngram in ids.T.tolist()]
        from .tokenizers import load as load_tokenizer

        tokenizer = load_tokenizer(self.tokenizer.spec)
        return [tokenizer.decode(ngram) for ngram in ids.T.tolist()]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile as a directory, at once or not at all, with half of what is free.

        Raises
        ------
        InputError
            when `path` exists, or cannot be written.
        """
        from .storage import write

        write(self, Path(path))

    def __add__(self, other: "Profile") -> "Profile":
        """Profile of both corpora taken together.

        Raises
        ------
        LayoutMismatchError
            when layouts or tokenizers differ.
        """
        from .profiling import merge

        held = sum(one.table.held for one in (self, other) if one.table is not None)
        return merge([self, other], select(), budget(None) + held)

    def _known(self, order: int) -> int:
        if not 1 <= order <= self.max_order:
            raise ValueError(
                f"order must be between 1 and {self.max_order}, the longest counted, got {order}"
            )
        return order


def check_comparable(first: Profile, second: Profile) -> None:
    """Raise LayoutMismatchError unless token ids may mean the same in both."""
    a, b = first.tokenizer, second.tokenizer
    if not a.may_equal(b):
        raise LayoutMismatchError(
            f"{first.name} was tokenized with {a.spec}, {second.name} with {b.spec}: profiles of "
            "different vocabularies never compare, make both with one --tokenizer"
        )
    if first.vocab_size != second.vocab_size:
        raise LayoutMismatchError(
            f"{first.name} has {first.vocab_size:,} token ids, {second.name} "
            f"{second.vocab_size:,}: make both with one --vocab-size"
        )
