"""An n-gram model that is sampled: the simplest model that learns from text and writes text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .exact import Int64Array, RandomNumbers, power
from .text import Text, Tokens

BACKOFF = 0.1
"""Share of the tokens that are drawn by the last token alone."""
MOST_ORDER = 16
_FULL = 2.0**32  # weight of the most frequent token of a context, for each time it was read

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class NgramSampler:
    """An n-gram model, stored as the text that it was estimated from.

    To draw the token after a context, the model goes to a random place where that context occurs
    and reads the next token. This samples the maximum-likelihood estimate without any table of
    probabilities. Contexts are of three lengths, the *levels*: none, one token, and order - 1.

    Attributes
    ----------
    text
        ``(S,)``: tokens + 1, with a 0 after each document. A *place* is an index into it.
    places
        ``(P,)``: places of tokens, so sorted that those after the same context are adjacent. Each
        level has its own if there are weights.
    first, stop
        ``(levels, S)``: ``places[first[l, s]:stop[l, s]]`` are places of tokens that follow the
        context of level l before place s; of a shorter one if that occurs only at the end of
        documents.
    until
        ``(P + 1,)`` int64: weight of all places before one of `places`. None if all weigh the same.
    """

    text: Tokens
    places: npt.NDArray[np.int32]
    first: npt.NDArray[np.int32]
    stop: npt.NDArray[np.int32]
    until: Int64Array | None

    @classmethod
    def estimate(
        cls, text: Text, order: int, *, temperature: float = 1.0, top_p: float = 1.0
    ) -> "NgramSampler":
        """Estimate a model with contexts of at most order - 1 tokens.

        Parameters
        ----------
        temperature
            Probabilities p become p^(1 / temperature), in proportion. Those below 2^-32 of the
            most probable token's become 0.
        top_p
            Of each context, only the most probable tokens are kept that have this share of the
            probability together, after the temperature; of equal ones those of the smaller ids.
        """
        ended = text.with_ends()
        before = _tokens_before(ended, order - 1)
        weighted = temperature != 1 or top_p != 1
        levels = sorted({0, min(1, order - 1), order - 1})
        shape = (len(levels), len(ended))
        first, stop = np.empty(shape, np.int32), np.empty(shape, np.int32)
        places: list[npt.NDArray[np.int32]] = []
        weights: list[Int64Array] = []
        sorted_places = None if weighted else _order_of([*reversed(before)], len(ended))
        for level, length in enumerate(levels):
            columns = before[:length]
            by_context = sorted_places
            if by_context is None:
                by_context = _order_of([ended, *reversed(columns)], len(ended))
            new = _changes(columns, by_context)
            is_token = ended[by_context] > 0
            offset = sum(map(len, places)) if weighted else 0
            _set_ranges(first[level], stop[level], by_context, new, is_token, offset)
            if level:
                ended_there = first[level] == stop[level]
                first[level, ended_there] = first[level - 1, ended_there]
                stop[level, ended_there] = stop[level - 1, ended_there]
            if weighted or not places:
                places.append(by_context[is_token].astype(np.int32))
            if weighted:
                context = (np.cumsum(new) - 1)[is_token]
                weights.append(_weights(context, ended[places[-1]], temperature, top_p))
        until = None
        if weighted:
            until = np.concatenate([[0], *weights]).astype(np.int64)
            np.cumsum(until, out=until)
        return cls(ended, np.concatenate(places), first, stop, until)

    def write(
        self, lengths: Int64Array, random: RandomNumbers, *, backoff: float = BACKOFF
    ) -> Text:
        """Sample documents of the given lengths (in tokens).

        Each token is read at a random place that has the same order - 1 tokens before it as the
        current place, or, with probability `backoff`, only the same last token. Backing off lets
        the model write sentences that it has not read. Documents begin like the documents that the
        model has read. They are sampled in parallel, and the time grows with the longest.

        Raises
        ------
        ValueError
            The model has read no token.
        """
        written = np.empty(int(lengths.sum()), dtype=self.text.dtype)
        if not len(written):
            return Text(written, lengths)
        if not len(self.places):
            raise ValueError("documents must hold at least one token to learn from, got none")
        rows = np.argsort(-lengths, kind="stable")
        active = np.searchsorted(-lengths[rows], -np.arange(1, lengths.max() + 1), "right")
        starts = (np.cumsum(lengths) - lengths)[rows]
        place = np.zeros(len(lengths), dtype=np.int64)  # place 0 is the start of a document
        longest = len(self.first) - 1
        for position, n in enumerate(active.tolist()):
            level = np.where(random.shares(n) < backoff, min(1, longest), longest)
            place = self._drawn(level, place[:n], random)
            written[starts[:n] + position] = self.text[place]
            place += 1
        written -= 1
        return Text(written, lengths)

    def _drawn(self, level: Int64Array, place: Int64Array, random: RandomNumbers) -> Int64Array:
        """Places ``(n,)`` of tokens that follow the contexts before other places."""
        first, stop = self.first[level, place], self.stop[level, place]
        if self.until is None:
            chosen = first + random.below(stop - first, len(place))
        else:
            begin = self.until[first]
            weight = begin + random.below(self.until[stop] - begin, len(place))
            chosen = np.searchsorted(self.until, weight, side="right") - 1
        places: Int64Array = self.places[chosen].astype(np.int64)
        return places


def _tokens_before(ended: Tokens, number: int) -> list[Tokens]:
    """Columns ``(S,)``: the token j + 1 places back, 0 before a document."""
    before: list[Tokens] = []
    for _ in range(number):
        last = before[-1] if before else None
        shifted = np.roll(ended if last is None else last, 1)
        before.append(shifted if last is None else np.where(last > 0, shifted, 0))
    return before


def _order_of(columns: Sequence[Tokens], size: int) -> Int64Array:
    """Sort by several columns ``(size,)``, the last one first, equal ones in their order.

    Columns of 16 bits are sorted by counting, which is much faster than by comparing, so that wider
    ones are sorted by 16 bits at a time.
    """
    order = np.arange(size)
    for column in columns:
        for shift in range(0, 8 * column.dtype.itemsize, 16):
            digit = (column >> shift).astype(np.uint16) if shift or column.itemsize > 2 else column
            order = order[np.argsort(digit[order], kind="stable")]
    return order


def _changes(columns: Sequence[Tokens], order: Int64Array) -> BoolArray:
    """Whether each of the sorted places has another context than the one before ``(S,)``."""
    new = np.zeros(len(order), dtype=bool)
    new[:1] = True
    for column in columns:
        sorted_column = column[order]
        new[1:] |= sorted_column[1:] != sorted_column[:-1]
    return new


def _set_ranges(
    first: npt.NDArray[np.int32],
    stop: npt.NDArray[np.int32],
    by_context: Int64Array,
    new: BoolArray,
    is_token: BoolArray,
    offset: int,
) -> None:
    """Set for each place which of the sorted tokens follow the same context."""
    tokens_until = np.concatenate([[0], np.cumsum(is_token)]) + offset
    edges = tokens_until[np.append(np.flatnonzero(new), len(new))].astype(np.int32)
    group = np.cumsum(new) - 1
    first[by_context] = edges[:-1][group]
    stop[by_context] = edges[1:][group]


def _weights(context: Int64Array, tokens: Tokens, temperature: float, top_p: float) -> Int64Array:
    """Weights ``(P,)`` of places, sorted by context and by token.

    The weight of a token in a context is shared by the places where it was read there.
    """
    if not len(tokens):
        return np.empty(0, dtype=np.int64)
    new = np.ones(len(tokens), dtype=bool)
    new[1:] = (context[1:] != context[:-1]) | (tokens[1:] != tokens[:-1])
    begin = np.flatnonzero(new)
    count = np.diff(np.append(begin, len(tokens)))
    of_context = context[begin]
    starts = np.flatnonzero(np.diff(of_context, prepend=-1))
    size = np.diff(np.append(starts, len(count)))

    exponent = 1 / temperature - 1
    if exponent >= 0:
        most = np.repeat(np.maximum.reduceat(count, starts), size)
        share = power(count / most, exponent)
    else:
        least = np.repeat(np.minimum.reduceat(count, starts), size)
        share = power(least / count, -exponent)
    each: Int64Array = np.rint(share * _FULL).astype(np.int64)
    if top_p < 1:
        each[~_kept(each * count, np.repeat(starts, size), top_p)] = 0
    return np.repeat(each, count)


def _kept(weight: Int64Array, start: Int64Array, top_p: float) -> BoolArray:
    """Whether each token ``(W,)`` is among the most probable ones of its context.

    `start` is where the tokens of its context start.
    """
    order = np.lexsort((-weight, start))
    until = np.concatenate([[0], np.cumsum(weight[order])])
    before_context = until[start]  # contexts keep their places
    last = np.append(np.flatnonzero(np.diff(start)), len(start) - 1) + 1
    total = np.repeat(until[last] - until[start[last - 1]], np.diff(last, prepend=0))
    within = (until[:-1] - before_context).astype(np.float64)
    kept = np.empty(len(weight), dtype=bool)
    kept[order] = within < top_p * total
    return kept
