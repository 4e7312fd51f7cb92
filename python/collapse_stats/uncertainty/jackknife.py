"""Standard errors by leaving out groups of documents: how far other documents would move a figure.

The tokens of one document depend on each other, so documents are what is resampled. A sample is
divided into 16 groups of documents (`corpus.split`). Each figure is computed again without each of
the groups, from spectra that are recounted, and its standard error follows from how much it moves.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from ..backends.base import Backend
from ..corpus.load import Progress
from ..corpus.sample import Sample
from ..corpus.split import GROUPS, group_of, half_of
from ..metrics.figures import CORPUS_FIGURES_WITH_ERRORS
from ..metrics.two_corpora.joint_rows import totals
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectrum, Masks, Spectrum
from .estimate import Estimate
from .sampling_errors import SamplingErrors

LABELS = 8  # labels of one recount: a label for what stays of each part, the rest for groups
MIN_DOCUMENTS_FOR_ERRORS = 30  # errors from fewer documents are not reliable

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class HalfSample:
    """The documents of one half of a sample, which are counted together."""

    sample: Sample
    group: npt.NDArray[np.uint8]
    inside: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, sample: Sample, half: int) -> "HalfSample":
        """Take half 0 or 1 of a sample."""
        group = group_of(sample.hash)
        return cls(sample, group, half_of(group) == half)

    @property
    def groups(self) -> list[int]:
        """Groups that have text."""
        filled = self.inside & (self.sample.length > 0)
        return [int(group) for group in np.unique(self.group[filled])]

    def chunk(self, rest: int, left_out: dict[int, int]) -> Chunk:
        """Return the documents, labelled by group where `left_out` says so, else with `rest`."""
        label_of_group = np.full(GROUPS, rest, dtype=np.uint8)
        for group, label in left_out.items():
            label_of_group[group] = label
        return self.sample.chunk(label_of_group[self.group], self.inside)


@dataclass(frozen=True, slots=True)
class Recount:
    """Joint spectra by order of two parts without one group of documents.

    `left_out` is the part, 0 or 1, and the group; None when all documents were counted.
    """

    left_out: tuple[int, int] | None
    ngrams: dict[int, JointSpectrum]
    contexts: dict[int, JointSpectrum]


def recounts(
    parts: tuple[HalfSample, HalfSample],
    layout: Layout,
    backend: Backend,
    counted: Callable[[], None] | None = None,
) -> Iterator[Recount]:
    """Count two parts: all of their documents first, then without each of their groups in turn.

    `counted` is called after each recount.
    """
    layout = Layout(layout.vocab_size, layout.max_order, LABELS)
    groups = [(place, group) for place, part in enumerate(parts) for group in part.groups]
    at_once = LABELS - len(parts)
    for start in range(0, max(len(groups), 1), at_once):
        some_groups = groups[start : start + at_once]
        label_of = {key: len(parts) + number for number, key in enumerate(some_groups)}
        first, second = (
            sum(1 << label for (at, _), label in label_of.items() if at == place) | 1 << place
            for place in range(len(parts))
        )
        masks: list[Masks] = [] if start else [(first, second)]
        for (place, _), label in label_of.items():
            rest = ~(1 << label)
            masks.append((first & rest, second) if place == 0 else (first, second & rest))
        chunks = [
            part.chunk(
                place, {group: label for (at, group), label in label_of.items() if at == place}
            )
            for place, part in enumerate(parts)
        ]
        spectra = backend.spectra(chunks, layout, masks)
        for key, pair in zip([*some_groups] if start else [None, *some_groups], masks, strict=True):
            ngrams, contexts = (
                {order: pairs[pair] for order, pairs in joint_spectra.items()}
                for joint_spectra in (spectra.ngrams, spectra.contexts)
            )
            if counted is not None:
                counted()
            yield Recount(key, ngrams, contexts)


def number_of_recounts(parts: tuple[HalfSample, HalfSample]) -> int:
    """Return how many times `recounts` counts the two parts."""
    return 1 + sum(len(part.groups) for part in parts)


def step_counter(progress: Progress | None, total: int) -> Callable[[], None]:
    """Return a function that reports one more of `total` recounts; threads may call it."""
    lock = Lock()
    done = 0

    def counted() -> None:
        nonlocal done
        with lock:
            done += 1
            if progress is not None:
                progress("recounting samples", done, total)

    return counted


def variance(value: Floats, without: Floats, share: Floats) -> Floats:
    """Return the variances ``(K,)`` of K figures.

    Delete-m_j jackknife (Busing, Meijer & van der Leeden, Stat. Comput. 9, 1999), in which a figure
    that moves only because groups differ in size has no variance.

    Parameters
    ----------
    value
        ``(K,)``: the figures of the whole text.
    without
        ``(G, K)``: the figures without each of G groups.
    share
        ``(G,)``: share of each group in all tokens.
    """
    h = 1 / share[:, np.newaxis]
    pseudo = h * value - (h - 1) * without
    centre = len(h) * value - np.sum((1 - 1 / h) * without, axis=0)
    variances: Floats = np.mean((pseudo - centre) ** 2 / (h - 1), axis=0)
    return variances


def group_shares(sample: Sample, half: int | None = None) -> Floats:
    """Return the share ``(16,)`` of each group in the tokens of a sample, or of a half of it."""
    group = group_of(sample.hash)
    inside = half_of(group) == half if half is not None else np.ones(len(group), dtype=bool)
    tokens = np.bincount(group[inside], sample.length[inside], minlength=GROUPS)
    shares: Floats = tokens / max(float(tokens.sum()), 1.0)
    return shares


def has_intervals(sample: Sample) -> bool:
    """Whether there are enough documents, of different keys, in several groups of each half."""
    filled = group_of(sample.hash)[sample.length > 0]
    halves = half_of(np.unique(filled))
    return sample.keys >= MIN_DOCUMENTS_FOR_ERRORS and min(np.bincount(halves, minlength=2)) > 1


class CorpusIntervals:
    """Figures of one corpus with their standard errors.

    Parameters
    ----------
    sample
        Documents of the corpus.
    spectra
        By order the spectra of all its n-grams and of their contexts.
    recounted
        Recounts of the sample's two halves.
    sampling_errors
        Errors of figures of the corpus because its n-grams are sampled; they are added.
    """

    def __init__(
        self,
        sample: Sample,
        spectra: Mapping[int, tuple[Spectrum, Spectrum]],
        recounted: Sequence[Recount],
        sampling_errors: SamplingErrors | None = None,
    ) -> None:
        self._found: dict[tuple[str, int], Estimate | None] = {}
        self._size = len(sample.tokens)
        self._spectra = spectra
        self._sampling_errors = sampling_errors
        self._recounted = {
            order: list(
                zip(
                    totals([recount.ngrams[order] for recount in recounted]),
                    totals([recount.contexts[order] for recount in recounted]),
                    strict=True,
                )
            )
            for order in spectra
        }
        shares = group_shares(sample)
        self._shares = np.array(
            [shares[recount.left_out[1]] for recount in recounted if recount.left_out]
        )

    def interval(self, name: str, order: int) -> Estimate | None:
        """Return a figure of `CORPUS_FIGURES_WITH_ERRORS`; None where it cannot be given."""
        if (name, order) not in self._found:
            self._found[name, order] = self._interval(name, order)
        return self._found[name, order]

    def _interval(self, name: str, order: int) -> Estimate | None:
        figure = CORPUS_FIGURES_WITH_ERRORS[name]
        values = [figure.value(*spectra) for spectra in self._recounted[order]]
        converges = figure.error == "corpus"
        whole = figure.value(*self._spectra[order]) if converges else values[0]
        known = [value for value in values if value is not None]
        if whole is None or len(known) < len(values):
            return None
        column = np.array(known)[:, np.newaxis]
        error = math.sqrt(variance(column[0], column[1:], self._shares)[0])
        if not converges:
            return Estimate(whole, error, self._size)
        tokens = max(self._size, self._spectra[order][0].occurrences)
        error *= math.sqrt(self._size / tokens)
        if self._sampling_errors is not None:
            more = self._sampling_errors.error(figure, order)
            if more is None:
                return None
            error = math.hypot(error, more)
        return Estimate(whole, error, tokens)
