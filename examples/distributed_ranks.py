"""Monitor several ranks: each counts its own tokens, and `reduce` combines their figures.

python examples/distributed_ranks.py [RANKS]
"""

import sys
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import collapse_stats as cs
from collapse_stats.integrations.distributed import reduce


def train(rank: int, ranks: int, folder: str) -> None:
    """Count the tokens of one rank; rank 0 prints the figures of all."""
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=ranks)
    torch.manual_seed(rank)
    monitor = cs.CollapseMonitor(vocab_size=50, max_order=2)
    for _ in range(10):
        monitor.update(torch.randint(0, 50, (8, 64)))
    figures = reduce(monitor)
    if rank == 0:
        print({name: figures[name] for name in ("tokens", "entropy_bits/2")})
    dist.destroy_process_group()


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(train, (number, folder), nprocs=number)
