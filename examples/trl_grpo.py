"""Monitor TRL's GRPO trainer through a reward function that always returns zero rewards."""

import tempfile

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

import collapse_stats as cs
from collapse_stats.integrations.trl import CollapseReward

WORDS = ["<pad>", "<eos>", "<unk>", *(f"w{n}" for n in range(47))]


def short(completion_ids: list[list[int]], **kwargs: object) -> list[float]:
    """Reward completions with few distinct tokens, so that the model collapses."""
    return [-float(len(set(ids))) for ids in completion_ids]


words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
with tempfile.TemporaryDirectory() as folder:
    trainer = GRPOTrainer(
        GPT2LMHeadModel(GPT2Config(vocab_size=len(WORDS), n_embd=32, n_layer=1, n_head=2)),
        [short, CollapseReward(cs.CollapseMonitor(len(WORDS), max_order=2, window=2_000))],
        args=GRPOConfig(
            folder,
            per_device_train_batch_size=8,
            num_generations=8,
            max_completion_length=16,
            max_steps=10,
            learning_rate=0.01,
            logging_steps=2,
            report_to="none",
            use_cpu=True,
            bf16=False,
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_dict({"prompt": ["w1 w2", "w3 w4"] * 10}),
        processing_class=PreTrainedTokenizerFast(
            tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
        ),
    )
    trainer.train()
for entry in trainer.state.log_history:
    if "collapse/group_effective" in entry:
        print(entry["step"], "different answers:", round(entry["collapse/group_effective"], 3))
