"""A reward function for TRL that gives no reward but monitors what is generated."""

from typing import Any

from ..monitor import CollapseMonitor
from .callbacks import check_every, figures_to_log


class CollapseReward:
    """A member of ``GRPOTrainer``'s ``reward_funcs`` that adds figures to the trainer's metrics.

    It returns None for every completion, and TRL then leaves it out of the rewards. With several
    ranks the figures are those of all ranks, so every rank logs the same names.

    Parameters
    ----------
    every
        Number of calls (generation batches) between two logs.
    """

    __name__ = "collapse"  # TRL names a reward function by this

    def __init__(self, monitor: CollapseMonitor, every: int = 1) -> None:
        check_every(every, "calls")
        self.monitor = monitor
        self._every, self._calls = every, 0

    def __call__(
        self, *, completion_ids: list[list[int]], log_metric: Any = None, **kwargs: Any
    ) -> list[None]:
        """Add the completions, and every so many calls log figures through ``log_metric``."""
        ids = [token for completion in completion_ids for token in completion]
        self.monitor.update(ids, lengths=[len(completion) for completion in completion_ids])
        self._calls += 1
        if log_metric is not None and self._calls % self._every == 0:
            for name, value in figures_to_log(self.monitor).items():
                log_metric(name, value)
        return [None] * len(completion_ids)
