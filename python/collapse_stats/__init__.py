"""collapse-stats: see whether a text corpus is collapsing.

Exact n-gram statistics of token streams and divergences between them, each with its noise floor.
Importing the package needs NumPy alone; pyarrow and tiktoken are loaded where they are used.
"""

from . import metrics
from .backends.selection import BackendInfo, backends
from .comparisons.build import compare, compare_each
from .comparisons.comparison import Comparison
from .counting.spectra import spectra
from .errors import BackendError, CollapseStatsError, InputError, LayoutMismatchError
from .monitor import CollapseMonitor
from .ngrams.spectrum import JointSpectrum, Spectrum
from .profiles.build import load, profile
from .profiles.counter import NgramCounter
from .profiles.profile import Profile
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
    "compare_each",
    "load",
    "metrics",
    "profile",
    "spectra",
]
