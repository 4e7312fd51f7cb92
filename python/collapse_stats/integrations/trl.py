"""TRL: a reward function that rewards nothing and watches what is generated."""

from typing import Any

from ..monitor import CollapseMonitor
from .pytorch import figures_of_all_ranks
from .sinks import named


class CollapseReward:
    """Give it to ``GRPOTrainer`` among ``reward_funcs``: figures come with the trainer's metrics.

    It returns None for every completion, which TRL leaves out of the rewards. With several ranks
    the figures are those of all, so that every rank logs the same names.

    Parameters
    ----------
    every
        Calls (generation batches) between two points of the series.
    """

    __name__ = "collapse"  # by which TRL calls a reward function

    def __init__(self, monitor: CollapseMonitor, every: int = 1) -> None:
        if every < 1:
            raise ValueError(f"every must be a number of calls from 1 on, got {every}")
        self.monitor = monitor
        self._every, self._calls = every, 0

    def __call__(
        self, *, completion_ids: list[list[int]], log_metric: Any = None, **given: Any
    ) -> list[None]:
        """Take in the completions; log through ``log_metric`` when it is time to."""
        ids = [token for completion in completion_ids for token in completion]
        self.monitor.update(ids, lengths=[len(completion) for completion in completion_ids])
        self._calls += 1
        if log_metric is not None and self._calls % self._every == 0:
            for name, value in named(figures_of_all_ranks(self.monitor)).items():
                log_metric(name, value)
        return [None] * len(completion_ids)
