"""Monitor a Hugging Face Trainer; the figures are logged with the trainer's own."""

import tempfile

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

import collapse_stats as cs
from collapse_stats.integrations.huggingface import CollapseCallback

VOCAB = 50
torch.manual_seed(0)
rows = [{"input_ids": ids, "labels": ids} for ids in torch.randint(0, VOCAB, (160, 32))]
with tempfile.TemporaryDirectory() as folder:
    trainer = Trainer(
        GPT2LMHeadModel(GPT2Config(vocab_size=VOCAB, n_embd=32, n_layer=1, n_head=2)),
        TrainingArguments(
            folder,
            max_steps=20,
            logging_steps=10,
            use_cpu=True,
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=rows,
    )
    CollapseCallback(trainer, cs.CollapseMonitor(VOCAB, max_order=2), every=10)
    trainer.train()
for entry in trainer.state.log_history:
    if "collapse/entropy_bits/2" in entry:
        print(entry["step"], round(entry["collapse/entropy_bits/2"], 3))
