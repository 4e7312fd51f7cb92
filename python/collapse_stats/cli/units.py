"""The options by which ``profile`` counts a corpus in units."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..corpus.provenance.declaration import Declaration
from ..counting.saved_file import Folder
from ..profiles.folders import as_folder
from ..profiles.profile import Profile
from ..profiles.units.finish import finish
from ..profiles.units.in_units import count_here, planned_options
from ..profiles.units.reduce import reduce_range
from ..profiles.units.work_directory import WorkDirectory
from ..readers.remote.location import Location, as_location
from ..report.grid import printable
from ..system.wording import counted
from .corpora import name_of
from .options import Request
from .progress import Reporter

Share = tuple[int, int]
_BAD = "expected I/N with 0 <= I < N, such as 0/8, got"


@dataclass(frozen=True, slots=True)
class Units:
    """What of the work in a work directory this process is to do; all that is left by default.

    Attributes
    ----------
    tokens
        About how many tokens a unit has, None for as planned.
    task, reduce
        Which share of the units to count, or of the key space to merge.
    finish
        Whether to write the profile and count nothing.
    """

    path: Folder
    tokens: int | None
    task: Share | None
    reduce: Share | None
    finish: bool

    @property
    def writes_profile(self) -> bool:
        """Whether the profile of the corpus is written."""
        return self.task is None and self.reduce is None


def _share(ctx: click.Context, param: click.Parameter, text: str | None) -> Share | None:
    """A share such as 0/8."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    if match is None or int(match[1]) >= int(match[2]):
        raise click.BadParameter(f"{_BAD} {text!r}")
    return int(match[1]), int(match[2])


def _folder(ctx: click.Context, param: click.Parameter, text: str | None) -> Folder | None:
    """A directory, or a URL of objects."""
    return None if text is None else as_folder(as_location(text))


def units_options(number: Callable[..., int]) -> Callable[[Callable[..., Any]], Any]:
    """Add the options; the command is called with ``units=``, None to count at once."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_units(
            work_dir: Folder | None,
            unit_tokens: int | None,
            task: Share | None,
            reduce: Share | None,
            finish: bool,
            **values: Any,
        ) -> Any:
            if sum((task is not None, reduce is not None, finish)) > 1:
                raise click.UsageError("expected one of --task, --reduce and --finish, got several")
            if work_dir is not None:
                units = Units(work_dir, unit_tokens, task, reduce, finish)
                return command(**values, units=units)
            if finish or (unit_tokens, task, reduce) != (None, None, None):
                raise click.UsageError(
                    "--unit-tokens, --task, --reduce and --finish are for units: give a --work-dir"
                )
            return command(**values, units=None)

        for option in reversed(_options(number)):
            with_units = option(with_units)
        return with_units

    return add


def _options(number: Callable[..., int]) -> list[Callable[[Callable[..., Any]], Any]]:
    return [
        click.option(
            "--work-dir",
            callback=_folder,
            metavar="WORK",
            help="Count the corpus in units, and keep what is done in this directory (or s3:// or "
            "gs://): started again, the command goes on. Any number of processes and machines may "
            "share it.",
        ),
        click.option(
            "--unit-tokens",
            callback=lambda ctx, param, text: None if text is None else number(ctx, param, text),
            metavar="N",
            help="About how many tokens a unit has. Default: 1G, or as planned before.",
        ),
        click.option(
            "--task",
            callback=_share,
            metavar="I/N",
            help="Only count units I, I + N, I + 2N, ...: one of N tasks, counted from 0.",
        ),
        click.option(
            "--reduce",
            callback=_share,
            metavar="I/N",
            help="Only merge part I of N of the key space, when all units have been counted. "
            "Without it, --finish merges, as one process.",
        ),
        click.option("--finish", is_flag=True, help="Only write the profile, when all is done."),
    ]


def profile_units(
    corpus: tuple[Location, ...],
    units: Units,
    declared: Declaration,
    table: bool,
    sample_tokens: int,
    sample_ngrams: int | None,
    output: Path,
    request: Request,
    reporter: Reporter,
) -> Profile | None:
    """Do what is asked of the units; return the profile if it was written."""
    counting = request.counting
    work = WorkDirectory.open(
        units.path,
        corpus,
        replace(request.reading, skip_bad=request.accepts_bad),
        planned_options(counting, True, sample_tokens, sample_ngrams),
        units.tokens,
        declared,
    )
    if units.reduce is not None:
        with reporter.task(f"merging part {units.reduce[0]} of {units.reduce[1]}"):
            reduce_range(work, *units.reduce, request.backend, counting.memory_bytes, table)
        number, of = units.reduce
        _say(work, f"part {number} of {of} of the key space is merged")
        return None
    if not units.finish:
        own, of = units.task or (0, 1)
        mine = range(own, work.units, of)
        left = [unit for unit in mine if work.manifest(unit) is None]
        with reporter.task(f"counting {counted(len(left), 'unit')}", len(left)) as task:
            count_here(work, left, counting, task)
        what = f"{counted(len(left), 'unit')} counted, {len(mine) - len(left):,} were there"
        still = "" if units.writes_profile else f", {work.missing:,} of {work.units:,} left"
        _say(work, what + still)
    if not units.writes_profile:
        return None
    with reporter.task(f"merging {counted(work.units, 'unit')} into {output}"):
        merged = finish(
            work, name_of(corpus), table, request.backend, counting.memory_bytes, output
        )
    for warning in merged.warnings:
        reporter.warn(warning)
    request.bad.extend(source.path for source in merged.sources if source.error is not None)
    return merged


def _say(work: WorkDirectory, what: str) -> None:
    click.echo(f"{printable(str(work.path))}: {what}", err=True)
