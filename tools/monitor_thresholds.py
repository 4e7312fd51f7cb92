"""Measure how far a monitor's figures move with and without a problem, for docs/monitoring.md.

    python tools/monitor_thresholds.py DATA [--seeds 10]

A series consists of consecutive windows of documents that are compared with one baseline. Changes
are relative to its first window. `verdict_data.py` describes DATA.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from verdict_calibration import sources
from verdict_data import Documents, encoder, texts
from verdict_tables import GENERATIONS, looped, mixed

import collapse_stats as cs
from collapse_stats.corpus.split import MIN_DOCUMENTS_FOR_HALVES
from collapse_stats.tokenizers import load

WINDOWS = (30_000, 100_000, 300_000, 1_000_000)
LOOKS = 10  # maximum number of windows after the first
WINDOW = 90_000  # tokens of a window in series with a problem; Wikipedia has three such windows
SHARES = (0.05, 0.1, 0.2, 0.5)
POOL = 10  # number of documents that are copied
ALARMS = {  # the limits of docs/monitoring.md
    "size_matched_distinct_ratio/3": -0.05,
    "entropy_bits/2": -0.25,
    "retention/1/seen-once": -0.04,
    "unseen_mass/2": 0.015,
    "novelty/2": 0.03,
    "js_bits/2": 0.02,
    "kl_bits/1": 0.06,
}
VOCAB = load("builtin").vocab_size
Changes = dict[str, float]


def windows(documents: Documents, tokens: int) -> Iterator[Documents]:
    """Yield groups of documents of at least `tokens` tokens; drop an incomplete last group."""
    part: Documents = []
    size = 0
    for document in documents:
        if len(document):
            part.append(document)
            size += len(document)
        if size >= tokens:
            yield part
            part, size = [], 0


def shuffled(documents: Documents, seed: int) -> Documents:
    """Return documents in random order."""
    return [documents[i] for i in np.random.default_rng(seed).permutation(len(documents))]


def dealt(documents: Documents, window: int, seed: int) -> list[Documents]:
    """Divide the shuffled documents of a source into windows: a baseline, and then a series.

    The list is empty when they do not suffice for a baseline and two comparable windows.
    """
    parts = list(windows(shuffled(documents, seed), window))[: LOOKS + 2]
    return parts if len(parts) > 2 and min(map(len, parts)) >= MIN_DOCUMENTS_FOR_HALVES else []


def changes(baseline: Documents, series: list[Documents], window: int) -> list[Changes]:
    """Return the changes of the figures from the first window of a series to each later one."""
    profile = cs.profile(baseline, vocab_size=VOCAB, max_order=3, table=False)
    monitor = cs.CollapseMonitor(VOCAB, 3, baseline=profile, window=window, figures=[*ALARMS])
    figures = []
    for documents in series:
        monitor.update(np.concatenate(documents), lengths=[len(ids) for ids in documents])
        figures.append(monitor.compute())
    first, *later = figures
    return [{name: window[name] - first[name] for name in ALARMS} for window in later]


def past(change: Changes) -> list[bool]:
    """Whether each figure is beyond its limit."""
    return [change[name] / limit > 1 for name, limit in ALARMS.items()]


def copied(documents: Documents, share: float, seed: int) -> Documents:
    """Replace a share of the documents by copies of a few of them."""
    copies = documents[:POOL] * (len(documents) // POOL + 1)
    return mixed(documents, copies, share, seed)


def nothing_wrong(human: dict[str, Documents], seeds: int) -> dict[int, list[Changes]]:
    """Return the changes between windows of one source, by window size, over all sources."""
    by_window: dict[int, list[Changes]] = defaultdict(list)
    for name, documents in human.items():
        for window in WINDOWS:
            own: list[Changes] = []
            for seed in range(seeds):
                if parts := dealt(documents, window, seed):
                    own += changes(parts[0], parts[1:], window)
            if not own:
                continue
            by_window[window] += own
            ranges = ", ".join(f"{figure} {spread(own, figure)}" for figure in ALARMS)
            print(f"{name}, {len(own)} looks at {window:,}: {ranges}", file=sys.stderr)
    return by_window


def going_wrong(
    human: dict[str, Documents], late: Documents, seeds: int
) -> Iterator[tuple[str, list[Changes]]]:
    """Yield the changes to a window with a share of bad documents, by kind of problem."""
    by_kind: dict[str, list[Changes]] = defaultdict(list)
    for name, documents in human.items():
        for seed in range(seeds):
            if not (parts := dealt(documents, WINDOW, seed)):
                break
            baseline, first, second = parts[:3]
            for share in SHARES:
                bad = {"go into a loop": looped(second, share, seed)}
                bad["are copies of ten"] = copied(second, share, seed)
                if name == "wikipedia":
                    bad["are of generation 15"] = mixed(second, late, share, seed)
                for kind, part in bad.items():
                    by_kind[f"{share:.0%} {kind}"] += changes(baseline, [first, part], WINDOW)
    yield from sorted(by_kind.items(), key=lambda item: item[0].split("%")[1])


def recursion(
    human: Documents, written: list[Documents], seeds: int
) -> Iterator[tuple[str, list[Changes]]]:
    """Yield the changes from generation 0 of a model to each later one."""
    by_kind: dict[str, list[Changes]] = defaultdict(list)
    for seed in range(seeds):
        baseline, *_ = windows(shuffled(human, seed), WINDOW)
        series = [next(windows(shuffled(documents, seed), WINDOW)) for documents in written]
        for number, change in enumerate(changes(baseline, series, WINDOW), start=1):
            late = f"generations 4 to {GENERATIONS - 1}"
            by_kind[f"generation {number}" if number < 4 else late].append(change)
    yield from by_kind.items()


def spread(looks: list[Changes], figure: str) -> str:
    """Return the range between the 1 % and the 99 % quantile."""
    low, high = np.quantile([change[figure] for change in looks], [0.01, 0.99])
    return f"{low:+.3f} to {high:+.3f}"


def shares(name: str, looks: list[Changes]) -> str:
    """Return a table row: the share of looks beyond each limit, and beyond any."""
    over = np.array([past(change) for change in looks])
    cells = [f"{share:.0%}" for share in (*over.mean(axis=0), over.any(axis=1).mean())]
    return f"| {name} | {' | '.join(cells)} | {len(looks)} |"


def main() -> None:
    """Print Markdown tables of changes without a problem and of looks beyond the limits."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=10, help="series of each kind")
    options = parser.parse_args()
    human = sources(options.data)
    raw = texts(options.data)
    encode = encoder("builtin", raw)
    written = [encode(raw[f"gen{number:02d}"]) for number in range(GENERATIONS)]

    quiet = nothing_wrong(human, options.seeds)
    print(f"| change | {' | '.join(f'{window:,} tokens' for window in WINDOWS)} | limit |")
    print(f"|---|{'---|' * len(WINDOWS)}---:|")
    for figure, limit in ALARMS.items():
        cells = " | ".join(spread(quiet[window], figure) for window in WINDOWS)
        print(f"| `{figure}` | {cells} | {limit:+g} |")
    print(f"\n| looks past the limit | {' | '.join(f'`{f}`' for f in ALARMS)} | any | looks |")
    print(f"|---|{'---:|' * (len(ALARMS) + 2)}")
    for window in WINDOWS:
        print(shares(f"nothing wrong, {window:,} tokens", quiet[window]))
    for name, looks in going_wrong(human, written[-1], options.seeds):
        print(shares(name, looks))
    for name, looks in recursion(human["wikipedia"], written, options.seeds):
        print(shares(name, looks))


if __name__ == "__main__":
    main()
