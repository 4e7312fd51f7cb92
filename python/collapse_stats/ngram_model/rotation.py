"""Bits that two models need for a text, by band of its tokens, and how far other documents move it.

A baseline is divided into three parts. One says how frequent each token is, from the second a model
is made, and the third is the text. The other model is made from as much of a candidate.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..backends.base import Backend
from ..ngrams.layout import Layout
from .bands import bands_of, summed
from .key_index import Int64Array
from .located import Located
from .parts import PARTS, Part, PartModel
from .symbols import Symbols
from .weights import Floats

Group = tuple[int, int]
"""A part (of the baseline 0 to 2, of the candidate 3 to 5) and a group of its documents."""

PLACES, FLOOR, CANDIDATE = 0, 1, 2
"""Rows of the sums: number of places, and the bits that each model needs for them."""


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """What one way to use the three parts gives.

    Attributes
    ----------
    sums
        ``(3, B)``: places of the text in each band, and bits of the two models there.
    unknown
        ``(2, B)``: places whose token each model has never seen.
    types
        ``(B,)``: number of different tokens.
    type_bits
        ``(2, B)``: the mean bits of each different token, summed over them.
    moves
        By group of documents, by how much `sums` changes without that group.
    fallback
        Orders whose discounts are not those of the formula, of each model.
    tokens
        Tokens that each model has seen.
    """

    sums: Floats
    unknown: Floats
    types: Floats
    type_bits: Floats
    moves: dict[Group, Floats]
    fallback: tuple[tuple[int, ...], ...]
    tokens: tuple[int, ...]


def rotation(
    number: int,
    baseline: list[Part],
    candidate: list[Part],
    symbols: Symbols,
    layout: Layout,
    backend: Backend | None,
) -> Rotation:
    """Take the bands from part `number` of the baseline, models from the next, text from the third.

    The candidate's model is made from its part of the same groups, so that answers to one prompt
    are never in a model and in the text. Both parts are cut to the tokens of the smaller.
    """
    of_bands, of_models, of_text = ((number + step) % PARTS for step in range(PARTS))
    sides = baseline[of_models], candidate[of_models]
    cut = [side.first(min(side.tokens for side in sides)) for side in sides]
    models = [PartModel(side, layout, backend) for side in cut]
    text = _Text(baseline[of_text], symbols)
    counts = _Counts(baseline[of_bands], symbols)
    band_of = bands_of(counts.whole)
    band = band_of[text.symbols]

    located = [Located.of(model.trie, *text.packed) for model in models]
    bits = [-each.log2_probabilities(m.weights) for each, m in zip(located, models, strict=True)]
    sums = np.array([summed(band), *(summed(band, each) for each in bits)])
    by_symbol = [np.bincount(text.symbols, each, symbols.number) for each in (None, *bits)]
    occurs = by_symbol[0] > 0
    of_types = band_of[occurs]

    moves: dict[Group, Floats] = {}
    for group, places in enumerate(text.places_of_groups()):
        parts = (summed(band[places]), *(summed(band[places], each[places]) for each in bits))
        moves[of_text, group] = -np.array(parts)
    for group, without in enumerate(counts.without_each_group()):
        moved = bands_of(without)
        moves[of_bands, group] = np.array([summed(moved, each) for each in by_symbol]) - sums
    for row, (part, model) in enumerate(zip((of_models, PARTS + of_models), models, strict=True)):
        for group, weights in enumerate(model.without_each_group()):
            move = np.zeros_like(sums)
            moved_bits = -located[row].log2_probabilities(weights)
            move[1 + row] = summed(band, moved_bits) - sums[1 + row]
            moves[part, group] = move
    return Rotation(
        sums,
        np.array([summed(band, each.is_unknown) for each in located]),
        summed(of_types),
        np.array([summed(of_types, each[occurs] / by_symbol[0][occurs]) for each in by_symbol[1:]]),
        moves,
        tuple(model.weights.fallback for model in models),
        tuple(side.tokens for side in cut),
    )


class _Text:
    """The text: symbols ``(P,)`` of its tokens and of its ends, each behind its document."""

    def __init__(self, part: Part, symbols: Symbols) -> None:
        self.packed = part.sample.tokens, part.sample.length
        stream = symbols.stream(*self.packed)
        self.symbols = stream[stream != symbols.begin]
        self._part = part

    def places_of_groups(self) -> Iterator[Int64Array]:
        group = np.repeat(self._part.group, self._part.sample.length + 1)
        return (np.flatnonzero(group == number) for number in range(self._part.groups))


class _Counts:
    """How often a part has each symbol ``(K,)``."""

    def __init__(self, part: Part, symbols: Symbols) -> None:
        found = symbols.of_tokens(part.sample.tokens)
        group = np.repeat(part.group.astype(np.int64), part.sample.length)
        shape = part.groups, symbols.number
        flat = np.bincount(group * symbols.number + found, minlength=shape[0] * shape[1])
        self._of_groups = flat.reshape(shape)
        self.whole = self._of_groups.sum(axis=0)

    def without_each_group(self) -> Iterator[Int64Array]:
        return (self.whole - of_group for of_group in self._of_groups)
