"""``profile``: counts a corpus and saves the result."""

import re
from pathlib import Path

import click

from ...corpus.provenance.declaration import Declaration
from ...corpus.sample import DEFAULT_TOKENS
from ...errors import InputError
from ...profiles.sample_ngrams import share_of_ngrams
from ...profiles.storage import is_profile
from ...readers.remote.location import Location
from ..corpora import count, name_of, read
from ..new_profile import NewProfile, directory_option
from ..options import Request, declaration_options, request_options
from ..paths import paths_argument
from ..progress import Reporter
from ..units import Units, profile_units, units_options


def _number(ctx: click.Context, param: click.Parameter, text: str) -> int:
    """A number such as 500, 500k or 2M."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kmg]?)", text, re.ASCII | re.IGNORECASE)
    if match is None:
        raise click.BadParameter(f"expected a number such as 500k or 2M, got {text!r}")
    number, unit = match.groups()
    return int(float(number) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[unit.lower()])


def _share_of_ngrams(ctx: click.Context, param: click.Parameter, text: str | None) -> int | None:
    """A share such as 1/64."""
    try:
        return share_of_ngrams(text)
    except ValueError as error:
        raise click.BadParameter(str(error).partition("must be ")[2]) from error


@click.command()
@paths_argument("corpus", "CORPUS")
@directory_option
@click.option(
    "--no-table",
    is_flag=True,
    help="Do not keep the n-gram table. The profile is small, but comparisons with it use samples "
    "and cannot list examples.",
)
@click.option(
    "--sample-tokens",
    default=str(DEFAULT_TOKENS),
    callback=_number,
    metavar="N",
    help="How many tokens of whole documents to keep, or 0 for none. Default: 2M.",
)
@click.option(
    "--sample-ngrams",
    callback=_share_of_ngrams,
    metavar="1/K",
    help="Keep one in K n-grams, such as 1/64, and no table; figures are estimated from these, "
    "with errors. For streams whose table nobody wants.",
)
@declaration_options
@units_options(_number)
@request_options
def profile(
    corpus: tuple[Location, ...],
    output: Path,
    no_table: bool,
    sample_tokens: int,
    sample_ngrams: int | None,
    declared: Declaration,
    units: Units | None,
    request: Request,
) -> None:
    """Count a corpus and save the result as a profile.

    Several paths are read as one corpus. With --work-dir it is counted in units, by as many
    processes as like to take part, and with the same result; see docs/scale.md.
    """
    for path in corpus:
        if is_profile(path):
            raise InputError(f"{path} is a saved profile already: collapse-stats merge adds them")
    new_profile = NewProfile(output) if units is None or units.writes_profile else None
    with Reporter() as reporter:
        if units is not None:
            saved = profile_units(
                corpus,
                units,
                declared,
                not no_table,
                sample_tokens,
                sample_ngrams,
                output,
                request,
                reporter,
            )
        else:
            tokens = read(corpus, request, reporter, name_of(corpus), declared=declared)
            for warning in tokens.warnings:
                reporter.warn(warning)
            saved = count(
                tokens, request, reporter, not no_table, sample_tokens, output, sample_ngrams
            )
    if new_profile is not None and saved is not None:
        new_profile.report(saved)
