"""A small transformer trained on its own samples, generation after generation, watched live.

    python examples/recursive_training.py [--generations 5] [--fresh 0.1] [--seed 0]

Human text is the documentation that comes with Python. Generation 0 learns from half of it; each
later one learns, from nothing, what the one before wrote (with --fresh, that share of human text
beside it). A monitor sees every training batch, with the other half of the human text as baseline;
another sees what the model makes of held-out human text, for the perplexity of rare tokens.
Sampling is at temperature 0.8, as models are often used.
"""

import argparse
import time

import numpy as np
import torch
from torch import nn

import collapse_stats as cs
from collapse_stats.demo import human_documents
from collapse_stats.integrations.pytorch import token_logprobs
from collapse_stats.tokenizers import load

VOCAB, CONTEXT, WIDTH, LAYERS, HEADS = 2048, 32, 64, 2, 4
TEMPERATURE = 0.8
ROWS = 2048  # documents of a generation, CONTEXT tokens each
BATCH, STEPS = 64, 192  # six times through them


class Transformer(nn.Module):
    """Decoder with learned positions; returns logits of the next token."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCAB, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.1, batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, tokens: torch.Tensor, last: bool = False) -> torch.Tensor:
        """Logits (B, T, VOCAB) of tokens (B, T), or of the last position alone (B, 1, VOCAB)."""
        length = tokens.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        hidden = self.tokens(tokens) + self.places.weight[:length]
        hidden = self.blocks(hidden, mask=mask, is_causal=True)
        return self.norm(hidden[:, -1:] if last else hidden) @ self.tokens.weight.T


def human_rows() -> torch.Tensor:
    """Human text (N, CONTEXT): the VOCAB - 1 most frequent tokens; 0 stands for the others."""
    tokenizer = load("builtin")
    ids = [np.asarray(tokenizer.encode(text), dtype=np.int64) for text in human_documents()]
    counts = np.bincount(np.concatenate(ids), minlength=tokenizer.vocab_size)
    number = np.zeros(tokenizer.vocab_size, dtype=np.int64)
    number[np.argsort(-counts, kind="stable")[: VOCAB - 1]] = np.arange(1, VOCAB)
    rows = [number[d][: len(d) // CONTEXT * CONTEXT].reshape(-1, CONTEXT) for d in ids]
    return torch.from_numpy(np.concatenate(rows))


def train(rows: torch.Tensor, monitor: cs.CollapseMonitor) -> Transformer:
    """A new model that has learned from some rows; the monitor sees each batch."""
    model = Transformer()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, STEPS)
    epochs = torch.cat([torch.randperm(len(rows)) for _ in range(-(-STEPS * BATCH // len(rows)))])
    for picked in epochs[: STEPS * BATCH].split(BATCH):
        batch = rows[picked]
        monitor.update(batch)
        logits = model(batch[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


@torch.no_grad()
def write(model: Transformer, starts: torch.Tensor, number: int) -> torch.Tensor:
    """Rows (number, CONTEXT) that the model writes after a first token drawn from `starts`."""
    written = []
    for size in [512] * (number // 512) + [number % 512] * bool(number % 512):
        rows = starts[torch.randint(len(starts), (size,))][:, None]
        while rows.shape[1] < CONTEXT:
            chances = (model(rows, last=True)[:, 0] / TEMPERATURE).softmax(-1)
            rows = torch.cat([rows, torch.multinomial(chances, 1)], dim=1)
        written.append(rows)
    return torch.cat(written)


def rarest(figures: dict[str, float]) -> float:
    """Perplexity of the human tokens that the baseline has least often."""
    return next(value for name, value in figures.items() if name.startswith("perplexity/seen"))


def main() -> None:
    """Run, and print the series."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generations", type=int, default=5)
    parser.add_argument("--fresh", type=float, default=0.0, help="share of human text")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(given.threads)
    began = time.perf_counter()

    rows = human_rows()
    rows = rows[torch.randperm(len(rows))]
    held_out, human = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    baseline = cs.profile(held_out.numpy(), vocab_size=VOCAB, max_order=4, name="human")
    monitor = cs.CollapseMonitor(VOCAB, baseline=baseline, window=ROWS * CONTEXT)
    asked = cs.CollapseMonitor(VOCAB, max_order=1, baseline=baseline, window=None)

    corpus = human[:ROWS]
    print(f"{ROWS * CONTEXT:,} tokens a generation, {given.fresh:.0%} human; seed {given.seed}")
    print("generation  H1 bits  H2 bits  distinct 3  JS2 (floor)    kept once (floor)  verdict"
          "         rare perplexity  seconds")  # fmt: skip
    for generation in range(given.generations + 1):
        model = train(corpus, monitor)
        found, comparison = monitor.compute(), monitor.comparison()
        asked.reset()
        with torch.no_grad():
            for batch in held_out[:512].split(64):
                asked.update(batch, logprobs=token_logprobs(model(batch), batch))
        print(
            f"{generation:10}  {found['entropy_bits/1']:7.2f}  {found['entropy_bits/2']:7.2f}  "
            f"{found['distinct_ratio/3']:10.3f}  {found['js_bits/2']:.3f} "
            f"({found['floor/js_bits/2']:.3f})  {found['retention/1/seen-once']:9.3f} "
            f"({found['floor/retention/1/seen-once']:.3f})  "
            f"{comparison.verdict if comparison else '':14}  "
            f"{rarest(asked.compute()):15.0f}  {time.perf_counter() - began:7.0f}",
            flush=True,
        )
        if generation < given.generations:
            own = round(ROWS * (1 - given.fresh))
            fresh = human[torch.randint(len(human), (ROWS - own,))]
            corpus = torch.cat([write(model, corpus[:, 0], own), fresh])


if __name__ == "__main__":
    main()
