"""Verdicts on text whose truth is known: the table of docs/verdict.md.

    python tools/verdict_tables.py DATA [--size 200000] [--tokens words --tokens builtin ...]

Each row is a kind of comparison, each column a tokenizer; cells count the verdicts.
`verdict_data.py` says what DATA is.
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
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import CANNOT_TELL, LABELS, Constants, Verdict, judge

GENERATIONS = 16
SEEDS = 4


def mixed(human: Documents, synthetic: Documents, share: float, seed: int) -> Documents:
    """Human documents, a share of them replaced by synthetic ones."""
    rng = np.random.default_rng(seed)
    replaced = rng.random(len(human)) < share
    others = iter(rng.permutation(len(synthetic)).tolist() * 9)
    return [
        synthetic[next(others)] if taken else document
        for document, taken in zip(human, replaced, strict=True)
    ]


def looped(documents: Documents, share: float, seed: int) -> Documents:
    """A share of the documents go on repeating their first eight tokens after a third."""
    chosen = np.random.default_rng(seed).random(len(documents)) < share
    return [
        np.concatenate([d[: len(d) // 3], np.resize(d[:8], len(d) - len(d) // 3)]) if loop else d
        for d, loop in zip(documents, chosen, strict=True)
    ]


def doubled(documents: Documents) -> Documents:
    """The first half of the documents twice."""
    half = documents[: len(documents) // 2]
    return half + half


def comparisons(
    sources: dict[str, Documents], size: int
) -> Iterator[tuple[str, str, Sample, Sample]]:
    """(kind, name, baseline, candidate) of everything whose truth is known."""
    for name in HUMAN:
        for seed in range(SEEDS):
            one, other = halves(sources[name], seed)
            yield "one source", name, sample(one, size, 1), sample(other, size, 2)
            one, other = halves(sources[name], seed, 0.3)
            yield "one source, sizes apart", name, sample(one, size, 1), sample(other, size, 2)
            yield (
                "half of the documents twice",
                name,
                sample(one, size, 1),
                sample(doubled(other), size, 2),
            )
            for share in (0.5, 1.0):
                kind = f"loops in {share:.0%} of the documents"
                yield kind, name, sample(one, size, 1), sample(looped(other, share, seed), size, 2)
    for one_name, other_name in permutations(HUMAN, 2):
        yield (
            "genres",
            f"{one_name} against {other_name}",
            sample(sources[one_name], size),
            sample(sources[other_name], size),
        )
    generations = [sources[f"gen{n:02d}"] for n in range(GENERATIONS)]
    wikipedia, first = sample(sources["wikipedia"], size), sample(generations[0], size)
    for number, generation in enumerate(generations):
        candidate = sample(generation, size)
        kind, name = _generations(number), f"gen{number:02d}"
        yield f"{kind} against human", name, wikipedia, candidate
        if number:
            yield f"{kind} against generation 0", name, first, candidate
    for share in (0.05, 0.2, 0.35, 0.5):
        for late in (8, 12, 15):
            one, other = halves(sources["wikipedia"], late)
            blend = mixed(other, generations[late], share, late)
            kind = f"human with {share:.0%} of a late generation"
            yield kind, f"gen{late:02d}", sample(one, size, 1), sample(blend, size, 2)
    for human_name, machine in (("hc3_human", "hc3_llm"), ("raid_human", "raid_llama-chat")):
        for seed in range(SEEDS):
            one, _ = halves(sources[human_name], seed)
            yield (
                "one-pass model text against human",
                machine,
                sample(one, size, 1),
                sample(sources[machine], size, 1),
            )


def _generations(number: int) -> str:
    """Generations that are a row together."""
    return f"generation {number}" if number < 4 else f"generations 4 to {GENERATIONS - 1}"


def described(name: str, verdict: Verdict) -> str:
    """A line for the log: what was found, and the odds of each working order."""
    odds = ", ".join(f"{n.order}: x{math.exp(n.tail.value):.2f}" for n in verdict.working())
    return f"{name:70} {verdict.label:13} {odds}; {'; '.join(verdict.reasons)}"


def verdicts(sources: dict[str, Documents], size: int) -> dict[str, Counter[str]]:
    """Verdicts by kind of comparison; every one goes to stderr."""
    found: dict[str, Counter[str]] = {}
    for kind, name, baseline, candidate in comparisons(sources, size):
        verdict = judge(evidence(baseline, candidate), Constants())
        found.setdefault(kind, Counter())[verdict.label] += 1
        print(described(f"{kind}: {name}", verdict), file=sys.stderr)
    return found


def spelled(found: Counter[str]) -> str:
    """A cell: the verdicts from harmless to bad with their numbers."""
    return ", ".join(f"{found[x]} {x}" for x in (*LABELS, CANNOT_TELL) if found[x])


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
        print(f"| {kind} | {' | '.join(spelled(found[kind]) for found in tables.values())} |")


if __name__ == "__main__":
    main()
