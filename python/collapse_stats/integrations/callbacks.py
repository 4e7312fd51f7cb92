"""What the callbacks for Hugging Face, Lightning and TRL have in common."""

from ..monitor import CollapseMonitor
from .pytorch import figures_of_all_ranks
from .sinks import named


def check_every(every: int, unit: str) -> None:
    """Raise ValueError unless `every`, a number of `unit` (``"steps"``), is at least 1."""
    if every < 1:
        raise ValueError(f"every must be a number of {unit}, at least 1, got {every}")


def figures_to_log(monitor: CollapseMonitor) -> dict[str, float]:
    """Return the figures of all ranks, under names that begin with ``collapse/``.

    Every rank of the default group must call it.
    """
    return named(figures_of_all_ranks(monitor))
