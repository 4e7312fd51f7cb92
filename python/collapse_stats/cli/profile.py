"""``profile`` and ``merge``: profiles written."""

import os
import re
from pathlib import Path
from time import perf_counter

import click

from ..corpus.sample import DEFAULT_TOKENS
from ..errors import InputError
from ..profiles.merge import merge as merge_profiles
from ..profiles.profile import Profile
from ..profiles.storage import is_profile
from ..readers.remote.location import Location
from ..system.atomic_directory import remove_abandoned
from .corpora import Counting, count, counting_options, load_saved, name_of, names_of, read
from .paths import paths_argument
from .progress import Reporter


def _size(ctx: click.Context, param: click.Parameter, given: str) -> int:
    """A number such as 500, 500k or 2M."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kmg]?)", given, re.ASCII | re.IGNORECASE)
    if match is None:
        raise click.BadParameter(f"expected a number such as 500k or 2M, got {given!r}")
    number, unit = match.groups()
    return int(float(number) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[unit.lower()])


_out = click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Directory to write the profile to; it must not exist.",
)


@click.command()
@paths_argument("corpus", "CORPUS")
@_out
@click.option("--no-table", is_flag=True, help="Keep no n-grams: small, but joins with nothing.")
@click.option(
    "--sample-tokens",
    default=str(DEFAULT_TOKENS),
    callback=_size,
    metavar="N",
    help="Tokens of whole documents to keep (default: 2M; 0: none).",
)
@counting_options
def profile(
    corpus: tuple[Location, ...],
    output: Path,
    no_table: bool,
    sample_tokens: int,
    counting: Counting,
) -> None:
    """Count a corpus and keep what was counted.

    Several paths are one corpus.
    """
    for path in corpus:
        if is_profile(path):
            raise InputError(f"{path} is a saved profile already: collapse-stats merge adds them")
    _check_writable(output)
    begin = perf_counter()
    with Reporter() as reporter:
        read_in = read(corpus, counting, reporter, name_of(corpus))
        for warning in read_in.warnings:
            reporter.warn(warning)
        made = count(read_in, counting, reporter, not no_table, sample_tokens, output)
    _close(made, output, perf_counter() - begin)


@click.command()
@paths_argument("profiles", "PROFILE")
@_out
@counting_options
def merge(profiles: tuple[Location, ...], output: Path, counting: Counting) -> None:
    """Add profiles, made on one machine or on many, into one.

    They must have one tokenizer and one --max-order.
    """
    _check_writable(output)
    begin = perf_counter()
    with Reporter() as reporter:
        parts: list[Profile] = []
        for path, name in zip(profiles, names_of(profiles), strict=True):
            if is_profile(path):
                parts.append(load_saved(path, counting))
            else:
                parts.append(
                    count(read([path], counting, reporter, name), counting, reporter, True)
                )
        with reporter.task(f"merging into {output}"):
            made = merge_profiles(
                parts,
                counting.backend,
                counting.memory,
                name=names_of([output])[0],
                save_to=output,
            )
            for warning in made.warnings:
                reporter.warn(warning)
    _close(made, output, perf_counter() - begin)


def _close(made: Profile, output: Path, seconds: float) -> None:
    rate = made.tokens / max(seconds, 1e-9) / 1e6
    click.echo(
        f"{output}: {made.tokens:,} tokens, {made.documents:,} documents, orders 1 to "
        f"{made.max_order}, {seconds:.1f} s, {rate:.2f} M tokens/s",
        err=True,
    )


def _check_writable(output: Path) -> None:
    """Say before counting what would fail after it."""
    if output.exists() or output.is_symlink():
        raise InputError(f"{output} exists: remove it, or choose another name")
    parent = next(folder for folder in output.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise InputError(f"cannot write {output}: {parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"cannot write {output}: no permission to write to {parent}")
    remove_abandoned(parent)
