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

from collapse_stats.sample import DEFAULT_TOKENS
from collapse_stats.verdict import Constants, Evidence, evidence, judge

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000)
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
            for name in ("tail", "drift", "gain"):
                estimate = getattr(novelty, name)
                self.covered[name].append(estimate.low <= 0 <= estimate.high)

    def shares(self) -> str:
        """Cells: share covered, of each figure."""
        return " | ".join(
            f"{100 * np.mean(self.covered[name]):.0f}" if self.covered[name] else ""
            for name in ("tail", "drift", "gain")
        )


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
    """Print a Markdown table of coverage and verdicts by source and sizes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--trials", type=int, default=100, help="of each source and sizes")
    options = parser.parse_args()
    print("| tokens | source | tail | drift | gain | verdicts |")
    print("|---|---|---:|---:|---:|---|")
    for name, documents in sources(options.data).items():
        tokens = sum(map(len, documents))
        for sizes in [(size, size) for size in SIZES] + [(s, s // 10) for s in SIZES[1:]]:
            if sum(sizes) > tokens:
                continue
            found = Found()
            for seed in range(options.trials):
                found.add(trial(documents, sizes, seed))
            said = " and ".join(f"{size:,}" for size in sizes)
            print(f"| {said} | {name} | {found.shares()} | {spelled(found.labels)} |", flush=True)
            print(said, name, file=sys.stderr)


if __name__ == "__main__":
    main()
