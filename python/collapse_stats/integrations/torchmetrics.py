"""A torchmetrics ``Metric`` around a monitor.

Its state is the monitor's own, not tensors of torchmetrics: those of variable length are int64,
which gloo cannot gather when a rank has none, and a change of dtype would round counts.
"""

from typing import Any

import torch
import torch.distributed as dist
from torchmetrics import Metric

from ..monitor import CollapseMonitor
from .distributed import reduce
from .pytorch import tensor_state


class CollapseMetric(Metric):
    """The figures of a `CollapseMonitor`, over all ranks.

    Call ``update``: ``forward`` returns the figures of the batch alone, which costs a second count
    and is too little text to mean much.

    Parameters
    ----------
    **options
        Those of `CollapseMonitor`, and those of ``torchmetrics.Metric``.
    """

    full_state_update = False
    is_differentiable = False
    higher_is_better = None

    def __init__(self, vocab_size: int, max_order: int = 4, **options: Any) -> None:
        names = ("baseline", "window", "backend", "threads", "memory")
        given = {name: options.pop(name) for name in names if name in options}
        super().__init__(**options)
        self._given = {"vocab_size": vocab_size, "max_order": max_order, **given}
        self._saved = False
        self.monitor = CollapseMonitor(**self._given)

    def update(self, tokens: Any, mask: Any = None, **given: Any) -> None:
        """Add documents, as `CollapseMonitor.update`."""
        self.monitor.update(tokens, mask, **given)

    def compute(self) -> dict[str, torch.Tensor]:
        """Figures of all ranks, which must all call this; absent ones cannot be given."""
        together = self._to_sync and self.distributed_available_fn()
        figures = reduce(self.monitor, self._group()) if together else self.monitor.compute()
        return {name: torch.tensor(value, dtype=torch.float64) for name, value in figures.items()}

    def forward(self, tokens: Any, mask: Any = None, **given: Any) -> dict[str, torch.Tensor]:
        """Add documents; figures of these alone."""
        self.update(tokens, mask, **given)
        alone = CollapseMonitor(**self._given)
        alone.update(tokens, mask, **given)
        return {name: torch.tensor(value) for name, value in alone.compute().items()}

    def reset(self) -> None:
        """Forget every token."""
        super().reset()
        self.monitor.reset()

    def merge_state(self, incoming_state: Any) -> None:
        """Add what another metric holds."""
        if not isinstance(incoming_state, CollapseMetric):
            raise TypeError(
                f"merge_state takes a CollapseMetric, got {type(incoming_state).__name__}: of a "
                "state, make one with load_state_dict"
            )
        self.monitor.merge(incoming_state.monitor)
        self._computed = None  # torchmetrics would go on to give the value before

    def set_dtype(self, dst_type: Any) -> "CollapseMetric":
        """Nothing: counts are integers."""
        return self

    def persistent(self, mode: bool = False) -> None:
        """Whether the monitor is part of ``state_dict``; it is not by default."""
        self._saved = mode

    def get_extra_state(self) -> dict[str, Any]:
        """The monitor's state, for ``state_dict``."""
        return tensor_state(self.monitor) if self._saved else {}

    def set_extra_state(self, state: Any) -> None:
        """Go on from ``state_dict``."""
        if state:
            self.monitor.load_state_dict(state)
            self._computed = None
            self._update_count = 1  # or torchmetrics warns that there is nothing to compute

    def _group(self) -> "dist.ProcessGroup | None":
        return self.process_group
