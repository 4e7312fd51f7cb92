"""A profile: the spectra of one corpus, and what is needed to read and to trust them later."""

import os
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..backends.selection import select
from ..corpus.load import Progress
from ..counting.top import most_frequent
from ..errors import InputError
from ..metrics.figures import CORPUS_FIGURES, CORPUS_FIGURES_WITH_ERRORS, look_up
from ..ngrams.table import NgramTable
from ..system.arguments import as_path, checked_methods
from ..system.memory import budget
from ..system.presented import Presented
from ..tokenizers import load as load_tokenizer
from ..uncertainty.estimate import Estimate
from ..uncertainty.jackknife import CorpusIntervals, has_intervals, step_counter
from . import storage
from .data import ProfileData, described
from .merge import merge

Ngram = tuple[int, ...] | str
"""An n-gram as token ids, or as text when the tokenizer is known."""


@checked_methods
class Profile(ProfileData, Presented):
    """What is known of one corpus: the fields of `ProfileData`, and answers from them."""

    def __repr__(self) -> str:
        """Return the name, the size, and what decides the n-grams."""
        orders = f"orders 1 to {self.max_order}" if self.max_order > 1 else "order 1"
        tokenizer = "token ids" if self.tokenizer.spec == "none" else self.tokenizer.spec
        return f"<Profile of {described(self)}, {orders}, {tokenizer}>"

    @cached_property
    def run(self) -> NgramTable:
        """The table: every window with its counts.

        Raises
        ------
        CollapseStatsError
            when the profile was made without its table.
        """
        return self.known_table.read(0, self.layout.key_ranges)

    def entropy(self, order: int, estimator: str = "chao-wang-jost") -> float | None:
        """Entropy of the n-grams of one order, in bits; None for an empty corpus.

        Of a sample of n-grams it is estimated, and None if that has too few of them.
        """
        entropy = CORPUS_FIGURES["entropy"]
        return entropy.value(self.spectrum(order), self.contexts(order), estimator)

    def sampling_error(self, name: str, order: int, estimator: str | None = None) -> float | None:
        """Return the standard error of a figure that comes of n-grams being sampled.

        It is 0 where all n-grams were counted, and None where the figure or its error cannot be
        given. How far other documents would move a figure is in `interval`.

        Parameters
        ----------
        name
            One of the figures of a corpus in reports, such as ``"distinct"``.
        estimator
            Of ``"entropy"``; by default that of `entropy`.
        """
        figure, order = look_up(name, CORPUS_FIGURES), self.check_order(order)
        if self.sampling_errors is not None:
            return self.sampling_errors.error(figure, order, estimator)
        value = figure.value(self.spectrum(order), self.contexts(order), estimator)
        return None if value is None else 0.0

    def interval(self, name: str, order: int) -> Estimate | None:
        """Return a figure of `CORPUS_FIGURES_WITH_ERRORS` with its standard error.

        The figure is that of the corpus if it converges as a corpus grows (entropies, Yule's K),
        else that of the sample. None where the figure is None, without a sample, or with too few
        documents for an error.
        """
        look_up(name, CORPUS_FIGURES_WITH_ERRORS)
        order, intervals = self.check_order(order), self._intervals
        return None if intervals is None else intervals.interval(name, order)

    def resample(self, progress: Progress | None = None) -> None:
        """Recount the sample for `interval` now, and report progress.

        Without this call, that is done when the first interval is asked for.
        """
        if "_intervals" not in vars(self):
            vars(self)["_intervals"] = self._resampled(progress)  # as cached_property would

    @cached_property
    def _intervals(self) -> CorpusIntervals | None:
        return self._resampled(None)

    def _resampled(self, progress: Progress | None) -> CorpusIntervals | None:
        if not self.is_halved_by_documents or not has_intervals(self.sample):
            return None
        backend = self.backend or select()
        recounted = self.recounted.first(len(self.sample), self.layout, backend)
        recounts = recounted.recounts(step_counter(progress, recounted.steps))
        return CorpusIntervals(self.sample, self.spectra, recounts, self.sampling_errors)

    def top(self, order: int, k: int = 20) -> list[tuple[Ngram, int]]:
        """The k most frequent n-grams with their counts, as text when the tokenizer is known."""
        ids, counts = most_frequent(self.known_table, self.check_order(order), k)
        return list(zip(self.spell(ids), counts.tolist(), strict=True))

    def spell(self, ids: npt.NDArray[np.int64]) -> list[Ngram]:
        """n-grams ``(order, K)`` of token ids: as text when the tokenizer is known.

        Raises
        ------
        InputError
            when the tokenizer's file is not there any more, or the vocabulary has changed.
        """
        if self.tokenizer.spec == "none":
            return [tuple(ngram) for ngram in ids.T.tolist()]
        tokenizer = load_tokenizer(self.tokenizer.spec)
        if tokenizer.sha256 != self.tokenizer.sha256:
            raise InputError(
                f"{self.name} was made with {self.tokenizer}, and {self.tokenizer.change} (its "
                f"hash begins with {tokenizer.sha256[:8]} now), so that its n-grams cannot be "
                "spelled: make the profile again, or use what it was made with"
            )
        return [tokenizer.decode(ngram) for ngram in ids.T.tolist()]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile as a directory, at once or not at all, with half of what is free.

        Raises
        ------
        InputError
            when `path` exists, or cannot be written.
        """
        storage.write(self, as_path(path))

    def __add__(self, other: "Profile") -> "Profile":
        """Profile of both corpora taken together.

        Raises
        ------
        LayoutMismatchError
            when layouts or tokenizers differ.
        """
        resident_bytes = sum(
            one.table.resident_bytes for one in (self, other) if one.table is not None
        )
        return merge([self, other], select(), budget(None) + resident_bytes)
