"""Which machine plays the GPU in these tests: COLLAPSE_STATS_GPU says it.

``emulated`` (unless said otherwise) runs the steps as C++; ``ptx`` runs what CUDA's compiler made of
them, with the sizes that are shipped; ``ptx-small`` the same with the emulation's small sizes. PTX
is read from the folders ``shipped`` and ``small`` of COLLAPSE_STATS_PTX, which `make ptx` fills.
"""

import importlib
import os
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

MACHINE = os.environ.get("COLLAPSE_STATS_GPU", "emulated")
PTX = Path(os.environ.get("COLLAPSE_STATS_PTX", "build/ptx/sm_90"))
_MODULES = {"emulated": "_cuda_emulated", "ptx": "_cuda_ptx", "ptx-small": "_cuda_ptx_small"}

small_sizes = pytest.mark.skipif(
    MACHINE == "ptx", reason="assumes small tiles and buckets: run on the emulation and ptx-small"
)


@cache
def played_gpu() -> ModuleType:
    """The module that plays the GPU, with its kernels."""
    if MACHINE not in _MODULES:
        raise ValueError(f"COLLAPSE_STATS_GPU must be one of {', '.join(_MODULES)}, got {MACHINE}")
    module = importlib.import_module(f"collapse_stats.{_MODULES[MACHINE]}")
    if MACHINE != "emulated":
        module.load(str(PTX / ("small" if MACHINE == "ptx-small" else "shipped")))
    return module
