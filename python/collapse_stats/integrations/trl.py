"""A reward function for TRL that gives no reward but monitors what is generated."""

from typing import Any

from ..monitor import CollapseMonitor
from .callbacks import Log, checked_every


class CollapseReward:
    """A member of ``reward_funcs`` of TRL's GRPO and RLOO trainers that adds figures to their logs.

    It returns None for every completion, and TRL then leaves it out of the rewards. The completions
    of one prompt are a group (`CollapseMonitor.update`); what is generated for an evaluation is not
    counted. With several ranks the figures are those of all ranks, so every rank logs the same
    names; a group whose completions are spread over ranks counts as several smaller ones.

    Parameters
    ----------
    every
        Number of calls (generation batches) between two logs. TRL logs the mean of what it was
        given since its last log.

    Examples
    --------
    >>> reward = CollapseReward(monitor)                           # doctest: +SKIP
    >>> trainer = GRPOTrainer(model, [helpful, reward], ...)       # doctest: +SKIP
    >>> reward.save_with(trainer)  # its checkpoints               # doctest: +SKIP
    """

    __name__ = "collapse"  # TRL names a reward function by this

    def __init__(self, monitor: CollapseMonitor, every: int = 1) -> None:
        self.monitor = monitor
        self._log = Log(monitor, checked_every(every, "calls"))

    def save_with(self, trainer: Any) -> None:
        """Save the monitor's state with a trainer's checkpoints, from which a run is resumed.

        Without this, a resumed run continues with what the monitor holds, nothing in a new process.
        With it, a new run begins with an empty monitor.
        """
        from .huggingface import SavedWithCheckpoints

        SavedWithCheckpoints(trainer, self._log, "collapse-reward")

    def __call__(
        self,
        *,
        completion_ids: list[list[int]],
        prompts: list[Any] | None = None,
        log_metric: Any = None,
        **kwargs: Any,
    ) -> list[None]:
        """Add the completions, and every so many calls log figures through ``log_metric``."""
        nothing: list[None] = [None] * len(completion_ids)
        trainer = getattr(log_metric, "__self__", None)
        model = getattr(trainer, "model", None)
        if model is not None and not model.training:
            return nothing
        size = getattr(trainer, "num_generations", None)
        self.monitor.update(
            [token for completion in completion_ids for token in completion],
            lengths=[len(completion) for completion in completion_ids],
            groups=_groups(len(completion_ids), prompts, size),
        )
        self._log.calls += 1
        if log_metric is not None and self._log.is_due(self._log.calls):
            for name, value in self._log.figures(self._log.calls).items():
                log_metric(name, value)
        return nothing


def _groups(number: int, prompts: list[Any] | None, size: int | None) -> list[int] | None:
    """Return the group of each completion; TRL puts the completions of a prompt side by side.

    Parameters
    ----------
    size
        How many there are of each prompt; if None, equal prompts side by side are one.
    """
    if size is not None:
        return [at // size for at in range(number)]
    if prompts is None:
        return None
    groups = [0] * number
    for at in range(1, number):
        groups[at] = groups[at - 1] + (prompts[at] != prompts[at - 1])
    return groups
