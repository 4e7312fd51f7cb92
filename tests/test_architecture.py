"""The rules of docs/architecture.md that a machine can check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "collapse_stats"

# A folder (or a file at the package's top) imports only those to its left.
ORDER = """
version errors system ngrams tokenizers metrics backends readers corpus counting uncertainty
profiles ngram_model verdict comparisons selection simulation monitor report charts page
integrations cli __main__
""".split()

CORE_SUFFIXES = (".cpp", ".hpp", ".inc", ".cu", ".cuh")

# `cs.backends()` is a public name, and so it hides the folder: `import collapse_stats.backends as
# m` gives the function, `from collapse_stats.backends import select` works.
HIDDEN = {"collapse_stats.backends"}

MOST_LINES, MOST_STATEMENTS, MOST_FILES, MOST_ENTRIES = 400, 60, 20, 25


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Dotted name of a module, without that of the package: ``ngrams.layout``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(name: str) -> str:
    """The folder of a module, or the module itself, at the package's top."""
    return name.split(".")[0]


MODULES = {name_of(path): path for path in sources()}


def imported(name: str) -> set[str]:
    """Modules of the package that a module imports, wherever in it that is said."""
    path = MODULES[name]
    folder = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    folder = [part for part in folder if part]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = folder[: len(folder) - node.level + 1] + (node.module or "").split(".")
        parent = ".".join(filter(None, base))
        for alias in node.names:
            inner = ".".join(filter(None, [parent, alias.name]))
            found.add(inner if inner in MODULES else parent)
    return found & {*MODULES} - {name, ""}


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_a_folder_imports_only_what_stands_to_its_left(name):
    own = room_of(name)
    assert own in {*ORDER, "data"}, f"{own} has no place in the order of docs/architecture.md"
    for other in map(room_of, imported(name)):
        assert other == own or ORDER.index(other) < ORDER.index(own), f"{own} imports {other}"


def test_the_order_is_that_of_the_document():
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert " ".join(name for name in ORDER if name != "__main__") in " ".join(text.split())


def test_no_modules_import_each_other_in_a_circle():
    left = {name: imported(name) for name in MODULES}
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}
    assert not left, f"in circles, or behind one: {sorted(left)}"


def test_no_module_is_hidden_by_a_name_of_its_folder():
    code = f"""
import collapse_stats, importlib, sys
for name in {sorted(name for name in MODULES if name and not name.startswith("integrations."))}:
    importlib.import_module("collapse_stats." + name)
for name, module in list(sys.modules.items()):
    folder, _, leaf = name.rpartition(".")
    if folder.startswith("collapse_stats") and getattr(sys.modules[folder], leaf) is not module:
        print(name)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert {*result.stdout.split()} == HIDDEN


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_modules_are_imported_where_they_are_used(path):
    if room_of(name_of(path)) == "integrations":
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
        "matplotlib",
    }
    top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    for node in top:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
        level = 0 if isinstance(node, ast.Import) else node.level
        roots = {name.split(".")[0] for name in names if name and not level}
        assert not roots & forbidden, f"{path.name} imports {roots & forbidden} at its top"


def test_only_backends_import_the_extension():
    for path in sources():
        if room_of(name_of(path)) != "backends":
            assert not imported_names(path) & {"_native", "_cuda"}, path


def imported_names(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names} | set((node.module or "").split("."))
    return found


def test_only_the_command_prints():
    for path in sources():
        if room_of(name_of(path)) not in ("cli", "__main__"):
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
        "heavy = {'pyarrow', 'tiktoken', 'cupy', 'torch', 'rich', 'click', 'scipy', 'matplotlib'}; "
        "print(*(heavy & {*sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""


def test_no_file_is_longer_than_it_should_be():
    for path in [*sources(), *CORE, *(ROOT / "src").rglob("*.[ch]pp")]:
        assert len(path.read_text().splitlines()) <= MOST_LINES, path


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_function_is_longer_than_it_should_be(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):  # its list of arguments aside
            length = node.end_lineno - node.body[0].lineno + 1
            assert length <= MOST_STATEMENTS, f"{path.name}: {node.name} has {length} lines"


def test_no_folder_has_more_files_than_can_be_seen_at_once():
    for folder in {path.parent for path in sources()}:
        assert len([*folder.glob("*.py")]) <= MOST_FILES, folder
    entries = {path.name for path in PACKAGE.iterdir()} - {"__init__.py", "__main__.py"}
    seen = {name for name in entries if not name.endswith((".so", ".pyi")) and name[:2] != "__"}
    assert len(seen) <= MOST_ENTRIES, sorted(seen)
