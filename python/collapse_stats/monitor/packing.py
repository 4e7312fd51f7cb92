"""Packing the arguments of several updates, on the worker thread."""

from collections.abc import Iterable
from dataclasses import dataclass

from .batch import PackedBatch
from .buffers import Buffer
from .device_args import DeviceArguments
from .update_args import HostArguments


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """The documents of one update, as the caller's thread leaves them for the worker thread.

    Attributes
    ----------
    positions
        Number of positions, an upper bound of the tokens: a mask may not be read yet.
    buffer
        The memory of the arguments, which is given back when they have been copied.
    """

    arguments: HostArguments | DeviceArguments | PackedBatch
    positions: int
    buffer: Buffer | None = None


def pack(
    updates: Iterable[Update], vocab_size: int
) -> tuple[list[tuple[PackedBatch, Update]], list[Update], list[Exception]]:
    """Pack each update, whether or not another one fails.

    Returns
    -------
    packed
        The packed updates, which may share memory with their arguments.
    unread
        Updates that could not be read because a GPU failed or memory was short; they may be packed
        later.
    errors
        Every error. An update with an out-of-range id or log-probability is dropped.
    """
    packed: list[tuple[PackedBatch, Update]] = []
    unread: list[Update] = []
    errors: list[Exception] = []
    for update in updates:
        given = update.arguments
        try:
            batch = given if isinstance(given, PackedBatch) else given.pack(vocab_size)
            packed.append((batch, update))
        except Exception as error:
            errors.append(error)
            if not isinstance(error, ValueError | TypeError):
                unread.append(update)
    return packed, unread, errors
