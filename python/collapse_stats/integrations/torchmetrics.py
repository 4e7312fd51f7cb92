"""A torchmetrics ``Metric`` that wraps a monitor.

The counts are kept by the monitor, not in tensors registered with torchmetrics. Those would have
variable length, which gloo cannot gather as int64 if a rank has none, and would be rounded when the
metric's dtype is changed.
"""

from typing import Any

import torch
import torch.distributed as dist
from torchmetrics import Metric

from ..monitor import CollapseMonitor
from .distributed import reduce
from .pytorch import tensor_state

_MONITOR_OPTIONS = ("baseline", "window", "tokenizer", "backend", "threads", "memory")


class CollapseMetric(Metric):
    """The figures of a `CollapseMonitor` over all ranks.

    Call ``update`` in the loop. ``forward`` also returns the figures of the batch alone, which
    takes a second count, and a batch is too little text for meaningful figures.

    Parameters
    ----------
    **options
        Options of `CollapseMonitor` and of ``torchmetrics.Metric``.
    """

    full_state_update = False
    is_differentiable = False
    higher_is_better = None

    def __init__(self, vocab_size: int | None = None, max_order: int = 4, **options: Any) -> None:
        monitor_options = {name: options.pop(name) for name in _MONITOR_OPTIONS if name in options}
        super().__init__(**options)
        self._monitor_options = {
            "vocab_size": vocab_size,
            "max_order": max_order,
            **monitor_options,
        }
        self._saved = False
        self.monitor = CollapseMonitor(**self._monitor_options)

    def update(self, tokens: Any, mask: Any = None, **arguments: Any) -> None:
        """Add documents, with the arguments of `CollapseMonitor.update`."""
        self.monitor.update(tokens, mask, **arguments)

    def compute(self) -> dict[str, torch.Tensor]:
        """Return the figures of `CollapseMonitor.compute`, of all ranks, which must all call it."""
        together = self._to_sync and self.distributed_available_fn()
        figures = reduce(self.monitor, self._group()) if together else self.monitor.compute()
        return {name: torch.tensor(value, dtype=torch.float64) for name, value in figures.items()}

    def forward(self, tokens: Any, mask: Any = None, **arguments: Any) -> dict[str, torch.Tensor]:
        """Add documents, and return the figures of these documents alone."""
        self.update(tokens, mask, **arguments)
        batch_monitor = CollapseMonitor(**self._monitor_options)
        batch_monitor.update(tokens, mask, **arguments)
        return {name: torch.tensor(value) for name, value in batch_monitor.compute().items()}

    def reset(self) -> None:
        """Forget every token."""
        super().reset()
        self.monitor.reset()

    def merge_state(self, incoming_state: Any) -> None:
        """Add the contents of another metric."""
        if not isinstance(incoming_state, CollapseMetric):
            raise TypeError(
                f"merge_state takes a CollapseMetric, got {type(incoming_state).__name__}: to "
                "merge a state, load it into a CollapseMetric with load_state_dict"
            )
        self.monitor.merge(incoming_state.monitor)
        self._computed = None  # otherwise torchmetrics would return the cached value

    def set_dtype(self, dst_type: Any) -> "CollapseMetric":
        """Do nothing: counts remain integers."""
        return self

    def persistent(self, mode: bool = False) -> None:
        """Set whether ``state_dict`` includes the monitor's state; by default it does not."""
        self._saved = mode

    def get_extra_state(self) -> dict[str, Any]:
        """Return the monitor's state, for ``state_dict``."""
        return tensor_state(self.monitor) if self._saved else {}

    def set_extra_state(self, state: Any) -> None:
        """Load the monitor's state, for ``load_state_dict``."""
        if state:
            self.monitor.load_state_dict(state)
            self._computed = None
            self._update_count = 1  # otherwise torchmetrics warns that update was never called

    def _group(self) -> "dist.ProcessGroup | None":
        return self.process_group
