"""Tokens counted are the tokens with a label that is learned from, in actual trainers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-integrations")
pytest.importorskip("transformers", reason="transformers is not installed: make test-integrations")
pytest.importorskip("accelerate", reason="accelerate is not installed: make test-integrations")

from test_huggingface import BATCH, VOCAB, learned, rows, trainer_of
from transformers import (
    GPT2Config,
    GPT2ForSequenceClassification,
    T5Config,
    T5ForConditionalGeneration,
    Trainer,
)

import collapse_stats as cs
from collapse_stats.integrations.learned import learned_from


class Popping(Trainer):
    """Takes the labels out of the batch before the model sees it."""

    def compute_loss(self, model, inputs, return_outputs=False, **keywords):
        labels = inputs.pop("labels")
        with torch.no_grad():
            model(**inputs)  # as a reference is asked, which learns nothing
        outputs = model(**inputs)
        loss = torch.nn.functional.cross_entropy(
            outputs.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()
        )
        return (loss, outputs) if return_outputs else loss


def custom_loss(outputs, labels, num_items_in_batch=None):
    logits = outputs.logits[:, :-1].flatten(0, 1)
    return torch.nn.functional.cross_entropy(logits, labels[:, 1:].flatten())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"label_smoothing_factor": 0.1},
        {"compute_loss_func": custom_loss},
        {"kind": Popping},
        {"kind": Popping, "gradient_accumulation_steps": 2, "steps": 5},
        {"gradient_checkpointing": True},
    ],
)
@pytest.mark.filterwarnings("ignore:`gradient_checkpointing`:FutureWarning")
def test_tokens_with_a_label_are_counted(tmp_path, options):
    options = {"steps": 10, "eval_strategy": "steps", "eval_steps": 4} | options
    trainer, monitor = trainer_of(tmp_path, **options)
    trainer.train()  # every row once
    assert monitor.compute()["tokens"] == learned(rows(40))


def test_a_failed_try_of_a_batch_size_is_not_counted(tmp_path):
    class TooLarge(Trainer):
        def training_step(self, model, inputs, *rest, **keywords):
            loss = super().training_step(model, inputs, *rest, **keywords)
            if len(inputs["input_ids"]) == BATCH and self.state.global_step == 2:
                raise RuntimeError("CUDA out of memory.")
            return loss

    options = {"steps": -1, "num_train_epochs": 1, "auto_find_batch_size": True}
    trainer, monitor = trainer_of(tmp_path, kind=TooLarge, **options)
    trainer.train()
    assert trainer.state.train_batch_size < BATCH
    assert monitor.compute()["tokens"] == learned(rows(40))


def test_nothing_is_counted_after_an_exception(tmp_path):
    class Failing(Trainer):
        def training_step(self, *arguments, **keywords):
            if self.state.global_step == 2:
                raise KeyboardInterrupt
            return super().training_step(*arguments, **keywords)

    trainer, monitor = trainer_of(tmp_path, kind=Failing)
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    tokens = monitor.compute()["tokens"]
    batch = {name: value[None] for name, value in rows(1)[0].items()}
    trainer.compute_loss(trainer.model.train(), dict(batch))
    trainer.log({"own": 1.0})
    assert monitor.compute()["tokens"] == tokens > 0
    assert trainer.state.log_history[-1].keys() == {"own", "epoch", "step"}


def test_a_new_run_begins_with_an_empty_monitor(tmp_path):
    trainer, monitor = trainer_of(tmp_path, steps=10)
    for _ in range(2):
        trainer.train()
        assert monitor.compute()["tokens"] == learned(rows(40))


def test_labels_of_a_classifier_say_nothing_about_tokens(tmp_path):
    data = [{**row, "labels": torch.tensor(at % 2)} for at, row in enumerate(rows(40))]
    config = GPT2Config(vocab_size=VOCAB, n_embd=16, n_layer=1, n_head=2, pad_token_id=0)
    model = GPT2ForSequenceClassification(config)
    trainer, monitor = trainer_of(tmp_path, steps=10, model=model, data=data)
    trainer.eval_dataset = None
    trainer.train()
    assert monitor.compute()["tokens"] == sum(int(row["attention_mask"].sum()) for row in data)


@pytest.mark.parametrize("targets", [7, 12])
def test_labels_of_a_translator_say_nothing_about_tokens(tmp_path, targets):
    """Also when there are as many of them as of tokens."""
    data = [{**row, "labels": torch.arange(targets) + 1} for row in rows(40)]
    for row in data:
        row["labels"][3:] = -100
    config = T5Config(
        vocab_size=VOCAB, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2,
        decoder_start_token_id=0, pad_token_id=0,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    trainer, monitor = trainer_of(tmp_path, steps=10, model=model, data=data)
    trainer.train()
    assert monitor.compute()["tokens"] == sum(int(row["attention_mask"].sum()) for row in data)


def test_a_trainer_that_computes_no_loss_is_refused(tmp_path):
    class Own(Trainer):
        def training_step(self, model, inputs, *rest, **keywords):
            loss = model(**inputs).loss
            loss.backward()
            return loss.detach()

    trainer, _ = trainer_of(tmp_path, kind=Own)
    with pytest.raises(RuntimeError, match="Own must call its compute_loss in training, got a ste"):
        trainer.train()


def test_which_tokens_of_a_batch_are_learned_from():
    ids = torch.arange(12).reshape(2, 6)
    kept = torch.tensor([[0, 0, 1, 1, 1, 0], [0, 1, 1, 1, 1, 1]])
    padding = torch.tensor([[1, 1, 1, 1, 1, 0], [1] * 6])
    labels = torch.where(kept > 0, ids, -100)

    def tokens(**batch):
        monitor = cs.CollapseMonitor(12, 1)
        monitor.update(**learned_from(batch))
        return sorted(monitor.snapshot().newest.ids.tolist())

    expected = sorted(ids[kept > 0].tolist())
    assert tokens(input_ids=ids, labels=labels) == expected
    assert tokens(input_ids=ids, labels=labels, attention_mask=padding) == expected
    assert tokens(input_ids=ids, completion_mask=kept, attention_mask=padding) == expected
    assert tokens(prompt_ids=ids, completion_ids=ids, completion_mask=kept) == expected
    tools = torch.ones_like(ids)
    tools[1, 2] = 0
    without = sorted(ids[(kept > 0) & (tools > 0)].tolist())
    assert tokens(completion_ids=ids, completion_mask=kept, tool_mask=tools) == without
    four_dimensions = torch.zeros(2, 1, 6, 6)
    assert tokens(input_ids=ids, attention_mask=four_dimensions) == sorted(ids.flatten().tolist())
    with pytest.raises(ValueError, match="a batch must have input_ids or completion_ids, got inp"):
        learned_from({"inputs_embeds": torch.zeros(2, 6, 3)})


def test_rows_have_what_the_tests_assume():
    assert any((row["labels"] == -100)[0] for row in rows(40))
    assert learned(rows(40)) < sum(int(np.asarray(row["attention_mask"]).sum()) for row in rows(40))
