"""Metrics of one corpus, of two corpora, of the order of tokens, and of a series of steps.

Each metric is a plain function from integer counts, token ids or a series to a number, or to None
where the metric is undefined for its input. ``docs/metrics.md`` lists formulas, units, ranges and
caveats.

Notation in docstrings: N is the number of occurrences (tokens or n-grams), V the number of types
(distinct tokens or n-grams), and f_m the number of types that occur m times, so that the spectrum
``(m, f_m)`` has R rows, V = sum f_m and N = sum m f_m.

Arguments are checked against their annotations: a TypeError says what was expected and what came.

The names in `__all__` of the formula modules are exported from here. To add a formula to one of
these modules, define it there and add its name to the module's `__all__`.
"""

# ruff: noqa: F403  -- the modules' own `__all__` decide what is exported

from inspect import isfunction as _isfunction
from types import ModuleType as _ModuleType

from ..system.arguments import checked as _checked
from .one_corpus.binomial import *
from .one_corpus.conditional import *
from .one_corpus.coverage import *
from .one_corpus.diversity import *
from .one_corpus.entropy import *
from .one_corpus.extrapolation import *
from .one_corpus.good_turing import *
from .one_corpus.growth import *
from .one_corpus.hill import *
from .one_corpus.kneser_ney import *
from .one_corpus.lexical import *
from .one_corpus.mandelbrot import *
from .one_corpus.recursion import *
from .one_corpus.richness import *
from .one_corpus.zipf import *
from .series.half_life import *
from .series.onset import *
from .series.state import *
from .series.trend import *
from .token_order.hdd import *
from .token_order.mattr import *
from .token_order.mtld import *
from .token_order.repetition import *
from .token_order.sequence import *
from .two_corpora.divergence import *
from .two_corpora.overlap import *
from .two_corpora.rare_probability import *
from .two_corpora.rarefaction import *
from .two_corpora.retention import *
from .two_corpora.smoothing import *

__all__ = sorted(
    name
    for name, value in globals().items()
    if not name.startswith("_") and not isinstance(value, _ModuleType)
)

# What is called from outside checks its arguments; formulas that call each other do not.
globals().update(
    {name: _checked(globals()[name]) for name in __all__ if _isfunction(globals()[name])}
)
