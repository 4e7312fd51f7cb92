"""A Hugging Face ``Trainer`` callback, for the trainers of TRL as well.

The trainer does not give the batch to its callbacks, a data collator runs in worker processes, and
a model sees more than what it learns from: prompts, the passes of a reference, every step of
generation. So batches are read where the trainer computes its loss, in training alone.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback

from ..monitor import CollapseMonitor
from .callbacks import Log, checked_every
from .learned import learned_from


class SavedWithCheckpoints(TrainerCallback):
    """Saves the state of a monitor with a trainer's checkpoints, in a file per rank.

    A run that is resumed from a checkpoint loads it, also on fewer ranks if their number divides
    that of before. A new run begins with an empty monitor.

    Parameters
    ----------
    name
        What the names of the files begin with.
    """

    def __init__(self, trainer: Trainer, log: Log, name: str) -> None:
        self._trainer, self._log, self._name = trainer, log, name
        self._trial: Any = None
        trainer.add_callback(self)
        run: Any = trainer._inner_training_loop
        trainer._inner_training_loop = wraps(run)(partial(self._run, run))

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Save the monitor's state with the checkpoint's other files."""
        folder = Path(self._trainer._get_output_dir(self._trial))
        file = self._file(folder / f"checkpoint-{state.global_step}", args.process_index)
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"ranks": args.world_size, **self._log.state()}, file)

    def _run(self, run: Callable[..., Any], *positional: Any, **keywords: Any) -> Any:
        """Make the trainer's training loop with the state that belongs to it."""
        checkpoint, self._trial = keywords.get("resume_from_checkpoint"), keywords.get("trial")
        if checkpoint is None:
            self._log.restart()
        else:
            self._resume(Path(checkpoint))
        return run(*positional, **keywords)

    def _resume(self, checkpoint: Path) -> None:
        args = self._trainer.args
        first = self._file(checkpoint, 0)
        if not first.exists():
            warnings.warn(
                f"the run is resumed, but there is no {first}: the monitor continues with its "
                "present contents; call its load_state_dict to give it another state",
                stacklevel=2,
            )
            return
        ranks = torch.load(first, weights_only=True)["ranks"]
        files = [self._file(checkpoint, rank) for rank in range(ranks)]
        missing = [file.name for file in files if not file.exists()]
        if missing:
            raise FileNotFoundError(
                f"{checkpoint} must have the monitor's state of each of the {ranks} ranks, and "
                f"lacks {', '.join(missing)}: ranks on other machines have saved theirs there. "
                "Copy the files together, or delete all to begin with an empty monitor"
            )
        saved = [torch.load(file, weights_only=True) for file in files]
        self._log.load(saved, args.process_index, args.world_size)

    def _file(self, checkpoint: Path, rank: int) -> Path:
        return checkpoint / f"{self._name}-{rank}.pt"


class CollapseCallback(SavedWithCheckpoints):
    """Monitors the tokens that a model learns from, and adds figures to the trainer's own logs.

    Counted are the tokens with a label that is learned from (see `learned.learned_from`), in every
    batch whose loss is computed with gradients. Checkpoints contain the monitor's state
    (`SavedWithCheckpoints`).

    Parameters
    ----------
    trainer
        The callback adds itself to this trainer.
    every
        Number of optimizer steps between two logs of figures. The trainer logs no more often than
        without the callback: the figures of a step are added to its log of that step, or to the
        next one.

    Raises
    ------
    ValueError
        when the trainer has a callback with this monitor already.

    Examples
    --------
    ``CollapseCallback(trainer, cs.CollapseMonitor(vocab_size, baseline=human)); trainer.train()``
    """

    def __init__(self, trainer: Trainer, monitor: CollapseMonitor, every: int = 100) -> None:
        log = Log(monitor, checked_every(every, "steps"))
        others = (c for c in trainer.callback_handler.callbacks if isinstance(c, CollapseCallback))
        if any(other.monitor is monitor for other in others):
            raise ValueError(
                "the trainer has a CollapseCallback with this monitor already, got a second one, "
                "which would count every token twice: give another monitor, or leave it out"
            )
        self.monitor: CollapseMonitor = monitor
        self._to_log: dict[str, float] = {}
        self._has_counted = False
        super().__init__(trainer, log, "collapse-monitor")

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Compute the figures of all ranks if they are due and the trainer is about to log."""
        if not self._has_counted:
            raise RuntimeError(
                f"{type(self._trainer).__name__} must call its compute_loss in training, got a "
                "step without: this callback cannot see its batches, so call monitor.update where "
                "they are"
            )
        step = state.global_step
        if (control.should_log or control.should_training_stop) and self._log.is_due(step):
            self._to_log = self._log.figures(step)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Do the same where the trainer logs once per epoch."""
        if control.should_log and self._log.is_due(state.global_step):
            self._to_log = self._log.figures(state.global_step)

    def _run(self, run: Callable[..., Any], *positional: Any, **keywords: Any) -> Any:
        """Make the training loop count and log; the trainer does not before and after."""
        self._to_log, self._has_counted = {}, False
        with (
            _replaced(self._trainer, "compute_loss", self._compute_loss),
            _replaced(self._trainer, "log", self._log_more),
        ):
            return super()._run(run, *positional, **keywords)

    def _compute_loss(
        self, compute_loss: Callable[..., Any], model: Any, inputs: Any, *rest: Any, **keywords: Any
    ) -> Any:
        """Compute the loss of a batch after counting it, if it is learned from."""
        if model.training and torch.is_grad_enabled():
            self._has_counted = True
            config = getattr(self._trainer.accelerator.unwrap_model(model), "config", None)
            translates = bool(getattr(config, "is_encoder_decoder", False))
            self.monitor.update(**learned_from(inputs, labels_belong_to_tokens=not translates))
        return compute_loss(model, inputs, *rest, **keywords)

    def _log_more(
        self, log: Callable[..., Any], logs: dict[str, float], *rest: Any, **keywords: Any
    ) -> Any:
        """Log what the trainer logs, and the figures that are due.

        The trainer may use its dictionary afterwards, so the figures are taken out again.
        """
        figures, self._to_log = self._to_log, {}
        logs.update(figures)
        try:
            return log(logs, *rest, **keywords)
        finally:
            for name in figures:
                logs.pop(name, None)


@contextmanager
def _replaced(trainer: Trainer, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Replace a method by a function that takes the method first, inside a ``with`` block."""
    before = trainer.__dict__.get(name)
    method = getattr(trainer, name)
    setattr(trainer, name, wraps(method)(partial(function, method)))
    try:
        yield
    finally:
        if before is None:
            delattr(trainer, name)
        else:
            setattr(trainer, name, before)
