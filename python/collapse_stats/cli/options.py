"""The command's options of reading and counting, made from the fields of their dataclasses."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import Field, dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import click

from ..backends.base import Backend
from ..backends.options import CountOptions
from ..corpus.provenance.declaration import Declaration
from ..corpus.vocabulary import Counterpart
from ..profiles.build import counterpart
from ..profiles.profile import Profile
from ..readers.options import ReadOptions
from ..system.option import OptionText, options_in
from .group import USAGE
from .whole_number import WholeNumber

Command = Callable[..., Any]
T = TypeVar("T")

_LITTLE_MEMORY = 10**9  # bytes below which memory that is kept for speed matters

_strict_option = click.option(
    "--strict/--skip-bad",
    default=None,
    help="Exit with code 2 (the default) or 0 when some of several files are bad; the rest is "
    "counted either way.",
)


@dataclass(frozen=True, slots=True)
class Request:
    """How the user wants corpora to be read and counted.

    Attributes
    ----------
    typed
        Name -> value of the options that the user typed.
    strict
        Whether ``--strict`` was typed: a threshold that cannot be checked is then a failure.
    accepts_bad
        Whether ``--skip-bad`` was typed.
    bad
        Paths of the files that could not be read; it grows while corpora are read.
    beside
        The profile that corpora are compared with, if there is one.
    """

    reading: ReadOptions
    counting: CountOptions
    typed: Mapping[str, object]
    strict: bool
    bad: list[str]
    accepts_bad: bool = False
    beside: Counterpart | None = None

    @property
    def backend(self) -> Backend:
        """The backend that counts."""
        return self.counting.selected_backend

    def reading_as(self, options: Mapping[str, Any]) -> "Request":
        """The same request with other options of reading."""
        return replace(self, reading=replace(self.reading, **options))

    def like(self, profile: Profile) -> "Request":
        """The same request, for corpora that are to be compared with `profile`."""
        counting = replace(self.counting, max_order=profile.max_order)
        return replace(self, counting=counting, beside=counterpart(profile))


limits_option = click.option(
    "--limits",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Limits of the verdict that calibrate has written, in place of the builtin ones.",
)
"""Adds ``--limits``; the command is called with ``limits=``, a path or None."""


def request_options(command: Command) -> Command:
    """Add all options of reading and counting; the command is called with ``request=``."""

    @wraps(command)
    def with_request(strict: bool | None, **values: Any) -> Any:
        reading, counting = _take(ReadOptions, values), _take(CountOptions, values)
        request = Request(
            reading=ReadOptions(**reading),
            counting=CountOptions(**counting),
            typed=reading | counting,
            strict=strict is True,
            bad=[],
            accepts_bad=strict is False,
        )
        if request.counting.memory_bytes < _LITTLE_MEMORY:
            # Before Arrow is loaded: its own allocator keeps what threads have freed.
            os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        _ = request.backend  # before anything is read, in case it is not usable
        with exit_2_if(request.bad, strict is not False):
            return command(**values, request=request)

    return _add_reading(_add(with_request, CountOptions))


def reading_options(command: Command) -> Command:
    """Add the options of reading; the command is called with ``reading=``."""

    @wraps(command)
    def with_reading(strict: bool | None, **values: Any) -> Any:
        reading = ReadOptions(**_take(ReadOptions, values), skip_bad=strict is False)
        return command(**values, reading=reading)

    return _add_reading(with_reading)


def some_counting_options(*names: str) -> Callable[[Command], Command]:
    """Add the options of counting with these names; the command is called with ``counting=``."""

    def add(command: Command) -> Command:
        @wraps(command)
        def with_counting(**values: Any) -> Any:
            counting = CountOptions(**_take(CountOptions, values))
            return command(**values, counting=counting)

        return _add(with_counting, CountOptions, names)

    return add


def declaration_options(command: Command) -> Command:
    """Add what is declared of the sources; the command is called with ``declared=``."""

    @wraps(command)
    def with_declaration(**values: Any) -> Any:
        declared = Declaration(**_take(Declaration, values))
        return command(**values, declared=declared)

    return _add(with_declaration, Declaration)


@contextmanager
def exit_2_if(bad: Sequence[str], strict: bool) -> Iterator[None]:
    """Exit with code 2 after a command that met bad files, unless they are accepted."""
    try:
        yield
    except click.exceptions.Exit:
        if not (bad and strict):
            raise
    if bad and strict:
        click.echo(
            f"collapse-stats: {len(bad):,} of the files could not be read; --skip-bad accepts that",
            err=True,
        )
        raise click.exceptions.Exit(USAGE)


def _add_reading(command: Command) -> Command:
    # Here --skip-bad sets the exit code, so it is not made from the field.
    names = options_in(ReadOptions).keys() - {"skip_bad"}
    return _add(_strict_option(command), ReadOptions, names)


def _add(command: Command, kind: type, names: Collection[str] | None = None) -> Command:
    for name, (field, text) in reversed(options_in(kind).items()):
        if names is None or name in names:
            command = _click_option(field, text)(command)
    return command


def _click_option(field: Field[Any], text: OptionText) -> Callable[[Command], Command]:
    name = f"--{field.name.replace('_', '-')}"
    if field.type is bool:
        return click.option(name, is_flag=True, help=text.help)
    if is_list(field):
        return click.option(name, multiple=True, metavar=text.metavar, help=text.help)
    default = "" if field.default is None else f" Default: {field.default}."
    return click.option(
        name, type=click_type(field, text), metavar=text.metavar, help=text.help + default
    )


def is_list(field: Field[Any]) -> bool:
    """Whether an option may be given several times."""
    return get_origin(field.type) is tuple


def click_type(field: Field[Any], text: OptionText) -> Any:
    """Return the type by which click checks the value of an option."""
    if text.choices:
        return click.Choice(text.choices)
    if text.folder:
        return click.Path(exists=True, file_okay=False, path_type=Path)
    if str in (get_args(field.type) or (field.type,)):
        return click.STRING
    return WholeNumber(text.minimum)


def _take(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    """Remove the options of a dataclass from `values`, and return those that were typed."""
    taken = {name: values.pop(name) for name in options_in(kind) if name in values}
    return {name: value for name, value in taken.items() if value not in (None, ())}
