"""Read the resources and instructions of the kernels from a module's machine code."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

RESERVED = 1024  # bytes of shared memory for the system, counted as static from sm_90 on
TOOLS_MISSING = (
    "cuobjdump, nvdisasm and c++filt are needed, and some are missing: install the CUDA toolkit "
    "or '.[cuda-check]', and binutils"
)


class ToolsMissingError(Exception):
    """The tools that read machine code are not installed."""


@dataclass
class Ptx:
    """A kernel's PTX, which is not yet compiled for an architecture."""

    threads: int = 0  # per block, if declared
    resident: int = 1  # blocks that must fit on a multiprocessor at once
    instructions: set[str] = field(default_factory=set)


@dataclass
class Code:
    """A kernel's machine code for one architecture."""

    kernel: str  # name of the struct or function
    signature: str  # the name with template arguments
    architecture: int
    registers: int = 0
    stack: int = 0  # bytes per thread
    static: int = 0  # bytes of static shared memory
    dynamic: int | None = None  # bytes of dynamic shared memory, if the kernel's name contains it
    spilled: int = 0  # bytes stored to local memory
    instructions: Counter[str] = field(default_factory=Counter)
    ptx: Ptx | None = None  # if the module contains it


def read_module(path: Path) -> list[Code]:
    """Return the project's kernels in a module, without those of CUB."""
    usage = dict(read_usage(_lines(path, "--dump-resource-usage")))
    declared = dict(read_ptx(_lines(path, "--dump-ptx")))
    codes = []
    for (architecture, symbol), instructions in read_instructions(_lines(path, "--dump-sass")):
        if "collapse_stats" not in symbol:
            continue
        codes.append(Code(symbol, symbol, architecture, instructions=Counter(instructions)))
        code = codes[-1]
        code.registers, code.stack, code.static = usage[architecture, symbol]
        code.spilled = sum(stored(name) * n for name, n in instructions.items())
        code.ptx = declared.get(symbol)
    for code, demangled in zip(codes, _demangle(code.kernel for code in codes), strict=True):
        code.kernel, code.signature, code.dynamic = read_name(demangled)
    return sorted(codes, key=lambda code: (code.kernel, code.architecture, code.signature))


def read_usage(lines: Iterable[str]) -> Iterator[tuple[tuple[int, str], tuple[int, int, int]]]:
    """Yield registers, stack and static shared memory by architecture and symbol."""
    architecture, symbol = 0, ""
    for line in lines:
        if match := re.match(r"arch = sm_(\d+)", line):
            architecture = int(match[1])
        elif match := re.match(r"\s*Function (\S+):", line):
            symbol = match[1]
        elif match := re.match(r"\s*REG:(\d+) STACK:(\d+) SHARED:(\d+)", line):
            registers, stack, shared = map(int, match.groups())
            if architecture >= 90 and shared >= RESERVED:
                shared -= RESERVED
            yield (architecture, symbol), (registers, stack, shared)


def read_ptx(lines: Iterable[str]) -> Iterator[tuple[str, Ptx]]:
    """Yield the declarations and PTX instructions of kernels by symbol."""
    symbol, ptx = "", Ptx()
    for line in lines:
        if match := re.search(r"\.entry (\w+)", line):
            symbol, ptx = match[1], Ptx()
        elif match := re.match(r"\.maxntid (\d+)", line):
            ptx.threads = int(match[1])
        elif match := re.match(r"\.minnctapersm (\d+)", line):
            ptx.resident = int(match[1])
        elif match := re.match(r"\s*(?:@!?%p\d+ )?([a-z]\w*)[.;\s]", line):
            ptx.instructions.add(match[1])
        elif line.startswith("}") and symbol:
            yield symbol, ptx
            symbol = ""


def read_instructions(lines: Iterable[str]) -> Iterator[tuple[tuple[int, str], dict[str, int]]]:
    """Yield the number of each machine instruction by architecture and symbol."""
    key, counted = (0, ""), Counter[str]()
    instruction = re.compile(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?\w+ +)?([A-Z][A-Z0-9]*(?:\.\w+)*)")
    for line in lines:
        if match := instruction.match(line):
            counted[match[1]] += 1
        elif match := re.match(r"\s+Function : (\S+)", line):
            if key[1]:
                yield key, counted
            key, counted = (key[0], match[1]), Counter()
        elif match := re.match(r"\s*code for sm_(\d+)", line):
            if key[1]:
                yield key, counted
            key, counted = (int(match[1]), ""), Counter()
    if key[1]:
        yield key, counted


def stored(instruction: str) -> int:
    """Bytes that an instruction stores to local memory."""
    name, *options = instruction.split(".")
    sizes = {"U8": 1, "S8": 1, "U16": 2, "S16": 2, "64": 8, "128": 16}
    return next((sizes[o] for o in options if o in sizes), 4) if name == "STL" else 0


def read_name(demangled: str) -> tuple[str, str, int | None]:
    """Return a kernel's name, its name with template arguments, and its dynamic shared memory.

    All kernels are instances of one function template, whose arguments are the kernel's struct and,
    for some, the bytes of dynamic shared memory.
    """
    short = re.sub(r"\(anonymous namespace\)::|\b\w+::", "", demangled).removeprefix("void ")
    short = short[: short.rindex("(")] if short.endswith(")") else short
    dynamic: int | None = None
    if (match := re.fullmatch(r"run_block<(.*?)(?:, (\d+)ul)?>", short)) is not None:
        short, dynamic = match[1].strip(), int(match[2]) if match[2] else None
    return re.split(r"[<(]", short, maxsplit=1)[0], short, dynamic


def find_tool(name: str) -> str | None:
    """Find a program on the PATH, next to nvcc, or in an installed package."""
    if (program := shutil.which(name)) is not None:
        return program
    folders = [folder for entry in sys.path for folder in Path(entry).glob("nvidia/*/bin")]
    if (nvcc := shutil.which("nvcc")) is not None:
        folders.append(Path(nvcc).resolve().parent)
    return next((str(folder / name) for folder in folders if (folder / name).is_file()), None)


def _lines(path: Path, option: str) -> Iterator[str]:
    program, nvdisasm = find_tool("cuobjdump"), find_tool("nvdisasm")
    if program is None or nvdisasm is None:
        raise ToolsMissingError(TOOLS_MISSING)
    folders = f"{Path(nvdisasm).parent}:/usr/bin:/bin"
    command = [program, option, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PATH": folders}) as run:
        assert run.stdout is not None
        yield from run.stdout
    if run.returncode:
        raise SystemExit(f"{' '.join(command)} failed with exit code {run.returncode}")


def _demangle(symbols: Iterable[str]) -> list[str]:
    program = shutil.which("c++filt")
    if program is None:
        raise ToolsMissingError(TOOLS_MISSING)
    text = "\n".join(symbols)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
