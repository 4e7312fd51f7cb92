"""Check that the compiled cuda module loads, and that it reports why it cannot be used."""

from pathlib import Path

import collapse_stats as cs
from collapse_stats import _cuda

info = cs.backends()[0]
print(f"{Path(_cuda.__file__ or '').name}: usable: {info.usable}; {info.detail}")
if info.name != "cuda" or "built without CUDA" in info.detail or "does not load" in info.detail:
    raise SystemExit("the cuda backend must be compiled, and must load without a GPU")
