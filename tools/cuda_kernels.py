"""Check the kernels' machine code: bit-counting instructions, registers and comments.

    python tools/cuda_kernels.py build/cuda-site/collapse_stats/_cuda*.so

prints a table. `--check` fails, with a line for each problem, where a kernel

* counts bits but lacks the instructions for it (see `bits.hpp`, and `COUNTED` below);
* has static shared memory, all of which should be in the kernel's `Shared`;
* needs more registers than are available to the blocks that must fit on a multiprocessor;
* has a comment that differs from the build (`--write` corrects it).
"""

import argparse
import itertools
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import cuda_comments
from cuda_code import Code, Ptx, ToolsMissingError, read_module

HERE = "COUNTED of tools/cuda_kernels.py"
KERNELS = Path(__file__).resolve().parents[1] / "csrc" / "cuda"
REGISTERS = 1 << 16  # per multiprocessor, on every architecture from sm_75 on

# What each kernel counts, for all types it is compiled for: set bits, or the zeros above the
# highest or below the lowest set bit. Every kernel must be listed.
ONES, ABOVE, BELOW = "set bits", "zeros above", "zeros below"
COUNTED: dict[str, tuple[str, ...]] = {
    "CountBins": (BELOW,),
    "CountBuckets": (),
    "CountCells": (BELOW,),
    "FindLabels": (ONES,),
    "FindMerged": (ONES,),
    "FindRows": (ONES,),
    "ListCells": (),
    "MakeRecords": (ONES, BELOW),
    "PlanesOfSpans": (),
    "ScatterRecords": (),
    "ScatterWindows": (BELOW,),
    "TallyBuckets": (),
    "TallyCells": (),
    "TallyGroups": (ABOVE, BELOW),
    "TallyTokens": (),
    "WriteMerged": (ONES,),
    "WriteRows": (ONES, BELOW),
    "do_nothing": (),
}

# PTX has one of the first for each kind, used for nothing else. Machine code has all of the second,
# but possibly only for atomic operations. From sm_100 on, zeros below are counted as the set bits
# that subtracting 1 flips.
IN_PTX = {ONES: {"popc"}, ABOVE: {"bfind", "clz"}, BELOW: {"brev", "popc"}}
IN_MACHINE_CODE = {ONES: {"POPC"}, ABOVE: {"FLO"}, BELOW: {"BREV", "FLO"}}
FROM_SM_100 = {**IN_MACHINE_CODE, BELOW: {"POPC"}}


