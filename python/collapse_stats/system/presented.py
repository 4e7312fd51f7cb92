"""What results show of themselves: in a notebook, as text, as JSON and as a data frame."""

from importlib import import_module
from typing import Any

from .arguments import checked_methods


class Tabled:
    """An object that a notebook shows as tables, drawn by `report.presentation` when it is shown.

    That module knows the classes that derive from this one, so it stands to their right in the
    order of folders, and they cannot import it; it is loaded by name.
    """

    def _repr_html_(self) -> str | None:
        """Return the tables for a notebook, as HTML of less than 20 kB; None if there are none."""
        found: str | None = _presentation().html_of(self)
        return found


@checked_methods
class Presented(Tabled):
    """Texts and tables of an object, drawn by `report.presentation` when they are asked for."""

    def summary(self, width: int = 100, *, verbose: bool = False) -> str:
        """Return what the command prints, as text.

        The samples are recounted for it, which takes about a second for each million tokens.

        Parameters
        ----------
        width
            Characters of the longest line.
        verbose
            Whether all tables, reasons and warnings are shown.
        """
        return str(_presentation().summary(self, width, verbose=verbose))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON types, as ``--json`` prints it (`report.schema`)."""
        report: dict[str, Any] = _presentation().report_of(self)
        return report

    def to_frame(self) -> Any:
        """Return the rows of ``--format csv`` as a data frame of pandas, or else of Polars.

        Raises
        ------
        CollapseStatsError
            when neither is installed.
        """
        return _presentation().frame(self)


def _presentation() -> Any:
    return import_module("collapse_stats.report.presentation")
