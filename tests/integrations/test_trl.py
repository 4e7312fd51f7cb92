"""The reward function in an actual GRPO trainer on the CPU."""

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-integrations")
pytest.importorskip("trl", reason="TRL is not installed: make test-integrations")

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer

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


def test_generations_are_counted_and_logged(tmp_path):
    generated = []

    def reward(completion_ids, **kwargs):
        generated.extend(completion_ids)
        return [float(len(set(ids))) for ids in completion_ids]

    monitor = cs.CollapseMonitor(len(WORDS), 2)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(WORDS), n_embd=16, n_layer=1, n_head=2))
    trainer = GRPOTrainer(
        model,
        [reward, CollapseReward(monitor)],
        args=GRPOConfig(
            output_dir=str(tmp_path),
            per_device_train_batch_size=4,
            num_generations=4,
            max_completion_length=8,
            max_steps=3,
            logging_steps=1,
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
            bf16=False,
        ),
        train_dataset=Dataset.from_dict({"prompt": ["w1 w2", "w3 w4"] * 4}),
        processing_class=tokenizer(),
    )
    trainer.train()
    expected = cs.CollapseMonitor(len(WORDS), 2)
    for ids in generated:
        expected.update(ids)
    assert monitor.compute() == expected.compute()
    logged = [e for e in trainer.state.log_history if "collapse/distinct_ratio/2" in e]
    assert len(logged) == 3
    assert logged[-1]["collapse/tokens"] == expected.compute()["tokens"]
    assert any(key.startswith("rewards/collapse") for key in logged[-1])


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
