"""Lanes: consecutive compressed files, each lane read from front to back beside the others.

Unpacking takes longer than all else that is done to text, and only one thread at a time can unpack
a file. So several files are unpacked at a time, each in one lane.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from ..readers.base import Reader
from ..readers.splits import SplittableReader
from ..system.ordered_calls import Call

T = TypeVar("T")
Calls = Generator[Call[T], None, None]

LONGEST = 32 << 20  # bytes of a line or text; a longer one is only read without lanes
MEMORY = 512 << 20
"""Bytes that a lane may take: a window of 128 MiB, three forms of a line, and as much to spare."""
_SHARE = 4  # no file has more than a share of this of the bytes, or its lane would be left alone
_LANES = 8  # per thread, so that all threads have about as much to do
_LANE_BYTES = 4 << 20  # most packed bytes of a lane of several files


class Lanes(list[list[Reader]]):
    """Consecutive readers, divided into lanes."""


def divided(readers: Iterable[Reader], threads: int) -> Iterator[Lanes | Iterable[Reader]]:
    """Yield the readers in their order: those that are worth it in lanes, others as they are."""
    apart: list[Reader] = []
    for unpacks, group in groupby(readers, attrgetter("unpacks")):
        together = list(group)
        total = sum(reader.size for reader in together)
        if not unpacks or _SHARE * max(reader.size for reader in together) > total:
            apart += together
            continue
        if apart:
            yield apart
            apart = []
        most = min(_LANE_BYTES, total // (_LANES * threads))
        yield _lanes(together, most)
    if apart:
        yield apart


def _lanes(readers: Iterable[Reader], most: int) -> Lanes:
    """Lanes of files that have at most so many packed bytes together, or of one file."""
    lanes = Lanes()
    size = most
    for reader in readers:
        if isinstance(reader, SplittableReader):
            reader.longest = min(reader.longest, LONGEST)
        if size + reader.size > most:
            lanes.append([])
            size = 0
        lanes[-1].append(reader)
        size += reader.size
    return lanes


def side_by_side(
    lanes: Iterable[Calls[T]], threads: int, is_fatal: Callable[[T | None], bool]
) -> Generator[tuple[int, T | None], None, None]:
    """Yield the number of a lane and the result of its next call; None at its end.

    One call of each lane is made at a time, so that the results of a lane come in order. Those of
    different lanes come when they are ready. The first fatal result, in the order of lanes, is the
    last that is yielded, once all lanes before it have ended.

    When the generator is closed, running calls are waited for.
    """
    ahead = enumerate(lanes)
    running: dict[Future[T | None], tuple[int, Calls[T]]] = {}
    fatal: tuple[int, T | None] | None = None
    pool = ThreadPoolExecutor(threads, "collapse-stats")

    def go_on(number: int, calls: Calls[T]) -> None:
        running[pool.submit(partial(_next_of, calls))] = number, calls

    try:
        while True:
            while fatal is None and len(running) <= threads:
                following = next(ahead, None)
                if following is None:
                    break
                go_on(*following)
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number, calls = running.pop(future)
                result = future.result()
                if fatal is not None and number > fatal[0]:
                    calls.close()
                elif is_fatal(result):
                    calls.close()
                    fatal = number, result
                else:
                    if result is not None:
                        go_on(number, calls)
                    yield number, result
        if fatal is not None:
            yield fatal
    finally:
        pool.shutdown(cancel_futures=True)
        for _, calls in running.values():
            calls.close()


def _next_of(calls: Calls[T]) -> T | None:
    for _, call in calls:
        return call()
    return None
