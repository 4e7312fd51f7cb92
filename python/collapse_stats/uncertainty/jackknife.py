"""How far a figure would move with other documents: errors by leaving out groups of documents.

Tokens of one document depend on each other, so documents are what is resampled. A sample falls into
16 groups of documents (`groups`); a figure is taken again without each of them, from spectra that
are counted again, and how much it moves gives its standard error.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import metrics
from ..backends.base import Backend
from ..corpus.sample import Sample
from ..corpus.split import GROUPS, group_of, half_of
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectrum, Masks, Spectrum

LABELS = 8  # of a recount: the text that stays, once for each part, and groups to leave out
MIN_DOCUMENTS_FOR_ERRORS = 30  # fewer say too little of each other

Floats = npt.NDArray[np.float64]
Figure = Callable[[Spectrum, Spectrum], float | None]

CONVERGENT: dict[str, Figure] = {
    "entropy": lambda ngrams, _: metrics.entropy(ngrams),
    "conditional_entropy": metrics.conditional_entropy,
    "collision_entropy": lambda ngrams, _: metrics.collision_entropy(ngrams),
    "yule_k": lambda ngrams, _: metrics.yule_k(ngrams),
}
"""Figures of the source: as the corpus grows they settle, and their error falls as its root."""

OF_SIZE: dict[str, Figure] = {
    "distinct_ratio": lambda ngrams, _: metrics.distinct_ratio(ngrams),
    "coverage": lambda ngrams, _: metrics.coverage(ngrams),
    "heaps_exponent": lambda ngrams, _: metrics.heaps_exponent(ngrams),
}
"""Figures of a size: they and their errors are given at the size of the sample."""

FIGURES = {**CONVERGENT, **OF_SIZE}


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its standard error.

    Attributes
    ----------
    value, error
        In the figure's own unit.
    tokens
        Size of the text (of a side, in a comparison) that the figure and its error hold for.
    """

    value: float
    error: float
    tokens: int

    @property
    def low(self) -> float:
        """Two standard errors below the value."""
        return self.value - 2 * self.error

    @property
    def high(self) -> float:
        """Two standard errors above the value."""
        return self.value + 2 * self.error


@dataclass(frozen=True, slots=True, eq=False)
class HalfSample:
    """Documents of a sample that are counted together: a half."""

    sample: Sample
    group: npt.NDArray[np.uint8]
    inside: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, sample: Sample, half: int) -> "HalfSample":
        """The documents of half 0 or 1."""
        group = group_of(sample.hash)
        return cls(sample, group, half_of(group) == half)

    @property
    def groups(self) -> list[int]:
        """Groups that have text."""
        filled = self.inside & (self.sample.length > 0)
        return [int(group) for group in np.unique(self.group[filled])]

    def chunk(self, rest: int, left_out: dict[int, int]) -> Chunk:
        """Its documents under the label `rest`, those of some groups under labels of their own."""
        label = np.full(GROUPS, rest, dtype=np.uint8)
        for group, own in left_out.items():
            label[group] = own
        return self.sample.chunk(label[self.group], self.inside)


@dataclass(frozen=True, slots=True)
class Recount:
    """Joint spectra by order of two parts without a group of documents.

    `left_out` is the part, 0 or 1, and the group; None when all documents were counted.
    """

    left_out: tuple[int, int] | None
    ngrams: dict[int, JointSpectrum]
    contexts: dict[int, JointSpectrum]


