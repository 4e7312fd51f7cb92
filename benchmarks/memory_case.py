"""Make one call under a memory budget in this process, and print its peak memory as JSON.

python benchmarks/memory_case.py '["merged", 320000000, ["p", "q"], "sum", 32767, 5]'

python benchmarks/memory_case.py command show corpus.bin --memory 200MB

The first form makes a call of the library, the second runs a command, and prints the JSON on
stderr. The argument lists what to do, the budget in bytes, the inputs, the path to write a profile
to, the vocabulary size and the longest n-gram. The peak is the one that the operating system
reports (VmHWM). `base` is the peak after the same call on almost nothing: Python and its libraries.
"""

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.backends.selection import select
from collapse_stats.corpus.load import read_corpus
from collapse_stats.ngrams.spectrum import Spectrum
from collapse_stats.profiles.build import profile_corpus
from collapse_stats.profiles.merge import merge
from collapse_stats.readers.options import ReadOptions

ROW = 1000  # tokens of each document that a counter gets
_BATCH = 64 * ROW
_ALMOST_NOTHING = np.arange(2 * ROW, dtype=np.uint16)


def digest(spectra: Iterable[Spectrum]) -> str:
    """Hash the spectra, in their order."""
    hashed = sha256()
    for spectrum in spectra:
        hashed.update(spectrum.count.tobytes() + spectrum.types.tobytes())
    return hashed.hexdigest()


def _profile(path: str, memory: int, vocab_size: int, max_order: int, table: bool) -> cs.Profile:
    return cs.profile(
        path, dtype="u16", vocab_size=vocab_size, max_order=max_order, table=table, memory=memory
    )


def _written(path: str, memory: int, vocab_size: int, max_order: int, to: Path) -> cs.Profile:
    """Do what `profile -o` does."""
    reading = ReadOptions(dtype="u16", vocab_size=vocab_size)
    counting = CountOptions(max_order=max_order, memory=memory)
    corpus = read_corpus(path, reading=reading, counting=counting, share=2)
    return profile_corpus(corpus, counting=counting, save_to=to)


def _counted(path: str, memory: int, vocab_size: int, max_order: int) -> cs.Profile:
    """Count batch after batch, as a training loop does."""
    counter = cs.NgramCounter(vocab_size, max_order, halves=True, memory=memory)
    with Path(path).open("rb") as file:
        while len(batch := np.fromfile(file, np.uint16, _BATCH)):
            counter.update(batch.reshape(-1, ROW))
    return counter.profile()


def call(
    what: str, memory: int, inputs: list[str], to: Path, vocab_size: int, max_order: int
) -> Iterator[Spectrum]:
    """Make the call and yield its spectra: of a comparison, those of each side and of both."""
    if what == "compared":
        comparison = cs.compare(*inputs, memory=memory)
        for n in range(1, max_order + 1):
            joint = comparison.joint_spectrum(n)
            yield from (joint.first, joint.second, joint.total)
        return
    if what == "merged":
        profile = merge([cs.load(path) for path in inputs], select(), memory, save_to=to)
    elif what == "written":
        profile = _written(inputs[0], memory, vocab_size, max_order, to)
    elif what == "counted":
        profile = _counted(inputs[0], memory, vocab_size, max_order)
    else:
        profile = _profile(inputs[0], memory, vocab_size, max_order, table=False)
    for n in range(1, max_order + 1):
        yield profile.spectrum(n)


def peak() -> int:
    """Peak memory of this process in bytes.

    `ru_maxrss` would not do: a process inherits it from the one that started it.
    """
    line = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert line is not None
    return 1024 * int(line[1])


def warm_up(what: str, inputs: list[str], to: Path, vocab_size: int, max_order: int) -> None:
    """Make the same call on almost nothing, so that all code is loaded."""
    tokens: npt.NDArray[np.uint16] = _ALMOST_NOTHING % vocab_size
    small = to.with_name(f"{to.name}-small.bin")
    tokens.tofile(small)
    few = [str(small)]
    if what in ("merged", "compared"):
        few = [str(to.with_name(f"{to.name}-small{number}")) for number in range(len(inputs))]
        for path in few:
            _written(str(small), 10**9, vocab_size, max_order, Path(path))
    list(call(what, 10**9, few, to.with_name(f"{to.name}-warm"), vocab_size, max_order))


def run_command(arguments: list[str]) -> None:
    """Run a command of the package, and print its measurements on stderr when it has ended."""
    from collapse_stats.cli import main

    sys.argv = ["collapse-stats", *arguments]
    begin, cpu, code = time.perf_counter(), time.process_time(), 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    measured = {"seconds": seconds, "cpu": cpu, "peak": peak(), "code": code}
    print(json.dumps(measured), file=sys.stderr)


if __name__ == "__main__" and sys.argv[1] == "command":
    run_command(sys.argv[2:])
elif __name__ == "__main__":
    what, memory, inputs, to, vocab_size, max_order = json.loads(sys.argv[1])
    warm_up(what, inputs, Path(to), vocab_size, max_order)
    base, begin, cpu = peak(), time.perf_counter(), time.process_time()
    spectra = list(call(what, memory, inputs, Path(to), vocab_size, max_order))
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    bounds = {"base": base, "peak": peak()}
    print(json.dumps({"seconds": seconds, "cpu": cpu, "digest": digest(spectra), **bounds}))
