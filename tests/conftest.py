import os
import re
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collapse_stats.backends.base import Backend

BUILD = "pip install --config-settings=cmake.define.COLLAPSE_STATS_EMULATED_CUDA=ON '.[test]'"
BACKENDS = [
    "native",
    "numpy",
    "cuda-emulated",
    pytest.param("cuda", marks=pytest.mark.gpu),
]


def pytest_configure(config: pytest.Config) -> None:
    """Say at once, in one sentence, what the tests cannot do without."""
    folders = [Path(argument) for argument in config.args if Path(argument).is_dir()]
    plays_a_gpu = any(folder.name != "integrations" for folder in folders)
    missing = what_is_missing(plays_a_gpu)
    if missing:
        raise pytest.UsageError(missing)
    os.environ.pop("COLUMNS", None)  # which workers set: pages are as wide as in a pipe
    from hypothesis import settings

    # Machines are shared: how long an example takes says nothing about the code. All runs draw the
    # same examples, so that a change fails for what it did. `make soak` draws others, and more.
    settings.register_profile("project", deadline=None, derandomize=True)
    settings.register_profile("soak", deadline=None, max_examples=2000, print_blob=True)
    settings.load_profile(os.environ.get("COLLAPSE_STATS_EXAMPLES", "project"))


def what_is_missing(plays_a_gpu: bool) -> str | None:
    """What the tests need and is not installed, with the command that installs it."""
    if find_spec("collapse_stats") is None:
        return f"collapse-stats is not installed: {BUILD}, or make test"
    absent = [name for name in requirements() if not is_installed(name)]
    if absent:
        return f"the tests also need {', '.join(absent)}: {BUILD}, or make test"
    if os.environ.get("COLLAPSE_STATS_PURE"):
        return None
    if find_spec("collapse_stats._native") is None:
        return (
            "collapse-stats was installed without its compiled modules: reinstall with a C++20 "
            f"compiler ({BUILD}, or make test), or set COLLAPSE_STATS_PURE=1 to test NumPy alone"
        )
    none_wanted = os.environ.get("COLLAPSE_STATS_GPU") == "none"
    if plays_a_gpu and not none_wanted and find_spec("collapse_stats._cuda_emulated") is None:
        return (
            "collapse-stats was installed without the modules that play a GPU for the tests: "
            f"{BUILD}, or make test; or set COLLAPSE_STATS_GPU=none to leave those tests out"
        )
    return None


def requirements() -> list[str]:
    """Names of the distributions in the extra `test`; hypothesis where nothing is known of it."""
    try:
        lines = metadata.requires("collapse-stats") or []
    except metadata.PackageNotFoundError:  # the source tree is on PYTHONPATH
        return ["hypothesis"]
    pattern = re.compile(r"([\w.-]+).*extra == ['\"]test['\"]")
    return [match[1] for match in map(pattern.match, lines) if match]


def is_installed(name: str) -> bool:
    """Whether a distribution is installed."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> "Backend":
    """Every backend in turn. One that is missing fails, unless the install is meant to be pure.

    `cuda-emulated` is the cuda backend on a GPU that the CPU plays. The real one is skipped where
    it cannot be used, unless COLLAPSE_STATS_REQUIRE_GPU is set.
    """
    if request.param != "numpy" and os.environ.get("COLLAPSE_STATS_PURE"):
        pytest.skip("COLLAPSE_STATS_PURE is set: there is no compiled module to test")
    if request.param == "cuda":
        return gpu_backend()
    if request.param == "cuda-emulated":
        from emulation import emulated_backend

        return emulated_backend()
    from collapse_stats.backends.selection import select

    return select(request.param)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What frameworks warn of among themselves is no failure of ours."""
    for item in items:
        if "integrations" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("default"))


def gpu_backend() -> "Backend":
    """The cuda backend on a real GPU; skips where there is none."""
    from collapse_stats.backends.selection import select
    from collapse_stats.errors import BackendError

    try:
        return select("cuda")
    except BackendError as reason:
        if os.environ.get("COLLAPSE_STATS_REQUIRE_GPU"):
            raise
        pytest.skip(str(reason))
