"""Adding the outputs of vLLM, or of an engine whose outputs look like vLLM's; none is imported."""

from collections.abc import Iterable
from math import nan
from typing import Any

from ..monitor import CollapseMonitor


def update_from_outputs(monitor: CollapseMonitor, outputs: Iterable[Any]) -> None:
    """Add every completion of objects like vLLM's ``RequestOutput``, each as one document.

    Prompts are not counted, since the model did not write them.

    Parameters
    ----------
    outputs
        Objects with ``outputs``, a list of completions. A completion has ``token_ids``, and may
        have ``logprobs``: for each token a mapping from ids to objects with ``logprob``.
    """
    completions = [completion for output in outputs for completion in output.outputs]
    ids = [list(completion.token_ids) for completion in completions]
    logprobs = [
        _logprobs(tokens, getattr(completion, "logprobs", None))
        for tokens, completion in zip(ids, completions, strict=True)
    ]
    any_logprob = any(value == value for values in logprobs for value in values)  # not NaN
    monitor.update(
        [token for tokens in ids for token in tokens],
        lengths=[len(tokens) for tokens in ids],
        logprobs=[value for values in logprobs for value in values] if any_logprob else None,
    )


def _logprobs(tokens: list[int], candidates: Any) -> list[float]:
    """Return the log-probability of each sampled token, or NaN where it was not kept.

    Parameters
    ----------
    candidates
        For each token, a mapping from ids to log-probabilities, or None; or None as a whole.
    """
    if candidates is None:
        return [nan] * len(tokens)
    sampled = [
        by_id.get(token) if by_id else None for token, by_id in zip(tokens, candidates, strict=True)
    ]
    return [nan if entry is None else float(getattr(entry, "logprob", entry)) for entry in sampled]
