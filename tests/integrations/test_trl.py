"""The reward function in an actual GRPO trainer on the CPU."""

from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-integrations")
pytest.importorskip("trl", reason="TRL is not installed: make test-integrations")

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    TrainerCallback,
)
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer

import collapse_stats as cs
from collapse_stats.integrations.huggingface import CollapseCallback
from collapse_stats.integrations.trl import CollapseReward

WORDS = ["<pad>", "<eos>", "<unk>", *(f"w{n}" for n in range(29))]


def tokenizer():
    model = models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>")
    words = Tokenizer(model)
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )


def small_model():
    return GPT2LMHeadModel(GPT2Config(vocab_size=len(WORDS), n_embd=16, n_layer=1, n_head=2))


COMMON = {
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "report_to": "none",
    "use_cpu": True,
    "disable_tqdm": True,
    "bf16": False,
    "seed": 1,
}


def grpo(folder, monitor, **options):
    """A GRPO trainer, and what it generates in training, with the prompts."""
    generated = []

    def reward(prompts, completion_ids, log_metric, **kwargs):
        if log_metric.__self__.model.training:
            generated.append((prompts, completion_ids))
        return [float(len(set(ids))) for ids in completion_ids]

    sizes = {"num_generations": 4, "max_completion_length": 8, "max_steps": 3}
    prompts = Dataset.from_dict({"prompt": ["w1 w2", "w3 w4"] * 8})
    trainer = GRPOTrainer(
        small_model(),
        [reward, CollapseReward(monitor)],
        args=GRPOConfig(output_dir=str(folder), **COMMON | sizes | options),
        train_dataset=prompts,
        eval_dataset=prompts.select(range(4)),
        processing_class=tokenizer(),
    )
    return trainer, generated


def test_generations_are_counted_and_logged(tmp_path):
    """Those of an evaluation are not; four answers to a prompt are a group."""
    monitor = cs.CollapseMonitor(len(WORDS), 3, figures="all")
    options = {"per_device_train_batch_size": 8, "eval_strategy": "steps", "eval_steps": 1}
    trainer, generated = grpo(tmp_path, monitor, **options)
    trainer.train()
    expected = cs.CollapseMonitor(len(WORDS), 3, figures="all")
    for prompts, completions in generated:
        assert len(completions) == 8
        names = [f"{prompt} {at // 4}" for at, prompt in enumerate(prompts)]
        flat = [token for ids in completions for token in ids]
        expected.update(flat, lengths=[len(ids) for ids in completions], groups=names)
    assert monitor.compute() == expected.compute()
    assert 1 <= monitor.compute()["group_effective"] <= 4
    logged = [e for e in trainer.state.log_history if "collapse/distinct_ratio/3" in e]
    assert len(logged) == 3
    assert not any(key.startswith("eval_collapse") for entry in logged for key in entry)
    assert logged[-1]["collapse/tokens"] == expected.compute()["tokens"]
    assert "collapse/floor/group_copies" in logged[0]
    assert any(key.startswith("rewards/collapse") for key in logged[-1])


