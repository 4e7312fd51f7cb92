"""Kernels of the project with one error each, which tests must detect."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ptx_kernels import machine

ENTRY = re.compile(r"^(?:\.visible )?\.entry (\S+?)\(", re.MULTILINE)


@dataclass(frozen=True)
class Kernel:
    """A kernel's text, with the declarations of its file but no other kernels."""

    name: str
    file: str
    text: str


@dataclass(frozen=True)
class Mutant:
    """A kernel with one changed line."""

    kernel: Kernel
    kind: str
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        short = re.sub(r"collapse_stats::cuda::|\(anonymousnamespace\)::", "", self.kernel.name)
        return f"{short}:{self.line}: {self.kind}: {self.before} -> {self.after}"

    @property
    def text(self) -> str:
        return self._with(self.after)

    @property
    def trapped(self) -> str:
        """The kernel with a trap in place of the line, to find out whether the line is run."""
        return self._with("trap;")

    def _with(self, line: str) -> str:
        lines = self.kernel.text.split("\n")
        lines[self.line] = line
        return "\n".join(lines)


def kernels(folder: Path) -> Iterator[Kernel]:
    """Return the project's own kernels, without those of libraries."""
    for path in sorted(folder.glob("*.ptx")):
        text = path.read_text()
        places = list(ENTRY.finditer(text))
        declarations = text[: places[0].start()] if places else ""
        for place in places:
            if "run_block" in place[1]:
                body = text[place.start() : text.index("\n}\n", place.start()) + 3]
                yield Kernel(machine.kernel_name(place[1]), path.name, declarations + body)


def mutants(kernel: Kernel) -> Iterator[Mutant]:
    """Yield all mutants of a kernel."""
    lines = kernel.text.split("\n")
    for number, line in enumerate(lines):
        line = " ".join(line.split())
        for kind, after in _changes(line):
            if not (kind == "barrier" and _ends(lines[number + 1 :])):
                yield Mutant(kernel, kind, number, line, after)


def _ends(lines: list[str]) -> bool:
    """Return whether no access follows, so that a barrier has no effect."""
    following = (line.strip() for line in lines)
    return next((line for line in following if line and not line.startswith("//")), "") == "ret;"


def _changes(line: str) -> Iterator[tuple[str, str]]:
    if line == "bar.sync 0;":
        yield "barrier", ""
    if line.startswith("vote.sync.ballot"):
        yield "mask", re.sub(r"[^, ]+;$", "65535;", line)
    if found := re.search(r"(shfl\.sync\.\w+\.b32 [^;]*, )[^, ;]+;", line):
        yield "mask", line.replace(found[0], f"{found[1]}65535;")
    if found := re.match(r"(ld|st)(\.volatile)?\.shared\.(u|s|b)(32|64) ", line):
        yield (
            "width",
            line.replace(f".{found[3]}{found[4]} ", f".{found[3]}{int(found[4]) // 4} ", 1),
        )
    if found := re.match(r"(ld\.shared|st\.shared)\.v2\.(u\d+) (.*)", line):
        yield "vector", _narrowed(line)
    if found := re.match(r"atom\.shared\.add\.u32 (%r\d+), (\[.*\]), (\S+);", line):
        to, place, by = found.groups()
        yield (
            "atomic",
            f"ld.shared.u32 {to}, {place}; {{ .reg .u32 sum; add.u32 sum, {to}, {by}; "
            f"st.shared.u32 {place}, sum; }}",
        )
    if re.match(r"(ld|st|atom)\.(volatile\.)?shared\.(?!v)", line):
        bytes_ = 8 if re.search(r"64 ", line) else 2 if re.search(r"16 ", line) else 4
        yield (
            "offset",
            re.sub(
                r"\[([^\]+]+)(?:\+(-?\d+))?\]",
                lambda place: f"[{place[1]}+{int(place[2] or 0) + bytes_}]",
                line,
                count=1,
            ),
        )


def _narrowed(line: str) -> str:
    """Return a line that accesses one element of a vector instead of two."""
    first_element = re.sub(r"\{(\S+), \S+\}", r"\1", line)
    return first_element.replace(".v2", "", 1)


def sample(all_: list[Mutant], number: int, seed: int = 0) -> list[Mutant]:
    """Choose `number` mutants, as evenly from all kinds as possible."""
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in all_:
        by_kind.setdefault(mutant.kind, []).append(mutant)
    chooser = random.Random(seed)
    for of_kind in by_kind.values():
        chooser.shuffle(of_kind)
    chosen: list[Mutant] = []
    while len(chosen) < number and any(by_kind.values()):
        for of_kind in by_kind.values():
            if of_kind and len(chosen) < number:
                chosen.append(of_kind.pop())
    return chosen
