"""The metric in one process; several ranks are tested in test_distributed."""

import copy
import io
import pickle

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-integrations")
pytest.importorskip("torchmetrics", reason="torchmetrics is not installed: make test-integrations")

from torchmetrics import MetricCollection

import collapse_stats as cs
from collapse_stats.integrations.torchmetrics import CollapseMetric

TOKENS = torch.arange(60).reshape(6, 10) ** 2 % 9


def expected(*batches):
    monitor = cs.CollapseMonitor(10, 3)
    for tokens in batches:
        monitor.update(tokens)
    return monitor.compute()


def value(metric):
    return {name: number.item() for name, number in metric.compute().items()}


def filled(*batches, **options):
    metric = CollapseMetric(10, 3, **options)
    for tokens in batches:
        metric.update(tokens)
    return metric


def test_update_and_compute():
    metric = filled(TOKENS[:3], TOKENS[3:])
    assert value(metric) == expected(TOKENS)
    metric.reset()
    assert value(filled(TOKENS[:1])) == expected(TOKENS[:1])


def test_a_computed_value_is_not_reused_after_an_update():
    metric = filled(TOKENS[:3])
    metric.compute()
    metric.update(TOKENS[3:])
    assert value(metric) == expected(TOKENS)


def test_a_computed_value_is_not_reused_after_a_merge():
    metric = filled(TOKENS[:3])
    metric.compute()
    metric.merge_state(filled(TOKENS[3:]))
    assert value(metric) == expected(TOKENS)
    with pytest.raises(TypeError, match="takes a CollapseMetric, got dict"):
        metric.merge_state({})


def test_a_change_of_dtype_does_not_round_counts():
    many = torch.ones(1, 5000, dtype=torch.int64)  # more than float16 represents exactly
    for change in (
        lambda m: m.set_dtype(torch.float16),
        lambda m: m.half(),
        lambda m: m.to(torch.float16),
        lambda m: torch.nn.ModuleList([m]).half()[0],
    ):
        metric = filled(many)
        change(metric).update(many)
        assert value(metric)["tokens"] == 10_000


def test_forward_returns_figures_of_the_batch_and_adds_it():
    metric = CollapseMetric(10, 3)
    assert metric.full_state_update is False
    for tokens in (TOKENS[:3], TOKENS[3:]):
        figures = metric(tokens)
        assert figures["tokens"].item() == expected(tokens)["tokens"]
        assert figures["distinct_ratio/2"].item() == pytest.approx(
            expected(tokens)["distinct_ratio/2"]
        )
    assert value(metric) == expected(TOKENS)


def test_in_a_collection():
    metrics = MetricCollection({"human": filled(), "model": filled(window=20)})
    metrics.update(TOKENS)
    figures = metrics.compute()
    assert any(name.endswith("entropy_bits/2") for name in figures)


COPIES = [copy.deepcopy, CollapseMetric.clone, lambda metric: pickle.loads(pickle.dumps(metric))]


@pytest.mark.parametrize("copied", COPIES)
def test_copies_are_independent(copied):
    metric = filled(TOKENS[:3])
    other = copied(metric)
    other.update(TOKENS[3:])
    assert value(metric) == expected(TOKENS[:3])
    assert value(other) == expected(TOKENS)


def test_a_checkpoint_has_the_state_if_persistent():
    metric = filled(TOKENS[:3])
    plain = CollapseMetric(10, 3)
    plain.load_state_dict(metric.state_dict())
    assert plain.monitor.compute()["tokens"] == 0
    metric.persistent(True)
    file = io.BytesIO()
    torch.save(metric.state_dict(), file)
    file.seek(0)
    other = CollapseMetric(10, 3)
    other.load_state_dict(torch.load(file, weights_only=True))
    other.update(TOKENS[3:])
    assert value(other) == expected(TOKENS)
