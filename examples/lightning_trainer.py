"""Monitor a Lightning trainer; the figures go to its loggers and can stop training."""

import logging
import tempfile

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger

import collapse_stats as cs
from collapse_stats.integrations.lightning import CollapseCallback

VOCAB = 50
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Bigrams(LightningModule):
    """A bigram language model: a table of logits."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(VOCAB, VOCAB)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        """Return the loss of a batch."""
        logits = self.table(batch[:, :-1])
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Train with Adam."""
        return torch.optim.Adam(self.parameters(), 0.01)


torch.manual_seed(0)
with tempfile.TemporaryDirectory() as folder:
    trainer = Trainer(
        max_steps=20,
        accelerator="cpu",
        logger=CSVLogger(folder),
        default_root_dir=folder,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[CollapseCallback(cs.CollapseMonitor(VOCAB, max_order=2), every=10)],
    )
    data = torch.utils.data.DataLoader(torch.randint(0, VOCAB, (160, 32)), batch_size=8)
    trainer.fit(Bigrams(), data)
figures = trainer.callback_metrics
print({name: round(figures[name].item(), 3) for name in figures if "entropy" in name})
