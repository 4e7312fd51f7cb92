"""Bits that two models need for a text, by band of its tokens, with other documents left out.

A baseline is divided into three parts. One says how frequent each token is, from the second a model
is made, and the third is the text. The other model is made from as much of a candidate.

Arrays of sums have an axis for each of several parts: place 0 on it is that of the whole part, and
place 1 + g that of the part without its group g of documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...backends.base import Backend
from ...ngrams.layout import BoolArray, Layout
from ..key_index import Int64Array
from ..located import Located
from ..symbols import Symbols
from ..weights import Floats
from .bands import bands_of, membership
from .parts import PARTS, Part, PartModel


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """What one way to use the three parts gives; B is the number of bands.

    Attributes
    ----------
    part
        The part of each side that its model is made from.
    places
        Number of places of the text in each band. Its axes are the three parts of the baseline and
        the bands; the axis of a part that makes no difference has length 1.
    floor
        Bits that the model of the baseline needs for them, with the same axes.
    candidate
        Bits that the model of the candidate needs, with an axis for its part before the others.
    unknown
        ``(2, B)``: places whose token the model of baseline and candidate has never seen.
    types
        ``(B,)``: number of different tokens.
    type_bits
        ``(2, B)``: the mean bits of each different token, summed over them.
    fallback
        Orders whose discounts are not those of the formula, of each model.
    tokens
        Tokens that each model has seen.
    """

    part: int
    places: Floats
    floor: Floats
    candidate: Floats
    unknown: Floats
    types: Floats
    type_bits: Floats
    fallback: tuple[tuple[int, ...], ...]
    tokens: tuple[int, ...]


def rotation(
    number: int,
    baseline: Sequence[Part],
    candidate: Sequence[Part],
    layout: Layout,
    backend: Backend,
) -> Rotation:
    """Take the bands from part `number` of the baseline, models from the next, text from the third.

    The candidate's model is made from its part of the same groups, so that answers to one prompt
    are never both in a model and in the text. Both parts are cut to the tokens of the smaller.
    """
    of_bands, of_models, of_text = roles = [(number + step) % PARTS for step in range(PARTS)]
    sides = baseline[of_models], candidate[of_models]
    cut = [side.first(min(side.tokens for side in sides)) for side in sides]
    models = [PartModel(side, layout, backend) for side in cut]
    symbols = Symbols.of(baseline[of_text].sample.tokens, layout.vocab_size)
    text = _Text(baseline[of_text], symbols)
    located = [Located.of(model.index, *text.packed) for model in models]
    bits = [_bits_without_groups(*pair, text) for pair in zip(models, located, strict=True)]
    bands = _bands_without_groups(baseline[of_bands], symbols)
    to_parts = (*np.argsort(roles), 3)

    def by_band(values: Floats) -> Floats:
        """Sum values ``(M, H, K)`` by band; of M models, the axes are in the order of the parts."""
        sums = np.array([_without_groups(values @ membership(band)) for band in bands])
        return sums.transpose(to_parts)

    places = text.summed(None)
    number_of, *bits_of = (each.sum(axis=0) for each in (places, *(of[0] for of in bits)))
    whole = membership(bands[0])
    occurs = number_of > 0
    return Rotation(
        of_models,
        by_band(places[np.newaxis]),
        by_band(bits[0]),
        np.array([by_band(each[np.newaxis]) for each in bits[1]]),
        np.array([text.summed(each.is_unknown).sum(axis=0) @ whole for each in located]),
        occurs @ whole,
        np.array([each / np.maximum(number_of, 1) @ whole for each in bits_of]),
        tuple(model.weights.fallback for model in models),
        tuple(side.tokens for side in cut),
    )


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


def _bits_without_groups(model: PartModel, located: Located, text: _Text) -> Floats:
    """Return bits ``(1 + G, H, K)`` of the symbols in H groups of the text, by what is left out."""
    weights = [model.weights, *model.without_each_group()]
    return np.array([text.summed(-located.log2_probabilities(each)) for each in weights])


def _bands_without_groups(part: Part, symbols: Symbols) -> list[Int64Array]:
    """Return the band ``(K,)`` of each symbol by its counts in a part, and without each group."""
    counts = _Text(part, symbols).summed(None).astype(np.int64)
    whole = counts.sum(axis=0)
    return [bands_of(whole), *(bands_of(whole - of_group) for of_group in counts)]


def _without_groups(sums: Floats) -> Floats:
    """Return sums ``(M, 1 + H, B)`` of all groups, and without each, from those of H groups."""
    whole = sums.sum(axis=1, keepdims=True)
    return np.concatenate([whole, whole - sums], axis=1)