def recounts(
    parts: tuple[HalfSample, HalfSample], layout: Layout, backend: Backend
) -> Iterator[Recount]:
    """Counts of two parts: of all documents first, then without each of their groups."""
    layout = Layout(layout.vocab_size, layout.max_order, LABELS)
    groups = [(place, group) for place, part in enumerate(parts) for group in part.groups]
    at_once = LABELS - len(parts)
    for first in range(0, max(len(groups), 1), at_once):
        some = groups[first : first + at_once]
        own = {key: len(parts) + number for number, key in enumerate(some)}
        one, other = (
            sum(1 << label for (at, _), label in own.items() if at == place) | 1 << place
            for place in range(len(parts))
        )
        masks: list[Masks] = [(one, other)]
        for (place, _), label in own.items():
            left = 1 << label
            masks.append((one & ~left, other) if place == 0 else (one, other & ~left))
        chunks = [
            part.chunk(place, {group: label for (at, group), label in own.items() if at == place})
            for place, part in enumerate(parts)
        ]
        counted = backend.spectra(chunks, layout, masks)
        for key, pair in zip([None, *some], masks, strict=True):
            if key is not None or first == 0:
                ngrams, contexts = (
                    {order: pairs[pair] for order, pairs in joint_spectra.items()}
                    for joint_spectra in (counted.ngrams, counted.contexts)
                )
                yield Recount(key, ngrams, contexts)


def variance(value: Floats, without: Floats, share: Floats) -> Floats:
    """Variances ``(K,)`` of K figures from their values ``(G, K)`` without each of G groups.

    Delete-m_j jackknife (Busing, Meijer & van der Leeden, Stat. Comput. 9, 1999). `share` ``(G,)``
    is each group's of all tokens: what a figure moves by because groups differ in size is left out.
    """
    h = 1 / share[:, np.newaxis]
    pseudo = h * value - (h - 1) * without
    centre = len(h) * value - np.sum((1 - 1 / h) * without, axis=0)
    found: Floats = np.mean((pseudo - centre) ** 2 / (h - 1), axis=0)
    return found


def group_shares(sample: Sample, half: int | None = None) -> Floats:
    """Share ``(16,)`` of each group in the tokens of a sample, or of a half of it."""
    group = group_of(sample.hash)
    inside = half_of(group) == half if half is not None else np.ones(len(group), dtype=bool)
    tokens = np.bincount(group[inside], sample.length[inside], minlength=GROUPS)
    shares: Floats = tokens / max(float(tokens.sum()), 1.0)
    return shares


def check_figure(name: str) -> None:
    """Raise ValueError unless a corpus has intervals of this figure."""
    if name not in FIGURES:
        raise ValueError(f"figure must be one of {', '.join(FIGURES)}, got {name!r}")


def has_intervals(sample: Sample) -> bool:
    """Whether there are documents enough, in more than one group of each half."""
    filled = group_of(sample.hash)[sample.length > 0]
    halves = half_of(np.unique(filled))
    return len(filled) >= MIN_DOCUMENTS_FOR_ERRORS and min(np.bincount(halves, minlength=2)) > 1


class CorpusIntervals:
    """Intervals of the figures of one corpus.

    Parameters
    ----------
    sample
        Documents of the corpus.
    spectra
        By order those of all its n-grams and of their contexts.
    counted
        Recounts of the sample's two halves.
    """

    def __init__(
        self,
        sample: Sample,
        spectra: Mapping[int, tuple[Spectrum, Spectrum]],
        counted: Sequence[Recount],
    ) -> None:
        self._size = len(sample.tokens)
        self._spectra = spectra
        self._counted = {
            order: [(one.ngrams[order].total, one.contexts[order].total) for one in counted]
            for order in spectra
        }
        shares = group_shares(sample)
        self._shares = np.array([shares[one.left_out[1]] for one in counted if one.left_out])

    def interval(self, name: str, order: int) -> Interval | None:
        """Interval of a figure of `FIGURES`; None where it cannot be given."""
        figure = FIGURES[name]
        found = [figure(*spectra) for spectra in self._counted[order]]
        whole = figure(*self._spectra[order]) if name in CONVERGENT else found[0]
        given = [value for value in found if value is not None]
        if whole is None or len(given) < len(found):
            return None
        values = np.array(given)[:, np.newaxis]
        error = math.sqrt(variance(values[0], values[1:], self._shares)[0])
        if name in OF_SIZE:
            return Interval(whole, error, self._size)
        tokens = max(self._size, self._spectra[order][0].occurrences)
        return Interval(whole, error * math.sqrt(self._size / tokens), tokens)
