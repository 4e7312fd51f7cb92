"""``report``: a saved report in another format."""

import sys
from pathlib import Path

import click

from ...errors import InputError
from ...report.json_object import Json
from ...report.saved import read_report
from ..inputs import spare_inputs
from ..output import report_options, verbose_option, write_report


@click.command()
@click.argument("saved", metavar="REPORT.json", type=click.Path(dir_okay=False, path_type=Path))
@verbose_option
@report_options
def report(saved: Path, verbose: bool, form: str, output: Path | None) -> None:
    """Show a saved report in any format, such as a page with charts.

    REPORT.json is what compare, track or show wrote with --json; - reads it from stdin.
    """
    spare_inputs(output, [saved])
    write_report(_read(saved), form, output, verbose=verbose)


def _read(saved: Path) -> Json:
    try:
        data = sys.stdin.buffer.read() if str(saved) == "-" else saved.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {saved}: {error.strerror}") from error
    return read_report(data, str(saved))
