"""Warnings of a report on stderr, where the result does not show them to the user."""

from collections.abc import Iterable
from pathlib import Path

from ..profiles.profile import Profile
from ..report.json_object import Json
from ..report.views.warnings import warnings_of
from .output import WITHOUT_DETAILS, is_seen
from .progress import Reporter


def warn_of_report(
    report: Json, profiles: Iterable[Profile], form: str, output: Path | None, reporter: Reporter
) -> None:
    """Print the warnings of reading, and for a format without warnings those of the report."""
    if form in WITHOUT_DETAILS:
        for warning in warnings_of(report, news=True):
            reporter.warn(warning)
    elif not is_seen(form, output):
        _warn_of_reading(list(profiles), reporter)


def _warn_of_reading(profiles: list[Profile], reporter: Reporter) -> None:
    """Print the warnings of profiles, those of several once, with their names."""
    names: dict[str, list[str]] = {}
    for profile in profiles:
        for warning in profile.warnings:
            names.setdefault(warning, []).append(profile.name)
    for warning, holders in names.items():
        reporter.warn(f"{', '.join(holders)}: {warning}" if len(profiles) > 1 else warning)
