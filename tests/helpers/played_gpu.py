"""The emulator of the GPU in these tests, chosen by COLLAPSE_STATS_GPU.

``emulated`` (unless said otherwise) runs the steps as C++; ``ptx`` runs what CUDA's compiler made
of them, with the sizes that are shipped; ``ptx-small`` the same with the emulation's small sizes.
PTX is read from the folders ``shipped`` and ``small`` of COLLAPSE_STATS_PTX, which `make ptx`
fills. With ``none``, tests that need an emulator are skipped, as for wheels, which have none.
"""

import importlib
import os
import weakref
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

MACHINE = os.environ.get("COLLAPSE_STATS_GPU", "emulated")
PTX = Path(os.environ.get("COLLAPSE_STATS_PTX", "build/ptx/sm_90"))
_MODULES = {"emulated": "_cuda_emulated", "ptx": "_cuda_ptx", "ptx-small": "_cuda_ptx_small"}

small_sizes = pytest.mark.skipif(
    MACHINE == "ptx", reason="assumes small tiles and buckets: run on the emulation and ptx-small"
)


def skip_without_played_gpu() -> None:
    """Skip a test, or a module of tests, where COLLAPSE_STATS_GPU is ``none``."""
    if MACHINE == "none":
        pytest.skip("COLLAPSE_STATS_GPU is none: nothing plays a GPU", allow_module_level=True)


@cache
def played_gpu() -> ModuleType:
    """Return the module that emulates the GPU, with its kernels."""
    skip_without_played_gpu()
    if MACHINE not in _MODULES:
        known = ", ".join([*_MODULES, "none"])
        raise ValueError(f"COLLAPSE_STATS_GPU must be one of {known}, got {MACHINE}")
    module = importlib.import_module(f"collapse_stats.{_MODULES[MACHINE]}")
    if MACHINE != "emulated":
        module.load(str(PTX / ("small" if MACHINE == "ptx-small" else "shipped")))
    return module


class WatchedSteps:
    """Steps of an emulator that checks that kernels access only memory passed to `note`."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if isinstance(found, type) or not callable(found):
            return found

        def step(*arguments: Any) -> Any:
            settings = self._module.settings()
            settings.global_bounds = True
            try:
                return found(*arguments)
            finally:
                settings.global_bounds = False

        return step

    def note(self, array: np.ndarray) -> None:
        """Allow access to the memory of this array as long as it exists."""
        while isinstance(array.base, np.ndarray):
            array = array.base
        address = array.ctypes.data
        self._module.allocated(address, array.nbytes)
        weakref.finalize(array, self._module.freed, address)


@cache
def watched_gpu() -> Any:
    """Return `played_gpu`, which reports accesses outside `NumpyMemory` if it can."""
    return played_gpu() if MACHINE == "emulated" else WatchedSteps(played_gpu())
