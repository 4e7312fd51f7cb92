"""Outputs of an inference engine that look like vLLM's; the engine is not imported."""

from collections.abc import Iterable
from math import nan
from typing import Any

from ..monitor import CollapseMonitor


def update_from_outputs(monitor: CollapseMonitor, outputs: Iterable[Any]) -> None:
    """Add every completion of ``RequestOutput``-like objects, one document each.

    Input: objects with ``outputs``, of which each has ``token_ids`` and may have ``logprobs``: per
    token a mapping of ids to objects with ``logprob``. Prompts are not counted: they are not the
    model's.
    """
    completions = [completion for output in outputs for completion in output.outputs]
    ids = [list(completion.token_ids) for completion in completions]
    logprobs = [
        _logprobs(tokens, getattr(completion, "logprobs", None))
        for tokens, completion in zip(ids, completions, strict=True)
    ]
    known = any(value == value for values in logprobs for value in values)
    monitor.update(
        [token for tokens in ids for token in tokens],
        lengths=[len(tokens) for tokens in ids],
        logprobs=[value for values in logprobs for value in values] if known else None,
    )


def _logprobs(tokens: list[int], given: Any) -> list[float]:
    """The log-probability of each token that was sampled; NaN where it was not kept."""
    if given is None:
        return [nan] * len(tokens)
    found = [at.get(token) if at else None for token, at in zip(tokens, given, strict=True)]
    return [nan if one is None else float(getattr(one, "logprob", one)) for one in found]
