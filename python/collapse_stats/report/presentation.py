"""What profiles, comparisons, series of them and simulations show in Python: reports."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..backends.selection import select
from ..comparisons.comparison import Comparison
from ..comparisons.trajectory.trajectory import Trajectory
from ..errors import CollapseStatsError
from ..profiles.profile import Profile
from ..simulation.result import Simulation
from . import html, table
from .contents import simulation
from .delimited import rows_of
from .figures import make_report
from .formats import page_of
from .grid import Page
from .json_object import Json
from .views.simulation import simulation_page

Shown = Profile | Comparison | Sequence[Comparison] | Trajectory | Simulation


def report_of(shown: Shown) -> Json:
    """Return the report of any of these; several comparisons have one baseline."""
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
    """Return the rows of the CSV as a data frame of pandas, or else of Polars."""
    report = report_of(shown)
    rows = simulation.rows_of(report) if isinstance(shown, Simulation) else rows_of(report)
    if find_spec("pandas") is not None:
        return import_module("pandas").DataFrame(rows)
    if find_spec("polars") is not None:
        return import_module("polars").DataFrame(rows, infer_schema_length=None)
    raise CollapseStatsError(
        "a data frame needs pandas or Polars, and neither is installed: pip install pandas, or "
        "take to_dict()"
    )


def html_of(shown: Shown) -> str:
    """Return the page of the terminal as HTML for a notebook."""
    return html.write(_page(shown))


def _page(shown: Shown, *, verbose: bool = False) -> Page:
    """Return the tables; those of a simulation are always whole."""
    report = report_of(shown)
    if isinstance(shown, Simulation):
        return simulation_page(report)
    return page_of(report, verbose=verbose)
