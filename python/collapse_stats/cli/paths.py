"""Arguments that name corpora: paths, patterns, URLs, and files that list them."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..errors import InputError
from ..readers.remote.location import Location, as_location
from ..readers.remote.path import RemotePath
from ..readers.remote.shown import told_apart
from ..readers.streams.pipe import standard_input
from .inputs import spare_inputs


def location(value: str) -> Location:
    """Return what an argument names, the type of arguments that name corpora."""
    if not value:  # as from a variable of the shell that is not set
        raise click.BadParameter("expected a path, got an empty text")
    return as_location(value)


def paths_argument(name: str, metavar: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an argument of one or more paths, and ``--files-from``; the command gets a tuple."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def collected(files_from: str | None, **values: Any) -> Any:
            values[name] = (*values[name], *_listed(files_from))
            if not values[name]:
                raise click.UsageError(f"expected a {metavar}, or --files-from with paths in it")
            listing = [] if files_from is None else [Path(files_from)]
            spare_inputs(values.get("output"), [values, listing])
            return command(**_told_apart(values))

        with_option = click.option(
            "--files-from",
            metavar="FILE",
            help="Read more paths from a file, or from stdin if it is -; one path a line.",
        )(collected)
        return click.argument(name, metavar=f"{metavar}...", nargs=-1, type=location)(with_option)

    return add


def _told_apart(values: dict[str, Any]) -> dict[str, Any]:
    """The values, in which URLs that differ in their queries only are shown differently."""
    urls = told_apart(url.url for value in values.values() for url in _remote(value))

    def apart(value: Any) -> Any:
        if isinstance(value, RemotePath):
            return replace(value, url=urls[value.url])
        return tuple(map(apart, value)) if isinstance(value, tuple) else value

    return {name: apart(value) for name, value in values.items()}


def _remote(value: Any) -> list[RemotePath]:
    of = value if isinstance(value, tuple) else (value,)
    return [each for each in of if isinstance(each, RemotePath)]


def _listed(files_from: str | None) -> list[Location]:
    if files_from is None:
        return []
    try:
        data = standard_input().read() if files_from == "-" else Path(files_from).read_bytes()
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--files-from {files_from}: {error}") from error
    return [as_location(line) for line in text.splitlines() if line.strip()]
