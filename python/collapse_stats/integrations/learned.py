"""Which tokens of a batch a model learns from, by the names that trainers give to tensors."""

from collections.abc import Mapping
from typing import Any

import torch

IGNORED = -100  # the label of a position that is not learned from


def learned_from(
    batch: Mapping[str, Any], *, labels_belong_to_tokens: bool = True
) -> dict[str, Any]:
    """Return the arguments of `CollapseMonitor.update` for the tokens that are learned from.

    * ``completion_ids`` where there are any (GRPO, RLOO): those that ``completion_mask`` and
      ``tool_mask`` keep; else ``input_ids``.
    * Left out are positions with the label -100, those of a prompt that ``completion_mask`` leaves
      out (DPO, KTO), and padding, which ``attention_mask`` leaves out.
    * In a packed row, a document begins wherever ``position_ids`` do not increase; without these,
      ``seq_idx`` or ``cu_seq_lens_q`` gives the beginnings.

    A mask or labels that are not shaped like the tokens say something else about them, and are
    ignored. If all tensors lie on one device, nothing waits for it.

    Parameters
    ----------
    labels_belong_to_tokens
        False for models that translate: their labels are of other tokens, even in equal number.

    Raises
    ------
    ValueError
        when the batch has no token ids.
    """
    if "completion_ids" in batch:
        tokens = batch["completion_ids"]
        masks = [_shaped(batch, name, tokens) for name in ("completion_mask", "tool_mask")]
        return {"tokens": tokens, "mask": _both(*masks)}
    if batch.get("input_ids") is None:
        raise ValueError(
            f"a batch must have input_ids or completion_ids, got {', '.join(batch) or 'nothing'}: "
            "a model that is given embeddings cannot be monitored by an adapter; call "
            "monitor.update where its tokens are"
        )
    tokens = batch["input_ids"]
    begins = _begins(batch, tokens)
    masks = [_shaped(batch, name, tokens) for name in ("attention_mask", "completion_mask")]
    labels = _shaped(batch, "labels", tokens) if labels_belong_to_tokens else None
    if labels is not None:
        counted = labels != IGNORED
        if begins is not None:
            # Collators give -100 to the first token of each packed document, because the text
            # before does not predict it. Count that token if the next one is counted.
            next_counted = torch.nn.functional.pad(counted[..., 1:], (0, 1))
            counted = counted | (begins & next_counted)
        masks.append(counted)
    return {"tokens": tokens, "mask": _both(*masks), "begins": begins}


def _shaped(batch: Mapping[str, Any], name: str, tokens: torch.Tensor) -> Any:
    """Return a tensor of the batch if it is shaped like the tokens."""
    found = batch.get(name)
    return found if getattr(found, "shape", None) == tokens.shape else None


def _both(*masks: Any) -> Any:
    """Return the mask of positions that all masks keep; None if there is none."""
    given = [mask for mask in masks if mask is not None]
    if len(given) < 2:
        return given[0] if given else None
    kept = given[0] != 0
    for mask in given[1:]:
        kept = kept & (mask != 0)
    return kept


def _begins(batch: Mapping[str, Any], tokens: torch.Tensor) -> "torch.Tensor | None":
    """Return a mask of where documents begin, or None if nothing says that rows are packed."""
    positions = _shaped(batch, "position_ids", tokens)
    document_numbers = _shaped(batch, "seq_idx", tokens)
    ends: Any = batch.get("cu_seq_lens_q")
    if positions is not None:
        begins = positions[..., 1:] <= positions[..., :-1]
    elif document_numbers is not None:
        begins = document_numbers[..., 1:] != document_numbers[..., :-1]
    elif ends is not None:
        flat = tokens.new_zeros(tokens.numel() + 1, dtype=torch.bool)
        flat = flat.index_fill(0, ends.to(flat.device).long(), True)
        return flat[:-1].reshape(tokens.shape)
    else:
        return None
    return torch.nn.functional.pad(begins, (1, 0), value=True)
