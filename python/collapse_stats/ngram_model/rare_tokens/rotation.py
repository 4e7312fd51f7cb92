"""Bits that two models need for a text, by band of its tokens, with other documents left out.

A baseline is divided into three parts. One says how frequent each token is, from the second a model
is made, and the third is the text. The other model is made from as much of a candidate.

Arrays of sums have an axis for each of several parts: place 0 on it is that of the whole part, and
place 1 + g that of the part without its group g of documents.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...backends.base import Backend
from ...ngrams.chunk import Int64Array
from ...ngrams.layout import BoolArray, Layout
from ..located import Located
from ..symbols import FIRST_TOKEN, Symbols
from ..weights import Floats
from .bands import bands_of, membership
from .parts import PARTS, Part, PartModel

BytesOf = Callable[[Int64Array], Int64Array | None]
"""From token ids to the number of bytes of each one's text; None if those are not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Bits:
    """What one model needs for a text; B is the number of bands.

    Attributes
    ----------
    sums
        Bits by band. The axes are those of `Turn.by_band`, after one for the part of the model.
    unknown
        ``(B,)``: places whose token the model has never seen.
    of_types
        ``(B,)``: the mean bits of each different token, summed over them.
    fallback
        Orders whose discounts are not those of the formula.
    tokens
        Tokens that the model has seen.
    """

    sums: Floats
    unknown: Floats
    of_types: Floats
    fallback: tuple[int, ...]
    tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """What one way to use the three parts gives for one candidate.

    Attributes
    ----------
    turn
        The baseline's side of it.
    floor
        Of the model of the baseline; its sums have no axis before those of the baseline's parts.
    candidate
        Of the model of the candidate, whose part has the first axis of its sums.
    """

    turn: "Turn"
    floor: Bits
    candidate: Bits


class Turn:
    """One way to use the three parts of a baseline, whatever it is compared with.

    Attributes
    ----------
    part
        The part of each side that its model is made from.
    places
        Number of places of the text in each band. Its axes are the three parts of the baseline and
        the bands; the axis of a part that makes no difference has length 1.
    types
        ``(B,)``: number of different tokens.
    bytes
        ``(B,)``: bytes of their places in the text; None if those are not known.
    """

    def __init__(
        self,
        number: int,
        baseline: Sequence[Part],
        layout: Layout,
        backend: Backend,
        bytes_of: BytesOf,
    ) -> None:
        """Take the bands from part `number`, models from the next, the text from the third."""
        of_bands, self.part, of_text = roles = [(number + step) % PARTS for step in range(PARTS)]
        self._for_models = baseline[self.part]
        self._layout, self._backend = layout, backend
        symbols = Symbols.of(baseline[of_text].sample.tokens, layout.vocab_size)
        self._text = _Text(baseline[of_text], symbols)
        bands = _bands_without_groups(baseline[of_bands], symbols)
        self._members = [membership(band) for band in bands]
        self._to_parts = (*np.argsort(roles), 3)
        places = self._text.summed(None)
        self._number_of = places.sum(axis=0)
        self.places = self._by_band(places[np.newaxis])
        self.types: Floats = (self._number_of > 0) @ self._members[0]
        lengths = bytes_of(symbols.ids)
        self.bytes: Floats | None = None
        if lengths is not None:
            of_tokens = slice(FIRST_TOKEN, FIRST_TOKEN + len(symbols.ids))
            self.bytes = (self._number_of[of_tokens] * lengths) @ self._members[0][of_tokens]
        self._floors: dict[int, Bits] = {}

    def against(self, candidate: Sequence[Part]) -> Rotation:
        """Ask a model of the candidate, and one of as much of the baseline, for the text.

        The candidate's model is made from its part of the same groups, so that answers to one
        prompt are never both in a model and in the text. The floor's is made once for each size.
        """
        part = candidate[self.part]
        own = self._for_models.first(common_size(self._for_models.tokens, part.tokens))
        floor = self._floors.get(len(own.sample))
        if floor is None:
            bits = self._bits(own)
            floor = Bits(
                self._by_band(bits.sums), bits.unknown, bits.of_types, bits.fallback, bits.tokens
            )
            self._floors[len(own.sample)] = floor
        bits = self._bits(part.first(own.tokens))
        sums = np.array([self._by_band(each[np.newaxis]) for each in bits.sums])
        of_candidate = Bits(sums, bits.unknown, bits.of_types, bits.fallback, bits.tokens)
        return Rotation(self, floor, of_candidate)

    def _bits(self, part: Part) -> Bits:
        """Ask a model of a part; the sums are still by symbol, ``(1 + G, H, K)``."""
        model, text, whole = (
            PartModel(part, self._layout, self._backend),
            self._text,
            self._members[0],
        )
        located = Located.of(model.index, *text.packed)
        weights = [model.weights, *model.without_each_group()]
        sums = np.array([text.summed(-located.log2_probabilities(each)) for each in weights])
        means = sums[0].sum(axis=0) / np.maximum(self._number_of, 1)
        unknown = text.summed(located.is_unknown).sum(axis=0)
        whole = self._members[0]
        return Bits(sums, unknown @ whole, means @ whole, model.weights.fallback, part.tokens)

    def _by_band(self, values: Floats) -> Floats:
        """Sum values ``(M, H, K)`` by band; of M models, the axes are in the order of the parts."""
        sums = np.array([_without_groups(values @ member) for member in self._members])
        return sums.transpose(self._to_parts)


def common_size(baseline: int, candidate: int) -> int:
    """Return the tokens that both models are made of, given those of both parts.

    It is the largest of T, 0.9 T, 0.81 T, ... that the candidate has, where T is what the baseline
    has. So candidates of about one size have their floor in common.
    """
    size = baseline
    while size > candidate:
        size = size * 9 // 10
    return size


class _Text:
    """The text of a part: its tokens, and the end of each document behind these."""

    def __init__(self, part: Part, symbols: Symbols) -> None:
        self.packed = part.sample.tokens, part.sample.length
        stream = symbols.stream(*self.packed)
        group = np.repeat(part.group.astype(np.int64), part.sample.length + 1)
        self._shape = part.groups, symbols.number
        self._cell = group * symbols.number + stream[stream != symbols.begin]

    def summed(self, values: Floats | BoolArray | None) -> Floats:
        """Return the sums ``(G, K)`` of values ``(P,)`` by group and symbol, else the number."""
        groups, number = self._shape
        sums = np.bincount(self._cell, values, groups * number)
        return sums.reshape(self._shape).astype(np.float64)


def _bands_without_groups(part: Part, symbols: Symbols) -> list[Int64Array]:
    """Return the band ``(K,)`` of each symbol by its counts in a part, and without each group."""
    counts = _Text(part, symbols).summed(None).astype(np.int64)
    whole = counts.sum(axis=0)
    return [bands_of(whole), *(bands_of(whole - of_group) for of_group in counts)]


def _without_groups(sums: Floats) -> Floats:
    """Return sums ``(M, 1 + H, B)`` of all groups, and without each, from those of H groups."""
    whole = sums.sum(axis=1, keepdims=True)
    return np.concatenate([whole, whole - sums], axis=1)
