"""What profiles, comparisons and series of them show in Python: the reports of the command."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..backends.selection import select
from ..comparisons.comparison import Comparison
from ..comparisons.trajectory.trajectory import Trajectory
from ..errors import CollapseStatsError
from ..profiles.profile import Profile
from . import html
from .delimited import rows_of
from .figures import make_report
from .formats import page_of, render
from .json_object import Json

Shown = Profile | Comparison | Sequence[Comparison] | Trajectory


def report_of(shown: Shown) -> Json:
    """Return the report of a profile, a comparison, several with one baseline, or a trajectory."""
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
    return render(report_of(shown), "table", width, verbose=verbose)


def frame(shown: Shown) -> Any:
    """Return the rows of the CSV as a data frame of pandas, or else of Polars."""
    rows = rows_of(report_of(shown))
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
    return html.write(page_of(report_of(shown)))
