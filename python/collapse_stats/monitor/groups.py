"""The groups of a monitor: what a model answered to the same prompt, and to different ones."""

from collections import deque
from dataclasses import dataclass
from math import fsum

import numpy as np
import numpy.typing as npt

from .batch import Grouping, PackedBatch, join
from .group_figures import FIGURES, GroupRows, group_rows, join_rows

ORDER = 3
FLOOR_GROUPS = 32  # the first groups of a run, which are the floor unless human answers are given


def names(max_order: int) -> tuple[str, ...]:
    """Return every key of groups, in order."""
    within = [_key("group", figure, max_order) for figure in FIGURES]
    between = [_key("between", figure, max_order) for figure in FIGURES]
    return (*within, *(f"floor/{key}" for key in within), *between)


def _key(kind: str, figure: str, max_order: int) -> str:
    order = f"/{min(ORDER, max_order)}" if figure == "distinct_ratio" else ""
    return f"{kind}_{figure}{order}"


@dataclass(frozen=True, slots=True, eq=False)
class GroupState:
    """What a monitor knows of groups, to be saved, merged and exchanged.

    Attributes
    ----------
    within
        The newest groups.
    first
        The first groups of the run, at most `FLOOR_GROUPS`.
    between
        Groups made of one answer each to different prompts.
    waiting
        Answers to different prompts that will make the next such group.
    """

    within: GroupRows
    first: GroupRows
    between: GroupRows
    waiting: PackedBatch


class Groups:
    """The newest groups that together hold at most `limit` tokens; without a limit, all."""

    def __init__(self, vocab_size: int, max_order: int, limit: int | None) -> None:
        self._vocab_size, self._max_order = vocab_size, max_order
        self._order = min(ORDER, max_order)
        self._within, self._between = _Newest(limit), _Newest(limit)
        self._first = join_rows([])
        self._waiting: list[PackedBatch] = []

    def add(self, batch: PackedBatch, grouping: Grouping) -> None:
        """Add the groups of a batch."""
        rows = group_rows(batch, grouping, self._order, self._vocab_size)
        self._within.add(rows)
        missing = FLOOR_GROUPS - len(self._first)
        if missing > 0:
            self._first = join_rows([self._first, rows.rows(0, missing)])
        if len(rows):
            self._add_between(batch, grouping, int(rows.documents[-1]))

    def figures(self, human: PackedBatch | None = None) -> dict[str, float]:
        """Return the figures of all groups held, and their floor if `human` answers are given.

        Otherwise the floor is that of the first groups.
        """
        rows = self._within.all()
        if not len(rows):
            return {}
        floor = self._first if human is None else self._floor(human, int(rows.documents[-1]))
        values = _means(rows, "group", self._max_order)
        values |= {f"floor/{k}": v for k, v in _means(floor, "group", self._max_order).items()}
        return values | _means(self._between.all(), "between", self._max_order)

    def state(self) -> GroupState:
        """Return everything held."""
        return GroupState(
            self._within.all(),
            self._first,
            self._between.all(),
            join(self._waiting, self._vocab_size),
        )

    def merge(self, state: GroupState) -> None:
        """Add what another monitor held; no group is removed."""
        self._within.merge(state.within)
        self._between.merge(state.between)
        self._first = join_rows([self._first, state.first]).rows(0, FLOOR_GROUPS)
        waiting = state.waiting
        self._waiting += [waiting.documents(d, d + 1) for d in range(len(waiting.length))]

    def widen(self, limit: int) -> None:
        """Set the most tokens that are held."""
        self._within.limit = self._between.limit = limit

    def _add_between(self, batch: PackedBatch, grouping: Grouping, size: int) -> None:
        """Keep the first document of each group, and make groups of as many as one has."""
        _, first_of_group = np.unique(grouping.group[grouping.given], return_index=True)
        for document in np.sort(first_of_group).tolist():
            own = grouping.given == grouping.given[document]
            last = document + int(np.count_nonzero(own))
            kept = join([batch.documents(document, last)], self._vocab_size)
            one = np.array([kept.tokens])
            self._waiting.append(PackedBatch(kept.ids, one, np.zeros(1, np.int64)))
            if len(self._waiting) >= size:
                made = join(self._waiting[:size], self._vocab_size)
                self._waiting = self._waiting[size:]
                one_group = Grouping(np.arange(size), np.zeros(size, np.int64))
                self._between.add(group_rows(made, one_group, self._order, self._vocab_size))

    def _floor(self, human: PackedBatch, size: int) -> GroupRows:
        """Return the groups of the first `size` human answers; shorter groups are left out."""
        grouping = human.grouping
        if grouping is None:
            return join_rows([])
        place = _places(grouping.group)
        enough = np.bincount(grouping.group)[grouping.group] >= size
        kept = enough & (place < size)
        number = np.cumsum(kept) - 1
        documents = kept[grouping.given]
        tokens = np.repeat(documents, human.length)
        chosen = PackedBatch(human.ids[tokens], human.length[documents], human.ordinal[documents])
        group = np.unique(grouping.group[kept], return_inverse=True)[1].ravel()
        given = number[grouping.given[documents]]
        return group_rows(chosen, Grouping(given, group), self._order, self._vocab_size)


class _Newest:
    """The newest rows that together hold at most `limit` tokens, and always the newest one."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._parts: deque[GroupRows] = deque()
        self._tokens = 0

    def add(self, rows: GroupRows) -> None:
        if len(rows):
            self._parts.append(rows)
            self._tokens += int(rows.tokens.sum())
        while self.limit is not None and self._tokens > self.limit:
            oldest = self._parts.popleft()
            if len(oldest) == 1 and not self._parts:
                self._parts.append(oldest)
                return
            if len(oldest) > 1:
                self._parts.appendleft(oldest.rows(1))
            self._tokens -= int(oldest.tokens[0])

    def merge(self, rows: GroupRows) -> None:
        """Add rows before all others; none is removed."""
        if len(rows):
            self._parts.appendleft(rows)
            self._tokens += int(rows.tokens.sum())

    def all(self) -> GroupRows:
        return join_rows(list(self._parts))


def _places(group: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the place of each document in its group, from 0 on."""
    order = np.argsort(group, kind="stable")
    size = np.bincount(group)
    place = np.empty(len(group), np.int64)
    place[order] = np.arange(len(group)) - np.repeat(np.cumsum(size) - size, size)
    return place


def _means(rows: GroupRows, kind: str, max_order: int) -> dict[str, float]:
    """Return the mean of each figure over the groups, whatever their order (Shewchuk's sum)."""
    if not len(rows):
        return {}
    return {
        _key(kind, figure, max_order): fsum(rows.values[:, column].tolist()) / len(rows)
        for column, figure in enumerate(FIGURES)
    }
