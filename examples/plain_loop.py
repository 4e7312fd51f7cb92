"""Monitor a plain PyTorch loop: tokens and the log-probabilities that the model gives them."""

import torch

import collapse_stats as cs
from collapse_stats.integrations.pytorch import tensor_state, token_logprobs
from collapse_stats.integrations.sinks import log_figures

VOCAB = 50


class PrintedRun:
    """Stands in for a run of Weights & Biases."""

    def log(self, figures: dict[str, float], step: int) -> None:
        """Print a few of the figures."""
        names = ("collapse/entropy_bits/2", "collapse/distinct_ratio/3", "collapse/perplexity")
        print(step, {name: round(figures[name], 3) for name in names})


torch.manual_seed(0)
model = torch.nn.Embedding(VOCAB, VOCAB)
optimizer = torch.optim.Adam(model.parameters(), 0.05)
monitor = cs.CollapseMonitor(VOCAB, max_order=3, window=20_000)
for step in range(1, 61):
    tokens = torch.randint(0, max(2, VOCAB - step // 2), (8, 64))  # ever fewer tokens
    logits = model(tokens)
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    monitor.update(tokens, logprobs=token_logprobs(logits, tokens))
    if step % 20 == 0:
        log_figures(PrintedRun(), monitor.compute(), step)
checkpoint = {"model": model.state_dict(), "monitor": tensor_state(monitor)}  # for torch.save
