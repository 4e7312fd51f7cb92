"""Options of reading for one side of a comparison: ``--for-baseline text-key=content``."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from ..readers.options import ReadOptions
from ..system.option import options_in
from ..system.suggestion import did_you_mean
from .options import Command, Request, click_type, is_list

SideOptions = Mapping[str, Any]
"""Name of a field of `ReadOptions` -> its value for one side."""

_INSTEAD = {"text_key": "ids_key", "ids_key": "text_key"}  # given for a side, it replaces the other


def side_option(side: str, also: str = "") -> Callable[[Command], Command]:
    """Add ``--for-SIDE``; the command is called with ``for_side=``, a `SideOptions`."""
    return click.option(
        f"--for-{side}",
        multiple=True,
        callback=_parsed,
        metavar="NAME=VALUE",
        help=f"An option of reading for the {side}{also} only, such as text-key=content or "
        "part=assistant. May be repeated.",
    )


def for_side(request: Request, options: SideOptions) -> Request:
    """Return the same request with the options of one side."""
    return request.reading_as(
        {_INSTEAD[name]: None for name in options if name in _INSTEAD} | dict(options)
    )


def _parsed(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> SideOptions:
    known = {
        name.replace("_", "-"): option
        for name, option in options_in(ReadOptions).items()
        if name != "skip_bad"  # on the command line it sets the exit code
    }
    values: dict[str, Any] = {}
    for text in given:
        typed, equals, value = text.partition("=")
        name = typed.strip().removeprefix("--").replace("_", "-")
        if name not in known:
            raise click.BadParameter(
                f"expected NAME=VALUE with a name of {', '.join(known)}, got {text!r}"
                f"{did_you_mean(name, known)}"
            )
        field, described = known[name]
        if field.type is bool:
            values[field.name] = click.BOOL.convert(value if equals else "true", param, ctx)
        elif not value:
            raise click.BadParameter(f"expected a value, {name}=VALUE, got {text!r}")
        elif is_list(field):
            values[field.name] = (*values.get(field.name, ()), value)
        else:
            values[field.name] = click_type(field, described).convert(value, param, ctx)
    return values
