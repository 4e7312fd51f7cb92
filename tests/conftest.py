import os

import pytest
from hypothesis import settings

from collapse_stats.backends import Backend, select

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


@pytest.fixture(params=["native", "numpy"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Every backend in turn. One that is missing fails, unless the install is meant to be pure."""
    if request.param == "native" and os.environ.get("COLLAPSE_STATS_PURE"):
        pytest.skip("COLLAPSE_STATS_PURE is set: there is no compiled module to test")
    return select(request.param)
