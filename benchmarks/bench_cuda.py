"""Speed of the cuda backend and of its peers on one GPU; all answers are checked.

    python benchmarks/bench_cuda.py --tokens 500_000_000 --output timings.json

Times are taken with CUDA events: the median of ten calls (three where the CPU counts) after a
warm-up. `times_floor` is the time divided by the one in which the device would copy the bytes that
the method moves. Each timing is written as soon as it is known, so that a benchmark that is stopped
leaves those it has.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
import workloads
from peers import Rows, numpy_sort

import collapse_stats as cs
from collapse_stats.backends.base import Backend
from collapse_stats.backends.cuda.backend import CudaBackend
from collapse_stats.backends.selection import backends, select
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import JointSpectra

ROUNDS = 10
SLOW_ROUNDS = 3
COPY_BYTES = 1 << 32
ORDERS = range(1, 6)
Row = dict[str, Any]


def main() -> None:
    """Print every timing, and write all to a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=100_000_000)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    reason = unusable()
    if reason:
        raise SystemExit(f"bench_cuda: skipped: {reason}")
    results: dict[str, Any] = {"copy_bytes_per_second": copy_bandwidth(), "timings": []}
    results["upload_bytes_per_second"] = upload_bandwidth()
    results["skipped"] = [] if _torch() else ["torch.unique: torch with CUDA is not installed"]
    for row in timings(arguments.tokens, results["copy_bytes_per_second"]):
        print(f"{row['what']:<40}{row['orders']:>7}{1e3 * row['seconds']:>10.2f} ms", flush=True)
        results["timings"].append(row)
        if arguments.output:
            arguments.output.write_text(json.dumps(results, indent=1) + "\n")


def unusable() -> str | None:
    """Why this machine cannot run the benchmark; None if it can."""
    cuda = next(info for info in backends() if info.name == "cuda")
    return None if cuda.usable else cuda.detail


