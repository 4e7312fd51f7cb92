"""Run the code of documentation pages, and compare what it prints with what the pages show.

    python tools/docs_site/run_blocks.py docs/metrics.md ...          # say what differs
    python tools/docs_site/run_blocks.py --update docs/metrics.md     # write what was printed

The word behind a fence says what becomes of the block:

``python``   is run; an ``output`` block right after it is what it prints
``console``  lines that begin with ``$`` are run, and print the lines below them
``sh``       is run, whatever it prints
others       are shown, and not run

``...`` in an output stands for anything. ``<!-- not run: REASON -->`` above a block says why it is
not run here. The blocks of a page are run in order, in a directory with the example files. Where
these are of another text than the pages show (another version of Python), nothing is compared.
"""

import argparse
import contextlib
import difflib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from example_files import is_text_of_pages, names_for_python, write_files
from markdown_it import MarkdownIt

RUN = ("python", "console", "sh")
WIDTH = 80  # columns of the terminal
SPEED = re.compile(r"[\d.]+ s, [\d.]+ M tokens/s")
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


@dataclass(frozen=True)
class Block:
    """A block of code of a page.

    Attributes
    ----------
    kind
        The word behind the fence; empty where there is none.
    lines
        Of the page, those between the fences: the first and the one past the last, from 0 on.
    not_run
        Why it is not run, or None.
    """

    kind: str
    content: str
    lines: tuple[int, int]
    not_run: str | None


@dataclass
class Printed:
    """What a block printed: its content as it should be, and which parts of it differ."""

    content: str = ""
    differences: list[str] = field(default_factory=list)


def blocks_of(text: str) -> Iterator[Block]:
    """Yield the blocks of code of a page in Markdown, in order."""
    reason = None
    for token in MarkdownIt().parse(text):
        if token.type in ("fence", "code_block"):
            assert token.map is not None
            fenced = token.type == "fence"
            lines = (token.map[0] + fenced, token.map[1] - fenced)
            yield Block(token.info.strip(), token.content, lines, reason)
        found = NOT_RUN.fullmatch(token.content.strip())
        reason = found[1] if found else None


def run_page(text: str, folder: Path) -> tuple[str, list[str]]:
    """Run the blocks of a page in a folder.

    Returns
    -------
    The page with what was printed where that differs, and a description of each difference. An
    output with ``...`` that does not fit is described, and left as it is.

    Raises
    ------
    AssertionError
        A command failed, or the page has a block of which nobody said what it is.
    """
    lines = text.splitlines(keepends=True)
    names = names_for_python()
    said = ""
    differences = []
    printed = []
    for block in blocks_of(text):
        result = Printed(block.content)
        if block.not_run is None and block.kind == "python":
            said = run_python(block, folder, names)
        elif block.not_run is None and block.kind == "output":
            result.content = compared(block.content, said, result.differences)
        elif block.not_run is None and block.kind in RUN:
            result = run_commands(block, folder)
        differences += [f"line {block.lines[0] + 1}: {each}" for each in result.differences]
        printed.append((block.lines, result.content))
    for (first, last), content in reversed(printed):
        lines[first:last] = [content]
    return "".join(lines), differences


def run_python(block: Block, folder: Path, names: dict[str, Any]) -> str:
    """Run Python code with the names that blocks before it have made; return what it prints."""
    place = f"block at line {block.lines[0] + 1}"
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as stdout:
        exec(compile(block.content, place, "exec"), names)
    return stdout.getvalue()


def run_commands(block: Block, folder: Path) -> Printed:
    """Run the commands of a block, and compare what each prints with the lines below it."""
    result = Printed()
    if block.kind == "sh":
        run_command(block.content, folder)
        return Printed(block.content)
    for command, expected in commands_of(block.content):
        typed = "\n".join(command)
        script = re.sub(r"^\$ ", "", typed)
        printed = run_command(script, folder)
        result.content += f"{typed}\n{compared(expected, printed, result.differences, typed)}"
    return result


def commands_of(content: str) -> Iterator[tuple[list[str], str]]:
    """Yield each command of a console, as its lines, and what stands below it."""
    for part in re.split(r"^(?=\$ )", content, flags=re.MULTILINE):
        lines = part.splitlines(keepends=True)
        if lines:
            size = 1 + next(i for i, line in enumerate(lines) if not line.endswith("\\\n"))
            yield [line.rstrip("\n") for line in lines[:size]], "".join(lines[size:])


def run_command(script: str, folder: Path) -> str:
    """Run a script of the shell; return its output and its errors, as a terminal shows them."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "COLUMNS": str(WIDTH), "LC_ALL": "C.UTF-8"}
    result = subprocess.run(
        ["bash", "-ec", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    status = "echo $?" not in script and result.returncode
    assert not status, f"{script}\nended with {result.returncode}:\n{result.stdout}"
    return SPEED.sub("...", result.stdout)


def compared(expected: str, printed: str, differences: list[str], of: str = "output") -> str:
    """What a block should show; adds a difference where that is not what it shows."""
    printed = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    if fits(expected, printed) or not is_text_of_pages():
        return expected
    if not expected:  # of a new example
        return printed
    lines = expected.splitlines(), printed.splitlines()
    differences.append("\n".join([of, *difflib.unified_diff(*lines, "page", "run", lineterm="")]))
    return expected if "..." in expected else printed


def fits(expected: str, printed: str) -> bool:
    """Whether an output is as expected, where ``...`` is anything, or nothing."""
    parts = re.split(r"[ \n]?\.\.\.", expected.rstrip("\n"))
    pattern = ".*?".join(map(re.escape, parts))
    return re.fullmatch(pattern, printed.rstrip("\n"), re.DOTALL) is not None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--update", action="store_true", help="write what was printed")
    parser.add_argument("pages", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder, "files"))
        for number, page in enumerate(options.pages):
            own = shutil.copytree(Path(folder, "files"), Path(folder, str(number)))
            text, differences = run_page(page.read_text("utf-8"), own)
            for difference in differences:
                print(f"{page}, {difference}")
            found += len(differences)
            if options.update:
                page.write_text(text, "utf-8")
    return 1 if found and not options.update else 0


if __name__ == "__main__":
    sys.exit(main())
