"""How much the documents of a group differ, for all groups of a batch at once.

A group is what a model answered to one prompt. Each document is reduced to the set of its n-grams;
a stretch shorter than n counts as one n-gram. The cost is one sort of each group's n-grams.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from .batch import Grouping, PackedBatch

FIGURES = ("distinct_ratio", "copies", "overlap", "effective")
"""The columns of `GroupRows.values`.

distinct_ratio: distinct n-grams of a group over all its n-grams. copies: share of its documents
that repeat an earlier one exactly. overlap: mean over its pairs of documents of the Jaccard index
of their n-grams. effective: effective number of different documents, the exponential of the entropy
of clusters; two documents are in one cluster if one has at least half of the other's n-grams, or if
a chain of such pairs joins them.
"""
CONTAINED = 0.5
FloatArray = npt.NDArray[np.float64]
Uint64Array = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class GroupRows:
    """The figures of groups of two documents or more, in order.

    Attributes
    ----------
    tokens, documents
        ``(G,)`` int64: how many each group has.
    values
        ``(G, 4)``: its figures, see `FIGURES`.
    """

    tokens: Int64Array
    documents: Int64Array
    values: FloatArray

    def __len__(self) -> int:
        return len(self.tokens)

    def rows(self, first: int, last: int | None = None) -> "GroupRows":
        """Return the groups ``first <= g < last``."""
        part = slice(first, last)
        return GroupRows(self.tokens[part], self.documents[part], self.values[part])


def join_rows(parts: list[GroupRows]) -> GroupRows:
    """Return the groups of all parts."""
    return GroupRows(
        np.concatenate([np.empty(0, np.int64), *(part.tokens for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.documents for part in parts)]),
        np.concatenate([np.empty((0, len(FIGURES))), *(part.values for part in parts)]),
    )


def group_rows(batch: PackedBatch, grouping: Grouping, n: int, vocab_size: int) -> GroupRows:
    """Return the figures of the batch's groups, in the order in which they begin."""
    members = _Members(batch, grouping)
    several = members.documents > 1
    if not several.any():
        return join_rows([])
    sets = _NgramSets(batch, grouping, members, n, vocab_size)
    shared = sets.shared()
    values = np.stack(
        [
            sets.distinct / np.maximum(sets.windows, 1),
            members.copies(batch, grouping),
            members.mean_of_pairs(_jaccard(shared, sets.size, members)),
            _effective(shared, sets.size, members),
        ],
        axis=1,
    )
    return GroupRows(members.tokens[several], members.documents[several], values[several])


