"""The extension with arguments that no code of the package passes: an exception, never a crash."""

import os
import random
import threading
from typing import Any

import numpy as np
import pytest
from hostile_values import arrays, numbers, others
from watched import Watched

from collapse_stats import _native

SOAK = os.environ.get("COLLAPSE_STATS_EXAMPLES") == "soak"
CALLS = 20_000 if SOAK else 400


def calls(seed: int, number: int) -> int:
    """Call everything with drawn arguments; return how many calls succeeded."""
    draw, done = random.Random(seed), 0
    for _ in range(number):
        try:
            one_call(draw)
            done += 1
        except Exception:  # any will do
            continue
    return done


def one_call(draw: random.Random) -> None:
    whole = lambda: draw.choice([1, 2, 3, 5, 10, 100])  # noqa: E731
    number = lambda: whole() if draw.random() < 0.8 else draw.choice(numbers())  # noqa: E731
    vocab_size, order, labels, threads = number(), number(), number(), number()
    tables = [table(draw) for _ in range(draw.randrange(4))]
    masks = [(draw.randrange(9), draw.randrange(9)) for _ in range(draw.randrange(3))]
    kind = draw.randrange(7)
    if kind == 0:
        ranges = sorted(draw.choice([0, 1, 4, 16, 1024, 5000]) for _ in range(2))
        counter = _native.Counter(vocab_size, order, labels, threads, *ranges, number())
        for _ in range(3):
            use(counter, draw, masks)
    elif kind == 1:
        parts = [draw.choice([0, 1, 2, 4, 2**31]) for _ in range(draw.randrange(4))]
        scan = _native.JointScan(vocab_size, order, parts, masks, threads)
        scan.add(tables)
        scan.spectra()
        scan.add(tables)
        scan.spectra()
    elif kind == 2:
        _native.merge(vocab_size, order, labels, tables, threads)
    elif kind == 3:
        _native.unpack(vocab_size, order, array(draw))
    elif kind == 4:
        first_bit = draw.choice([0, 1, 7, 2**63, 2**64 - 1, 2**64 - 8, -1])
        columns = [(array(draw), draw.choice([None, array(draw)]), first_bit)] * draw.randrange(4)
        _native.pack(vocab_size, order, columns, array(draw))
    elif kind == 5:
        name = draw.choice([b"", b"/", b"/dev/null", b"\0", __file__.encode(), "a", None])
        most, together = draw.choice(numbers()), draw.choice(numbers())
        heads = _native.HeadReader([name] * whole(), most, together, threads)
        while draw.random() < 0.8:
            heads.next()
    else:
        with open(os.devnull, "rb") as file:  # noqa: PTH123
            _native.MappedFile(draw.choice([file.fileno(), 10**6, -1]), draw.choice(numbers()))


def use(counter: Any, draw: random.Random, masks: list[tuple[int, int]]) -> None:
    kind = draw.randrange(5)
    if kind < 2:
        size = draw.randrange(50)
        ids = np.arange(size).astype(draw.choice(["u1", "u2", "i4", "i8", ">u2", "f4"]))
        bounds = [np.array([draw.choice([0, 1, size, size + 1, -1, 2**62])]) for _ in range(3)]
        if draw.random() < 0.3:
            bounds[draw.randrange(3)] = array(draw)
        tokens = ids if draw.random() < 0.8 else array(draw)
        counter.add(tokens, *bounds, np.array([draw.choice([0, 1, 9])], dtype=np.uint8))
    elif kind == 2:
        counter.table(*[draw.choice([0, 3, 1024, 2**32 - 1])] * draw.choice([0, 2]))
    elif kind == 3:
        counter.spectra(masks)
    else:
        counter.next_pass(masks, draw.choice([0, 1, 5]), draw.choice([2, 1024, 2**32 - 1]))


def array(draw: random.Random) -> Any:
    """An array of 64-bit words in any shape, or anything else."""
    if draw.random() < 0.2:
        return draw.choice([*arrays(), *others()])
    shape = draw.choice([(1, 20), (2, 20), (20,), (2, 0), (2**31, 0), (1, 1), (3, 7), ()])
    words = np.random.default_rng(draw.randrange(9)).integers(0, 2**63, shape, dtype=np.uint64)
    if words.ndim == 2 and draw.random() < 0.4:
        words = draw.choice([words[::-1], words[:, ::-1], words[:, ::2], words.T])
    if words.size and draw.random() < 0.6:
        words = np.sort(words >> np.uint64(draw.choice([0, 20, 40, 60])), axis=-1)
    return words


def table(draw: random.Random) -> tuple[Any, Any]:
    return array(draw), array(draw)


@pytest.mark.parametrize("seed", range(8))
def test_the_extension_refuses_what_it_cannot_use(seed: int) -> None:
    with Watched() as server:
        outcome = server.call(calls, seed, CALLS)
    assert not outcome.fault
    assert outcome.value > 0


def one_counter_in_many_threads(seconds: float) -> None:
    counter = _native.Counter(1000, 3, 1, 2, 0, 1024)
    stop = threading.Event()
    one = np.array([0])

    def work(seed: int) -> None:
        ids = np.random.default_rng(seed).integers(0, 1000, 20_000)
        size = np.array([len(ids)])
        while not stop.is_set():
            counter.add(ids, one, size, size, np.zeros(1, np.uint8))
            counter.table() if seed % 2 else counter.spectra([(1, 0)])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()


def test_threads_share_a_counter() -> None:
    with Watched() as server:
        assert not server.call(one_counter_in_many_threads, 20.0 if SOAK else 1.0).fault
