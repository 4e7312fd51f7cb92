"""The callback in an actual Trainer on the CPU."""

import math
from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-integrations")
pytest.importorskip("transformers", reason="transformers is not installed: make test-integrations")
pytest.importorskip("accelerate", reason="accelerate is not installed: make test-integrations")

from transformers import (
    DataCollatorWithFlattening,
    GPT2Config,
    GPT2LMHeadModel,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

import collapse_stats as cs
from collapse_stats.integrations.huggingface import CollapseCallback

VOCAB, LENGTH, BATCH = 40, 12, 4


def rows(number, seed=0):
    rng = np.random.default_rng(seed)
    data = []
    for _ in range(number):
        size = rng.integers(4, LENGTH + 1)
        ids = np.zeros(LENGTH, np.int64)
        ids[:size] = rng.integers(1, VOCAB, size)
        labels = ids.copy()
        labels[size:] = -100
        labels[0] = -100  # a prompt
        data.append(
            {"input_ids": ids, "attention_mask": np.arange(LENGTH) < size, "labels": labels}
        )
    return [{k: torch.from_numpy(np.asarray(v, np.int64)) for k, v in row.items()} for row in data]


def trainer_of(folder, steps=6, every=2, save=100, data=None, collator=None, **options):
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=VOCAB, n_embd=16, n_layer=1, n_head=2))
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=BATCH,
        save_steps=save,
        logging_steps=3,
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        seed=1,
        **options,
    )
    data = rows(40) if data is None else data
    trainer = Trainer(model, arguments, collator, data, eval_dataset=rows(8, 1))
    monitor = cs.CollapseMonitor(VOCAB, 2)
    CollapseCallback(trainer, monitor, every=every)
    return trainer, monitor


def series(trainer):
    return {
        entry["step"]: {k: v for k, v in entry.items() if k.startswith("collapse/")}
        for entry in trainer.state.log_history
        if "collapse/tokens" in entry
    }


def test_tokens_with_labels_are_counted_and_logged(tmp_path):
    trainer, monitor = trainer_of(tmp_path, steps=10)
    trainer.train()
    learned = cs.CollapseMonitor(VOCAB, 2)
    for row in rows(40):  # ten steps of four: every row once
        learned.update(row["input_ids"], row["labels"] != -100)
    expected = learned.compute()
    assert monitor.compute() == pytest.approx(expected)
    logged = series(trainer)
    assert [*logged] == [2, 4, 6, 8, 10]
    assert logged[10] == pytest.approx({f"collapse/{k}": v for k, v in expected.items()})


def test_evaluation_and_calls_after_training_are_not_counted(tmp_path):
    trainer, monitor = trainer_of(tmp_path, steps=4, eval_strategy="steps", eval_steps=1)
    trainer.train()
    tokens = monitor.compute()["tokens"]
    assert tokens <= 4 * BATCH * (LENGTH - 1)
    trainer.evaluate()
    trainer.model.train()(input_ids=torch.ones(1, 4, dtype=torch.int64))
    assert monitor.compute()["tokens"] == tokens


def test_a_resumed_run_gives_the_same_series(tmp_path):
    uninterrupted, _ = trainer_of(tmp_path / "uninterrupted", save=3)
    uninterrupted.train()
    halted, _ = trainer_of(tmp_path / "halted", save=3)
    halted.add_callback(StopAt(3))
    halted.train()
    resumed, _ = trainer_of(tmp_path / "halted", save=3)
    resumed.train(resume_from_checkpoint=True)
    assert [*series(resumed)] == [2, 4, 6]
    assert series(resumed) == series(uninterrupted)


def test_a_checkpoint_without_the_monitor_gives_a_warning(tmp_path):
    halted, _ = trainer_of(tmp_path, steps=3, save=3)
    halted.train()
    (tmp_path / "checkpoint-3" / "collapse-monitor-0.pt").unlink()
    resumed, monitor = trainer_of(tmp_path, save=3)
    with pytest.warns(UserWarning, match=r"there is no .*collapse-monitor-0.pt"):
        resumed.train(resume_from_checkpoint=True)
    assert 0 < monitor.compute()["tokens"] <= 3 * BATCH * LENGTH


class StopAt(TrainerCallback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        control.should_training_stop = state.global_step >= self.step


def test_an_exception_in_the_loop_does_not_make_the_next_run_count_twice(tmp_path):
    trainer, monitor = trainer_of(tmp_path, steps=10)
    fail = Fail()
    trainer.add_callback(fail)
    with pytest.raises(RuntimeError, match="of the loop"):
        trainer.train()
    trainer.remove_callback(fail)
    monitor.reset()
    trainer.train()
    assert monitor.compute()["tokens"] == sum(int((r["labels"] != -100).sum()) for r in rows(40))


class Fail(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        raise RuntimeError("of the loop")


def test_gradient_accumulation_counts_every_batch(tmp_path):
    trainer, monitor = trainer_of(tmp_path, steps=5, gradient_accumulation_steps=2)
    trainer.train()
    assert monitor.compute()["tokens"] == sum(int((r["labels"] != -100).sum()) for r in rows(40))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"position_ids_start": 2},
        {"return_flash_attn_kwargs": True, "return_seq_idx": True},
        {"return_flash_attn_kwargs": True, "return_position_ids": False},
        {"return_seq_idx": True, "return_position_ids": False},
    ],
)
def test_packed_rows_are_counted_as_their_documents(tmp_path, options):
    rng = np.random.default_rng(2)
    data, learned = [], []
    for _ in range(40):
        ids = rng.integers(1, VOCAB, rng.integers(2, LENGTH)).tolist()
        prompt = rng.choice([0, 2])  # a packed row does not tell a prompt of one token from none
        data.append({"input_ids": ids, "labels": [-100] * prompt + ids[prompt:]})
        learned.append(ids[prompt:])
    collator = DataCollatorWithFlattening(**options)
    assert len(collator(data[:3])["input_ids"]) == 1  # a row of three documents
    trainer, monitor = trainer_of(tmp_path, steps=10, data=data, collator=collator)
    trainer.train()
    table = monitor.snapshot().table
    windows = [tuple(t for t in w if t >= 0) for w in table.tokens().T.tolist()]
    expected = Counter(tuple(d[at : at + 2]) for d in learned for at in range(len(d)))
    assert dict(zip(windows, table.counts[0].tolist(), strict=True)) == expected
    assert monitor.compute()["documents"] == sum(map(bool, learned))


def test_every_must_be_a_number_of_steps(tmp_path):
    trainer, monitor = trainer_of(tmp_path)
    with pytest.raises(ValueError, match="every must be a number of steps, at least 1, got 0"):
        CollapseCallback(trainer, monitor, every=0)
    assert not math.isnan(monitor.compute()["tokens"])
