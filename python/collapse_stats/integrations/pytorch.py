"""A plain PyTorch loop: log-probabilities of the tokens, and a state that ``torch.save`` keeps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ..monitor import CollapseMonitor


def token_logprobs(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Log-probability ``(B, T)`` that a causal model gave each token; NaN for the first of a row.

    Parameters
    ----------
    logits
        ``(B, T, V)``: at each position, of the token that comes next.
    tokens
        ``(B, T)``; ids outside the vocabulary (padding) are given NaN.
    """
    known = (tokens[:, 1:] >= 0) & (tokens[:, 1:] < logits.shape[-1])
    asked = torch.where(known, tokens[:, 1:], 0).unsqueeze(-1)
    with torch.no_grad():
        scores = logits[:, :-1].float()
        found = scores.gather(-1, asked).squeeze(-1) - scores.logsumexp(-1)
    first = found.new_full((tokens.shape[0], 1), torch.nan)
    return torch.cat([first, torch.where(known, found, torch.nan)], dim=1)


def tensor_state(monitor: CollapseMonitor) -> dict[str, Any]:
    """The monitor's `state_dict` with tensors for its arrays, as ``torch.load`` takes it back.

    `CollapseMonitor.load_state_dict` takes either.
    """
    return {key: _as_tensor(value) for key, value in monitor.state_dict().items()}


def world_size() -> int:
    """Ranks of the default group; 1 where no group was made."""
    ready = torch.distributed.is_available() and torch.distributed.is_initialized()
    return torch.distributed.get_world_size() if ready else 1


def figures_of_all_ranks(monitor: CollapseMonitor) -> Mapping[str, float]:
    """`compute`, over every rank of the default group when there are several: all must call it."""
    if world_size() == 1:
        return monitor.compute()
    from .distributed import reduce

    return reduce(monitor)


def _as_tensor(value: Any) -> Any:
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value