class _Members:
    """The given documents in the order of their groups.

    Attributes
    ----------
    group, slot
        ``(A,)``: the group of each given document, and its place in it.
    documents, tokens
        ``(G,)``: the number of each group's.
    first
        ``(G,)``: the number of each group's first document, in the order of groups.
    pairs, pair_group, left, right
        Number of ordered pairs; the group and both slots of each.
    """

    def __init__(self, batch: PackedBatch, grouping: Grouping) -> None:
        begins = np.unique(grouping.group, return_index=True)[1]
        rank = np.empty(len(begins), np.int64)
        rank[np.argsort(begins)] = np.arange(len(begins))
        self.group = rank[grouping.group]
        self.documents = np.bincount(self.group, minlength=len(begins))
        self.first = np.cumsum(self.documents) - self.documents
        order = np.argsort(self.group, kind="stable")
        self.slot = np.empty(len(order), np.int64)
        self.slot[order] = np.arange(len(order)) - np.repeat(self.first, self.documents)
        self.length = np.bincount(
            grouping.given, weights=batch.length, minlength=len(self.group)
        ).astype(np.int64)
        self.tokens = np.bincount(self.group, weights=self.length).astype(np.int64)
        squares = self.documents**2
        self.pair_first = np.cumsum(squares) - squares
        self.pair_group = np.repeat(np.arange(len(squares)), squares)
        within = np.arange(int(squares.sum())) - self.pair_first[self.pair_group]
        self.left, self.right = np.divmod(within, self.documents[self.pair_group])

    def copies(self, batch: PackedBatch, grouping: Grouping) -> FloatArray:
        """Return the share of each group's documents that repeat an earlier one, ``(G,)``."""
        stop = np.cumsum(self.length)  # the parts of a given document follow each other
        bounds = zip((stop - self.length).tolist(), stop.tolist(), strict=True)
        contents = (batch.ids[begin:end].tobytes() for begin, end in bounds)
        different = {*zip(self.group.tolist(), contents, strict=True)}
        distinct = np.bincount([group for group, _ in different], minlength=len(self.documents))
        return 1 - distinct / self.documents

    def mean_of_pairs(self, values: FloatArray) -> FloatArray:
        """Return the mean of a value of each ordered pair over each group's pairs, ``(G,)``."""
        upper = self.left < self.right
        groups = len(self.documents)
        total = np.bincount(self.pair_group[upper], weights=values[upper], minlength=groups)
        mean: FloatArray = total / np.maximum(self.documents * (self.documents - 1) // 2, 1)
        return mean


class _NgramSets:
    """The set of n-grams of each document, as sorted keys.

    Attributes
    ----------
    windows, distinct
        ``(G,)``: the n-grams of each group, all and different ones.
    size
        ``(A,)``: the different n-grams of each document, in the order of groups.
    """

    def __init__(
        self,
        batch: PackedBatch,
        grouping: Grouping,
        members: _Members,
        n: int,
        vocab_size: int,
    ) -> None:
        self._members = members
        slot_bits = int(members.documents.max()).bit_length()
        keys, part = _keys(batch, n, vocab_size, 64 - slot_bits)
        given = grouping.given[part]
        group = members.group[given]
        order = np.argsort(group, kind="stable") if np.any(group[1:] < group[:-1]) else slice(None)
        group = group[order]
        keys = (keys << np.uint64(slot_bits) | members.slot[given].astype(np.uint64))[order]
        groups = len(members.documents)
        self.windows = np.bincount(group, minlength=groups)
        ends = np.cumsum(self.windows).tolist()
        for begin, end in zip([0, *ends], ends, strict=False):
            keys[begin:end].sort()
        new = np.ones(len(keys), bool)
        new[1:] = (keys[1:] != keys[:-1]) | (group[1:] != group[:-1])
        self._ngram = keys[new] >> np.uint64(slot_bits)
        self._group = group[new]
        self._slot = (keys[new] & np.uint64((1 << slot_bits) - 1)).astype(np.int64)
        first = np.ones(len(self._ngram), bool)
        first[1:] = ~self._same(np.arange(len(self._ngram) - 1), 1)
        self.distinct = np.bincount(self._group[first], minlength=groups)
        document = members.first[self._group] + self._slot
        self.size = np.bincount(document, minlength=len(members.group))

    def shared(self) -> Int64Array:
        """Return how many n-grams each ordered pair has in common; 0 for those in other order."""
        members, shared = self._members, np.zeros(len(self._members.pair_group), np.int64)
        at, step = np.arange(len(self._ngram)), 1
        while len(at):
            at = at[at + step < len(self._ngram)]
            at = at[self._same(at, step)]  # those equal at a step are equal at all smaller steps
            group = self._group[at]
            pair = self._slot[at] * members.documents[group] + self._slot[at + step]
            shared += np.bincount(members.pair_first[group] + pair, minlength=len(shared))
            step += 1
        return shared

    def _same(self, at: Int64Array, step: int) -> npt.NDArray[np.bool_]:
        same = self._ngram[at] == self._ngram[at + step]
        also: npt.NDArray[np.bool_] = same & (self._group[at] == self._group[at + step])
        return also


def _keys(
    batch: PackedBatch, n: int, vocab_size: int, most_bits: int
) -> tuple[Uint64Array, Int64Array]:
    """Return every n-gram as an integer of at most `most_bits` bits, and its document."""
    tokens, bits = batch.ids.astype(np.uint64) + np.uint64(1), vocab_size.bit_length()
    if n * bits > 64:
        tokens = np.unique(tokens, return_inverse=True)[1].ravel().astype(np.uint64) + np.uint64(1)
        bits = len(tokens).bit_length()
    part = np.repeat(np.arange(len(batch.length)), batch.length)
    left = np.repeat(np.cumsum(batch.length), batch.length) - np.arange(len(tokens))
    begins = (left >= n) | (left == batch.length[part])  # the last one of a short document only
    keys = tokens.copy()
    for step in range(1, n):
        keys <<= np.uint64(bits)
        keys[:-step] |= np.where(left[:-step] > step, tokens[step:], np.uint64(0))
    keys, part = keys[begins], part[begins]
    if n * bits > most_bits:
        keys = np.unique(keys, return_inverse=True)[1].ravel().astype(np.uint64)
    return keys, part


def _jaccard(shared: Int64Array, size: Int64Array, members: _Members) -> FloatArray:
    """Return the Jaccard index of each ordered pair; that of two empty documents is 1."""
    left, right = _sizes(size, members)
    union = left + right - shared
    return np.where(union > 0, shared / np.maximum(union, 1), 1.0)


def _effective(shared: Int64Array, size: Int64Array, members: _Members) -> FloatArray:
    """Return the exponential of the entropy of each group's clusters, ``(G,)``."""
    left, right = _sizes(size, members)
    smaller = np.minimum(left, right)
    joined = np.where(smaller > 0, shared >= CONTAINED * smaller, left == right)
    edges = joined & (members.left < members.right)
    first = members.first[members.pair_group[edges]]
    a, b = first + members.left[edges], first + members.right[edges]
    cluster = np.arange(len(size))
    while np.any(cluster[a] != cluster[b]):
        lower = np.minimum(cluster[a], cluster[b])
        np.minimum.at(cluster, a, lower)
        np.minimum.at(cluster, b, lower)
    in_cluster = np.bincount(cluster, minlength=len(size))
    group = np.repeat(np.arange(len(members.documents)), members.documents)
    logs = in_cluster * np.log(np.maximum(in_cluster, 1))
    mean_log = np.bincount(group, weights=logs) / members.documents
    effective = members.documents * np.exp(-mean_log)
    clipped: FloatArray = np.clip(effective, 1, members.documents)  # rounding may exceed both
    return clipped


def _sizes(size: Int64Array, members: _Members) -> tuple[Int64Array, Int64Array]:
    first = members.first[members.pair_group]
    return size[first + members.left], size[first + members.right]
