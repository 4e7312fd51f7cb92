"""The callback in an actual Trainer on the CPU."""

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


def trainer_of(folder, steps=6, every=2, data=None, kind=Trainer, collator=None, **options):
    """A trainer and its monitor; there is none if `every` is None."""
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=VOCAB, n_embd=16, n_layer=1, n_head=2))
    arguments = {
        "max_steps": steps,
        "per_device_train_batch_size": BATCH,
        "save_steps": 100,
        "logging_steps": 3,
        "report_to": "none",
        "use_cpu": True,
        "disable_tqdm": True,
        "seed": 1,
    }
    of_trainer = {k: options.pop(k) for k in ("compute_loss_func", "callbacks") if k in options}
    trainer = kind(
        options.pop("model", model),
        TrainingArguments(output_dir=str(folder), **arguments | options),
        collator,
        rows(40) if data is None else data,
        eval_dataset=rows(8, 1),
        **of_trainer,
    )
    monitor = cs.CollapseMonitor(VOCAB, 2)
    if every is not None:
        CollapseCallback(trainer, monitor, every=every)
    return trainer, monitor


def learned(data):
    """The number of tokens with a label that is learned from."""
    return sum(int((row["labels"] != -100).sum()) for row in data)


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
    assert [*logged] == [3, 6, 9, 10]  # every two steps, where the trainer logs every three
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
    uninterrupted, _ = trainer_of(tmp_path / "uninterrupted", save_steps=3)
    uninterrupted.train()
    halted, _ = trainer_of(tmp_path / "halted", save_steps=3)
    halted.add_callback(StopAt(3))
    halted.train()
    resumed, _ = trainer_of(tmp_path / "halted", save_steps=3)
    resumed.train(resume_from_checkpoint=True)
    assert [*series(resumed)] == [3, 6]
    assert series(resumed) == series(uninterrupted)


def test_a_checkpoint_without_the_monitor_gives_a_warning(tmp_path):
    halted, _ = trainer_of(tmp_path, steps=3, save_steps=3)
    halted.train()
    (tmp_path / "checkpoint-3" / "collapse-monitor-0.pt").unlink()
    resumed, monitor = trainer_of(tmp_path, save_steps=3)
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


def test_bad_arguments_are_refused(tmp_path):
    trainer, monitor = trainer_of(tmp_path)
    other = cs.CollapseMonitor(VOCAB, 2)
    with pytest.raises(ValueError, match="every must be a number of steps, at least 1, got 0"):
        CollapseCallback(trainer, other, every=0)
    for every in (2.5, True, "2"):
        with pytest.raises(TypeError, match="every must be a number of steps, at least 1, got"):
            CollapseCallback(trainer, other, every=every)
    with pytest.raises(ValueError, match="has a CollapseCallback with this monitor already"):
        CollapseCallback(trainer, monitor)


TIMES = ("runtime", "samples_per_second", "steps_per_second")


def own_log(trainer):
    """What the trainer logs without the callback, without what depends on the clock."""
    return [
        {k: v for k, v in entry.items() if not k.startswith("collapse/") and not k.endswith(TIMES)}
        for entry in trainer.state.log_history
    ]


@pytest.mark.parametrize(
    ("every", "options"),
    [
        (100, {"steps": 10, "logging_steps": 500}),
        (1, {"logging_steps": 1, "eval_strategy": "steps", "eval_steps": 2}),
        (2, {"logging_steps": 3, "gradient_accumulation_steps": 2}),
        (5, {"logging_steps": 2, "logging_first_step": True}),
        (3, {"logging_strategy": "epoch", "num_train_epochs": 2, "steps": -1}),
        (1, {"logging_steps": 4, "eval_strategy": "epoch", "num_train_epochs": 1, "steps": -1}),
        (2, {"logging_strategy": "no"}),
    ],
)
def test_the_trainers_own_log_is_the_same(tmp_path, every, options):
    plain, _ = trainer_of(tmp_path / "plain", every=None, **options)
    outputs = [plain.train()]
    watched, monitor = trainer_of(tmp_path / "watched", every=every, **options)
    outputs.append(watched.train())
    assert own_log(watched) == own_log(plain)
    assert {*outputs[0].metrics} == {*outputs[1].metrics}
    final = [e["collapse/tokens"] for e in watched.state.log_history if "collapse/tokens" in e]
    if every <= watched.state.max_steps:
        assert final[-1] == monitor.compute()["tokens"]


def test_a_resumed_runs_own_log_is_the_same(tmp_path):
    logs = []
    for every in (None, 1):
        folder = tmp_path / str(every)
        halted, _ = trainer_of(folder, every=every, save_steps=2, callbacks=[StopAt(4)])
        halted.train()
        resumed, _ = trainer_of(folder, every=every, save_steps=2)
        resumed.train(resume_from_checkpoint=True)
        logs.append(own_log(resumed))
    assert logs[0] == logs[1]


def test_what_the_trainer_returns_has_nothing_of_the_callback(tmp_path):
    trainer, _ = trainer_of(tmp_path, every=1, eval_strategy="steps", eval_steps=1)
    seen = []
    trainer.add_callback(SeeMetrics(seen))
    output = trainer.train()
    assert not [k for k in {*output.metrics, *seen, *trainer.evaluate()} if "collapse" in k]


class SeeMetrics(TrainerCallback):
    def __init__(self, seen):
        self.seen = seen

    def on_evaluate(self, args, state, control, metrics, **kwargs):
        self.seen.extend(metrics)
