"""A Hugging Face ``Trainer`` callback.

The trainer does not give the batch to its callbacks, and a data collator runs in worker processes.
So the tokens are read where the model receives them: by a hook before its forward pass, in training
mode only.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback

from ..monitor import CollapseMonitor
from .callbacks import check_every, figures_to_log
from .pytorch import arguments_in, tensor_state


class CollapseCallback(TrainerCallback):
    """Monitors the tokens that a model is trained on, and logs figures with the trainer's own logs.

    Positions that ``attention_mask`` leaves out or that have the label -100 are not counted. A
    packed row is counted as the documents in it (see `pytorch.arguments_in`). Each checkpoint
    contains the monitor's state, in a file per rank, and resuming from a checkpoint loads it.

    Parameters
    ----------
    trainer
        The callback adds itself to this trainer.
    every
        Number of optimizer steps between two logs.

    Examples
    --------
    ``CollapseCallback(trainer, cs.CollapseMonitor(vocab_size, baseline=human)); trainer.train()``
    """

    def __init__(self, trainer: Trainer, monitor: CollapseMonitor, every: int = 100) -> None:
        check_every(every, "steps")
        self.monitor = monitor
        self._trainer, self._every = trainer, every
        self._hook: Any = None
        trainer.add_callback(self)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Load the monitor's state if the run is resumed, and add the hook to the model."""
        saved = self._state_file(args, state)
        if state.global_step and saved.exists():
            self.monitor.load_state_dict(torch.load(saved, weights_only=True))
        elif state.global_step:
            warnings.warn(
                f"the run is resumed, but there is no {saved}: the monitor continues with its "
                "present contents; call its load_state_dict to give it another state",
                stacklevel=2,
            )
        self._remove_hook()  # a run that ended with an exception has left it in place
        self._hook = kwargs["model"].register_forward_pre_hook(self._update, with_kwargs=True)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Log the figures of all ranks every so many steps."""
        if state.global_step % self._every == 0:
            self._trainer.log(figures_to_log(self.monitor))

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Save the monitor's state with the checkpoint's other files."""
        file = self._state_file(args, state)
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(tensor_state(self.monitor), file)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Remove the hook from the model."""
        self._remove_hook()

    def _remove_hook(self) -> None:
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _update(self, model: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        if not model.training:
            return
        tokens = keywords.get("input_ids", arguments[0] if arguments else None)
        if tokens is None:
            raise ValueError(
                "the model must be given input_ids, got none: a model that is given embeddings "
                "cannot be monitored by this callback; call monitor.update where its tokens are"
            )
        self.monitor.update(**arguments_in(keywords, tokens))

    @staticmethod
    def _state_file(args: Any, state: Any) -> Path:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        return folder / f"collapse-monitor-{args.process_index}.pt"
