"""Install a wheel where there is no compiler, and run the demo and tests on what was installed.

    python tools/check_wheel.py dist/*.whl

Each wheel is installed into an empty environment of its Python, with nothing on the PATH but that
environment, from wheels alone, and past pip's cache, as on a fresh machine. Then `make
installed-check` runs there.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "collapse_stats/"
MODULES = {"_native", "_cuda"}


def check_contents(wheel: Path) -> None:
    """Exit with 1 unless a wheel has each file of the package, the modules, and the license."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", f"python/{PACKAGE}"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    expected = {name.removeprefix("python/") for name in listed.stdout.split("\0") if name}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    there = {name for name in names if name.startswith(PACKAGE)}
    compiled = {name for name in there if name.endswith(".so")}
    modules = {name.removeprefix(PACKAGE).split(".")[0] for name in compiled}
    problems = [f"missing: {name}" for name in sorted(expected - there)]
    problems += [f"not tracked by git: {name}" for name in sorted(there - compiled - expected)]
    if modules != MODULES:
        problems.append(f"compiled modules are {sorted(modules)}, expected {sorted(MODULES)}")
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in names):
        problems.append("missing: the license")
    if problems:
        raise SystemExit("\n".join([f"{wheel.name} is not the package:", *problems]))


def interpreter(wheel: Path) -> str:
    """The path of the Python that a wheel is for."""
    match = re.search(r"-cp3(\d+)-", wheel.name)
    if match is None:
        raise SystemExit(f"{wheel.name}: expected a wheel for one CPython")
    command = [ROOT / "tools" / "cpython.sh", match[1]]
    path = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    if not path:
        raise SystemExit(f"{wheel.name}: there is no CPython 3.{match[1]} here to check it with")
    return path


def check(wheel: Path) -> None:
    """Check one wheel, and print how long it took to install it."""
    check_contents(wheel)
    with tempfile.TemporaryDirectory() as folder:
        bin_ = Path(folder, "venv", "bin")
        subprocess.run([interpreter(wheel), "-m", "venv", bin_.parent], check=True)
        alone = {**os.environ, "PATH": str(bin_), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        alone.pop("PYTHONPATH", None)
        pip: list[str | Path] = [bin_ / "pip", "install", "--quiet", "--only-binary", ":all:"]
        begin = time.monotonic()
        subprocess.run([*pip, "--no-cache-dir", wheel], check=True, env=alone)
        seconds = time.monotonic() - begin
        size = wheel.stat().st_size / 1e6
        print(f"{wheel.name}: {size:.1f} MB, installed with what it needs in {seconds:.0f} s")
        subprocess.run([*pip, f"{wheel}[test]"], check=True, env=alone)
        alone["PATH"] += os.pathsep + os.environ["PATH"]  # what tests call: git, sh
        subprocess.run(["make", "installed-check", f"BIN={bin_}"], cwd=ROOT, check=True, env=alone)


if __name__ == "__main__":
    if not sys.argv[1:]:
        raise SystemExit("no wheel to check: name one, or run `make wheels`")
    for name in sys.argv[1:]:
        check(Path(name).resolve())
