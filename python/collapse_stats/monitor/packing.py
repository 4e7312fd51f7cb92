"""Packing the arguments of several updates, on the worker thread."""

from collections.abc import Sequence

from ..errors import BackendError
from .batch import PackedBatch
from .device_args import DeviceArguments
from .update_args import HostArguments

Arguments = HostArguments | DeviceArguments | PackedBatch
"""The documents of one update, as the caller's thread leaves them for the worker thread."""


def pack(
    updates: Sequence[Arguments], vocab_size: int
) -> tuple[list[PackedBatch], list[Arguments], Exception | None]:
    """Pack each update, whether or not another one fails.

    Returns
    -------
    batches
        The packed updates.
    unread
        Updates that could not be read because a GPU failed; they may be packed later.
    error
        The first error, or None. An update with an out-of-range id or log-probability is dropped.
    """
    batches: list[PackedBatch] = []
    unread: list[Arguments] = []
    first_error: Exception | None = None
    for update in updates:
        try:
            batches.append(update if isinstance(update, PackedBatch) else update.pack(vocab_size))
        except (ValueError, BackendError) as error:
            first_error = first_error or error
            if isinstance(error, BackendError):
                unread.append(update)
    return batches, unread, first_error
