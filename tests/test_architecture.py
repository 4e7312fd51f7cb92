"""The rules of docs/architecture.md that a machine can check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "collapse_stats"

# A file imports only names to its left. A folder counts as one name.
ORDER = """
version errors gpu placement keys chunk groups memory spill spectrum run metrics backends
tokenizers readers sample intervals opposite matching verdict table frequent parts unfinished
corpus parallel ingest counting profile storage profiling waiting counter validity comparison
compare monitor demo bench report integrations cli __main__
""".split()

CORE_SUFFIXES = (".cpp", ".hpp", ".inc", ".cu", ".cuh")

# Imported inside a function, to break the cycle: a profile saves itself, and adds itself to others.
LATE = {("profile", "storage"), ("profile", "profiling")}


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def sources() -> list[Path]:
    found = [path for path in PACKAGE.rglob("*.py") if module_of(path) not in ("__init__", "data")]
    assert len(found) > 20
    return found


def imported(tree: ast.AST, path: Path) -> set[str]:
    """Modules of the package that a file imports, by their name at the package's top."""
    depth = len(path.relative_to(PACKAGE).parts)
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names |= {node.module.split(".")[0]} if node.module else {a.name for a in node.names}
    return names & {*ORDER}


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_what_comes_before_it(path):
    own = module_of(path)
    assert own in ORDER, f"{own} has no place in the order of docs/architecture.md"
    for name in imported(ast.parse(path.read_text()), path) - {own}:
        assert ORDER.index(name) < ORDER.index(own) or (own, name) in LATE, f"{own} -> {name}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_modules_are_imported_where_they_are_used(path):
    if module_of(path) == "integrations":
        return  # each file is there for its framework, and is imported by who uses that
    tree = ast.parse(path.read_text())
    forbidden = {
        "torch",
        "transformers",
        "lightning",
        "torchmetrics",
        "ray",
        "cupy",
        "pyarrow",
        "tiktoken",
        "tokenizers",
    }
    top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    for node in top:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
        level = 0 if isinstance(node, ast.Import) else node.level
        roots = {name.split(".")[0] for name in names if name and not level}
        assert not roots & forbidden, f"{path.name} imports {roots & forbidden} at its top"


def test_only_backends_import_the_extension():
    for path in sources():
        if module_of(path) != "backends":
            assert not imported_names(path) & {"_native", "_cuda"}, path


def imported_names(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names} | set((node.module or "").split("."))
    return found


def test_only_the_command_prints():
    for path in sources():
        if module_of(path) not in ("cli", "__main__"):
            calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
            printed = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]
            assert not printed, path


CORE = sorted(p for p in (ROOT / "csrc").rglob("*") if p.suffix in CORE_SUFFIXES)


@pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(ROOT / "csrc")))
def test_the_core_knows_no_python_and_no_floats(path):
    code = re.sub(r"//.*", "", path.read_text())
    assert not re.search(r"#include\s*[<\"](pybind11|Python\.h)", code)
    assert not re.search(r"\b(float|double)\b", code)
    assert not re.search(r"\b(printf|std::cout|std::cerr|abort|exit)\b", code)
    folder = path.relative_to(ROOT / "csrc").parts[0]
    other = {"cpu": "cuda", "cuda": "cpu"}.get(folder)
    assert other is None or not re.search(rf"#include\s*[<\"]{other}/", code)
    if path.suffix not in (".cu", ".cuh") and path.name != "bits.hpp":
        assert not re.search(r"#include\s*<(cuda|cub|thrust)", code)


def compiled_for_gpus() -> list[Path]:
    """What nvcc reads of the core: the kernels' files, and what these include."""
    csrc = ROOT / "csrc"
    left = [p for p in CORE if p.is_relative_to(csrc / "cuda") and p.suffix != ".cpp"]
    left = [p for p in left if not p.is_relative_to(csrc / "cuda" / "emulated")]
    found: set[Path] = set()
    while left:
        path = left.pop()
        found.add(path)
        for name in re.findall(r'#include\s*"([^"]+)"', path.read_text()):
            gpu = csrc / "cuda" / "gpu", csrc / "cuda" / "shipped"
            places = [folder / name for folder in (path.parent, *gpu, csrc)]
            there = [place for place in places if place.exists()]
            assert there, f"{path} includes {name}, which is not in csrc"
            left += {*there[:1]} - found
    return sorted(found)


def test_what_is_compiled_for_gpus_is_found():
    names = {str(path.relative_to(ROOT / "csrc")) for path in compiled_for_gpus()}
    assert {"bits.hpp", "key.hpp", "cuda/gpu/device.cuh", "cuda/rows.cu"} <= names
    assert not {"cuda/emulated/device.cuh", "scanner.cpp"} & names


# As nvcc compiles these for a GPU, some give constants and no warning. A hint has no result.
HOST_BITS = re.compile(
    r"#include\s*<bit>|std::(popcount|count[lr]_\w+|bit_width|bit_ceil|bit_floor|has_single_bit)"
    r"|__builtin_(?!prefetch\b)\w+"
)


@pytest.mark.parametrize("path", compiled_for_gpus(), ids=lambda p: str(p.relative_to(ROOT)))
def test_bits_are_counted_by_functions_that_are_right_on_gpus(path):
    if path == ROOT / "csrc" / "bits.hpp":
        return
    found = HOST_BITS.search(re.sub(r"//.*", "", path.read_text()))
    assert not found, f"{path.name} uses {found[0]}: take or add a function of bits.hpp instead"


def test_import_loads_no_heavy_module():
    code = (
        "import sys, collapse_stats; "
        "heavy = {'pyarrow', 'tiktoken', 'cupy', 'torch', 'rich', 'click', 'scipy'}; "
        "print(*(heavy & {*sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""


def test_no_file_is_longer_than_it_should_be():
    for path in [*sources(), *CORE, *(ROOT / "src").rglob("*.[ch]pp")]:
        assert len(path.read_text().splitlines()) <= 400, path
