"""``show``: the figures of one corpus."""

from pathlib import Path
from typing import Any

import click

from ...errors import InputError
from ...profiles.profile import Profile
from ...profiles.storage import is_profile
from ...readers.remote.location import Location
from ...report import make_report
from ..corpora import count, load_saved, name_of, read, refuse_options_of_reading
from ..options import Request, request_options
from ..output import check_details, report_options, write_report
from ..paths import paths_argument
from ..progress import Reporter
from ..warnings import warn_of_report
from ..whole_number import WholeNumber


@click.command()
@paths_argument("corpus", "CORPUS")
@click.option("--spectrum", is_flag=True, help="Show how many n-grams occur how often.")
@click.option("--top", type=WholeNumber(1), metavar="K", help="Show the K most frequent n-grams.")
@report_options
@request_options
def show(
    corpus: tuple[Location, ...],
    spectrum: bool,
    top: int | None,
    form: str,
    output: Path | None,
    request: Request,
) -> None:
    """Show all figures of one corpus, for each length of n-grams.

    Several paths are read as one corpus.
    """
    for option, given in (("--spectrum", spectrum), ("--top", top)):
        if given:
            check_details(form, option)
    with Reporter() as reporter:
        profile = _profile(corpus, request, reporter, table=top is not None)
        with reporter.task("recounting samples") as task:
            report = make_report([profile], backend=request.backend.name, progress=task)
        for order, figures in report["corpora"][0]["orders"].items():
            if spectrum:
                figures["spectrum"] = _spectrum(profile, int(order))
            if top:
                figures["top"] = _top(profile, int(order), top)
        warn_of_report(report, [profile], form, output, reporter)
    write_report(report, form, output)


def _profile(
    corpus: tuple[Location, ...], request: Request, reporter: Reporter, table: bool
) -> Profile:
    saved = next(filter(is_profile, corpus), None)
    if saved is None:
        tokens = read(corpus, request, reporter, name_of(corpus))
        return count(tokens, request, reporter, table=table)
    if len(corpus) > 1:
        raise InputError(f"{saved} is a saved profile: show it alone, or merge them first")
    refuse_options_of_reading(saved, request)
    return load_saved(saved, request)


def _spectrum(profile: Profile, order: int) -> list[list[int]]:
    spectrum = profile.spectrum(order)
    return [list(row) for row in zip(spectrum.count.tolist(), spectrum.types.tolist(), strict=True)]


def _top(profile: Profile, order: int, k: int) -> list[dict[str, Any]]:
    return [
        {"ngram": ngram if isinstance(ngram, str) else list(ngram), "count": count}
        for ngram, count in profile.top(order, k)
    ]
