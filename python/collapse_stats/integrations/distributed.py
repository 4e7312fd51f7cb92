"""Figures of all ranks together, over ``torch.distributed``: gloo on CPU, NCCL on GPUs.

Each rank is sent the rows of one stretch of key ranges, so that none holds the whole table. Spectra
of disjoint key ranges add; what goes by first token (order 1, contexts of order 2) lies in many key
ranges, and is sent by token id instead. What the ranks then exchange is as small as spectra are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist

from ..backends.base import Backend
from ..monitor import CollapseMonitor
from ..monitor.batch import PackedBatch
from ..monitor.surprisal import SurprisalSums
from ..monitor.window import Window
from ..ngrams.layout import Layout
from ..ngrams.spectrum import NO_HALVES, JointSpectra, JointSpectrum, sum_joint
from ..ngrams.table import NgramTable

Int64Array = npt.NDArray[np.int64]


def reduce(monitor: CollapseMonitor, group: dist.ProcessGroup | None = None) -> dict[str, float]:
    """The figures of `CollapseMonitor.compute` over what all ranks hold; the same on every rank.

    Every rank of the group must call it, with monitors of equal parameters; some may hold nothing.
    The newest documents, of which each rank gives its share, are compared with the baseline; all
    other figures are those of one process that saw every token.
    """
    held, ranks = monitor.snapshot(), Ranks(group)
    joint_spectra = reduced_joint_spectra(held.run, monitor.backend, ranks)
    documents = int(ranks.sum(np.array([held.documents]))[0])
    newest = _newest(monitor, held.newest, ranks)
    sums = SurprisalSums(monitor.layout.vocab_size)
    sums.sums += ranks.sum(held.surprisals.sums)
    return monitor.figures_of(joint_spectra, documents, newest, sums)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Arrays of int64 sent between the ranks of a group (default: all)."""

    group: dist.ProcessGroup | None = None

    @property
    def number(self) -> int:
        """How many ranks there are."""
        return int(dist.get_world_size(self.group))

    def exchange(self, parts: Sequence[Int64Array]) -> list[Int64Array]:
        """What every rank has for this one, given what this one has for every rank."""
        sizes = self._tensor(np.array([len(part) for part in parts]))
        coming = torch.empty_like(sizes)
        dist.all_to_all_single(coming, sizes, group=self.group)
        number = coming.tolist()
        sent = self._tensor(np.concatenate(parts))
        found = sent.new_empty(sum(number))
        dist.all_to_all_single(found, sent, number, sizes.tolist(), group=self.group)
        return np.split(found.cpu().numpy(), np.cumsum(number)[:-1])

    def gather(self, part: Int64Array) -> list[Int64Array]:
        """What every rank has for all."""
        return self.exchange([part] * self.number)

    def sum(self, values: Int64Array) -> Int64Array:
        """The sum of arrays of one shape."""
        total = self._tensor(values.copy())
        dist.all_reduce(total, group=self.group)
        found: Int64Array = total.cpu().numpy()
        return found

    def _tensor(self, values: Int64Array) -> torch.Tensor:
        device = "cuda" if dist.get_backend(self.group) == "nccl" else "cpu"
        return torch.from_numpy(values).to(device)


def reduced_joint_spectra(table: NgramTable, backend: Backend, ranks: Ranks) -> JointSpectra:
    """Spectra of the tables of all ranks taken together."""
    layout = table.layout
    edges = np.linspace(0, layout.key_ranges, ranks.number + 1).astype(int).tolist()
    sent = [_packed(table.slice(first, last)) for first, last in pairwise(edges)]
    received = [_unpacked(layout, rows) for rows in ranks.exchange(sent)]
    own = backend.merge(received)
    found = backend.joint_spectra([[own]], NO_HALVES)
    first, followed = _by_first_token(own, ranks)
    ngrams = {n: found.ngrams[n][NO_HALVES[0]] for n in found.ngrams} | {1: first}
    contexts = {n: found.contexts[n][NO_HALVES[0]] for n in found.contexts}
    if layout.max_order > 1:
        contexts[2] = followed
    whole = {n: _sum(joint, ranks) for n, joint in sorted(ngrams.items())}
    before = {n: _sum(joint, ranks) for n, joint in sorted(contexts.items()) if n > 1}
    tokens = whole[1].first.occurrences
    empty = JointSpectrum.from_counts([tokens], [0])  # the one empty context
    return JointSpectra(
        {n: {NO_HALVES[0]: joint} for n, joint in whole.items()},
        {1: {NO_HALVES[0]: empty}} | {n: {NO_HALVES[0]: joint} for n, joint in before.items()},
    )


def _packed(table: NgramTable) -> Int64Array:
    return np.concatenate([table.keys, table.counts]).view(np.int64).reshape(-1)


def _unpacked(layout: Layout, rows: Int64Array) -> NgramTable:
    columns = rows.view(np.uint64).reshape(layout.words + layout.labels, -1)
    return NgramTable(layout, columns[: layout.words], columns[layout.words :])


def _by_first_token(table: NgramTable, ranks: Ranks) -> tuple[JointSpectrum, JointSpectrum]:
    """Of the token ids this rank is sent: joint spectra of their counts, and of those followed."""
    rows, counts = table.by_prefix(
        np.arange(len(table)), table.counts, min(2, table.layout.max_order)
    )
    tokens = table.tokens(rows)
    first, count = tokens[0], counts[0].astype(np.int64)
    followed = count * (tokens[1] >= 0) if len(tokens) > 1 else count
    home = first % ranks.number
    sent = [
        np.stack([column[home == rank] for column in (first, count, followed)]).reshape(-1)
        for rank in range(ranks.number)
    ]
    columns = np.concatenate([part.reshape(3, -1) for part in ranks.exchange(sent)], axis=1)
    ids, number = np.unique(columns[0], return_inverse=True)
    totals = np.zeros((2, len(ids)), dtype=np.int64)
    np.add.at(totals[0], number, columns[1])
    np.add.at(totals[1], number, columns[2])
    nothing = np.zeros(len(ids), dtype=np.int64)
    one, other = (JointSpectrum.from_counts(total, nothing) for total in totals)
    return one, other


def _sum(joint: JointSpectrum, ranks: Ranks) -> JointSpectrum:
    rows = np.stack([joint.a, joint.types]).view(np.int64).reshape(-1)
    parts = [part.view(np.uint64).reshape(2, -1) for part in ranks.gather(rows)]
    return sum_joint([JointSpectrum.from_rows(a, np.zeros_like(a), types) for a, types in parts])


def _newest(monitor: CollapseMonitor, own: PackedBatch, ranks: Ranks) -> Window:
    """The newest documents of all ranks, an equal share of each."""
    share = Window(monitor.layout.vocab_size, -(-monitor.compared_tokens // ranks.number))
    if monitor.compared_tokens:
        share.add(own)
    batch = share.all()
    columns = [
        ranks.gather(column.astype(np.int64)) for column in (batch.ids, batch.length, batch.ordinal)
    ]
    found = Window(monitor.layout.vocab_size, monitor.compared_tokens)
    for ids, length, ordinal in zip(*columns, strict=True):
        found.add(PackedBatch(ids.astype(batch.ids.dtype), length, ordinal))
    return found
