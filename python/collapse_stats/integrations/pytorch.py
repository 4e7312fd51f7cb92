"""Helpers for PyTorch loops: log-probabilities, arguments of packed rows, states to save."""

from collections.abc import Mapping
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


def arguments_in(given: Mapping[str, Any], tokens: torch.Tensor) -> dict[str, Any]:
    """Find the arguments of `CollapseMonitor.update` among a model's inputs, or in a batch.

    Positions that ``attention_mask`` leaves out, or that have the label -100, are not counted. In a
    packed row, a document begins wherever ``position_ids`` do not increase; without these,
    ``seq_idx`` or ``cu_seq_lens_q`` gives the beginnings. If all tensors lie on one device, nothing
    waits for it.

    Parameters
    ----------
    given
        The inputs by their names.
    """
    mask, labels = given.get("attention_mask"), given.get("labels")
    if getattr(mask, "shape", None) != tokens.shape:
        mask = None  # it may say which positions attend to which, not which are padding
    begins = _begins(given, tokens)
    if labels is not None:
        counted = labels != -100
        if begins is not None:
            # Collators give -100 to the first token of each packed document, because the text
            # before does not predict it. Count that token if the next one is counted.
            next_counted = torch.nn.functional.pad(counted[..., 1:], (0, 1))
            counted = counted | (begins & next_counted)
        mask = counted if mask is None else counted & (mask != 0)
    return {"tokens": tokens, "mask": mask, "begins": begins}


def _begins(given: Mapping[str, Any], tokens: torch.Tensor) -> torch.Tensor | None:
    """Return a mask of where documents begin, or None if nothing says that rows are packed."""
    positions: Any = given.get("position_ids")
    document_numbers: Any = given.get("seq_idx")
    ends: Any = given.get("cu_seq_lens_q")
    if getattr(positions, "shape", None) == tokens.shape:
        begins = positions[..., 1:] <= positions[..., :-1]
    elif getattr(document_numbers, "shape", None) == tokens.shape:
        begins = document_numbers[..., 1:] != document_numbers[..., :-1]
    elif ends is not None:
        flat = tokens.new_zeros(tokens.numel() + 1, dtype=torch.bool)
        flat = flat.index_fill(0, ends.to(flat.device).long(), True)
        return flat[:-1].reshape(tokens.shape)
    else:
        return None
    return torch.nn.functional.pad(begins, (1, 0), value=True)


def tensor_state(monitor: CollapseMonitor) -> dict[str, Any]:
    """Return the monitor's `state_dict` with tensors instead of arrays, for ``torch.save``.

    ``torch.load(..., weights_only=True)`` can read it, and `CollapseMonitor.load_state_dict` takes
    it as it is.
    """
    return {key: _as_tensor(value) for key, value in monitor.state_dict().items()}


def world_size() -> int:
    """Return the number of ranks in the default group, 1 if there is no group."""
    ready = torch.distributed.is_available() and torch.distributed.is_initialized()
    return torch.distributed.get_world_size() if ready else 1


def figures_of_all_ranks(monitor: CollapseMonitor) -> Mapping[str, float]:
    """Return the figures of all ranks of the default group, all of which must call this.

    Without a group, or in a group of one rank, they are those of `CollapseMonitor.compute`.
    """
    if world_size() == 1:
        return monitor.compute()
    from .distributed import reduce  # fails to import where torch has no distributed package

    return reduce(monitor)


def _as_tensor(value: Any) -> Any:
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value
