"""What profiles, comparisons, series of them, selections and simulations show in Python.

Notebooks also show limits and the perplexity of rare tokens as tables.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..backends.selection import select
from ..comparisons.comparison import Comparison
from ..comparisons.trajectory.trajectory import Trajectory
from ..errors import CollapseStatsError
from ..ngram_model.rare_tokens.rare_perplexity import RarePerplexity
from ..profiles.profile import Profile
from ..selection.selection import Selection
from ..simulation.result import Simulation
from ..verdict.limits import Limits
from . import html, table
from .contents import rare_tokens, simulation
from .contents.selection import selection_content
from .delimited import rows_of
from .figures import make_report
from .formats import page_of
from .grid import Page
from .json_object import Json
from .views.limits import limits_page
from .views.rare_tokens import bands_grid
from .views.selection import selection_page
from .views.simulation import simulation_page

Shown = Profile | Comparison | Sequence[Comparison] | Trajectory | Selection | Simulation


def report_of(shown: Shown) -> Json:
    """Return the report of any of these; several comparisons have one baseline."""
    if isinstance(shown, Selection):
        return selection_content(shown)
    if isinstance(shown, Simulation):
        backend = shown.human.backend or select()
        return simulation.simulation_report([shown], backend=backend.name)
    if isinstance(shown, Profile):
        return make_report([shown], backend=(shown.backend or select()).name)
    trajectory = shown if isinstance(shown, Trajectory) else None
    if isinstance(shown, Trajectory):
        comparisons = list(shown.comparisons)
    else:
        comparisons = [shown] if isinstance(shown, Comparison) else list(shown)
    if not comparisons:
        raise CollapseStatsError("there is nothing to report: the series has no comparisons")
    profiles = [comparisons[0].baseline, *(comparison.candidate for comparison in comparisons)]
    backend = comparisons[0].backend or select()
    return make_report(
        profiles,
        comparisons,
        backend=backend.name,
        from_first=trajectory is not None and trajectory.from_first,
        trajectory=trajectory,
    )


def summary(shown: Shown, width: int, *, verbose: bool) -> str:
    """Return what the command prints."""
    return table.draw(_page(shown, verbose=verbose), width=width)


def frame(shown: Shown) -> Any:
    """Return the rows of the CSV as a data frame of pandas, or else of Polars.

    Those of a selection are its documents, as selection.parquet has them.
    """
    rows = _rows(shown)
    if find_spec("pandas") is not None:
        return import_module("pandas").DataFrame(rows)
    if find_spec("polars") is not None:
        return import_module("polars").DataFrame(rows, infer_schema_length=None)
    raise CollapseStatsError(
        "a data frame needs pandas or Polars, and neither is installed: pip install pandas, or "
        "take to_dict()"
    )


def html_of(shown: Shown | RarePerplexity | Limits) -> str | None:
    """Return the page of the terminal as HTML for a notebook; None for the builtin limits."""
    if isinstance(shown, RarePerplexity):
        content = {"candidate": "candidate", rare_tokens.KEY: shown.to_dict()}
        return html.write(Page([bands_grid(content)]))
    if isinstance(shown, Limits):
        return html.write(limits_page(shown)) if shown.corpora else None
    return html.write(_page(shown))


def _rows(shown: Shown) -> Any:
    if isinstance(shown, Selection):
        return shown.to_arrow().to_pylist()
    report = report_of(shown)
    return simulation.rows_of(report) if isinstance(shown, Simulation) else rows_of(report)


def _page(shown: Shown, *, verbose: bool = False) -> Page:
    """Return the tables; those of a selection and of a simulation are always whole."""
    report = report_of(shown)
    if isinstance(shown, Selection):
        return selection_page(report)
    if isinstance(shown, Simulation):
        return simulation_page(report)
    return page_of(report, verbose=verbose)
