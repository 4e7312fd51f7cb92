"""Loggers with three interfaces, and outputs of an engine; neither has to be installed."""

import io
import json
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


def test_fabric():
    """Fabric has `log` for a single value as well."""
    logged = []
    fabric = SimpleNamespace(
        log=lambda name, value, step: pytest.fail("one value at a time"),
        log_dict=lambda metrics, step: logged.append((metrics, step)),
    )
    log_figures(fabric, FIGURES, 7)
    assert logged == [({f"collapse/{k}": v for k, v in FIGURES.items()}, 7)]


def test_a_file_gets_lines_of_json():
    file = io.StringIO()
    for step in (7, 8):
        log_figures(file, FIGURES, step)
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    named = {f"collapse/{k}": v for k, v in FIGURES.items()}
    assert lines == [{"step": 7, **named}, {"step": 8, **named}]
    with pytest.raises(ValueError, match="JSON"):
        log_figures(file, {"perplexity": np.inf}, 9)


def test_another_object_raises():
    with pytest.raises(TypeError, match="log_metrics, log_dict, log or write, got list"):
        log_figures([], FIGURES, 1)


def test_names_have_only_characters_that_loggers_allow():
    for name in cs.CollapseMonitor(10, 3, figures="all").names:
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


def test_log_probabilities_may_be_fewer_than_tokens_and_have_texts_as_keys():
    of_json = [{"4": -1.0, "0": -5.0}, {"5": {"logprob": -3.0}["logprob"]}]
    outputs = [SimpleNamespace(outputs=[SimpleNamespace(token_ids=[4, 5, 6], logprobs=of_json)])]
    monitor = cs.CollapseMonitor(10, 2)
    update_from_outputs(monitor, outputs)
    figures = monitor.compute()
    assert figures["tokens"] == 3
    assert figures["perplexity"] == pytest.approx(np.exp(2))
    outputs[0].outputs[0].token_ids = [4]
    with pytest.raises(ValueError, match="at most one entry of logprobs for each of its 1 token"):
        update_from_outputs(monitor, outputs)
    assert monitor.compute() == figures


def test_completions_of_a_prompt_are_a_group():
    outputs = [
        SimpleNamespace(outputs=[completion([1, 2, 3]), completion([1, 2, 3])]),
        SimpleNamespace(outputs=[completion([4, 5, 6]), completion([7, 8, 9])]),
    ]
    monitor = cs.CollapseMonitor(10, 3)
    update_from_outputs(monitor, outputs)
    figures = monitor.compute()
    assert figures["group_copies"] == pytest.approx((1 / 2 + 0) / 2)
    assert figures["group_effective"] == pytest.approx((1 + 2) / 2)
