"""Check that the kernels compile with CUDA 12, whose nvcc is not available as a package.

    make cuda12-names

Its headers (of the runtime, CUB and libcu++) and ptxas are available. Clang compiles the host and
the device side of every file that nvcc would compile, with these headers, and ptxas assembles the
result for sm_90. This checks that all CUDA names exist with the signatures they are used with, and
that ptxas accepts the PTX. It does not check how CUDA 12's own nvcc, which has a different front
end, compiles the kernels.
"""

import argparse
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CSRC = ROOT / "csrc"
RELEASES = ("12.4", "12.9")  # the oldest supported release and the latest
PACKAGES = ("nvidia-cuda-runtime-cu12", "nvidia-cuda-cccl-cu12", "nvidia-cuda-nvcc-cu12")
# Clang 17 is the first that supports the C++ of the kernels.
CLANGS = ("clang++-19", "clang++", "clang++-18", "clang++-17")
MISSING = "#include <cub/device/device_scan.cuh>\nusing Missing = cub::NoSuchThing;\n"


def main() -> int:
    """Download missing files, compile everything, and print what fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--releases", nargs="+", default=RELEASES)
    parser.add_argument("--folder", type=Path, default=ROOT / "build")
    options = parser.parse_args()
    clang = next((name for name in CLANGS if shutil.which(name)), None)
    if clang is None:
        sys.exit(f"cuda12-names needs one of {', '.join(CLANGS)} on the PATH: install clang")
    files = sorted([*CSRC.glob("cuda/*.cu"), *CSRC.glob("cuda/gpu/*.cu")])
    failed = 0
    for release in options.releases:
        begin = time.perf_counter()
        toolkit = fetch(release, options.folder / f"cuda-{release}")
        check_that_it_would_fail(clang, toolkit)
        sides = [(file, side) for file in files for side in ("host", "device")]
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(compiled, clang, toolkit, *side) for side in sides]
            errors = [future.result() for future in futures]
        for (file, side), error in zip(sides, errors, strict=True):
            if error:
                print(f"CUDA {release}, {side} side of {file.relative_to(CSRC)}:\n{error}")
        failed += sum(map(bool, errors))
        seconds = time.perf_counter() - begin
        works = len(sides) - sum(map(bool, errors))
        print(f"CUDA {release}: {works} of {len(sides)} compile with {clang}, {seconds:.0f} s")
    return int(failed > 0)


def fetch(release: str, folder: Path) -> Path:
    """Return a folder with the headers and ptxas of a release, laid out like a toolkit."""
    done = folder / "complete"
    if done.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / "wheels"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels)]
    subprocess.run([*pip, *(f"{name}=={release}.*" for name in PACKAGES)], check=True)
    for wheel in wheels.iterdir():
        with zipfile.ZipFile(wheel) as archive:
            for name, place in members(archive.namelist()):
                target = folder / place
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
    (folder / "bin" / "ptxas").chmod(0o755)
    (
        folder / "include" / "curand_mtgp32_kernel.h"
    ).touch()  # Clang includes it, and nothing uses it
    done.touch()
    return folder


def members(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the needed files of a wheel and their places in a toolkit."""
    for name in names:
        _, _, place = name.partition("/")[2].partition("/")  # nvidia/<package>/<place>
        if place.startswith(("include/", "bin/", "nvvm/libdevice/")) and not place.endswith("/"):
            yield name, place


def compiled(clang: str, toolkit: Path, file: Path, side: str) -> str:
    """Compile one side of a file; return errors and warnings, or an empty string."""
    options = ["-x", "cuda", "-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror"]
    options += ["-Wno-unknown-cuda-version", f"--cuda-path={toolkit}", "--cuda-gpu-arch=sm_90"]
    options += ['-DCOLLAPSE_CUDA_ARCHITECTURES="90"']
    for folder in ("cuda/gpu", "cuda/shipped", "."):
        options += ["-I", str(CSRC / folder)]
    options += ["-c", "-o", "/dev/null"] if side == "device" else ["-fsyntax-only"]
    command = [clang, *options, f"--cuda-{side}-only", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stderr or (f"exit code {done.returncode}" if done.returncode else "")


def check_that_it_would_fail(clang: str, toolkit: Path) -> None:
    """Exit if an unknown name compiles, because then the check proves nothing."""
    file = toolkit / "missing.cu"
    file.write_text(MISSING)
    for side in ("host", "device"):
        if "NoSuchThing" not in compiled(clang, toolkit, file, side):
            sys.exit(f"{clang} accepts a name that does not exist, so this check proves nothing")


if __name__ == "__main__":
    raise SystemExit(main())
