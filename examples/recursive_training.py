"""A small transformer that keeps training on its own samples, monitored, with the table of papers.

    python examples/recursive_training.py [--fresh 0 0.1] [--generations 6] [--seed 0]

Human text is the documentation that comes with Python, in subwords. Generation 0 is trained on half
of it. In each later generation the model writes a corpus and is trained on it, with a share of
human text: none in one chain, a tenth in another, unless --fresh says otherwise. A monitor sees
every training batch, with the other half of the human text as its baseline. At the end of a chain
stands what papers on collapse print of each generation: how perplexed it is by rare tokens of human
text, how many different 4-grams its text has, and how far that is from human text and from the text
before it.
"""

import argparse
import copy
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

import collapse_stats as cs
from collapse_stats.integrations.pytorch import token_logprobs
from collapse_stats.simulation.human_text import human_documents
from collapse_stats.tokenizers import load

VOCAB = 2048  # the most frequent tokens; id 0 is every other one
CONTEXT, WIDTH, LAYERS, HEADS = 64, 96, 2, 3
BATCH = 32
EPOCHS = 4  # per generation, on its corpus
RARE = "perplexity/seen-17-32"  # tokens that the human training text has so often
Past = list[torch.Tensor]
SHOWN = ["entropy_bits/2", "size_matched_distinct_ratio/3", "js_bits/2", "retention/2/seen-once"]


