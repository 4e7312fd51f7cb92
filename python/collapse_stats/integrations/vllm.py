"""Adding the outputs of vLLM, or of an engine whose outputs look like vLLM's; none is imported."""

from collections.abc import Iterable
from math import nan
from typing import Any

from ..monitor import CollapseMonitor


def update_from_outputs(monitor: CollapseMonitor, outputs: Iterable[Any]) -> None:
    """Add every completion of objects like vLLM's ``RequestOutput``, each as one document.

    Prompts are not counted, since the model did not write them. If there are several completions of
    a prompt, they are a group (`CollapseMonitor.update`).

    Parameters
    ----------
    outputs
        Objects with ``outputs``, a list of completions. A completion has ``token_ids``, and may
        have ``logprobs``: for each token a mapping from ids to objects with ``logprob``, or None.
    """
    of_prompts = [list(output.outputs) for output in outputs]
    completions = [completion for answers in of_prompts for completion in answers]
    ids = [list(completion.token_ids) for completion in completions]
    logprobs = [
        _logprobs(tokens, getattr(completion, "logprobs", None))
        for tokens, completion in zip(ids, completions, strict=True)
    ]
    any_logprob = any(value == value for values in logprobs for value in values)  # not NaN
    several = any(len(answers) > 1 for answers in of_prompts)
    prompts = [number for number, answers in enumerate(of_prompts) for _ in answers]
    monitor.update(
        [token for tokens in ids for token in tokens],
        lengths=[len(tokens) for tokens in ids],
        logprobs=[value for values in logprobs for value in values] if any_logprob else None,
        groups=prompts if several else None,
    )


def _logprobs(tokens: list[int], candidates: Any) -> list[float]:
    """Return the log-probability of each sampled token, or NaN where it was not kept.

    Parameters
    ----------
    candidates
        For each token, a mapping from ids, which may be texts after a way through JSON, to
        log-probabilities, or None; or None as a whole. Engines may leave out the last ones.

    Raises
    ------
    ValueError
        when there are more of them than tokens.
    """
    given = list(candidates or [])
    if len(given) > len(tokens):
        raise ValueError(
            f"a completion must have at most one entry of logprobs for each of its {len(tokens)} "
            f"token_ids, got {len(given)}: give those of its own tokens, without the prompt's"
        )
    given += [None] * (len(tokens) - len(given))
    return [_logprob(token, by_id) for token, by_id in zip(tokens, given, strict=True)]


def _logprob(token: int, by_id: Any) -> float:
    if not by_id:
        return nan
    entry = by_id.get(token, by_id.get(str(token)))
    value = getattr(entry, "logprob", entry)
    return nan if value is None else float(value)
