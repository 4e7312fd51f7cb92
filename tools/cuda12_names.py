"""Whether the kernels compile with CUDA 12, whose nvcc no package registry has.

    make cuda12-names

What there is of it: the headers (the runtime's, CUB, libcu++) and ptxas. Clang compiles every file
that nvcc would compile, host side and device side, with those headers, and that ptxas assembles
what comes out, for sm_90. So every name that is used of CUDA is there with the signature it is used
with, and the PTX of what is used of CUB is taken. It does not show what CUDA 12's own nvcc makes
of the kernels: its front end is another.
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
RELEASES = ("12.4", "12.9")  # the oldest that is supported, and the last
PACKAGES = ("nvidia-cuda-runtime-cu12", "nvidia-cuda-cccl-cu12", "nvidia-cuda-nvcc-cu12")
CLANGS = ("clang++-19", "clang++", "clang++-18", "clang++-17")  # 17: the first with this C++
MISSING = "#include <cub/device/device_scan.cuh>\nusing Missing = cub::NoSuchThing;\n"


def main() -> int:
    """Fetch what is missing, compile, say what does not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--releases", nargs="+", default=RELEASES)
    parser.add_argument("--folder", type=Path, default=ROOT / "build")
    given = parser.parse_args()
    clang = next((name for name in CLANGS if shutil.which(name)), None)
    if clang is None:
        sys.exit(f"cuda12-names needs one of {', '.join(CLANGS)} on the PATH: install clang")
    files = sorted([*CSRC.glob("cuda/*.cu"), *CSRC.glob("cuda/gpu/*.cu")])
    failed = 0
    for release in given.releases:
        begin = time.perf_counter()
        toolkit = fetch(release, given.folder / f"cuda-{release}")
        check_that_it_would_fail(clang, toolkit)
        sides = [(file, side) for file in files for side in ("host", "device")]
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(compiled, clang, toolkit, *one) for one in sides]
            errors = [run.result() for run in runs]
        for (file, side), error in zip(sides, errors, strict=True):
            if error:
                print(f"CUDA {release}, {side} side of {file.relative_to(CSRC)}:\n{error}")
        failed += sum(map(bool, errors))
        seconds = time.perf_counter() - begin
        works = len(sides) - sum(map(bool, errors))
        print(f"CUDA {release}: {works} of {len(sides)} compile with {clang}, {seconds:.0f} s")
    return int(failed > 0)


def fetch(release: str, folder: Path) -> Path:
    """A folder with the headers and ptxas of a release, as a toolkit lays them out."""
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
    (folder / "include" / "curand_mtgp32_kernel.h").touch()  # read by Clang, used by nothing
    done.touch()
    return folder


def members(names: list[str]) -> Iterator[tuple[str, str]]:
    """What of a wheel is needed, and where it lies in a toolkit."""
    for name in names:
        _, _, place = name.partition("/")[2].partition("/")  # nvidia/<package>/<place>
        if place.startswith(("include/", "bin/", "nvvm/libdevice/")) and not place.endswith("/"):
            yield name, place


def compiled(clang: str, toolkit: Path, file: Path, side: str) -> str:
    """The errors and warnings of compiling one side of a file; nothing if there are none."""
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
    """A name that no release has must be refused, or the others prove nothing."""
    file = toolkit / "missing.cu"
    file.write_text(MISSING)
    for side in ("host", "device"):
        if "NoSuchThing" not in compiled(clang, toolkit, file, side):
            sys.exit(f"{clang} does not refuse a name that is not there: this check shows nothing")


if __name__ == "__main__":
    raise SystemExit(main())
