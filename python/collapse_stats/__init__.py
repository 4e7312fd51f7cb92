"""collapse-stats: see whether a text corpus is collapsing.

Exact n-gram statistics of token streams and divergences between them, each with its noise floor.
Importing the package needs NumPy alone; pyarrow and tiktoken are loaded where they are used.
"""

from .system import startup  # first, so that Ctrl-C is quiet while the others load

# isort: split
from typing import TYPE_CHECKING, Any

from . import metrics
from .backends.selection import BackendInfo, backends
from .charts.plot import plot
from .comparisons.build import compare, compare_each
from .comparisons.calibrate import calibrate
from .comparisons.comparison import Comparison
from .comparisons.trajectory.build import trajectory
from .comparisons.trajectory.series import Series
from .comparisons.trajectory.trajectory import Trajectory
from .counting.spectra import spectra
from .errors import (
    BackendError,
    CollapseStatsError,
    GpuError,
    GpuMemoryError,
    InputError,
    LayoutMismatchError,
)
from .monitor import CollapseMonitor
from .ngram_model.model import NgramModel
from .ngram_model.rare_tokens.band_perplexity import BandPerplexity
from .ngram_model.rare_tokens.rare_perplexity import RarePerplexity, rare_perplexity
from .ngrams.spectrum import JointSpectrum, Spectrum
from .profiles.build import load
from .profiles.counter import NgramCounter
from .profiles.profile import Profile
from .profiles.public import profile
from .selection.build import select
from .selection.selection import SelectedDocuments, Selection
from .simulation.need import fresh_share_needed
from .simulation.result import Simulation
from .simulation.simulate import simulate
from .verdict.limits import Limits
from .version import __version__

del startup

if TYPE_CHECKING:
    from .report.card.card import Card, card


def __getattr__(name: str) -> Any:
    """Load cards when they are first asked for, and with them all that reports need."""
    if name not in ("Card", "card"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .report.card import card as cards

    return getattr(cards, name)


__all__ = [
    "BackendError",
    "BackendInfo",
    "BandPerplexity",
    "Card",
    "CollapseMonitor",
    "CollapseStatsError",
    "Comparison",
    "GpuError",
    "GpuMemoryError",
    "InputError",
    "JointSpectrum",
    "LayoutMismatchError",
    "Limits",
    "NgramCounter",
    "NgramModel",
    "Profile",
    "RarePerplexity",
    "SelectedDocuments",
    "Selection",
    "Series",
    "Simulation",
    "Spectrum",
    "Trajectory",
    "__version__",
    "backends",
    "calibrate",
    "card",
    "compare",
    "compare_each",
    "fresh_share_needed",
    "load",
    "metrics",
    "plot",
    "profile",
    "rare_perplexity",
    "select",
    "simulate",
    "spectra",
    "trajectory",
]
