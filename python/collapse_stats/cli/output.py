"""Writes results to stdout, or to a file that appears complete or not at all."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, TypedDict

import click

from ..errors import InputError
from ..report import FORMATS as TEXT_FORMATS
from ..report import markdown, render, table
from ..report.formats import json_text
from ..report.grid import Page
from ..report.json_object import Json
from ..system.atomic_file import check_can_write, write_file

FORMATS = ("table", "json", "csv", "markdown")
WITH_CHARTS = ("html", "png")
REPORT_FORMATS = (*TEXT_FORMATS, *WITH_CHARTS)
_ENDINGS = {f".{name}": name for name in ("json", "csv", "html", "png")} | {
    ".md": "markdown",
    ".tex": "latex",
}
WITHOUT_DETAILS = ("csv", "latex")  # formats that are one table, without warnings
WIDTH = 100  # columns of a page that is not written to a terminal, without COLUMNS
WIDEST = 120  # columns that are used of a terminal
_PLAIN = str.maketrans(
    {"↑": "^", "↓": "v", "–": "-", "…": "~", "·": "|", "─": "-", "⚠": "!", "±": "~"}
)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--format``, ``--json`` and ``-o``; the command is called with ``form``, ``output``.

    A file that cannot be written is refused before it is called.
    """
    return _with_output(command, FORMATS)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the same options, with every format of reports."""
    return _with_output(command, REPORT_FORMATS)


verbose_option = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Show all tables, reasons and warnings, and explain all headings.",
)


def check_details(form: str, option: str) -> None:
    """Raise InputError if a format has no place for the tables that an option adds."""
    if form in WITHOUT_DETAILS:
        raise InputError(
            f"{option} adds tables, and --format {form} is one table: take json, markdown or table"
        )


def _with_output(command: Callable[..., Any], formats: Sequence[str]) -> Callable[..., Any]:
    @wraps(command)
    def chosen(form: str | None, as_json: bool, output: Path | None, **values: Any) -> Any:
        form = "json" if as_json else form or _of_ending(output, formats)
        check_format(form, output)
        if output is not None:
            check_can_write(output)
        return command(form=form, output=output, **values)

    for option in (
        click.option(
            "-o",
            "--output",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Write the result to a file instead of stdout.",
        ),
        click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
        click.option(
            "--format",
            "form",
            type=click.Choice(formats),
            help="Format of the result. Default: by the ending of -o, else table.",
        ),
    ):
        chosen = option(chosen)
    return chosen


def _of_ending(output: Path | None, formats: Sequence[str]) -> str:
    """The format that the name of a file asks for, if there is one; else a table."""
    form = _ENDINGS.get(output.suffix.lower(), "") if output is not None else ""
    return form if form in formats else "table"


def write_result(
    content: Any,
    page: Page,
    form: str,
    output: Path | None,
    csv: Callable[[Any], str],
) -> None:
    """Write a result in one of `FORMATS`.

    Parameters
    ----------
    content, page
        The result for JSON, and the same as tables for people.
    csv
        Makes rows from `content`.
    """
    if form == "json":
        text = json_text(content)
    elif form == "csv":
        text = csv(content)
    elif form == "markdown":
        text = markdown.write(page)
    else:
        text = drawn(page, to_file=output is not None)
    write(text, output)


def drawn(page: Page, to_file: bool = False) -> str:
    """The page as text; its width and colours suit a terminal if stdout is one."""
    return table.draw(page, **_drawing(to_file))


def write_report(report: Json, form: str, output: Path | None, *, verbose: bool = False) -> None:
    """Write a report in one of `REPORT_FORMATS`."""
    if form == "html":
        from .. import page
        from ..charts.canvas import INSTALL, is_there

        write(page.write(report), output)
        if not is_there():
            click.echo(
                f"warning: the page has no charts, which need matplotlib: {INSTALL}", err=True
            )
    elif form == "png":
        from ..charts import sheet

        _write_bytes(sheet.picture(report), output)
    else:
        write(render(report, form, **_drawing(output is not None), verbose=verbose), output)


def check_format(form: str, output: Path | None) -> None:
    """Raise an error if a format cannot be drawn here, or not be written there."""
    if form != "png":
        return
    from ..charts.canvas import check_is_there

    check_is_there()
    if output is None and _is_terminal():
        raise InputError("--format png is no text for a terminal: give -o FILE.png")


def text_width(*, to_file: bool = False) -> int:
    """Columns of what is written: COLUMNS, or those of the terminal if stdout is one."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    if to_file or not _is_terminal():
        return WIDTH
    return min(get_terminal_size().columns, WIDEST)


class _Drawing(TypedDict):
    width: int
    color: bool


def _drawing(to_file: bool) -> _Drawing:
    """Width and colours of tables, as they suit a terminal if stdout is one."""
    terminal = not to_file and _is_terminal()
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return {"width": text_width(to_file=to_file), "color": terminal and not plain}


def write(text: str, output: Path | None = None) -> None:
    """Write to stdout, or to a file that gets its name when it is complete."""
    if output is not None:
        write_file(output, text.encode("utf-8", "backslashreplace"))
    elif sys.stdout is not None:
        _to_stdout(lambda: sys.stdout.write(_encodable(text)))


def _write_bytes(data: bytes, output: Path | None) -> None:
    if output is not None:
        write_file(output, data)
    elif sys.stdout is not None:
        _to_stdout(lambda: sys.stdout.buffer.write(data))


def abandon_stdout() -> None:
    """Discard what is still buffered, so that it does not fail again when Python exits."""
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def is_seen(form: str, output: Path | None) -> bool:
    """Whether the user sees the result, and the warnings in it, on a terminal."""
    return form == "table" and output is None and _is_terminal()


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _to_stdout(put: Callable[[], Any]) -> None:
    """Let a function write to stdout; a reader that is gone is no error."""
    try:
        put()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe; the exit code stays
        abandon_stdout()
    except OSError as error:
        abandon_stdout()
        raise InputError(f"cannot write the result: {error.strerror}") from error


def _encodable(text: str) -> str:
    """The text with signs that the encoding of stdout has."""
    coding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(coding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(coding, "backslashreplace").decode(coding)
    return text
