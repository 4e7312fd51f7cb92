"""Monitor a small transformer that keeps training on its own samples.

    python examples/recursive_training.py [--fresh 0.1] [--generations 10] [--seed 0]

Tokens are bytes, and human text is the documentation that comes with Python. Generation 0 is
trained on half of it. In each later generation the model writes a corpus and is trained on it, with
a share of human text if --fresh is options. One monitor sees every training batch, with the other
half of the human text as its baseline; another measures the perplexity of held-out human text.
"""

import argparse
import time

import numpy as np
import torch
from torch import nn

import collapse_stats as cs
from collapse_stats.integrations.pytorch import token_logprobs
from collapse_stats.simulation.human_text import human_documents

VOCAB, CONTEXT, WIDTH, LAYERS, HEADS = 256, 64, 96, 2, 3
BATCH = 32
EPOCHS = 4  # per generation, on its corpus

Past = list[torch.Tensor]


class Block(nn.Module):
    """Self-attention and a feed-forward layer; `past` caches keys and values of earlier tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.heads, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.neurons = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, hidden: torch.Tensor, past: Past | None) -> torch.Tensor:
        """Return the hidden states (B, T, WIDTH) after the block; with `past`, T is 1."""
        parts = self.heads(self.first(hidden)).chunk(3, dim=-1)
        query, *seen = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in parts)
        if past is not None:
            seen = [torch.cat(pair, dim=2) for pair in zip(past, seen, strict=True)]
            past[:] = seen
        attended = nn.functional.scaled_dot_product_attention(query, *seen, is_causal=past is None)
        hidden = hidden + self.out(attended.transpose(1, 2).flatten(2))
        return hidden + self.neurons(self.second(hidden))


class Transformer(nn.Module):
    """Decoder-only transformer with learned positions."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCAB, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        for table in (self.tokens, self.places):
            nn.init.normal_(table.weight, std=WIDTH**-0.5)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(
        self, tokens: torch.Tensor, at: int = 0, pasts: list[Past] | None = None
    ) -> torch.Tensor:
        """Return next-token logits (B, T, VOCAB) for tokens (B, T) that begin at position `at`."""
        hidden = self.tokens(tokens) + self.places.weight[at : at + tokens.shape[1]]
        for number, block in enumerate(self.blocks):
            hidden = block(hidden, pasts[number] if pasts else None)
        return self.norm(hidden) @ self.tokens.weight.T


def human_rows() -> torch.Tensor:
    """Return shuffled rows (N, CONTEXT) of human text."""
    documents = [np.frombuffer(text.encode(), dtype=np.uint8) for text in human_documents()]
    rows = [d[: len(d) // CONTEXT * CONTEXT].reshape(-1, CONTEXT) for d in documents]
    shuffled = np.random.default_rng(0).permutation(np.concatenate(rows))
    return torch.from_numpy(shuffled.astype(np.int64))


def train(
    model: Transformer, rows: torch.Tensor, steps: int, rate: float, monitor: cs.CollapseMonitor
) -> None:
    """Train on rows for a number of steps; the monitor sees each batch."""
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps)
    epochs = torch.cat([torch.randperm(len(rows)) for _ in range(-(-steps * BATCH // len(rows)))])
    for picked in epochs[: steps * BATCH].split(BATCH):
        batch = rows[picked]
        monitor.update(batch)
        logits = model(batch[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()


@torch.no_grad()
def write(model: Transformer, rows: torch.Tensor, temperature: float) -> torch.Tensor:
    """Sample rows (N, CONTEXT) from the model, given their first tokens (N, 1)."""
    pasts = [[torch.empty(len(rows), HEADS, 0, WIDTH // HEADS)] * 2 for _ in range(LAYERS)]
    for at in range(CONTEXT - 1):
        probabilities = (model(rows[:, -1:], at, pasts)[:, 0] / temperature).softmax(-1)
        rows = torch.cat([rows, torch.multinomial(probabilities, 1)], dim=1)
    return rows


@torch.no_grad()
def perplexity(model: Transformer, rows: torch.Tensor, monitor: cs.CollapseMonitor) -> float:
    """Return the model's perplexity per byte on held-out rows."""
    monitor.reset()
    for batch in rows.split(BATCH):
        monitor.update(batch, logprobs=token_logprobs(model(batch), batch))
    return monitor.compute()["perplexity"]


def parse_options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--generations", type=int, default=10)
    parser.add_argument("--fresh", type=float, default=0.0, help="share of human text")
    parser.add_argument("--temperature", type=float, default=0.9, help="of sampling")
    parser.add_argument("--rows", type=int, default=512, help=f"of {CONTEXT} bytes per generation")
    parser.add_argument("--steps", type=int, default=1000, help="of generation 0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def main() -> None:
    """Train all generations and print a line of figures for each."""
    options, start = parse_options(), time.perf_counter()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    rows = human_rows()
    held_out, human = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    baseline = cs.profile(held_out.numpy(), vocab_size=VOCAB, max_order=4, name="human")
    shown = [
        "entropy_bits/2",
        "size_matched_distinct_ratio/3",
        "js_bits/2",
        "retention/2/seen-once",
    ]
    monitor = cs.CollapseMonitor(
        VOCAB, baseline=baseline, window=options.rows * CONTEXT, figures=shown
    )
    held_out_monitor = cs.CollapseMonitor(VOCAB, max_order=1)
    model = Transformer()

    print(f"{options.rows * CONTEXT:,} bytes a generation, {options.fresh:.0%} human")
    print("      H2 distinct     JS2          2-grams kept perplexity seconds  verdict")
    print("    bits  3-grams    bits (floor)   once (floor)   of human")
    for generation in range(options.generations + 1):
        if generation == 0:
            train(model, human, options.steps, 3e-3, monitor)
        else:
            picked = human[torch.randint(len(human), (options.rows,))]
            generated = round(options.rows * (1 - options.fresh))
            picked[:generated] = write(model, picked[:generated, :1], options.temperature)
            train(model, picked, EPOCHS * options.rows // BATCH, 1e-3, monitor)
        figures = monitor.compute() | monitor.floors()
        comparison = monitor.comparison()
        print(
            f"{generation:2} {figures['entropy_bits/2']:5.2f} "
            f"{figures['size_matched_distinct_ratio/3']:8.2f} "
            f"{figures['js_bits/2']:7.3f} ({figures['floor/js_bits/2']:.3f}) "
            f"{figures['retention/2/seen-once']:6.2f} "
            f"({figures['floor/retention/2/seen-once']:.2f}) "
            f"{perplexity(model, held_out[:512], held_out_monitor):10.1f} "
            f"{time.perf_counter() - start:7.0f}  {comparison.verdict if comparison else ''}",
            flush=True,
        )


if __name__ == "__main__":
    main()
