"""What arrived becomes packed batches, on the monitor's thread."""

from collections.abc import Sequence

from ..errors import BackendError
from .arrival import DeviceArrival, Rows
from .batch import Batch

Arrived = Rows | DeviceArrival | Batch


def packed(
    arrived: Sequence[Arrived], vocab_size: int
) -> tuple[list[Batch], list[Arrived], Exception | None]:
    """The batches; what a GPU that failed kept from being read; the first error.

    What is wrong in one batch keeps out no other.
    """
    batches: list[Batch] = []
    unread: list[Arrived] = []
    wrong: Exception | None = None
    for one in arrived:
        try:
            batches.append(one if isinstance(one, Batch) else one.packed(vocab_size))
        except (ValueError, BackendError) as error:
            wrong = wrong or error
            if isinstance(error, BackendError):
                unread.append(one)
    return batches, unread, wrong
