"""Check or write the last line of each kernel's comment, which states its resources.

`make cuda-comments` writes the line from a build, over all types that a kernel is compiled for:

    /// sm_90: 26 to 32 registers, up to 8 B spilled, 2,048 B of shared memory.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cuda_code import Code

ARCHITECTURE = 90
COMPILER = "13.0"  # comments are for this release of nvcc; others assign other registers


@dataclass
class Comment:
    """The lines of the comment above a kernel, `begin` included and `end` excluded."""

    path: Path
    begin: int
    end: int
    lines: list[str]


def sources(folder: Path) -> list[Path]:
    """Return the files that contain kernels."""
    paths = [path for path in folder.rglob("*") if path.suffix in (".cu", ".cuh", ".hpp")]
    return sorted(path for path in paths if "emulated" not in path.parts)


def sentence(codes: Iterable[Code]) -> str:
    """Return the sentence that must end a kernel's comment."""
    codes = [code for code in codes if code.architecture == ARCHITECTURE]
    registers = _span([code.registers for code in codes])
    spilled = [code.spilled for code in codes]
    parts = [f"{registers} registers", "nothing spilled"]
    if any(spilled):
        parts[1] = f"{'' if min(spilled) == max(spilled) else 'up to '}{max(spilled):,} B spilled"
    shared = [code.static + code.dynamic for code in codes if code.dynamic is not None]
    if shared and len(shared) == len(codes):  # an empty struct has one byte
        parts.append(
            f"{_span(shared)} B of shared memory" if max(shared) > 1 else "no shared memory"
        )
    return f"sm_{ARCHITECTURE}: {', '.join(parts)}."


def find_comment(kernel: str, paths: Iterable[Path]) -> Comment | None:
    """Find the comment above a kernel's struct; None if there is no such struct."""
    struct = re.compile(rf"\s*struct (alignas\(\w+\) )?{kernel}\b[^;]*$")
    for path in paths:
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if struct.match(line):
                end = _first(lines, number, r"\s*(template|requires|class |typename |unsigned )")
                begin = _first(lines, end, r"\s*///")
                return Comment(path, begin, end, lines[begin:end])
    return None


def _first(lines: list[str], end: int, pattern: str) -> int:
    """Index of the first of the consecutive lines before `end` that match a pattern."""
    while end > 0 and re.match(pattern, lines[end - 1]):
        end -= 1
    return end


def rewritten(comment: Comment, wanted: str) -> list[str]:
    """The comment with what it says of an architecture, to its end, replaced."""
    kept: list[str] = []
    for line in comment.lines:
        match = re.search(r"\bsm_\d+:", line)
        before = line[: match.start()] if match else line
        if not match or before.strip() != "///":
            kept.append(before.rstrip())
        if match:
            break
    return [*kept, f"{_indent(comment)}/// {wanted}"]


def differences(kernels: dict[str, list[Code]], folder: Path) -> Iterator[str]:
    """Yield a message for each kernel whose comment differs from the build."""
    for kernel, comment, wanted in _compared(kernels, folder):
        if comment is None:
            yield f"{kernel}: no `struct {kernel}` was found in {folder.name}"
        elif not comment.lines or comment.lines[-1].strip() != f"/// {wanted}":
            ending = comment.lines[-1].strip() if comment.lines else "nothing"
            yield (
                f"{comment.path.name}: {kernel}: the comment must end with `/// {wanted}`, "
                f"and ends with `{ending}`: run `make cuda-comments`"
            )


def write(kernels: dict[str, list[Code]], folder: Path) -> list[Path]:
    """Rewrite the comments that differ from the build; return the changed files."""
    changed = set()
    for kernel, comment, wanted in _compared(kernels, folder):
        if comment is None:
            raise SystemExit(f"{kernel}: no `struct {kernel}` was found in {folder}")
        lines = comment.path.read_text().splitlines()
        new = rewritten(comment, wanted)
        if new != comment.lines:
            lines[comment.begin : comment.end] = new
            comment.path.write_text("\n".join(lines) + "\n")
            changed.add(comment.path)
    return sorted(changed)


def _compared(
    kernels: dict[str, list[Code]], folder: Path
) -> Iterator[tuple[str, Comment | None, str]]:
    paths = sources(folder)
    text = "".join(path.read_text() for path in paths)
    for kernel, codes in kernels.items():
        if any(code.architecture == ARCHITECTURE for code in codes):
            if re.search(rf"__global__ void {kernel}\(", text):
                continue  # a plain function, without a struct
            yield kernel, find_comment(kernel, paths), sentence(codes)


def _span(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _indent(comment: Comment) -> str:
    first = comment.lines[0] if comment.lines else ""
    return first[: len(first) - len(first.lstrip())]