@dataclass
class Generation:
    """What a generation has learned from, and how perplexed held-out human text leaves it."""

    corpus: cs.Profile
    perplexity: float
    rare_perplexity: float


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
    tokenizer = load("builtin")
    documents = [tokenizer.encode(text) for text in human_documents()]
    counts = np.bincount(np.concatenate(documents), minlength=tokenizer.vocab_size)
    number = np.zeros(tokenizer.vocab_size, dtype=np.int64)
    number[np.argsort(-counts, kind="stable")[: VOCAB - 1]] = np.arange(1, VOCAB)
    rows = [number[d[: len(d) // CONTEXT * CONTEXT]].reshape(-1, CONTEXT) for d in documents]
    return torch.from_numpy(np.random.default_rng(0).permutation(np.concatenate(rows)))


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
def perplexities(
    model: Transformer, rows: torch.Tensor, monitor: cs.CollapseMonitor
) -> dict[str, float]:
    """Return the model's perplexity on held-out rows: of all tokens, and of rare ones."""
    monitor.reset()
    for batch in rows.split(BATCH):
        monitor.update(batch, logprobs=token_logprobs(model(batch), batch))
    return monitor.compute()


def parse_options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--generations", type=int, default=6)
    parser.add_argument(
        "--fresh", type=float, nargs="+", default=[0.0, 0.1], help="shares of human text"
    )
    parser.add_argument("--temperature", type=float, default=0.9, help="of sampling")
    parser.add_argument("--rows", type=int, default=512, help=f"of {CONTEXT} tokens a generation")
    parser.add_argument("--steps", type=int, default=800, help="of generation 0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


class Run:
    """Chains of generations that have generation 0 in common."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.begun = options, time.perf_counter()
        rows = human_rows()
        self.held_out, self.human = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        self.baseline = self.profiled(self.held_out, "human")
        window = options.rows * CONTEXT
        self.monitor = cs.CollapseMonitor(VOCAB, 4, self.baseline, window, figures=SHOWN)
        self.held_out_monitor = cs.CollapseMonitor(
            VOCAB, 1, self.profiled(self.human, "trained on"), figures=["perplexity", RARE]
        )

    def chain(self, model: Transformer, first: Generation, fresh: float) -> list[Generation]:
        """Train all later generations, and print a line of figures for each."""
        options, found = self.options, [first]
        self.monitor.reset()
        print(f"\n{fresh:.0%} human text")
        for number in range(1, options.generations + 1):
            picked = self.human[torch.randint(len(self.human), (options.rows,))]
            written = round(options.rows * (1 - fresh))
            picked[:written] = write(model, picked[:written, :1], options.temperature)
            train(model, picked, EPOCHS * options.rows // BATCH, 1e-3, self.monitor)
            found.append(self.measured(model, picked, number))
            self.print_line(number, found[-1])
        return found

    def measured(self, model: Transformer, rows: torch.Tensor, number: int) -> Generation:
        """Return what the table has of a generation."""
        figures = perplexities(model, self.held_out[:512], self.held_out_monitor)
        corpus = self.profiled(rows, f"generation {number}")
        return Generation(corpus, figures["perplexity"], figures[RARE])

    def profiled(self, rows: torch.Tensor, name: str) -> cs.Profile:
        """Count rows, of which each is a document."""
        array: npt.NDArray[np.int64] = rows.numpy()
        return cs.profile(array, vocab_size=VOCAB, max_order=4, name=name)

    def print_line(self, number: int, generation: Generation) -> None:
        """Print what the monitor says of the newest generation."""
        figures = self.monitor.compute() | self.monitor.floors()
        comparison = self.monitor.comparison()
        print(
            f"{number:2} {figures['entropy_bits/2']:5.2f} "
            f"{figures['size_matched_distinct_ratio/3']:8.2f} "
            f"{figures['js_bits/2']:7.3f} ({figures['floor/js_bits/2']:.3f}) "
            f"{figures['retention/2/seen-once']:6.2f} "
            f"({figures['floor/retention/2/seen-once']:.2f}) "
            f"{generation.perplexity:10.1f} "
            f"{time.perf_counter() - self.begun:7.0f}  {comparison.verdict if comparison else ''}",
            flush=True,
        )


def print_table(baseline: cs.Profile, generations: list[Generation], fresh: float) -> None:
    """Print the table of papers: each generation against human text, and against the last one."""
    against_human = cs.compare_each(baseline, [each.corpus for each in generations])
    print(f"\nby generation, {fresh:.0%} human text")
    print("        perplexity   rare tokens,  different  KL from     JS from the")
    print("           of rare     bits above    4-grams    human,   last, bits above")
    print("            tokens      the floor   of human     bits          its floor")
    floor = against_human[0].floor("kl", 1)
    print(f"floor {'':12} {'0':>14} {1:10.2f} {floor:8.2f} {'0':>18}")
    last = None
    for number, (each, diff) in enumerate(zip(generations, against_human, strict=True)):
        band = diff.rare_perplexity(3).band("9-64")
        bits = shown(band.excess_bits, 1) if band else "-"
        moved = shown(cs.compare(last, each.corpus).excess("js", 2), 3) if last else ""
        line = (
            f"{number:5} {each.rare_perplexity:12,.0f} {bits:>14} "
            f"{diff.size_matched_distinct_ratio(4):10.2f} {diff.figure('kl', 1):8.2f} {moved:>18}"
        )
        print(line.rstrip())
        last = each.corpus


def shown(estimate: object, digits: int) -> str:
    """Return an estimate with two standard errors."""
    if estimate is None:
        return "-"
    return f"{estimate.value:.{digits}f} ±{2 * estimate.error:.{digits}f}"


def main() -> None:
    """Train generation 0 once, then each chain from it, and print their tables."""
    options = parse_options()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    run, first = Run(options), Transformer()
    print(f"{options.rows * CONTEXT:,} tokens a generation, as the monitor sees them")
    print("      H2 distinct     JS2          2-grams kept perplexity seconds  verdict")
    print("    bits  3-grams    bits (floor)   once (floor)   of human")
    train(first, run.human, options.steps, 3e-3, run.monitor)
    human = run.human[torch.randperm(len(run.human))[: options.rows]]
    generation = run.measured(first, human, 0)
    run.print_line(0, generation)
    for fresh in options.fresh:
        torch.manual_seed(options.seed + 1)
        chain = run.chain(copy.deepcopy(first), generation, fresh)
        print_table(run.baseline, chain, fresh)


if __name__ == "__main__":
    main()
