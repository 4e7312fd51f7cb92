"""Helpers for PyTorch loops: log-probabilities, figures of all ranks, states to save."""

from typing import Any

import numpy as np
import torch

from ..monitor import CollapseMonitor


def token_logprobs(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Return the log-probability ``(B, T)`` that a causal model gave to each token.

    It is NaN for the first token of a row, which has no prediction.

    Parameters
    ----------
    logits
        ``(B, T, V)``: at each position, those of the next token.
    tokens
        ``(B, T)``; ids outside the vocabulary (padding) get NaN.
    """
    in_vocabulary = (tokens[:, 1:] >= 0) & (tokens[:, 1:] < logits.shape[-1])
    targets = torch.where(in_vocabulary, tokens[:, 1:], 0).unsqueeze(-1)
    with torch.no_grad():
        scores = logits[:, :-1].float()
        logprobs = scores.gather(-1, targets).squeeze(-1) - scores.logsumexp(-1)
    first = logprobs.new_full((tokens.shape[0], 1), torch.nan)
    return torch.cat([first, torch.where(in_vocabulary, logprobs, torch.nan)], dim=1)


def tensor_state(monitor: CollapseMonitor) -> dict[str, Any]:
    """Return the monitor's `state_dict` with tensors instead of arrays, for ``torch.save``.

    ``torch.load(..., weights_only=True)`` can read it, and `CollapseMonitor.load_state_dict` takes
    it as it is.
    """
    return {key: _as_tensor(value) for key, value in monitor.state_dict().items()}


def world_size() -> int:
    """Return the number of ranks in the default group, 1 if there is no group."""
    return int(torch.distributed.get_world_size()) if _has_group() else 1


def rank() -> int:
    """Return the number of this rank in the default group, 0 if there is no group."""
    return int(torch.distributed.get_rank()) if _has_group() else 0


def figures_of_all_ranks(monitor: CollapseMonitor) -> tuple[dict[str, float], dict[str, float]]:
    """Return figures and floors of all ranks of the default group, all of which must call this.

    Without a group, or in a group of one rank, they are those of `CollapseMonitor.compute` and
    `CollapseMonitor.floors`.
    """
    if world_size() == 1:
        return monitor.compute(), monitor.floors()
    from .distributed import figures_and_floors  # fails to import where torch lacks distributed

    return figures_and_floors(monitor)


def _has_group() -> bool:
    return torch.distributed.is_available() and bool(torch.distributed.is_initialized())


def _as_tensor(value: Any) -> Any:
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value
