"""Check the cuda backend on a machine with a GPU: build, tests, sanitizers and speed.

    make gpu-check

needs no network, but the build tools and the packages that the tests import, and it first reports
which are missing. Each part is recorded in ``benchmarks/results/gpu-<name>.json``, even if earlier
parts failed; the exit code is 1 if any part failed. Time limits keep the whole check below ten
minutes.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build" / "gpu-site"
RESULTS = ROOT / "benchmarks" / "results"
TESTS = [  # other tests may need packages that are not installed
    "tests/backends/test_backends.py",
    "tests/cuda/test_cuda_skew.py",
    "tests/cuda/test_cuda_gpu.py",
    "tests/cuda/test_cuda_gpu_process.py",
]
SANITIZED = "tests/cuda/test_cuda_gpu.py::test_small_run"
BUILT_WITH = ("cmake", "nvcc", "pybind11", "scikit_build_core")
RUN_WITH = ("click", "cupy", "hypothesis", "numpy", "pyarrow", "pytest", "rich", "tiktoken")
Part = dict[str, Any]


def main() -> int:
    """Run and record all parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=500_000_000, help="of the benchmark")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    needed = (*BUILT_WITH, *RUN_WITH)
    missing = [name for name in needed if shutil.which(name) is None and find_spec(name) is None]
    if missing:
        sys.exit(f"gpu-check needs {', '.join(missing)}: install what is missing first")
    record: dict[str, Any] = {"date": datetime.now(UTC).isoformat(timespec="seconds"), **machine()}
    name = re.sub(r"[^A-Za-z0-9]+", "-", record["gpu"]["name"]).strip("-").lower()
    path = options.output / f"gpu-{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    timings = path.with_suffix(".timings.json")
    timings.unlink(missing_ok=True)
    parts: list[tuple[str, Callable[[], Part]]] = [
        ("build", build),
        ("tests", lambda: run([*PYTEST, "-m", "gpu", *TESTS], 150)),
        ("memcheck", lambda: sanitize("memcheck")),
        ("racecheck", lambda: sanitize("racecheck")),
        ("benchmark", lambda: benchmark(options.tokens, timings)),
    ]
    record["parts"] = {}
    for part, call in parts:
        print(f"== {part}", flush=True)
        record["parts"][part] = call()
        if timings.exists():
            record |= json.loads(timings.read_text())
        path.write_text(json.dumps(record, indent=1) + "\n")
    timings.unlink(missing_ok=True)
    print_table(record)
    print(f"written: {path}")
    return int(any(part["state"] == "failed" for part in record["parts"].values()))


def machine() -> dict[str, Any]:
    """Describe the GPU, its driver and clocks (from nvidia-smi), and the compiler."""
    fields = "name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,clocks.sm,clocks.mem"
    query = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"]
    rows = output(query).splitlines()
    if not rows:
        sys.exit("gpu-check needs an NVIDIA GPU, and nvidia-smi shows none: see `make cuda`")
    gpu = dict(zip(fields.split(","), (cell.strip() for cell in rows[0].split(",")), strict=True))
    version = re.search(r"release (\S+),", output(["nvcc", "--version"]))
    commit = output(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]).strip()
    return {
        "gpu": gpu,
        "nvcc": version.group(1) if version else "missing",
        "python": sys.version.split()[0],
        "cpus": len(os.sched_getaffinity(0)),
        "commit": commit,
    }


def build() -> Part:
    """Build for this GPU and install into a separate folder."""
    shutil.rmtree(SITE, ignore_errors=True)
    settings = ["COLLAPSE_STATS_EMULATED_CUDA=ON", "COLLAPSE_CUDA=ON"]
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps"]
    defines = [f"--config-settings=cmake.define.{setting}" for setting in settings]
    folder = "--config-settings=build-dir=build/gpu"
    return run([*install, "--target", str(SITE), *defines, folder, str(ROOT)], 180)


PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "default"]


def sanitize(tool: str) -> Part:
    """Run a small test under compute-sanitizer."""
    program = shutil.which("compute-sanitizer")
    if program is None:
        return {"state": "skipped", "why": "compute-sanitizer is not on the PATH"}
    options = ["--tool", tool, "--error-exitcode", "9"]
    part = run([program, *options, *PYTEST, SANITIZED], 60)
    if "Device not supported" in part["tail"]:
        return {"state": "skipped", "why": "compute-sanitizer does not support this device"}
    return part


def benchmark(tokens: int, timings: Path) -> Part:
    """Benchmark the backend against alternatives."""
    script = str(ROOT / "benchmarks" / "bench_cuda.py")
    return run([sys.executable, script, "--tokens", str(tokens), "--output", str(timings)], 150)


def run(command: list[str], seconds: float) -> Part:
    """Run a command; return its state, wall time and last output."""
    environment = {
        **os.environ,
        "COLLAPSE_STATS_REQUIRE_GPU": "1",
        "PYTHONPATH": os.pathsep.join([str(SITE), os.environ.get("PYTHONPATH", "")]).rstrip(":"),
    }
    begin = time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds
        )
        state, text = ("failed" if done.returncode else "passed"), done.stdout + done.stderr
    except subprocess.TimeoutExpired as error:
        state = "failed"
        text = f"{(error.stdout or b'').decode(errors='replace')}\nstopped after {seconds} s"
    print(text[-4000:], flush=True)
    return {
        "state": state,
        "seconds": round(time.perf_counter() - begin, 1),
        "tail": text[-2000:],
    }


def output(command: list[str]) -> str:
    """Output of a command, or an empty string if it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def print_table(record: dict[str, Any]) -> None:
    """Print the parts and the timings, at most 80 columns wide."""
    print(
        f"\n{record['gpu']['name']}, driver {record['gpu']['driver_version']}, {record['commit']}"
    )
    for name, part in record["parts"].items():
        print(f"{name:<12}{part['state']:<9}{part.get('why', part.get('seconds'))}")
    bandwidth = record.get("copy_bytes_per_second")
    if bandwidth:
        print(f"device copy: {bandwidth / 1e12:.2f} TB/s read and written\n")
        print(f"{'what':<40}{'orders':>7}{'ms':>10}{'M tok/s':>11}{'x floor':>10}")
        for row in record["timings"]:
            speed = row["tokens"] / row["seconds"] / 1e6
            floor = f"{row['times_floor']:.1f}" if row.get("times_floor") else ""
            line = f"{row['what'][:39]:<40}{row['orders']:>7}{1e3 * row['seconds']:>10.2f}"
            print(f"{line}{speed:>11.0f}{floor:>10}")
        for why in record["skipped"]:
            print(f"skipped: {why}"[:80])


if __name__ == "__main__":
    raise SystemExit(main())
