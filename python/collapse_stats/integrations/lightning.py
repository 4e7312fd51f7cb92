"""A Lightning ``Callback``, for the package ``lightning`` and its 2.x trainers."""

from collections.abc import Callable, Mapping
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from ..monitor import CollapseMonitor
from .callbacks import check_every, figures_to_log
from .pytorch import arguments_in, tensor_state


class CollapseCallback(Callback):
    """Monitors training batches; checkpoints contain the monitor's state.

    Figures go to the trainer's loggers, and through ``log_dict`` to other callbacks, such as early
    stopping.

    Parameters
    ----------
    every
        Number of batches between two logs.
    tokens
        Returns the arguments of `CollapseMonitor.update` for a batch. By default a batch must be a
        tensor of tokens, or have ``input_ids`` and perhaps the other keys that
        `pytorch.arguments_in` reads.
    """

    def __init__(
        self,
        monitor: CollapseMonitor,
        every: int = 100,
        tokens: Callable[[Any], Mapping[str, Any]] | None = None,
    ) -> None:
        check_every(every, "batches")
        self.monitor = monitor
        self._every, self._arguments_of = every, tokens or arguments_of
        self._batches = 0

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Add the batch, and log the figures of all ranks every so many batches."""
        self.monitor.update(**self._arguments_of(batch))
        self._batches += 1
        if self._batches % self._every == 0:
            figures = figures_to_log(self.monitor)
            pl_module.log_dict(figures, logger=False)  # a logger would repeat them at every step
            for logger in trainer.loggers:
                logger.log_metrics(figures, step=trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"batches": self._batches, "monitor": tensor_state(self.monitor)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state from a checkpoint."""
        self._batches = state_dict["batches"]
        self.monitor.load_state_dict(state_dict["monitor"])


def arguments_of(batch: Any) -> dict[str, Any]:
    """Return the arguments of `CollapseMonitor.update` for a batch of a language-model data set."""
    if not isinstance(batch, Mapping):
        return {"tokens": batch[0] if isinstance(batch, list | tuple) else batch}
    return arguments_in(batch, batch["input_ids"])
