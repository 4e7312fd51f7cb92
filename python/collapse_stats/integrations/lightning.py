"""A Lightning ``Callback``, for the package ``lightning`` and its 2.x trainers."""

from collections.abc import Callable, Mapping
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from ..monitor import CollapseMonitor
from .callbacks import Log, checked_every
from .learned import learned_from
from .pytorch import rank, world_size


class CollapseCallback(Callback):
    """Monitors training batches; checkpoints contain the monitor's state on every rank.

    Figures go to the trainer's loggers, and through ``log_dict`` to other callbacks, such as early
    stopping. A run can be resumed on as many ranks, or on a number that divides it.

    Parameters
    ----------
    every
        Number of optimizer steps between two logs.
    tokens
        Returns the arguments of `CollapseMonitor.update` for a batch. By default a batch must be a
        tensor of tokens, or have the keys that `learned.learned_from` reads.
    """

    def __init__(
        self,
        monitor: CollapseMonitor,
        every: int = 100,
        tokens: Callable[[Any], Mapping[str, Any]] | None = None,
    ) -> None:
        self.monitor = monitor
        self._log = Log(monitor, checked_every(every, "steps"))
        self._arguments_of = tokens or arguments_of

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Add the batch, and log the figures of all ranks every so many optimizer steps."""
        self.monitor.update(**self._arguments_of(batch))
        if self._log.is_due(trainer.global_step):
            figures = self._log.figures(trainer.global_step)
            pl_module.log_dict(figures, logger=False)  # a logger would repeat them at every step
            for logger in trainer.loggers:
                logger.log_metrics(figures, step=trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        """Return the states of all ranks for a checkpoint. Lightning calls this on every rank."""
        own = self._log.state()
        if world_size() == 1:
            return {"ranks": [own]}
        from .distributed import states_of_all_ranks

        return {"ranks": states_of_all_ranks(own)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of this rank from a checkpoint."""
        self._log.load(state_dict["ranks"], rank(), world_size())


def arguments_of(batch: Any) -> dict[str, Any]:
    """Return the arguments of `CollapseMonitor.update` for a batch of a language-model data set."""
    if not isinstance(batch, Mapping):
        return {"tokens": batch[0] if isinstance(batch, list | tuple) else batch}
    return learned_from(batch)