def timings(number: int, bandwidth: float) -> Iterator[Row]:
    """Time the cuda backend first, then its peers on the same tokens."""
    text, vocabulary = workloads.text_tokens(number), workloads.text_vocab_size()
    zipf = workloads.zipf_tokens(number // 10)
    answers: dict[int, Rows] = {}
    for max_order in (5, 4, 3, 1):
        layout = Layout(vocabulary, max_order)
        row, joint_spectra = ours("text, on the GPU", text, layout, bandwidth)
        answers |= rows_by_order(joint_spectra)
        yield row
    row, joint_spectra = ours(
        "text, by sorting", text, Layout(vocabulary, 5), bandwidth, by_sorting=True
    )
    assert rows_by_order(joint_spectra) == {order: answers[order] for order in ORDERS}
    yield row
    yield ours("text, from host memory", text, Layout(vocabulary, 5), bandwidth, upload=True)[0]
    yield ours("text in documents of 1000, halves", text, Layout(vocabulary, 5, 2), bandwidth)[0]
    wide = Layout(200_000, 5)
    yield ours("text, 18-bit ids", workloads.spread_ids(text), wide, bandwidth)[0]
    row, joint_spectra = ours("zipf, on the GPU", zipf, Layout(50_257, 5), bandwidth)
    assert rows_by_order(joint_spectra)[2] == numpy_sort(zipf, 2, 16)
    yield row
    yield monitored(text[: 1 << 20], vocabulary)
    yield from peers(text, Layout(vocabulary, 1).code_bits, answers)
    yield native(text, Layout(vocabulary, 5), answers)


def ours(
    what: str,
    tokens: Any,
    layout: Layout,
    bandwidth: float,
    upload: bool = False,
    by_sorting: bool = False,
) -> tuple[Row, JointSpectra]:
    """Time the cuda backend on one stream; with `upload` the tokens begin on the host."""
    import cupy

    length = None if layout.labels == 1 else 1000
    chunk = workloads.chunk(tokens, length, layout.labels)
    if not upload:
        chunk = Chunk(cupy.asarray(tokens), chunk.start, chunk.stop, chunk.limit, chunk.label)
    backend = CudaBackend(by_sorting=by_sorting)
    masks = [(1, 2)] if layout.labels == 2 else [(1, 0)]
    seconds, joint_spectra = timed(lambda: backend.spectra([chunk], layout, masks))
    way = sorted_bytes if by_sorting else partitioned_bytes
    floor = len(tokens) * way(layout, tokens.dtype.itemsize, len(tokens)) / bandwidth
    return (
        {
            "what": f"cuda, {what}",
            "orders": f"1-{layout.max_order}",
            "tokens": len(tokens),
            "seconds": seconds,
            "times_floor": seconds / floor,
        },
        joint_spectra,
    )


def monitored(tokens: Any, vocab_size: int) -> Row:
    """Time `CollapseMonitor.update` with a large batch: its launches and the copy of the batch."""
    import cupy

    monitor = cs.CollapseMonitor(vocab_size)
    batch = cupy.asarray(tokens.astype(np.int64)[: len(tokens) // 512 * 512].reshape(-1, 512))
    seconds, _ = timed(lambda: monitor.update(batch), between=monitor.settle)
    assert monitor.compute()["tokens"] == (1 + ROUNDS) * batch.size
    return {
        "what": "CollapseMonitor.update, on the GPU",
        "orders": "1-4",
        "tokens": batch.size,
        "seconds": seconds,
    }


def partitioned_bytes(layout: Layout, token: int, number: int) -> int:
    """Bytes moved per token on the partition path; csrc/cuda/partition_api.hpp has the table."""
    from collapse_stats import _cuda

    core = _cuda.Layout(layout.vocab_size, layout.max_order, layout.labels)
    cells = max(1, _cuda.cell_orders(core, number))  # order 1 is a table of counts in any case
    moved = cells * token
    for first, last in _cuda.order_groups(core, cells + 1):
        partition = _cuda.Partition(core, first, last, number)
        moved += 2 * token + 4 * (3 * partition.binned_words + 2 * partition.bucket_words)
    return moved


def sorted_bytes(layout: Layout, token: int, _number: int) -> int:
    """Bytes moved per token on the sorted path: records, one sorting pass per digit, the tally."""
    record = 8 if layout.key_bits + layout.labels // 2 <= 64 else 16
    digits = -(-(layout.key_bits + layout.labels // 2) // 8)
    return token + record + (2 * digits + 1) * record + record


def peers(tokens: Any, bits: int, answers: dict[int, Rows]) -> Iterator[Row]:
    """Time other ways to count the spectra on this GPU, order by order, with the tokens on it."""
    import cupy

    on_gpu = cupy.asarray(tokens)
    ways: dict[str, Callable[[int], Any]] = {
        "cupy.unique": lambda n: _histogram(
            cupy.unique(_keys(on_gpu, n, bits), return_counts=1)[1]
        ),
        "CUB sort, run lengths": lambda n: _histogram(_run_lengths(_keys(on_gpu, n, bits))),
    }
    if _torch():
        ways["torch.unique"] = lambda n: _histogram(_torch_counts(_keys(on_gpu, n, bits)))
    for name, way in ways.items():
        for order in ORDERS:
            seconds, rows = timed(partial(way, order))
            if order * bits <= 64:  # longer keys are hashed, and two may collide
                assert rows == answers[order], f"{name} differs at order {order}"
            yield {"what": name, "orders": str(order), "tokens": len(tokens), "seconds": seconds}


def native(tokens: Any, layout: Layout, answers: dict[int, Rows]) -> Row:
    """Time the native backend on all cores of this machine."""
    chunk = workloads.chunk(tokens)
    backend: Backend = select("native")
    seconds, joint_spectra = timed(lambda: backend.spectra([chunk], layout, [(1, 0)]), SLOW_ROUNDS)
    assert rows_by_order(joint_spectra) == {n: answers[n] for n in ORDERS}
    what = f"native, {getattr(backend, 'threads', 1)} threads"
    return {"what": what, "orders": "1-5", "tokens": len(tokens), "seconds": seconds}


def rows_by_order(joint_spectra: JointSpectra) -> dict[int, Rows]:
    """For every order, the number of types of each count."""
    rows = {}
    for order, spectra in joint_spectra.ngrams.items():
        (joint,) = spectra.values()
        total = joint.total
        rows[order] = dict(zip(total.count.tolist(), total.types.tolist(), strict=True))
    return rows


def timed(
    call: Callable[[], Any], rounds: int = ROUNDS, between: Callable[[], Any] = lambda: None
) -> tuple[float, Any]:
    """Median seconds between two events around the call, and its result, after a warm-up."""
    import cupy

    result = call()
    times = []
    for _ in range(rounds):
        between()
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record(cupy.cuda.get_current_stream())
        result = call()
        end.record(cupy.cuda.get_current_stream())
        end.synchronize()
        times.append(cupy.cuda.get_elapsed_time(begin, end) / 1e3)
    return median(times), result


def copy_bandwidth() -> float:
    """Bytes per second, read and written, of a copy on the device."""
    import cupy

    source = cupy.zeros(COPY_BYTES, dtype=cupy.uint8)
    target = cupy.empty_like(source)
    seconds, _ = timed(lambda: cupy.copyto(target, source))
    return 2 * COPY_BYTES / seconds


def upload_bandwidth() -> float:
    """Bytes per second from pinned host memory to the device."""
    import cupy

    size = 1 << 28
    source = np.frombuffer(cupy.cuda.alloc_pinned_memory(size), np.uint8, size)
    target = cupy.empty(size, dtype=cupy.uint8)
    seconds, _ = timed(lambda: target.set(source))
    return size / seconds


def _keys(tokens: Any, order: int, bits: int) -> Any:
    """``(T - order + 1,)`` int64 keys on the GPU: packed, or hashed where they do not fit."""
    import cupy

    number = len(tokens) - order + 1
    keys = cupy.zeros(number, dtype=cupy.int64)
    for at in range(order):
        if order * bits <= 63:
            keys <<= bits
        else:
            keys *= cupy.int64(-7046029254386353131)  # odd, so invertible
            keys ^= keys >> 29
        keys += tokens[at : at + number]
    return keys


def _run_lengths(keys: Any) -> Any:
    import cupy

    keys.sort()
    edges = cupy.flatnonzero(keys[1:] != keys[:-1])
    ends = cupy.concatenate([edges, cupy.asarray([len(keys) - 1])])
    return cupy.diff(ends, prepend=cupy.asarray([-1]))


def _torch_counts(keys: Any) -> Any:
    import cupy
    import torch

    _, counts = torch.unique(torch.from_dlpack(keys), return_counts=True)
    return cupy.from_dlpack(counts)


def _histogram(counts: Any) -> Rows:
    """How many n-grams have each count, for counts on the GPU."""
    import cupy

    small = cupy.bincount(cupy.minimum(counts, 1 << 20)).get()
    rows = {count: int(small[count]) for count in np.flatnonzero(small[: 1 << 20]).tolist()}
    large, types = np.unique(counts[counts >= 1 << 20].get(), return_counts=True)
    return rows | dict(zip(large.tolist(), types.tolist(), strict=True))


def _torch() -> Any:
    """The torch module if it can use a GPU, else None."""
    try:
        import torch
    except ImportError:
        return None
    return torch if torch.cuda.is_available() else None


@pytest.mark.gpu
def test_every_way_gives_the_same_answer() -> None:
    """Run the benchmark once, on few tokens, to check the benchmark itself."""
    reason = unusable()
    if reason:
        pytest.skip(reason)
    assert len(list(timings(200_000, 1e12))) >= 6


if __name__ == "__main__":
    main()
