"""Figures of all ranks together, over ``torch.distributed``: gloo on CPUs, NCCL on GPUs.

Each rank receives the rows of one interval of key ranges from all others, so that no rank holds the
whole table. Spectra of disjoint key ranges can be added. N-grams of order 1, and contexts of
order 2, occur in many key ranges; their counts are sent to ranks by token id instead. The ranks
then exchange spectra only, which are small.
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
    """Return the figures of `CollapseMonitor.compute` over the tokens of all ranks.

    Every rank of the group must call it, with monitors of equal parameters, and gets the same
    figures. Ranks may be empty. The figures are those of one process that saw every token, except
    that each rank gives an equal share of the newest documents compared with the baseline.
    """
    snapshot, ranks = monitor.snapshot(), Ranks(group)
    joint_spectra = reduced_joint_spectra(snapshot.table, monitor.backend, ranks)
    documents = int(ranks.sum(np.array([snapshot.documents]))[0])
    window = _newest_of_all(monitor, snapshot.newest, ranks)
    surprisals = SurprisalSums(monitor.layout.vocab_size)
    surprisals.sums += ranks.sum(snapshot.surprisals.sums)
    return monitor.figures_of(joint_spectra, documents, window, surprisals)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Exchange of int64 arrays between the ranks of a group (default: all ranks)."""

    group: dist.ProcessGroup | None = None

    @property
    def number(self) -> int:
        """Number of ranks."""
        return int(dist.get_world_size(self.group))

    def exchange(self, parts: Sequence[Int64Array]) -> list[Int64Array]:
        """Send one part to each rank, and return the part that each rank sent to this one."""
        send_sizes = self._tensor(np.array([len(part) for part in parts]))
        receive_sizes = torch.empty_like(send_sizes)
        dist.all_to_all_single(receive_sizes, send_sizes, group=self.group)
        lengths = receive_sizes.tolist()
        sent = self._tensor(np.concatenate(parts))
        received = sent.new_empty(sum(lengths))
        dist.all_to_all_single(received, sent, lengths, send_sizes.tolist(), group=self.group)
        return np.split(received.cpu().numpy(), np.cumsum(lengths)[:-1])

    def gather(self, part: Int64Array) -> list[Int64Array]:
        """Send the same part to every rank, and return those of all ranks."""
        return self.exchange([part] * self.number)

    def sum(self, values: Int64Array) -> Int64Array:
        """Return the sum over all ranks of arrays that have one shape."""
        tensor = self._tensor(values.copy())
        dist.all_reduce(tensor, group=self.group)
        total: Int64Array = tensor.cpu().numpy()
        return total

    def _tensor(self, values: Int64Array) -> torch.Tensor:
        device = "cuda" if dist.get_backend(self.group) == "nccl" else "cpu"
        return torch.from_numpy(values).to(device)


def reduced_joint_spectra(table: NgramTable, backend: Backend, ranks: Ranks) -> JointSpectra:
    """Return the spectra of the tables of all ranks taken together."""
    layout = table.layout
    edges = np.linspace(0, layout.key_ranges, ranks.number + 1).astype(int).tolist()
    parts = [_to_words(table.slice(first, last)) for first, last in pairwise(edges)]
    received = [_from_words(layout, words) for words in ranks.exchange(parts)]
    own_table = backend.merge(received)
    own = backend.joint_spectra([[own_table]], NO_HALVES)
    unigrams, contexts_of_order_2 = _spectra_by_token(own_table, ranks)
    own_ngrams = {n: pairs[NO_HALVES[0]] for n, pairs in own.ngrams.items()} | {1: unigrams}
    own_contexts = {n: pairs[NO_HALVES[0]] for n, pairs in own.contexts.items()}
    if layout.max_order > 1:
        own_contexts[2] = contexts_of_order_2
    ngrams = {n: _sum(joint, ranks) for n, joint in sorted(own_ngrams.items())}
    contexts = {n: _sum(joint, ranks) for n, joint in sorted(own_contexts.items()) if n > 1}
    tokens = ngrams[1].first.occurrences
    contexts[1] = JointSpectrum.from_counts([tokens], [0])  # the one empty context
    return JointSpectra(
        {n: {NO_HALVES[0]: joint} for n, joint in ngrams.items()},
        {n: {NO_HALVES[0]: joint} for n, joint in sorted(contexts.items())},
    )


def _to_words(table: NgramTable) -> Int64Array:
    """Return the rows of a table as int64 values to send."""
    return np.concatenate([table.keys, table.counts]).view(np.int64).reshape(-1)


def _from_words(layout: Layout, words: Int64Array) -> NgramTable:
    """Undo `_to_words`."""
    columns = words.view(np.uint64).reshape(layout.words + layout.labels, -1)
    return NgramTable(layout, columns[: layout.words], columns[layout.words :])


def _spectra_by_token(table: NgramTable, ranks: Ranks) -> tuple[JointSpectrum, JointSpectrum]:
    """Return the spectra of order 1 and of contexts of order 2, for this rank's share of the ids.

    A token id belongs to rank ``id % ranks.number``, which receives its counts from all ranks.
    """
    rows, counts = table.by_prefix(
        np.arange(len(table)), table.counts, min(2, table.layout.max_order)
    )
    tokens = table.tokens(rows)
    first, count = tokens[0], counts[0].astype(np.int64)
    followed = count * (tokens[1] >= 0) if len(tokens) > 1 else count
    home = first % ranks.number
    parts = [
        np.stack([column[home == rank] for column in (first, count, followed)]).reshape(-1)
        for rank in range(ranks.number)
    ]
    columns = np.concatenate([part.reshape(3, -1) for part in ranks.exchange(parts)], axis=1)
    ids, index = np.unique(columns[0], return_inverse=True)
    totals = np.zeros((2, len(ids)), dtype=np.int64)
    np.add.at(totals[0], index, columns[1])
    np.add.at(totals[1], index, columns[2])
    zeros = np.zeros(len(ids), dtype=np.int64)
    unigrams, contexts = (JointSpectrum.from_counts(total, zeros) for total in totals)
    return unigrams, contexts


def _sum(joint: JointSpectrum, ranks: Ranks) -> JointSpectrum:
    """Return the sum of the spectra of all ranks, which must be of disjoint n-grams."""
    rows = np.stack([joint.a, joint.types]).view(np.int64).reshape(-1)
    parts = [part.view(np.uint64).reshape(2, -1) for part in ranks.gather(rows)]
    return sum_joint([JointSpectrum.from_rows(a, np.zeros_like(a), types) for a, types in parts])


def _newest_of_all(monitor: CollapseMonitor, own: PackedBatch, ranks: Ranks) -> Window:
    """Return a window with the newest documents of all ranks, an equal share of each."""
    share = Window(monitor.layout.vocab_size, -(-monitor.compared_tokens // ranks.number))
    if monitor.compared_tokens:
        share.add(own)
    batch = share.all()
    columns = [
        ranks.gather(column.astype(np.int64)) for column in (batch.ids, batch.length, batch.ordinal)
    ]
    window = Window(monitor.layout.vocab_size, monitor.compared_tokens)
    for ids, length, ordinal in zip(*columns, strict=True):
        window.add(PackedBatch(ids.astype(batch.ids.dtype), length, ordinal))
    return window
