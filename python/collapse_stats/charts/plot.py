"""Charts as a figure of matplotlib: for a notebook, for a paper, as a file."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..comparisons.comparison import Comparison
from ..comparisons.trajectory.trajectory import Trajectory
from ..profiles.profile import Profile
from ..system.arguments import checked
from ..system.atomic_file import check_can_write, write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure
else:
    Figure = Any

_OF_NOTEBOOK = 110  # points of an inch, where a notebook shows the figure
_ENDINGS = ("png", "svg", "pdf")


@checked
def plot(
    shown: Profile | Comparison | Sequence[Comparison] | Trajectory | dict[str, Any],
    kind: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Return charts as a figure of matplotlib, and write it to a file if there is a path.

    A notebook shows the figure, without pyplot.

    Parameters
    ----------
    shown
        A profile, a comparison, several comparisons with one baseline, a trajectory, or a report as
        a dict.
    kind
        ``verdicts``, ``retention``, ``series``, ``rare``, ``growth``, ``ranks``, ``ngrams`` or
        ``entropy`` (docs/reports.md). Default: every chart for which there is something to draw.
    path
        A file that ends in .png, .svg or .pdf, and appears when it is complete.

    Raises
    ------
    CollapseStatsError
        matplotlib is missing; or there is nothing to draw, which is explained.
    ValueError
        There is no such kind.
    TypeError
        `shown` is something else.
    InputError
        The file cannot be written, or the dict is no report.
    """
    # Loaded here, so that importing the package takes no longer.
    from ..report.presentation import report_of
    from ..report.saved import checked_report
    from . import sheet
    from .canvas import check_is_there

    check_is_there()
    file = None if path is None else Path(path)
    if file is not None:
        if file.suffix[1:].lower() not in _ENDINGS:
            raise ValueError(f"path must end in .png, .svg or .pdf, got {file.name}")
        check_can_write(file)
    if isinstance(shown, dict):
        report = checked_report(shown, "the report")
    else:
        report = report_of(_checked(shown))
    figure = sheet.sheet(report, sheet.chosen(report, kind))
    figure._repr_png_ = partial(sheet.written, figure, "png", _OF_NOTEBOOK)
    if file is not None:
        write_file(file, sheet.written(figure, file.suffix[1:].lower()))
    return figure


def _checked(shown: Any) -> Any:
    """Return what can be drawn; TypeError for anything else."""
    several = shown if isinstance(shown, list | tuple) else ()
    if isinstance(shown, Profile | Comparison | Trajectory):
        return shown
    if several and all(isinstance(each, Comparison) for each in several):
        return several
    raise TypeError(
        "plot takes a profile, a comparison, a list of comparisons or a report, got "
        f"{type(shown).__name__}"
    )