def test_a_resumed_run_has_the_generations_of_before(tmp_path):
    class Stop(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            control.should_training_stop = state.global_step >= 2

    options = {"max_steps": 3, "save_steps": 1, "eval_strategy": "no"}
    monitors = [cs.CollapseMonitor(len(WORDS), 3, figures="all") for _ in range(2)]
    expected = cs.CollapseMonitor(len(WORDS), 3, figures="all")
    seen = []
    for monitor, checkpoint in zip(monitors, (None, str(tmp_path / "checkpoint-2")), strict=True):
        trainer, generated = grpo(tmp_path, monitor, **options)
        (reward,) = (f for f in trainer.reward_funcs if isinstance(f, CollapseReward))
        reward.save_with(trainer)
        if checkpoint is None:
            trainer.add_callback(Stop())
        trainer.train(resume_from_checkpoint=checkpoint)
        seen += generated
    assert len(seen) == 3
    for _, completions in seen:
        flat = [token for ids in completions for token in ids]
        expected.update(flat, lengths=[len(ids) for ids in completions], groups=[0] * 4)
    assert monitors[1].compute() == expected.compute()


@pytest.mark.parametrize("iterations", [1, 2])
def test_completions_that_are_learned_from_are_counted_not_their_decoding(tmp_path, iterations):
    monitor = cs.CollapseMonitor(len(WORDS), 2)
    ignored = cs.CollapseMonitor(len(WORDS), 2)
    steps = 4 * iterations
    trainer, generated = grpo(tmp_path, ignored, num_iterations=iterations, max_steps=steps)
    CollapseCallback(trainer, monitor, every=1)
    trainer.train()
    lengths = [len(ids) for _, completions in generated for ids in completions]
    assert len(lengths) == 16
    figures = monitor.compute()
    assert figures["documents"] == iterations * len(lengths)
    assert figures["tokens"] == iterations * sum(lengths)


def pairs(number):
    rng = np.random.default_rng(0)

    def words(size):
        return " ".join(WORDS[i] for i in rng.integers(3, len(WORDS), size))

    return Dataset.from_dict(
        {name: [words(size) for size in rng.integers(1, 6, number)]
         for name in ("prompt", "chosen", "rejected")}
    )  # fmt: skip


def preference(folder, adapter=False):
    options = {"output_dir": str(folder), "num_train_epochs": 1, "max_length": None}
    keywords = {}
    if adapter:
        peft = pytest.importorskip("peft", reason="peft is not installed")
        keywords["peft_config"] = peft.LoraConfig(task_type="CAUSAL_LM", target_modules=["c_attn"])
    return DPOTrainer(
        small_model(),
        None if adapter else small_model(),
        args=DPOConfig(**COMMON | options),
        train_dataset=pairs(16),
        processing_class=tokenizer(),
        **keywords,
    )


@pytest.mark.parametrize("adapter", [False, True])
def test_both_answers_of_a_pair_are_counted_once(tmp_path, adapter):
    """Not the prompts, nor the passes of the reference."""
    trainer = preference(tmp_path, adapter)
    monitor = cs.CollapseMonitor(len(WORDS), 2)
    CollapseCallback(trainer, monitor, every=1)
    trainer.train()
    own = tokenizer()
    answers = [row[name] for row in pairs(16) for name in ("chosen", "rejected")]
    ends = 1  # the trainer appends the end of a text to each answer
    expected = sum(len(own(text)["input_ids"]) + ends for text in answers)
    figures = monitor.compute()
    assert figures["documents"] == len(answers)
    assert figures["tokens"] == expected


def own_log(trainer):
    times = ("runtime", "per_second", "step_time")
    return [
        {k: v for k, v in entry.items() if "collapse" not in k and not k.endswith(times)}
        for entry in trainer.state.log_history
    ]


@pytest.mark.parametrize("logging_steps", [1, 3])
def test_the_trainers_own_metrics_are_the_same(tmp_path, logging_steps):
    logs = []
    for watched in (False, True):
        torch.manual_seed(0)
        trainer = preference(tmp_path / str(watched))
        trainer.args.logging_steps = logging_steps
        if watched:
            CollapseCallback(trainer, cs.CollapseMonitor(len(WORDS), 2), every=1)
        trainer.train()
        logs.append(own_log(trainer))
    assert logs[0] == logs[1]
    assert any("rewards/chosen" in entry for entry in logs[0])


@pytest.mark.parametrize("packing", [False, True])
def test_packed_fine_tuning_is_counted_as_its_documents(tmp_path, packing):
    rng = np.random.default_rng(0)
    documents = [rng.integers(3, len(WORDS), size).tolist() for size in rng.integers(2, 12, 32)]
    monitor = cs.CollapseMonitor(len(WORDS), 2)
    trainer = SFTTrainer(
        GPT2LMHeadModel(GPT2Config(vocab_size=len(WORDS), n_embd=16, n_layer=1, n_head=2)),
        SFTConfig(
            output_dir=str(tmp_path),
            per_device_train_batch_size=4,
            num_train_epochs=1,
            max_length=16 if packing else None,
            packing=packing,
            padding_free=True,
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
            bf16=False,
        ),
        train_dataset=Dataset.from_dict({"input_ids": documents}),
        processing_class=tokenizer(),
    )
    CollapseCallback(trainer, monitor)
    trainer.train()
    expected = Counter(tuple(d[at : at + 2]) for d in documents for at in range(len(d)))
    table = monitor.snapshot().table
    windows = [tuple(t for t in w if t >= 0) for w in table.tokens().T.tolist()]
    assert dict(zip(windows, table.counts[0].tolist(), strict=True)) == expected
    assert monitor.compute()["documents"] == len(documents)


def test_direct_calls():
    logged = {}
    reward = CollapseReward(cs.CollapseMonitor(10, 2), every=2)
    for _ in range(3):
        rewards = reward(
            prompts=["a", "b"],
            completions=["c", "d"],
            completion_ids=[[1, 2, 3], []],
            log_metric=logged.__setitem__,
        )
        assert rewards == [None, None]
    assert logged["collapse/tokens"] == 6
    assert reward(completion_ids=[[1]]) == [None]  # without metrics to log to
    with pytest.raises(ValueError, match="every must be a number of calls, at least 1, got 0"):
        CollapseReward(cs.CollapseMonitor(10, 2), every=0)
