"""The callback in an actual Lightning trainer on the CPU."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-integrations")
pytest.importorskip("lightning", reason="lightning is not installed: make test-integrations")

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger

import collapse_stats as cs
from collapse_stats.integrations.lightning import CollapseCallback, arguments_of

VOCAB = 20
TOKENS = torch.arange(12 * 4 * 8).reshape(-1, 8) ** 2 % VOCAB


class Model(LightningModule):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(VOCAB, VOCAB)

    def training_step(self, batch, batch_idx):
        tokens = batch["input_ids"]
        return torch.nn.functional.cross_entropy(
            self.table(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten()
        )

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


class Recorded(CSVLogger):
    """A logger that keeps the metrics it gets."""

    def __init__(self, folder):
        super().__init__(folder)
        self.logged = {}

    def log_metrics(self, metrics, step=None):
        self.logged.setdefault(step, {}).update(metrics)


def run(folder, steps, monitor, checkpoint=None, data=None, every=2, **options):
    logger = Recorded(folder)
    rows = [{"input_ids": row} for row in TOKENS] if data is None else data
    data = torch.utils.data.DataLoader(rows, batch_size=4)
    trainer = Trainer(
        max_steps=steps,
        accelerator="cpu",
        devices=1,
        logger=logger,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
        callbacks=[
            CollapseCallback(monitor, every=every),
            ModelCheckpoint(
                dirpath=folder, filename="{step}", every_n_train_steps=3, save_top_k=-1
            ),
        ],
    )
    model = Model()
    trainer.fit(model, data, ckpt_path=checkpoint, weights_only=True)
    assert trainer.callback_metrics["collapse/tokens"] == monitor.compute()["tokens"]
    return {
        step: {name: v for name, v in metrics.items() if name.startswith("collapse/")}
        for step, metrics in logger.logged.items()
        if "collapse/tokens" in metrics
    }


def test_batches_are_counted_and_logged(tmp_path):
    monitor = cs.CollapseMonitor(VOCAB, 2)
    logged = run(tmp_path, 12, monitor)
    expected = cs.CollapseMonitor(VOCAB, 2)
    expected.update(TOKENS)
    assert monitor.compute() == expected.compute()
    assert [*logged] == [2, 4, 6, 8, 10, 12]
    assert logged[12] == {f"collapse/{k}": v for k, v in expected.compute().items()}


def test_a_resumed_run_gives_the_same_series(tmp_path):
    uninterrupted = run(tmp_path / "uninterrupted", 18, cs.CollapseMonitor(VOCAB, 2))
    run(tmp_path / "halted", 12, cs.CollapseMonitor(VOCAB, 2))  # one epoch
    saved = str(tmp_path / "halted" / "step=12.ckpt")
    resumed = run(tmp_path / "halted", 18, cs.CollapseMonitor(VOCAB, 2), saved)
    assert resumed == {step: metrics for step, metrics in uninterrupted.items() if step > 12}
    assert [*resumed] == [14, 16, 18]


def test_steps_are_those_of_the_optimizer(tmp_path):
    monitor = cs.CollapseMonitor(VOCAB, 2)
    logged = run(tmp_path, 6, monitor, every=1, accumulate_grad_batches=2)
    assert [*logged] == [1, 2, 3, 4, 5, 6]
    assert [m["collapse/tokens"] for m in logged.values()] == [64 * step for step in logged]


def test_a_checkpoint_has_the_states_of_all_ranks():
    """A single rank takes those of two."""
    saved = []
    for rank in range(2):
        callback = CollapseCallback(cs.CollapseMonitor(VOCAB, 2))
        callback.monitor.update(TOKENS[rank * 8 : rank * 8 + 8])
        saved += callback.state_dict()["ranks"]
    resumed = CollapseCallback(cs.CollapseMonitor(VOCAB, 2))
    resumed.load_state_dict({"ranks": saved})
    expected = cs.CollapseMonitor(VOCAB, 2)
    expected.update(TOKENS[:16])
    assert resumed.monitor.compute() == expected.compute()


def test_tokens_in_a_batch():
    ids = torch.tensor([[1, 2, 3]])
    mask = torch.tensor([[1, 1, 0]])
    labels = torch.tensor([[-100, 2, 3]])
    assert arguments_of(ids)["tokens"] is ids
    assert arguments_of((ids, mask))["tokens"] is ids
    assert arguments_of({"input_ids": ids})["mask"] is None
    assert arguments_of({"input_ids": ids, "attention_mask": mask})["mask"].tolist() == [[1, 1, 0]]
    batch = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    assert arguments_of(batch)["mask"].tolist() == [[False, True, False]]


def test_packed_rows_are_counted_as_their_documents(tmp_path):
    packed = {
        "input_ids": TOKENS,
        "position_ids": torch.tensor([0, 1, 2, 0, 0, 1, 2, 3]).expand_as(TOKENS),
    }
    monitor, expected = cs.CollapseMonitor(VOCAB, 2), cs.CollapseMonitor(VOCAB, 2)
    data = [{name: column[row] for name, column in packed.items()} for row in range(len(TOKENS))]
    run(tmp_path, 12, monitor, data=data)
    for row in TOKENS:
        for document in (row[:3], row[3:4], row[4:]):
            expected.update(document)
    assert monitor.compute() == expected.compute()


def test_every_must_be_a_number_of_batches():
    with pytest.raises(ValueError, match="every must be a number of steps, at least 1, got 0"):
        CollapseCallback(cs.CollapseMonitor(VOCAB, 2), every=0)
