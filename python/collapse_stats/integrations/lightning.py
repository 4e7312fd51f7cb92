"""A Lightning ``Callback``, for ``lightning`` and its 2.x trainers."""

from collections.abc import Callable, Mapping
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from ..monitor import CollapseMonitor
from .pytorch import arguments_in, figures_of_all_ranks, tensor_state
from .sinks import named


class CollapseCallback(Callback):
    """Watches training batches; saved with checkpoints.

    Figures go to the trainer's loggers, and through ``log_dict`` to callbacks as early stopping is.

    Parameters
    ----------
    every
        Batches between two points of the series.
    tokens
        Arguments of `CollapseMonitor.update` in a batch. By default a batch is a tensor of tokens,
        or has ``input_ids`` and what `pytorch.arguments_in` knows beside them.
    """

    def __init__(
        self,
        monitor: CollapseMonitor,
        every: int = 100,
        tokens: Callable[[Any], Mapping[str, Any]] | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"every must be a number of batches from 1 on, got {every}")
        self.monitor = monitor
        self._every, self._tokens = every, tokens or arguments_of
        self._batches = 0

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Take in the batch; log when it is time to."""
        self.monitor.update(**self._tokens(batch))
        self._batches += 1
        if self._batches % self._every == 0:
            figures = named(figures_of_all_ranks(self.monitor))
            pl_module.log_dict(figures, logger=False)  # which would repeat them at every step
            for logger in trainer.loggers:
                logger.log_metrics(figures, step=trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {"batches": self._batches, "monitor": tensor_state(self.monitor)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From a checkpoint."""
        self._batches = state_dict["batches"]
        self.monitor.load_state_dict(state_dict["monitor"])


def arguments_of(batch: Any) -> dict[str, Any]:
    """Tokens of a batch as data sets of language models have them, and what is said of them."""
    if not isinstance(batch, Mapping):
        return {"tokens": batch[0] if isinstance(batch, list | tuple) else batch}
    return arguments_in(batch, batch["input_ids"])
