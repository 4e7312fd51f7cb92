"""A Hugging Face ``Trainer`` callback.

A callback is never given the batch, and a data collator runs in worker processes. So the tokens are
taken where the model is given them: by a hook before its forward pass, in training mode alone.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback

from ..monitor import CollapseMonitor
from .pytorch import arguments_in, figures_of_all_ranks, tensor_state
from .sinks import named


class CollapseCallback(TrainerCallback):
    """Watches what a trainer's model learns from, and logs with the trainer's own logs.

    Positions left out by ``attention_mask``, or with a label of -100, are not counted; a packed row
    is counted as the documents in it (`pytorch.arguments_in`). The monitor's state is saved in each
    checkpoint, a file per rank, and read when one is resumed from.

    Parameters
    ----------
    trainer
        Its ``log`` is called every `every` optimizer steps; the callback adds itself to it.

    Examples
    --------
    ``CollapseCallback(trainer, cs.CollapseMonitor(vocab_size, baseline=human)); trainer.train()``
    """

    def __init__(self, trainer: Trainer, monitor: CollapseMonitor, every: int = 100) -> None:
        if every < 1:
            raise ValueError(f"every must be a number of steps from 1 on, got {every}")
        self.monitor = monitor
        self._trainer, self._every = trainer, every
        self._hook: Any = None
        trainer.add_callback(self)

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Begin to watch; go on from the state of the checkpoint that is resumed from."""
        saved = self._file(args, state)
        if state.global_step and saved.exists():
            self.monitor.load_state_dict(torch.load(saved, weights_only=True))
        elif state.global_step:
            warnings.warn(
                f"the run is resumed, but there is no {saved}: the monitor goes on from what it "
                "holds; load_state_dict gives it another state",
                stacklevel=2,
            )
        self._forget_hook()  # of a run that ended with an exception
        self._hook = given["model"].register_forward_pre_hook(self._take, with_kwargs=True)

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Log; every rank takes part in the count of all."""
        if state.global_step % self._every == 0:
            self._trainer.log(named(figures_of_all_ranks(self.monitor)))

    def on_save(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Keep the state beside the checkpoint's other files."""
        file = self._file(args, state)
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(tensor_state(self.monitor), file)

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Watch no more."""
        self._forget_hook()

    def _forget_hook(self) -> None:
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _take(self, model: Any, arguments: tuple[Any, ...], given: dict[str, Any]) -> None:
        if not model.training:
            return
        tokens = given.get("input_ids", arguments[0] if arguments else None)
        if tokens is None:
            raise ValueError(
                "the model must be given input_ids, got none: a model that is given embeddings "
                "cannot be watched, call monitor.update where its tokens are"
            )
        self.monitor.update(**arguments_in(given, tokens))

    @staticmethod
    def _file(args: Any, state: Any) -> Path:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        return folder / f"collapse-monitor-{args.process_index}.pt"
