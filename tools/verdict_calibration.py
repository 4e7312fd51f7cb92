"""How often errors cover the truth and verdicts are right between samples of one source.

    python tools/verdict_calibration.py DATA [--trials 100]

Documents of one human source are dealt at random into a baseline and a candidate: every
difference is 0, and the right verdict is "within floor", or "cannot tell" of too little text.
`verdict_data.py` says what DATA is.
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
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import Constants, Evidence, judge

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000)
FIGURES = ("tail", "drift", "gain")
CHARACTERS = 4000  # of a document cut from a book or a podcast


@dataclass
class Found:
    """Trials of one source and size."""

    covered: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    labels: Counter[str] = field(default_factory=Counter)

    def add(self, measured: Evidence) -> None:
        """Whether two standard errors cover 0, at every order that the rule would use."""
        verdict = judge(measured, Constants())
        self.labels[verdict.label] += 1
        for novelty in verdict.working():
            for name in FIGURES:
                estimate = getattr(novelty, name)
                self.covered[name].append(estimate.low <= 0 <= estimate.high)

    def share(self, name: str) -> float | None:
        """Percent of the intervals of a figure that cover 0."""
        return 100 * float(np.mean(self.covered[name])) if self.covered[name] else None


def sources(data: Path) -> dict[str, Documents]:
    """Human text as documents: books and podcasts in pieces, short texts as they are."""
    raw = texts(data)
    encode = encoder("builtin", raw)
    files = {"books": "human_books", "podcasts": "human_podcasts_pre2022"}
    found = {name: encode(raw[name]) for name in ("wikipedia", "hc3_human", "raid_human")}
    for name, file in files.items():
        whole = (row["text"] for row in rows(data / f"{file}.jsonl.zst"))
        found[name] = encode(
            [text[i : i + CHARACTERS] for text in whole for i in range(0, len(text), CHARACTERS)]
        )
    return found


def trial(documents: Documents, sizes: tuple[int, int], seed: int) -> Evidence:
    """Evidence of two corpora of these sizes, dealt from one source."""
    one, other = halves(documents, seed, sizes[0] / sum(sizes))
    kept = [
        sample(side, min(size, DEFAULT_TOKENS), 2 * seed + number)
        for number, (side, size) in enumerate(zip((one, other), sizes, strict=True))
    ]
    return evidence(kept[0], kept[1])


def main() -> None:
    """Print a Markdown table by sizes: coverage over the sources, and all verdicts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--trials", type=int, default=100, help="of each source and sizes")
    options = parser.parse_args()
    by_sizes: dict[tuple[int, int], list[Found]] = defaultdict(list)
    for name, documents in sources(options.data).items():
        tokens = sum(map(len, documents))
        for sizes in [(size, size) for size in SIZES] + [(s, s // 10) for s in SIZES[1:]]:
            if sum(sizes) > tokens:
                continue
            found = Found()
            for seed in range(options.trials):
                found.add(trial(documents, sizes, seed))
            by_sizes[sizes].append(found)
            print(sizes, name, spelled(found.labels), file=sys.stderr)
    print("| tokens | sources | tail | drift | gain | verdicts |")
    print("|---|---:|---:|---:|---:|---|")
    for sizes, several in sorted(by_sizes.items(), key=lambda item: item[0][::-1]):
        said = " and ".join(f"{size:,}" for size in sizes)
        shares = " | ".join(ranged(several, name) for name in FIGURES)
        labels = sum((found.labels for found in several), Counter[str]())
        print(f"| {said} | {len(several)} | {shares} | {spelled(labels)} |")


def ranged(several: list[Found], name: str) -> str:
    """The lowest and the highest share over the sources."""
    shares = [share for found in several if (share := found.share(name)) is not None]
    return f"{min(shares):.0f} to {max(shares):.0f}" if shares else ""


if __name__ == "__main__":
    main()
