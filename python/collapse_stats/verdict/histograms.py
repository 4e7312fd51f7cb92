"""Small integer tables of n-gram counts, all that unseen masses and their errors need.

Parts 0 and 1 are the baseline's halves A and B, parts 2 and 3 the candidate's. Only opposite halves
meet: a part's partners are the other half of its own corpus and that of the other corpus.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..groups import GROUPS
from .ngrams import COLUMNS, GroupCounts, Windows, group_counts

PARTS = 4
PART = GROUPS // 2  # groups in it
PARTNERS = (1, 3)  # part p meets parts p ^ 1 and p ^ 3

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Histograms:
    """Occurrences by how often another part has the n-gram, for each group and partner.

    The last column of each is "so often or more". Sums over disjoint sets of n-grams.

    Attributes
    ----------
    own
        ``(2, 32, C)``: occurrences in the group, by how often the partner has their n-gram.
    before, after
        ``(2, 32, C)``: the partner's occurrences of n-grams that the group has, by how often the
        group's part has them, with and without the group.
    """

    own: Ints
    before: Ints
    after: Ints


def tallied(windows: Windows, columns: Mapping[int, int]) -> dict[int, Histograms]:
    """Histograms of the orders that `columns` has, with so many columns each."""
    return {
        order: histograms(counts, columns[order])
        for order, counts in enumerate(group_counts(windows), start=1)
        if order in columns
    }


def added(one: Mapping[int, Histograms], other: Mapping[int, Histograms]) -> dict[int, Histograms]:
    """Histograms of two disjoint sets of n-grams together."""
    return {
        order: Histograms(a.own + b.own, a.before + b.before, a.after + b.after)
        for order, a in one.items()
        for b in (other[order],)
    }


def histograms(counts: GroupCounts, columns: int) -> Histograms:
    """Histograms of so many columns."""
    part = counts.group // PART
    home = counts.type * PARTS
    seen = np.bincount(home + part, counts.count, minlength=counts.types * PARTS).astype(np.int64)
    mine = seen[home + part]
    row = counts.group * columns

    def summed(weights: Ints, by: Ints) -> Ints:
        cells = np.bincount(row + np.minimum(by, columns - 1), weights, COLUMNS * columns)
        return cells.astype(np.int64).reshape(COLUMNS, columns)

    own, before, after = [], [], []
    for partner in PARTNERS:
        theirs = seen[home + (part ^ partner)]
        own.append(summed(counts.count, theirs))
        before.append(summed(theirs, mine))
        after.append(summed(theirs, mine - counts.count))
        own[-1][:, 0] += counts.alone
    return Histograms(np.stack(own), np.stack(before), np.stack(after))
