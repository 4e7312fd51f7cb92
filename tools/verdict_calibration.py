"""Measure how often intervals cover 0 and verdicts are right between samples of one source.

    python tools/verdict_calibration.py DATA [--trials 100]

Documents of one human source are divided at random into a baseline and a candidate, so that every
true difference is 0 and the right verdict is "within floor", or "cannot tell" for too little text.
`verdict_data.py` describes DATA.
"""

import argparse
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from verdict_data import Documents, encoder, halves, rows, sample, texts
from verdict_tables import spelled

from collapse_stats.corpus.sample import DEFAULT_TOKENS
from collapse_stats.verdict.constants import Constants
from collapse_stats.verdict.evidence import Evidence
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import judge

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000)
FIGURES = ("tail", "drift", "gain")
CHARACTERS = 4000  # length of a document cut from a book or a podcast


@dataclass
class Trials:
    """Results of the trials of one source and size."""

    covered: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    labels: Counter[str] = field(default_factory=Counter)

    def add(self, measured: Evidence) -> None:
        """Record the verdict, and whether intervals cover 0 at each order that the rule uses."""
        verdict = judge(measured, Constants())
        self.labels[verdict.label] += 1
        for novelty in verdict.working():
            for name in FIGURES:
                estimate = getattr(novelty, name)
                self.covered[name].append(estimate.low <= 0 <= estimate.high)

    def share(self, name: str) -> float | None:
        """Percentage of a figure's intervals that cover 0; None without intervals."""
        return 100 * float(np.mean(self.covered[name])) if self.covered[name] else None


def sources(data: Path) -> dict[str, Documents]:
    """Return the tokenized documents of each human source; books and podcasts are cut."""
    raw = texts(data)
    encode = encoder("builtin", raw)
    files = {"books": "human_books", "podcasts": "human_podcasts_pre2022"}
    documents = {name: encode(raw[name]) for name in ("wikipedia", "hc3_human", "raid_human")}
    for name, file in files.items():
        whole = (row["text"] for row in rows(data / f"{file}.jsonl.zst"))
        documents[name] = encode(
            [text[i : i + CHARACTERS] for text in whole for i in range(0, len(text), CHARACTERS)]
        )
    return documents


def trial(documents: Documents, sizes: tuple[int, int], seed: int) -> Evidence:
    """Measure the evidence of two corpora of these sizes from one source."""
    parts = halves(documents, seed, sizes[0] / sum(sizes))
    kept = [
        sample(side, min(size, DEFAULT_TOKENS), 2 * seed + number)
        for number, (side, size) in enumerate(zip(parts, sizes, strict=True))
    ]
    return evidence(kept[0], kept[1])


def main() -> None:
    """Print a Markdown table with the coverage over the sources and all verdicts, by sizes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--trials", type=int, default=100, help="per source and pair of sizes")
    options = parser.parse_args()
    by_sizes: dict[tuple[int, int], list[Trials]] = defaultdict(list)
    for name, documents in sources(options.data).items():
        tokens = sum(map(len, documents))
        for sizes in [(size, size) for size in SIZES] + [(s, s // 10) for s in SIZES[1:]]:
            if sum(sizes) > tokens:
                continue
            trials = Trials()
            for seed in range(options.trials):
                trials.add(trial(documents, sizes, seed))
            by_sizes[sizes].append(trials)
            print(sizes, name, spelled(trials.labels), file=sys.stderr)
    print("| tokens | sources | tail | drift | gain | verdicts |")
    print("|---|---:|---:|---:|---:|---|")
    for sizes, results in sorted(by_sizes.items(), key=lambda item: item[0][::-1]):
        spelled_sizes = " and ".join(f"{size:,}" for size in sizes)
        shares = " | ".join(value_range(results, name) for name in FIGURES)
        labels = sum((trials.labels for trials in results), Counter[str]())
        print(f"| {spelled_sizes} | {len(results)} | {shares} | {spelled(labels)} |")


def value_range(results: list[Trials], name: str) -> str:
    """Return the lowest and the highest share over the sources."""
    shares = [share for trials in results if (share := trials.share(name)) is not None]
    return f"{min(shares):.0f} to {max(shares):.0f}" if shares else ""


if __name__ == "__main__":
    main()
