"""Print the table of docs/verdict.md: verdicts on text whose origin is known.

    python tools/verdict_tables.py DATA [--size 200000] [--tokens words --tokens builtin ...]

Each row is a kind of comparison, each column a tokenizer; cells count the verdicts.
`verdict_data.py` describes DATA.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import numpy as np
from verdict_data import BPE, HUMAN, Documents, encoder, halves, sample, texts

from collapse_stats.corpus.sample import Sample
from collapse_stats.verdict.constants import Constants
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import CANNOT_TELL, LABELS, Verdict, judge

GENERATIONS = 16
SEEDS = 4


def mixed(human: Documents, synthetic: Documents, share: float, seed: int) -> Documents:
    """Replace a share of human documents by synthetic ones."""
    rng = np.random.default_rng(seed)
    replaced = rng.random(len(human)) < share
    others = iter(rng.permutation(len(synthetic)).tolist() * 9)
    return [
        synthetic[next(others)] if taken else document
        for document, taken in zip(human, replaced, strict=True)
    ]


def looped(documents: Documents, share: float, seed: int) -> Documents:
    """Let a share of the documents repeat their first eight tokens after their first third."""
    chosen = np.random.default_rng(seed).random(len(documents)) < share
    return [
        np.concatenate([d[: len(d) // 3], np.resize(d[:8], len(d) - len(d) // 3)]) if loop else d
        for d, loop in zip(documents, chosen, strict=True)
    ]


def doubled(documents: Documents) -> Documents:
    """Return the first half of the documents twice."""
    half = documents[: len(documents) // 2]
    return half + half


def comparisons(
    sources: dict[str, Documents], size: int
) -> Iterator[tuple[str, str, Sample, Sample]]:
    """Yield (kind, name, baseline, candidate) of all comparisons."""
    for name in HUMAN:
        for seed in range(SEEDS):
            first, second = halves(sources[name], seed)
            yield "one source", name, sample(first, size, 1), sample(second, size, 2)
            first, second = halves(sources[name], seed, 0.3)
            yield "one source, sizes apart", name, sample(first, size, 1), sample(second, size, 2)
            yield (
                "half of the documents twice",
                name,
                sample(first, size, 1),
                sample(doubled(second), size, 2),
            )
            for share in (0.5, 1.0):
                kind = f"loops in {share:.0%} of the documents"
                yield (
                    kind,
                    name,
                    sample(first, size, 1),
                    sample(looped(second, share, seed), size, 2),
                )
    for baseline_name, candidate_name in permutations(HUMAN, 2):
        yield (
            "genres",
            f"{baseline_name} against {candidate_name}",
            sample(sources[baseline_name], size),
            sample(sources[candidate_name], size),
        )
    generations = [sources[f"gen{n:02d}"] for n in range(GENERATIONS)]
    wikipedia, generation_0 = sample(sources["wikipedia"], size), sample(generations[0], size)
    for number, generation in enumerate(generations):
        candidate = sample(generation, size)
        kind, name = _generations(number), f"gen{number:02d}"
        yield f"{kind} against human", name, wikipedia, candidate
        if number:
            yield f"{kind} against generation 0", name, generation_0, candidate
    for share in (0.05, 0.2, 0.35, 0.5):
        for late in (8, 12, 15):
            first, second = halves(sources["wikipedia"], late)
            blend = mixed(second, generations[late], share, late)
            kind = f"human with {share:.0%} of a late generation"
            yield kind, f"gen{late:02d}", sample(first, size, 1), sample(blend, size, 2)
    for human_name, machine in (("hc3_human", "hc3_llm"), ("raid_human", "raid_llama-chat")):
        for seed in range(SEEDS):
            human, _ = halves(sources[human_name], seed)
            yield (
                "one-pass model text against human",
                machine,
                sample(human, size, 1),
                sample(sources[machine], size, 1),
            )


def _generations(number: int) -> str:
    """Name of the table row for a generation."""
    return f"generation {number}" if number < 4 else f"generations 4 to {GENERATIONS - 1}"


def described(name: str, verdict: Verdict) -> str:
    """Return a log line with the verdict and the odds at each order that was used."""
    odds = ", ".join(f"{n.order}: x{math.exp(n.tail.value):.2f}" for n in verdict.working())
    return f"{name:70} {verdict.label:13} {odds}; {'; '.join(verdict.reasons)}"


def verdicts(sources: dict[str, Documents], size: int) -> dict[str, Counter[str]]:
    """Count the verdicts by kind of comparison, and print each to stderr."""
    counts: dict[str, Counter[str]] = {}
    for kind, name, baseline, candidate in comparisons(sources, size):
        verdict = judge(evidence(baseline, candidate), Constants())
        counts.setdefault(kind, Counter())[verdict.label] += 1
        print(described(f"{kind}: {name}", verdict), file=sys.stderr)
    return counts


def spelled(counts: Counter[str]) -> str:
    """Return a table cell: the number of each verdict, from harmless to severe."""
    labels = (*LABELS, CANNOT_TELL)
    return ", ".join(f"{counts[label]} {label}" for label in labels if counts[label])


def main() -> None:
    """Print a Markdown table of verdicts by kind and tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", action="append", help=f"words, {BPE!r}, or a tokenizer's spec")
    parser.add_argument("--size", type=int, default=200_000, help="tokens of each side")
    options = parser.parse_args()

    raw = texts(options.data)
    tables = {}
    for name in options.tokens or ("words", "builtin", BPE):
        encode = encoder(name, raw)
        sources = {source: encode(documents) for source, documents in raw.items()}
        tables[name] = verdicts(sources, options.size)
    print(f"| {options.size:,} tokens a side | {' | '.join(tables)} |")
    print(f"|---|{'---|' * len(tables)}")
    for kind in next(iter(tables.values())):
        print(f"| {kind} | {' | '.join(spelled(counts[kind]) for counts in tables.values())} |")


if __name__ == "__main__":
    main()
