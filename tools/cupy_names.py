"""Check that the oldest supported releases of CuPy have all names that are used.

    make cuda12-names

CuPy is imported without a GPU. The names are the attributes of `cupy` and `xp` in the source. Calls
are checked against a function's signature where CuPy has one. The members of CuPy's objects that
are used are listed in a table, because the source does not show which objects are CuPy's.
"""

import argparse
import ast
import inspect
import json
import operator
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODULES = {"cupy", "xp"}
USERS = [
    *sorted((ROOT / "python" / "collapse_stats").rglob("*.py")),
    ROOT / "benchmarks" / "bench_cuda.py",
]
OBJECTS = {
    "ndarray": "any argmax astype copy data dtype get max min ndim reshape shape size sum take",
    "cuda.Event": "done record synchronize",
    "cuda.MemoryPool": "free_bytes",
    "cuda.MemoryPointer": "ptr",
    "cuda.Stream": "__enter__ record synchronize wait_event",
    "cuda.Stream.null": "ptr",  # an attribute of instances only
}
TableUse = tuple[str, str, int, list[str]]  # name, place, positional arguments or -1, keywords


def main() -> int:
    """Install each release of CuPy into its own folder, and check it in a new process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build")
    parser.add_argument(
        "--ask", action="store_true", help="check the CuPy that can be imported here"
    )
    options = parser.parse_args()
    if options.ask:
        return ask()
    uses = list(found_uses())
    failed = 0
    for requirement in oldest_allowed():
        site = options.folder / re.sub(r"\W+", "-", requirement)
        if not (site / "cupy").is_dir():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site)]
            subprocess.run([*pip, requirement], check=True)
        program = [sys.executable, __file__, "--ask"]
        environment = {**os.environ, "PYTHONPATH": str(site)}
        text = json.dumps(uses)
        failed |= subprocess.run(program, env=environment, input=text, text=True).returncode
    return failed


def oldest_allowed() -> Iterator[str]:
    """Yield requirements such as `cupy-cuda12x==14.0.1`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, requirements in project["optional-dependencies"].items():
        if re.fullmatch(r"cuda\d+", name):
            for requirement in requirements:
                yield re.sub(r">=([\d.]+).*", r"==\1", requirement)


def found_uses() -> Iterator[TableUse]:
    """Yield the names of CuPy in the source with their places and arguments."""
    for path in USERS:
        tree = ast.parse(path.read_text())
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and id(node) not in inner:
                name = on_cupy(node)
                if name is not None:
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield name, place, *arguments(calls.get(id(node)))


def on_cupy(node: ast.expr) -> str | None:
    """The name in CuPy that an expression refers to, such as `cuda.Stream`, or None."""
    names: list[str] = []
    while isinstance(node, ast.Attribute) and node.attr not in MODULES:
        names.insert(0, "cuda" if node.attr == "_cuda" else node.attr)
        node = node.value
    root = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    on_module = root in MODULES or (root == "self" and names[:1] == ["cuda"] and len(names) > 1)
    return ".".join(names) if on_module and names else None


def arguments(call: ast.Call | None) -> tuple[int, list[str]]:
    """Number of positional arguments, -1 if unknown, and the names of keyword arguments."""
    if call is None or any(isinstance(argument, ast.Starred) for argument in call.args):
        return -1, []
    return len(call.args), [keyword.arg for keyword in call.keywords if keyword.arg]


def ask() -> int:
    """Check the uses on stdin against the installed CuPy; return 1 if one is wrong."""
    import cupy

    uses: list[TableUse] = json.load(sys.stdin)
    wrong, tried = 0, 0
    for name, place, positional, keywords in uses:
        try:
            tried += called(operator.attrgetter(name)(cupy), positional, keywords)
        except (AttributeError, TypeError) as error:
            print(f"CuPy {cupy.__version__}: {place}: cupy.{name}: {error}")
            wrong += 1
    for owner, members in OBJECTS.items():
        for member in members.split():
            if not hasattr(operator.attrgetter(owner)(cupy), member):
                print(f"CuPy {cupy.__version__}: cupy.{owner} has no {member}")
                wrong += 1
    release = cupy.cuda.runtime.runtimeGetVersion() // 1000
    names = len({name for name, *_ in uses}) + sum(len(m.split()) for m in OBJECTS.values())
    print(f"CuPy {cupy.__version__} for CUDA {release}: {names} names, {wrong} uses are wrong")
    return int(wrong > 0)


def called(function: Any, positional: int, keywords: list[str]) -> int:
    """Check a call against a signature; return 1 if there is one. Raises TypeError."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return 0
    if positional < 0:
        return 0
    signature.bind(*[None] * positional, **dict.fromkeys(keywords))
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
