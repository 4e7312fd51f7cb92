"""Measure how often the excess perplexity of rare tokens is within two standard errors of zero.

    python tools/perplexity_coverage.py DATA [--splits 100] [--tokens 200000] [--order 3]

DATA is the folder of `verdict_data.py`. The documents of one human source are dealt at random to
two sides of so many tokens each (of half of all, if there are fewer), again and again. Both sides
come from one source, so the excess of the one against the other is zero, but for chance. The table
has for every source and band the share of splits whose interval of two standard errors contains
zero, and the root mean square of the standard errors over the standard deviation of the excess.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from verdict_data import texts

import collapse_stats as cs
from collapse_stats.ngram_model.rare_tokens.bands import BANDS
from collapse_stats.tokenizers import load

SOURCES = ("books", "podcasts", "peps", "wikipedia", "hc3_human")
Measured = dict[str, list[tuple[float, float]]]


def profiled(documents: list[np.ndarray], vocab_size: int, order: int) -> cs.Profile:
    """Profile some documents without a table."""
    return cs.profile(documents, vocab_size=vocab_size, max_order=order, table=False)


def measured(source: list[str], splits: int, tokens: int, order: int) -> Measured:
    """Return excess and standard error of each split, by band."""
    tokenizer = load("builtin")
    encoded = [np.array(tokenizer.encode(text)) for text in source]
    found: Measured = defaultdict(list)
    for seed in range(splits):
        dealt = np.random.default_rng(seed).permutation(len(encoded))
        ends = np.cumsum([len(encoded[i]) for i in dealt])
        dealt = dealt[: np.searchsorted(ends, 2 * tokens)]
        baseline, candidate = (
            profiled([encoded[i] for i in side], tokenizer.vocab_size, order)
            for side in np.array_split(dealt, 2)
        )
        for band in cs.rare_perplexity(baseline, candidate, order).bands:
            if band.excess_bits is not None:
                found[band.band].append((band.excess_bits.value, band.excess_bits.error))
    return found


def shown(pairs: list[tuple[float, float]]) -> str:
    """Return the share of intervals that contain zero, and the ratio of error and deviation."""
    if not pairs:
        return "none"
    excess, error = np.array(pairs).T
    within = np.mean(np.abs(excess) <= 2 * error)
    return f"{within:.0%}, {np.sqrt(np.mean(error**2)) / excess.std():.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=200_000)
    parser.add_argument("--order", type=int, default=3)
    args = parser.parse_args()
    print(f"| source | {' | '.join(BANDS)} |")
    print("|---" + "|---:" * len(BANDS) + "|", flush=True)
    raw = texts(args.data)
    for name in SOURCES:
        of_source = measured(raw[name], args.splits, args.tokens, args.order)
        print(f"| {name} | {' | '.join(shown(of_source[band]) for band in BANDS)} |", flush=True)


if __name__ == "__main__":
    main()
