"""collapse-stats: see whether a text corpus is collapsing.

Exact n-gram statistics of token streams and divergences between them, each with its noise floor.
Importing the package needs NumPy alone; pyarrow and tiktoken are loaded where they are used.
"""

from . import metrics
from .backends import BackendInfo, backends
from .compare import compare
from .comparison import Comparison
from .counter import NgramCounter, spectra
from .errors import BackendError, CollapseStatsError, InputError, LayoutMismatchError
from .monitor import CollapseMonitor
from .profile import Profile
from .profiling import load, profile
from .spectrum import JointSpectrum, Spectrum
from .version import __version__

__all__ = [
    "BackendError",
    "BackendInfo",
    "CollapseMonitor",
    "CollapseStatsError",
    "Comparison",
    "InputError",
    "JointSpectrum",
    "LayoutMismatchError",
    "NgramCounter",
    "Profile",
    "Spectrum",
    "__version__",
    "backends",
    "compare",
    "load",
    "metrics",
    "profile",
    "spectra",
]
