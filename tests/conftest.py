import os

import pytest
from emulation import emulated_backend
from hypothesis import settings

from collapse_stats.backends.base import Backend
from collapse_stats.backends.selection import select
from collapse_stats.errors import BackendError

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


BACKENDS = [
    "native",
    "numpy",
    "cuda-emulated",
    pytest.param("cuda", marks=pytest.mark.gpu),
]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Every backend in turn. One that is missing fails, unless the install is meant to be pure.

    `cuda-emulated` is the cuda backend on a GPU that the CPU plays. The real one is skipped where
    it cannot be used, unless COLLAPSE_STATS_REQUIRE_GPU is set.
    """
    if request.param != "numpy" and os.environ.get("COLLAPSE_STATS_PURE"):
        pytest.skip("COLLAPSE_STATS_PURE is set: there is no compiled module to test")
    if request.param == "cuda":
        return gpu_backend()
    if request.param == "cuda-emulated":
        return emulated_backend()
    return select(request.param)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What frameworks warn of among themselves is no failure of ours."""
    for item in items:
        if "integrations" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("default"))


def gpu_backend() -> Backend:
    """The cuda backend on a real GPU; skips where there is none."""
    try:
        return select("cuda")
    except BackendError as reason:
        if os.environ.get("COLLAPSE_STATS_REQUIRE_GPU"):
            raise
        pytest.skip(str(reason))
