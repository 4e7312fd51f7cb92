"""The metric in one process; several ranks are tested in test_distributed."""

import copy
import io
import pickle

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-integrations")
pytest.importorskip("torchmetrics", reason="torchmetrics is not installed: make test-integrations")

from torchmetrics import MetricCollection, MetricTracker

import collapse_stats as cs
from collapse_stats.integrations.torchmetrics import CollapseMetric

TOKENS = torch.arange(60).reshape(6, 10) ** 2 % 9


def expected(*batches):
    monitor = cs.CollapseMonitor(10, 3)
    for tokens in batches:
        monitor.update(tokens)
    return monitor.compute()


def value(metric):
    """The figures that are not NaN."""
    figures = metric.compute()
    assert tuple(figures) == metric.monitor.names
    return {name: n.item() for name, n in figures.items() if not torch.isnan(n)}


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
        assert figures["distinct_ratio/3"].item() == pytest.approx(
            expected(tokens)["distinct_ratio/3"]
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


class Model(torch.nn.Module):
    """A model with a metric among its modules."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)
        self.metric = CollapseMetric(10, 3)


def test_a_metric_leaves_no_trace_in_the_checkpoints_of_its_model():
    """Strict loading works with and without it, as with torchmetrics' own metrics."""
    model, plain = Model(), torch.nn.Module()
    plain.layer = torch.nn.Linear(2, 2)
    model.metric.update(TOKENS)
    assert [*model.state_dict()] == ["layer.weight", "layer.bias"]
    plain.load_state_dict(model.state_dict())
    model.load_state_dict(plain.state_dict())


def test_a_persistent_state_is_a_tensor():
    safetensors = pytest.importorskip("safetensors.torch")
    model, other = Model(), Model()
    for each in (model, other):
        each.metric.persistent(True)
    with pytest.raises(RuntimeError, match=r"Missing key.*metric\.collapse_monitor"):
        other.load_state_dict({k: v for k, v in model.state_dict().items() if "layer" in k})
    model.metric.update(TOKENS[:3])
    other.load_state_dict(safetensors.load(safetensors.save(model.state_dict())))
    other.metric.update(TOKENS[3:])
    assert value(other.metric) == expected(TOKENS)


def test_a_tracker_stacks_the_figures():
    """An empty metric has the same keys as a full one."""
    tracker = MetricTracker(CollapseMetric(10, 3), maximize=True)
    for tokens in (TOKENS[:0], TOKENS):
        tracker.increment()
        tracker.update(tokens)
    figures = tracker.compute_all()
    assert figures["tokens"].tolist() == [0, TOKENS.numel()]
    assert torch.isnan(figures["distinct_ratio/3"]).tolist() == [True, False]