def main() -> int:
    """Read the modules, and print, check or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", type=Path, nargs="+", help="compiled by nvcc")
    parser.add_argument("--check", action="store_true", help="fail if there is a problem")
    parser.add_argument("--write", action="store_true", help="rewrite the kernels' comments")
    options = parser.parse_args()
    try:
        kernels = by_kernel([code for path in options.modules for code in read_module(path)])
    except ToolsMissingError as missing:
        print(f"kernels: not read: {missing}")
        return int(options.write or os.environ.get("CI", "") not in ("", "false"))
    if options.write:
        if compiler() != cuda_comments.COMPILER:
            raise SystemExit(
                f"comments are written with nvcc {cuda_comments.COMPILER}, and this is "
                f"{compiler()}: take that one, or set COMPILER in tools/cuda_comments.py"
            )
        for path in cuda_comments.write(kernels, KERNELS):
            print(f"written: {path.relative_to(KERNELS)}")
    elif options.check:
        return check(kernels)
    else:
        print("\n".join(table(kernels)))
    return 0


def check(kernels: dict[str, list[Code]]) -> int:
    """Print all problems; return 1 if there are any, else 0."""
    problems = [*bits_not_counted(kernels), *resources_exceeded(kernels)]
    if compiler() == cuda_comments.COMPILER:
        problems += cuda_comments.differences(kernels, KERNELS)
    else:
        print(f"kernels: comments are for nvcc {cuda_comments.COMPILER} and were not compared")
    print("\n".join(problems) or f"kernels: no problems in {len(kernels)}")
    return int(bool(problems))


def by_kernel(codes: list[Code]) -> dict[str, list[Code]]:
    """Group machine code by kernel."""
    kernels: dict[str, list[Code]] = {}
    for code in codes:
        kernels.setdefault(code.kernel, []).append(code)
    if not kernels:
        raise SystemExit("no kernel of the project was found: was the module compiled by nvcc?")
    return kernels


def bits_not_counted(kernels: dict[str, list[Code]]) -> Iterator[str]:
    """Yield a message for each kernel that lacks instructions to count bits, or is not listed."""
    for kernel in sorted(kernels.keys() - COUNTED.keys()):
        yield f"{kernel}: is not in {HERE}: list there which bits it counts, or ()"
    for kernel in sorted(COUNTED.keys() - kernels.keys()):
        yield f"{kernel}: is in {HERE}, but not in the module: remove it there"
    for kernel in sorted(kernels.keys() & COUNTED.keys()):
        messages = (text for code in kernels[kernel] for text in not_counted(code, COUNTED[kernel]))
        yield from itertools.islice(messages, 1)


def not_counted(code: Code, kinds: Iterable[str]) -> Iterator[str]:
    """Yield a message for each kind of bits that a kernel lacks the instructions to count."""
    machine = FROM_SM_100 if code.architecture >= 100 else IN_MACHINE_CODE
    present = {name.split(".")[0].removeprefix("U") for name in code.instructions}
    for kind in kinds:
        lacking = sorted(machine[kind] - present)
        if code.ptx is not None and not IN_PTX[kind] & code.ptx.instructions:
            lacking.append(f"{' or '.join(sorted(IN_PTX[kind]))} in its PTX")
        if lacking:
            yield (
                f"{name_of(code)}: counts {kind}, but has no {' and no '.join(lacking)}: use the "
                f"functions of bits.hpp, or correct {HERE}"
            )


def resources_exceeded(kernels: dict[str, list[Code]]) -> Iterator[str]:
    """Yield a message for each kernel with static shared memory or with too many registers."""
    for codes in kernels.values():
        yield from itertools.islice(filter(None, map(static_memory, codes)), 1)
        yield from itertools.islice(filter(None, map(too_many_registers, codes)), 1)


def static_memory(code: Code) -> str | None:
    """Message about static shared memory, if there is any."""
    if code.static == 0:
        return None
    return (
        f"{name_of(code)}: {code.static:,} B of static shared memory, which is not allowed: "
        "move __shared__ variables into the kernel's Shared"
    )


def too_many_registers(code: Code) -> str | None:
    """Message about too many registers, if there are."""
    if code.ptx is None:
        return (
            f"{name_of(code)}: its number of threads is unknown: build the module with PTX as well"
        )
    threads, resident = code.ptx.threads, code.ptx.resident
    registers = -(-code.registers // 8) * 8  # allocated in units of eight
    most = REGISTERS // (resident * max(-(-threads // 32), 1) * 32)
    if registers <= most:
        return None
    return (
        f"{name_of(code)}: {code.registers} registers, but {resident} blocks of {threads} threads "
        f"leave {most} per thread: lower `resident` or the number of threads"
    )


def name_of(code: Code) -> str:
    """Name of a kernel and its architecture, for messages."""
    return f"{code.signature} on sm_{code.architecture}"


def table(kernels: dict[str, list[Code]]) -> Iterator[str]:
    """Yield the lines of a table, one for each kernel and architecture."""
    head = "types threads blocks registers spilled stack static".split()
    yield f"{'kernel':<16}{'sm':>4}" + "".join(f"{n:>10}" for n in head) + f"{'dynamic':>15}  bits"
    for kernel, all_codes in sorted(kernels.items()):
        for architecture in sorted({code.architecture for code in all_codes}):
            codes = [code for code in all_codes if code.architecture == architecture]
            declared = [code.ptx or Ptx() for code in codes]
            cells = [
                str(len(codes)),
                span([ptx.threads for ptx in declared]),
                span([ptx.resident for ptx in declared]),
                span([code.registers for code in codes]),
                span([code.spilled for code in codes]),
                span([code.stack for code in codes]),
                span([code.static for code in codes]),
                span([code.dynamic or 0 for code in codes]) if codes[0].dynamic else "?",
            ]
            names = {name.split(".")[0] for code in codes for name in code.instructions}
            row = "".join(f"{cell:>10}" for cell in cells[:-1])
            bits = " ".join(sorted(names & {"BREV", "FLO", "POPC"}))
            yield f"{kernel:<16}{architecture:>4}{row}{cells[-1]:>15}  {bits}"


def span(numbers: list[int]) -> str:
    """Smallest and largest number."""
    return f"{min(numbers)}" + (f"-{max(numbers)}" if max(numbers) != min(numbers) else "")


def compiler() -> str:
    """Release of the nvcc on the PATH."""
    try:
        version = subprocess.run(["nvcc", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "missing"
    match = re.search(r"release (\S+),", version.stdout)
    return match[1] if match else "unknown"


if __name__ == "__main__":
    raise SystemExit(main())
