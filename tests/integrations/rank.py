"""One rank of tests/integrations/test_distributed.py; it writes its results to a JSON file."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch.distributed as dist

import collapse_stats as cs
from collapse_stats.integrations.distributed import (
    Ranks,
    reduce,
    reduced_joint_spectra,
    states_of_all_ranks,
)
from collapse_stats.integrations.pytorch import tensor_state
from collapse_stats.integrations.torchmetrics import CollapseMetric

VOCAB, ORDER = 11, 3


def documents_of(rank: int) -> list[np.ndarray]:
    """Random documents; their number differs by rank, and the second rank has none."""
    rng = np.random.default_rng(rank)
    number = (150, 0, 40, 90)[rank]
    return [rng.integers(0, VOCAB, rng.integers(1, 12)) for _ in range(number)]


def logprobs_of(document: np.ndarray) -> np.ndarray:
    """A number below 0 for each token."""
    return -(document + 1) / 7


def baseline() -> cs.Profile:
    rng = np.random.default_rng(99)
    return cs.profile(
        [rng.integers(0, VOCAB, 9) for _ in range(800)], vocab_size=VOCAB, max_order=ORDER
    )


def monitor_of(rank: int, window: int | None, human: cs.Profile | None) -> cs.CollapseMonitor:
    monitor = cs.CollapseMonitor(VOCAB, ORDER, baseline=human, window=window, figures="all")
    for number, document in enumerate(documents_of(rank)):
        monitor.update(document, logprobs=logprobs_of(document))
        if number % 10 == 0:  # two answers to one prompt
            monitor.update(np.stack([document, document[::-1]]), groups=[number, number])
    return monitor


def raised(call: Callable[[], object]) -> str:
    """The error of a call, by its type and its message."""
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "none"


def failing(rank: int, world: int) -> cs.CollapseMonitor:
    """A monitor that fails on the last rank."""
    monitor = cs.CollapseMonitor(VOCAB, ORDER)
    if rank == world - 1:
        monitor.snapshot = lambda: 1 / 0
    return monitor


def main(rank: int, world: int, folder: Path) -> None:
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world
    )
    human = baseline()
    results: dict[str, object] = {}
    for window in (None, 10_000):
        monitor = monitor_of(rank, window, human)
        results[f"reduced {window}"] = reduce(monitor)
        joint_spectra = reduced_joint_spectra(monitor.snapshot().table, monitor.backend, Ranks())
        results[f"spectra {window}"] = {
            n: [joint.total.count.tolist(), joint.total.types.tolist()]
            for n, pairs in joint_spectra.ngrams.items()
            for joint in pairs.values()
        }
    results["nothing at all"] = reduce(cs.CollapseMonitor(VOCAB, ORDER))
    metric = CollapseMetric(VOCAB, ORDER)
    if rank == 0:
        metric.update(np.array([1, 2, 3]))
    results["metric"] = {n: v.item() for n, v in metric.compute().items() if not v.isnan()}
    own = {
        "failing": raised(lambda: reduce(failing(rank, world))),
        "unequal": raised(lambda: reduce(cs.CollapseMonitor(VOCAB + rank, ORDER))),
        "states": [
            (state["rank"], state["monitor"]["ids"].tolist())
            for state in states_of_all_ranks(
                {"rank": rank, "monitor": tensor_state(monitor_of(rank, 100, None))}
            )
        ],
    }
    results["after all"] = reduce(cs.CollapseMonitor(VOCAB, ORDER))  # the ranks still agree
    (folder / f"{rank} own.json").write_text(json.dumps(own))
    (folder / f"{rank}.json").write_text(json.dumps(results))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
