"""What the compiler made of the kernels: read from a module's machine code."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

RESERVED = 1024  # bytes of shared memory that the system has: counted as static from sm_90 on
NOT_HERE = (
    "cuobjdump, nvdisasm and c++filt are needed, and are not all here: install the CUDA toolkit's "
    "or '.[cuda-check]', and binutils"
)


class ToolsMissingError(Exception):
    """What reads machine code is not here."""


@dataclass
class Ptx:
    """A kernel as it is before it is compiled for one architecture."""

    threads: int = 0  # of a block, if declared
    resident: int = 1  # blocks that must fit a processor at once
    instructions: set[str] = field(default_factory=set)


@dataclass
class Code:
    """A kernel's machine code for one architecture."""

    kernel: str  # name of the struct, or of the function
    signature: str  # with its template arguments
    architecture: int
    registers: int = 0
    stack: int = 0  # bytes of a thread
    static: int = 0  # bytes of shared memory beside what the launch asks for
    dynamic: int | None = None  # what the launch asks for, where the kernel's name says it
    spilled: int = 0  # bytes stored to a thread's own memory
    instructions: Counter[str] = field(default_factory=Counter)
    ptx: Ptx | None = None  # where the module has it, for any architecture


def read_module(path: Path) -> list[Code]:
    """The project's kernels in a module; not those of CUB."""
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
    """Registers, stack and static shared memory, by architecture and symbol."""
    architecture, symbol = 0, ""
    for line in lines:
        if found := re.match(r"arch = sm_(\d+)", line):
            architecture = int(found[1])
        elif found := re.match(r"\s*Function (\S+):", line):
            symbol = found[1]
        elif found := re.match(r"\s*REG:(\d+) STACK:(\d+) SHARED:(\d+)", line):
            registers, stack, shared = map(int, found.groups())
            if architecture >= 90 and shared >= RESERVED:
                shared -= RESERVED
            yield (architecture, symbol), (registers, stack, shared)


def read_ptx(lines: Iterable[str]) -> Iterator[tuple[str, Ptx]]:
    """What kernels are declared with, and the instructions before ptxas, by symbol."""
    symbol, ptx = "", Ptx()
    for line in lines:
        if found := re.search(r"\.entry (\w+)", line):
            symbol, ptx = found[1], Ptx()
        elif found := re.match(r"\.maxntid (\d+)", line):
            ptx.threads = int(found[1])
        elif found := re.match(r"\.minnctapersm (\d+)", line):
            ptx.resident = int(found[1])
        elif found := re.match(r"\s*(?:@!?%p\d+ )?([a-z]\w*)[.;\s]", line):
            ptx.instructions.add(found[1])
        elif line.startswith("}") and symbol:
            yield symbol, ptx
            symbol = ""


def read_instructions(lines: Iterable[str]) -> Iterator[tuple[tuple[int, str], dict[str, int]]]:
    """How often each instruction is there, by architecture and symbol."""
    key, counted = (0, ""), Counter[str]()
    instruction = re.compile(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?\w+ +)?([A-Z][A-Z0-9]*(?:\.\w+)*)")
    for line in lines:
        if found := instruction.match(line):
            counted[found[1]] += 1
        elif found := re.match(r"\s+Function : (\S+)", line):
            if key[1]:
                yield key, counted
            key, counted = (key[0], found[1]), Counter()
        elif found := re.match(r"\s*code for sm_(\d+)", line):
            if key[1]:
                yield key, counted
            key, counted = (int(found[1]), ""), Counter()
    if key[1]:
        yield key, counted


def stored(instruction: str) -> int:
    """Bytes that an instruction stores to a thread's own memory."""
    name, *options = instruction.split(".")
    sizes = {"U8": 1, "S8": 1, "U16": 2, "S16": 2, "64": 8, "128": 16}
    return next((sizes[o] for o in options if o in sizes), 4) if name == "STL" else 0


def read_name(demangled: str) -> tuple[str, str, int | None]:
    """A kernel's name, the same with template arguments, and its dynamic shared memory.

    The function is one for all kernels, with the kernel as its argument, and maybe bytes.
    """
    short = re.sub(r"\(anonymous namespace\)::|\b\w+::", "", demangled).removeprefix("void ")
    short = short[: short.rindex("(")] if short.endswith(")") else short
    dynamic: int | None = None
    if (found := re.fullmatch(r"run_block<(.*?)(?:, (\d+)ul)?>", short)) is not None:
        short, dynamic = found[1].strip(), int(found[2]) if found[2] else None
    return re.split(r"[<(]", short, maxsplit=1)[0], short, dynamic


def find_tool(name: str) -> str | None:
    """On the PATH, beside nvcc, or where packages put it."""
    if (found := shutil.which(name)) is not None:
        return found
    folders = [folder for entry in sys.path for folder in Path(entry).glob("nvidia/*/bin")]
    if (nvcc := shutil.which("nvcc")) is not None:
        folders.append(Path(nvcc).resolve().parent)
    return next((str(folder / name) for folder in folders if (folder / name).is_file()), None)


def _lines(path: Path, option: str) -> Iterator[str]:
    program, nvdisasm = find_tool("cuobjdump"), find_tool("nvdisasm")
    if program is None or nvdisasm is None:
        raise ToolsMissingError(NOT_HERE)
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
        raise ToolsMissingError(NOT_HERE)
    text = "\n".join(symbols)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
