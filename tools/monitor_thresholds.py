"""How far a monitor's figures move with nothing wrong, and what moves them: docs/monitoring.md.

    python tools/monitor_thresholds.py DATA [--seeds 10]

A series is windows of documents, one after the other, compared with one baseline; a change is
against its first window. `verdict_data.py` says what DATA is.
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
LOOKS = 10  # windows after the first, at most
WINDOW = 90_000  # of series in which something goes wrong: Wikipedia's text is three of them
SHARES = (0.05, 0.1, 0.2, 0.5)
POOL = 10  # documents that all copies are of
ALARMS = {  # the change beyond which docs/monitoring.md says to look
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
    """As many documents at a time as hold `tokens`; what is left over is dropped."""
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
    """Documents in a random order."""
    return [documents[i] for i in np.random.default_rng(seed).permutation(len(documents))]


def dealt(documents: Documents, window: int, seed: int) -> list[Documents]:
    """Documents of a source in a random order, in windows: a baseline, and a series.

    Nothing when they do not do for a baseline and two windows that can be compared.
    """
    parts = list(windows(shuffled(documents, seed), window))[: LOOKS + 2]
    return parts if len(parts) > 2 and min(map(len, parts)) >= MIN_DOCUMENTS_FOR_HALVES else []


def changes(baseline: Documents, series: list[Documents], window: int) -> list[Changes]:
    """Changes of the figures from the first window of a series to each that follows."""
    profile = cs.profile(baseline, vocab_size=VOCAB, max_order=3, table=False)
    monitor = cs.CollapseMonitor(VOCAB, 3, baseline=profile, window=window)
    found = []
    for documents in series:
        monitor.update(np.concatenate(documents), lengths=[len(one) for one in documents])
        found.append(monitor.compute())
    return [{name: now[name] - found[0][name] for name in ALARMS} for now in found[1:]]


def past(change: Changes) -> list[bool]:
    """Whether each figure is past its limit."""
    return [change[name] / limit > 1 for name, limit in ALARMS.items()]


def copied(documents: Documents, share: float, seed: int) -> Documents:
    """A share of the documents are replaced by copies of a few of them."""
    copies = documents[:POOL] * (len(documents) // POOL + 1)
    return mixed(documents, copies, share, seed)


def nothing_wrong(human: dict[str, Documents], seeds: int) -> dict[int, list[Changes]]:
    """Changes between windows of one source, of every source that has enough, by window."""
    found: dict[int, list[Changes]] = defaultdict(list)
    for name, documents in human.items():
        for window in WINDOWS:
            own: list[Changes] = []
            for seed in range(seeds):
                if parts := dealt(documents, window, seed):
                    own += changes(parts[0], parts[1:], window)
            if not own:
                continue
            found[window] += own
            said = ", ".join(f"{figure} {spread(own, figure)}" for figure in ALARMS)
            print(f"{name}, {len(own)} looks at {window:,}: {said}", file=sys.stderr)
    return found


def going_wrong(
    human: dict[str, Documents], late: Documents, seeds: int
) -> Iterator[tuple[str, list[Changes]]]:
    """Changes to a window a share of whose documents is bad, by what is bad."""
    found: dict[str, list[Changes]] = defaultdict(list)
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
                    found[f"{share:.0%} {kind}"] += changes(baseline, [first, part], WINDOW)
    yield from sorted(found.items(), key=lambda item: item[0].split("%")[1])


def recursion(
    human: Documents, written: list[Documents], seeds: int
) -> Iterator[tuple[str, list[Changes]]]:
    """Changes from generation 0 of a model to each that follows."""
    found: dict[str, list[Changes]] = defaultdict(list)
    for seed in range(seeds):
        baseline, *_ = windows(shuffled(human, seed), WINDOW)
        series = [next(windows(shuffled(documents, seed), WINDOW)) for documents in written]
        for number, change in enumerate(changes(baseline, series, WINDOW), start=1):
            late = f"generations 4 to {GENERATIONS - 1}"
            found[f"generation {number}" if number < 4 else late].append(change)
    yield from found.items()


def spread(found: list[Changes], figure: str) -> str:
    """The range of all but the lowest and the highest hundredth."""
    low, high = np.quantile([change[figure] for change in found], [0.01, 0.99])
    return f"{low:+.3f} to {high:+.3f}"


def shares(name: str, found: list[Changes]) -> str:
    """A row: how many of the looks are past each limit, and past any."""
    over = np.array([past(change) for change in found])
    cells = [f"{share:.0%}" for share in (*over.mean(axis=0), over.any(axis=1).mean())]
    return f"| {name} | {' | '.join(cells)} | {len(found)} |"


def main() -> None:
    """Print Markdown tables: changes with nothing wrong, and looks past the limits."""
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
    for name, found in going_wrong(human, written[-1], options.seeds):
        print(shares(name, found))
    for name, found in recursion(human["wikipedia"], written, options.seeds):
        print(shares(name, found))


if __name__ == "__main__":
    main()
