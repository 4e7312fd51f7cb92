"""A torchmetrics ``Metric`` that wraps a monitor.

The counts are kept by the monitor, not in tensors registered with torchmetrics. Those would have
variable length, which gloo cannot gather as int64 if a rank has none, and would be rounded when the
metric's dtype is changed.
"""

import io
from typing import Any

import torch
import torch.distributed as dist
from torchmetrics import Metric

from ..errors import LayoutMismatchError
from ..monitor import CollapseMonitor
from .distributed import reduce
from .pytorch import rank, tensor_state, world_size

_MONITOR_OPTIONS = (
    "baseline",
    "window",
    "tokenizer",
    "figures",
    "backend",
    "threads",
    "memory",
    "device_memory",
)
_STATE = "collapse_monitor"  # its key in a state_dict


class CollapseMetric(Metric):
    """The figures of a `CollapseMonitor` over all ranks, NaN where the data do not support one.

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
        """Return the figures of `CollapseMonitor.compute`, of all ranks, which must all call it.

        The keys are always the same, as torchmetrics needs them: those of `CollapseMonitor.names`.
        """
        return self._figures_of(self.monitor, self._to_sync)

    def forward(self, tokens: Any, mask: Any = None, **arguments: Any) -> dict[str, torch.Tensor]:
        """Add documents, and return the figures of these documents alone.

        They are those of this rank, or with ``dist_sync_on_step`` of all ranks.
        """
        self.update(tokens, mask, **arguments)
        batch_monitor = CollapseMonitor(**self._monitor_options)
        batch_monitor.update(tokens, mask, **arguments)
        return self._figures_of(batch_monitor, self.dist_sync_on_step)

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

    def state_dict(
        self,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """Return the state; if persistent, the monitor's is one tensor of bytes."""
        found: dict[str, Any] = super().state_dict(destination, prefix, keep_vars)
        if self._saved:
            file = io.BytesIO()
            state = {"rank": rank(), "ranks": world_size(), "monitor": tensor_state(self.monitor)}
            torch.save(state, file)
            found[prefix + _STATE] = torch.frombuffer(file.getbuffer(), dtype=torch.uint8).clone()
        return found

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        saved = state_dict.pop(prefix + _STATE, None)
        if saved is not None:
            self._load(torch.load(io.BytesIO(saved.cpu().numpy().tobytes()), weights_only=True))
        elif self._saved and strict:
            missing_keys.append(prefix + _STATE)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def _load(self, state: dict[str, Any]) -> None:
        """Load the state of the same rank of as many ranks.

        Raises
        ------
        LayoutMismatchError
            for any other: a state that every rank loads would be counted more than once.
        """
        saved, own = (state["rank"], state["ranks"]), (rank(), world_size())
        if saved != own:
            raise LayoutMismatchError(
                f"rank {own[0]} of {own[1]} must load the metric's state that the same rank of as "
                f"many ranks had saved, got that of rank {saved[0]} of {saved[1]}: let each rank "
                "save and load its own state_dict"
            )
        self.monitor.load_state_dict(state["monitor"])
        self._computed = None
        self._update_count = 1  # otherwise torchmetrics warns that update was never called

    def _figures_of(self, monitor: CollapseMonitor, of_all_ranks: bool) -> dict[str, torch.Tensor]:
        together = of_all_ranks and self.distributed_available_fn()
        figures = reduce(monitor, self._group()) if together else monitor.compute()
        return {
            name: torch.tensor(figures.get(name, torch.nan), dtype=torch.float64)
            for name in monitor.names
        }

    def _group(self) -> "dist.ProcessGroup | None":
        return self.process_group
