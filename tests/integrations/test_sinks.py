"""Loggers with three interfaces, and outputs of an engine; neither has to be installed."""

from types import SimpleNamespace

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.integrations.sinks import log_figures
from collapse_stats.integrations.vllm import update_from_outputs

FIGURES = {"entropy_bits/1": 9.5, "retention/1/seen-once": 0.25}


def test_a_run_of_weights_and_biases():
    logged = []
    run = SimpleNamespace(log=lambda data, step: logged.append((data, step)))
    log_figures(run, FIGURES, 7)
    assert logged == [({f"collapse/{k}": v for k, v in FIGURES.items()}, 7)]


def test_mlflow():
    logged = []
    mlflow = SimpleNamespace(log_metrics=lambda metrics, step: logged.append((metrics, step)))
    log_figures(mlflow, FIGURES, 7)
    assert logged == [({f"collapse/{k}": v for k, v in FIGURES.items()}, 7)]


def test_tensorboard():
    logged = {}
    writer = SimpleNamespace(
        add_scalar=lambda name, value, step: logged.update({name: (value, step)})
    )
    log_figures(writer, FIGURES, 7)
    assert logged == {f"collapse/{k}": (v, 7) for k, v in FIGURES.items()}


def test_another_object_raises():
    with pytest.raises(TypeError, match="must have add_scalar, log_metrics or log, got list"):
        log_figures([], FIGURES, 1)


def test_names_have_only_characters_that_loggers_allow():
    for name in cs.CollapseMonitor(10, 3).names:
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-/")


def completion(ids, logprobs=None):
    result = SimpleNamespace(token_ids=ids)
    if logprobs is not None:
        result.logprobs = [
            None if p is None else {t: SimpleNamespace(logprob=p), 0: SimpleNamespace(logprob=-9.0)}
            for t, p in zip(ids, logprobs, strict=True)
        ]
    return result


def test_outputs_of_an_engine():
    outputs = [
        SimpleNamespace(prompt_token_ids=[9, 9, 9], outputs=[completion([1, 2]), completion((3,))]),
        SimpleNamespace(prompt_token_ids=[9], outputs=[completion([])]),
    ]
    monitor = cs.CollapseMonitor(10, 2)
    update_from_outputs(monitor, outputs)
    figures = monitor.compute()
    assert (figures["tokens"], figures["documents"]) == (3, 2)
    assert "perplexity" not in figures
    outputs[1].outputs.append(completion([4, 5, 6], [-1.0, -3.0, None]))
    update_from_outputs(monitor, outputs)
    assert monitor.compute()["perplexity"] == pytest.approx(np.exp(2))
