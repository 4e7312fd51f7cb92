"""Copying the arguments of an update in the caller's thread, and packing them in the worker's."""

from collections.abc import Iterable
from typing import NamedTuple

from .batch import PackedBatch
from .buffers import Buffer, Buffers
from .device_args import DeviceArguments
from .update_args import HostArguments, UpdateArguments


class Update(NamedTuple):
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


def copied(arguments: UpdateArguments, vocab_size: int, buffers: Buffers) -> Update:
    """Return arguments that do not change when the caller changes theirs."""
    if arguments.is_on_gpu:
        on_device = DeviceArguments(arguments)
        return Update(on_device, on_device.positions)
    to_host = arguments.to_host()
    positions = to_host.tokens.size
    if to_host.surely_valid(vocab_size):
        copy, buffer = to_host.copied(vocab_size, buffers)
        return Update(copy, positions, buffer)
    return Update(to_host.pack(vocab_size), positions)


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
