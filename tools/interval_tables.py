"""Measure how often intervals cover, on corpora drawn repeatedly from one pool of documents.

    python tools/interval_tables.py DATA [--repeats 100] [--documents 100 1000 4000] [--sample 1]

DATA is a folder of ``.jsonl.zst`` files with `human_books` and `human_podcasts_pre2022`. The pool
is their text in pieces of 2,500 characters, about 90,000 pieces of 570 tokens. A corpus is a random
draw of about ``--documents`` pieces with a fixed number of tokens. Candidates share no document
with the baseline, and in 30 % of their documents the second half repeats eight tokens.
The table has for every figure its mean over the corpora, its standard deviation, the root mean
square of the estimated standard errors relative to that deviation, and the share of corpora whose
interval of two standard errors contains the mean. ``--sample`` is the share of a corpus that its
profile keeps.
"""

import argparse
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import collapse_stats as cs
from collapse_stats.metrics.figures import (
    COMPARISON_FIGURES,
    CORPUS_FIGURES_WITH_ERRORS,
    FLOORED_FIGURES,
)
from collapse_stats.tokenizers import load
from collapse_stats.uncertainty.estimate import Estimate

Ids = npt.NDArray[np.uint16]
PIECE = 2500
ORDERS = (1, 2, 3, 4)
VOCAB = 32_767


def pieces(data: Path) -> Iterator[str]:
    """Yield the pieces of text of the pool."""
    import zstandard

    for name in ("human_books", "human_podcasts_pre2022"):
        with (data / f"{name}.jsonl.zst").open("rb") as raw:
            reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(raw)
            for line in io.TextIOWrapper(reader, "utf-8"):
                text = json.loads(line)["text"]
                yield from (text[at : at + PIECE] for at in range(0, len(text), PIECE))


def pool(data: Path) -> list[Ids]:
    """Return the tokenized documents of the pool."""
    tokenizer = load("builtin")
    return [np.array(tokenizer.encode(piece), dtype=np.uint16) for piece in pieces(data)]


def draw(documents: list[Ids], number: int, rng: np.random.Generator) -> list[list[Ids]]:
    """Draw two disjoint corpora with the expected number of tokens of `number` documents.

    The number of tokens is fixed, not that of documents, because figures depend on it.
    """
    length = np.array([len(document) for document in documents])
    tokens = number * int(length.mean())
    order = rng.permutation(len(documents))
    first, second = np.searchsorted(np.cumsum(length[order]), (tokens, 2 * tokens))
    return [[documents[i] for i in side] for side in (order[:first], order[first:second])]


def looped(document: Ids) -> Ids:
    """Replace the second half of a document by repetitions of its first eight tokens."""
    half = len(document) // 2
    return np.append(document[:half], np.resize(document[:8], len(document) - half))


def profiled(documents: list[Ids], share: float) -> cs.Profile:
    """Profile a corpus and keep a share of it as its sample."""
    kept = int(share * sum(map(len, documents)))
    return cs.profile(
        documents,
        vocab_size=VOCAB,
        max_order=max(ORDERS),
        table=False,
        sample_tokens=kept + 1,
    )


def intervals(baseline: cs.Profile, candidate: cs.Profile) -> dict[tuple[str, int], Estimate]:
    """Return all intervals by name and order."""
    diff = cs.compare(baseline, candidate)
    by_key: dict[tuple[str, int], Estimate | None] = {}
    for n in ORDERS:
        by_key |= {(name, n): baseline.interval(name, n) for name in CORPUS_FIGURES_WITH_ERRORS}
        by_key |= {(name, n): diff.interval(name, n) for name in COMPARISON_FIGURES}
        by_key |= {(f"{name}, excess", n): diff.excess(name, n) for name in FLOORED_FIGURES}
    return {key: interval for key, interval in by_key.items() if interval is not None}


def main() -> None:
    """Print a table for each number of documents."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--documents", type=int, nargs="+", default=[100, 1000, 4000])
    parser.add_argument("--sample", type=float, default=1.0)
    options = parser.parse_args()
    documents = pool(options.data)
    for number in options.documents:
        rng = np.random.default_rng(number)
        seen: dict[tuple[str, int], list[Estimate]] = defaultdict(list)
        for _ in range(options.repeats):
            baseline, candidate = draw(documents, number, rng)
            loops = rng.random(len(candidate)) < 0.3
            candidate = [looped(d) if loop else d for d, loop in zip(candidate, loops, strict=True)]
            profiles = (profiled(side, options.sample) for side in (baseline, candidate))
            for key, interval in intervals(*profiles).items():
                seen[key].append(interval)
        tokens = sum(map(len, baseline))
        print(f"\n{number:,} documents, {tokens:,} tokens, {options.repeats} times")
        print("| figure | order | mean | deviation | error / deviation | covered |")
        print("|---|---:|---:|---:|---:|---:|")
        ratios, shares = [], []
        for (name, n), sample in seen.items():
            value, error = np.array([(i.value, i.error) for i in sample]).T
            ratio = np.sqrt(np.mean(error**2)) / value.std(ddof=1)
            share = np.mean(np.abs(value - value.mean()) < 2 * error)
            ratios.append(ratio)
            shares.append(share)
            print(
                f"| {name} | {n} | {value.mean():.4g} | {value.std(ddof=1):.2g} | {ratio:.2f} "
                f"| {share:.0%} |"
            )
        low, middle, high = np.percentile(ratios, [5, 50, 95])
        print(
            f"all: covered {np.mean(shares):.1%}, {min(shares):.0%} at least; error / deviation "
            f"{middle:.2f} in the middle, {low:.2f} to {high:.2f} for nine in ten"
        )


if __name__ == "__main__":
    main()
