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


def arguments_in(given: Mapping[str, Any], tokens: torch.Tensor) -> dict[str, Any]:
    """Arguments of `CollapseMonitor.update` in what a language model, or its data set, is given.

    Positions that ``attention_mask`` leaves out, or with a label of -100, do not count. In a packed
    row a document begins where ``position_ids`` do not rise; without them ``seq_idx`` says where,
    or ``cu_seq_lens_q``. Waits for no device when all lie on one.
    """
    mask, labels = given.get("attention_mask"), given.get("labels")
    if getattr(mask, "shape", None) != tokens.shape:
        mask = None  # one that says what attends to what, not which positions are padding
    begins = _begins(given, tokens)
    if labels is not None:
        learned = labels != -100
        if begins is not None:  # there collators put -100: the text before does not predict it
            follows = torch.nn.functional.pad(learned[..., 1:], (0, 1))
            learned = learned | (begins & follows)
        mask = learned if mask is None else learned & (mask != 0)
    return {"tokens": tokens, "mask": mask, "begins": begins}


def _begins(given: Mapping[str, Any], tokens: torch.Tensor) -> torch.Tensor | None:
    """Where documents begin in packed rows; None when the rows are not said to be packed."""
    positions: Any = given.get("position_ids")
    numbers: Any = given.get("seq_idx")
    ends: Any = given.get("cu_seq_lens_q")
    if getattr(positions, "shape", None) == tokens.shape:
        inside = positions[..., 1:] <= positions[..., :-1]
    elif getattr(numbers, "shape", None) == tokens.shape:
        inside = numbers[..., 1:] != numbers[..., :-1]
    elif ends is not None:
        begins = tokens.new_zeros(tokens.numel() + 1, dtype=torch.bool)
        return begins.index_fill(0, ends.to(begins.device).long(), True)[:-1].reshape(tokens.shape)
    else:
        return None
    return torch.nn.functional.pad(inside, (1, 0), value=True)


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
