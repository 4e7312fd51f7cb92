"""Figures of all ranks together, over ``torch.distributed``: gloo on CPUs, NCCL on GPUs.

Each rank receives the rows of one interval of key ranges from all others, so that no rank holds the
whole table. Spectra of disjoint key ranges can be added. N-grams of order 1, and contexts of
order 2, occur in many key ranges; their counts are sent to ranks by token id instead. The ranks
then exchange spectra only, which are small.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist

from ..backends.base import Backend
from ..errors import CollapseStatsError, LayoutMismatchError
from ..monitor import CollapseMonitor
from ..monitor.batch import PackedBatch
from ..monitor.group_figures import FIGURES, GroupRows
from ..monitor.groups import Groups, GroupState
from ..monitor.surprisal import SurprisalSums
from ..monitor.window import Window
from ..ngrams.layout import Layout
from ..ngrams.spectrum import NO_HALVES, JointSpectra, JointSpectrum, sum_joint
from ..ngrams.table import NgramTable

Int64Array = npt.NDArray[np.int64]
Result = TypeVar("Result")


def reduce(monitor: CollapseMonitor, group: "dist.ProcessGroup | None" = None) -> dict[str, float]:
    """Return the figures of `CollapseMonitor.compute` over the tokens of all ranks.

    Every rank of the group must call it, with monitors of equal parameters, and gets the same
    figures. Ranks may be empty; ranks that are given the same batch count it more than once. The
    figures are those of one process that saw every token, except that each rank gives an equal
    share of the newest documents compared with the baseline.

    Raises
    ------
    LayoutMismatchError
        on every rank, when the parameters differ.
    CollapseStatsError
        when another rank failed; that rank raises its own error.
    """
    return figures_and_floors(monitor, group)[0]


def figures_and_floors(
    monitor: CollapseMonitor, group: "dist.ProcessGroup | None" = None
) -> tuple[dict[str, float], dict[str, float]]:
    """Return what `reduce` does, and the floors of these figures."""
    ranks = Ranks(group)
    _check_parameters(monitor, ranks)
    snapshot = ranks.together(monitor.snapshot)
    joint_spectra = reduced_joint_spectra(snapshot.table, monitor.backend, ranks)
    documents = int(ranks.sum(np.array([snapshot.documents]))[0])
    window = _newest_of_all(monitor, snapshot.newest, ranks)
    surprisals = SurprisalSums(monitor.layout.vocab_size)
    surprisals.sums += ranks.sum(snapshot.surprisals.sums)
    groups = _groups_of_all(monitor, snapshot.groups, ranks)
    found = monitor.figures_of(joint_spectra, documents, window, surprisals, groups)
    figures = {key: found[key] for key in monitor.names if key in found}
    return figures, {key: found[key] for key in monitor.floor_names if key in found}


def states_of_all_ranks(
    own: Mapping[str, Any], group: "dist.ProcessGroup | None" = None
) -> list[dict[str, Any]]:
    """Return on rank 0 what each rank gives, which ``torch.save`` must be able to write.

    Every rank of the group must call it. The other ranks get an empty list.
    """
    ranks, file = Ranks(group), io.BytesIO()
    ranks.together(lambda: torch.save(dict(own), file))
    written = np.frombuffer(file.getvalue(), dtype=np.uint8)
    padded = np.zeros(-(-len(written) // 8) * 8, dtype=np.uint8)
    padded[: len(written)] = written
    words = np.concatenate([[len(written)], padded.view(np.int64)])
    received = ranks.exchange([words] + [words[:0]] * (ranks.number - 1))
    files = [part[1:].view(np.uint8)[: part[0]].tobytes() for part in received if len(part)]
    return [torch.load(io.BytesIO(each), weights_only=True) for each in files]


@dataclass(frozen=True, slots=True)
class Ranks:
    """Exchange of int64 arrays between the ranks of a group (default: all ranks)."""

    group: "dist.ProcessGroup | None" = None

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

    def together(self, call: Callable[[], Result]) -> Result:
        """Make a call on each rank; where it fails on one, all raise instead of waiting for it."""
        own: Exception | None = None
        try:
            result = call()
        except Exception as error:
            own = error
        failed = int(self.sum(np.array([own is not None], dtype=np.int64))[0])
        if own is not None:
            raise own
        if failed:
            raise CollapseStatsError(
                f"the monitors of {failed} of {self.number} ranks failed, got none of this rank: "
                "their own messages say why"
            )
        return result

    def _tensor(self, values: Int64Array) -> torch.Tensor:
        device = "cuda" if dist.get_backend(self.group) == "nccl" else "cpu"
        return torch.from_numpy(values).to(device)


def reduced_joint_spectra(table: NgramTable, backend: Backend, ranks: Ranks) -> JointSpectra:
    """Return the spectra of the tables of all ranks taken together."""
    layout = table.layout
    edges = np.linspace(0, layout.key_ranges, ranks.number + 1).astype(int).tolist()
    parts = [_to_words(table.slice(first, last)) for first, last in pairwise(edges)]
    received = [_from_words(layout, words) for words in ranks.exchange(parts)]
    own_table = ranks.together(lambda: backend.merge(received))
    own = ranks.together(lambda: backend.joint_spectra([[own_table]], NO_HALVES))
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


def _check_parameters(monitor: CollapseMonitor, ranks: Ranks) -> None:
    """Raise LayoutMismatchError on every rank unless the monitors have equal parameters."""
    own = repr((monitor.layout, monitor.names, monitor.sampled_tokens, monitor.window is None))
    of_all = [part.tobytes() for part in ranks.gather(_words(own.encode()))]
    if len(set(of_all)) > 1:
        first = of_all[0]
        other = next(text for text in of_all if text != first)
        raise LayoutMismatchError(
            "the monitors of all ranks must have equal parameters, got (layout, figures, sampled "
            f"tokens, no window) {first.decode().strip()} and {other.decode().strip()}: make them "
            "in the same way"
        )


def _words(text: bytes) -> Int64Array:
    """Return a text as int64 values to send, filled up with spaces."""
    return np.frombuffer(text.ljust(-(-len(text) // 8) * 8), dtype=np.int64)


def _groups_of_all(monitor: CollapseMonitor, own: GroupState, ranks: Ranks) -> Groups:
    """Return the groups of all ranks."""
    groups = Groups(monitor.layout.vocab_size, monitor.layout.max_order, None)
    rows = [
        [_rows_of(words) for words in ranks.gather(_words_of(part))]
        for part in (own.within, own.first, own.between)
    ]
    for within, first, between in zip(*rows, strict=True):
        groups.merge(GroupState(within, first, between, own.waiting.documents(0, 0)))
    return groups


def _words_of(rows: GroupRows) -> Int64Array:
    """Return the figures of groups as int64 values to send."""
    columns = [rows.tokens, rows.documents, *rows.values.T.copy().view(np.int64)]
    return np.concatenate(columns)


def _rows_of(words: Int64Array) -> GroupRows:
    """Undo `_words_of`."""
    columns = words.reshape(2 + len(FIGURES), -1)
    values = columns[2:].copy().view(np.float64).T
    return GroupRows(columns[0], columns[1], values)


def _newest_of_all(monitor: CollapseMonitor, own: PackedBatch, ranks: Ranks) -> Window:
    """Return a window with the newest documents of all ranks, an equal share of each."""
    share = Window(monitor.layout.vocab_size, -(-monitor.sampled_tokens // ranks.number))
    share.add(own)
    batch = share.all()
    columns = [
        ranks.gather(column.astype(np.int64)) for column in (batch.ids, batch.length, batch.ordinal)
    ]
    window = Window(monitor.layout.vocab_size, monitor.sampled_tokens)
    for ids, length, ordinal in zip(*columns, strict=True):
        window.add(PackedBatch(ids.astype(batch.ids.dtype), length, ordinal))
    return window
