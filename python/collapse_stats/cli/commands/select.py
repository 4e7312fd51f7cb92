"""``select``: chooses the documents that work against collapse."""

from pathlib import Path

import click

from ...profiles.profile import Profile
from ...profiles.storage import is_profile
from ...readers.remote.location import Location
from ...report.contents.selection import selection_content
from ...report.formats import json_text
from ...report.views.selection import selection_page
from ...selection.choosing import Given, choose
from ...selection.options import METHODS, MIN_TOKENS, SelectOptions
from ...selection.written import check_can_copy, write
from ..corpora import count, load_saved, name_of, names_of, read
from ..new_profile import check_new
from ..options import Request, request_options
from ..output import drawn
from ..output import write as print_text
from ..paths import location, paths_argument
from ..progress import Reporter
from ..whole_number import WholeNumber


@click.command()
@paths_argument("candidates", "CANDIDATE")
@click.option(
    "--budget",
    required=True,
    metavar="TOKENS",
    help="How many tokens to choose, such as 200M or 1.5B.",
)
@click.option(
    "--against",
    multiple=True,
    type=location,
    metavar="PROFILE",
    help="An earlier generation, or whatever need not be said again. May be repeated.",
)
@click.option(
    "--baseline",
    type=location,
    metavar="PROFILE",
    help="Human text. One half of it decides what is rare and what is noise, the other judges the "
    "result.",
)
@click.option(
    "--human",
    multiple=True,
    type=location,
    metavar="CORPUS",
    help="Fresh human text to add, other than the baseline. May be repeated.",
)
@click.option(
    "--human-share", type=float, metavar="SHARE", help="Its share of the budget, such as 0.1."
)
@click.option(
    "--order",
    type=WholeNumber(2),
    default=3,
    metavar="N",
    help="Length of the n-grams that documents are chosen by. Default: 3.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="greedy",
    help="greedy takes what adds most, again and again; one-pass takes what adds enough, in the "
    "order of the files. Default: greedy.",
)
@click.option(
    "--gate",
    type=click.Choice(["order", "none"]),
    default="order",
    help="Leave out documents whose tokens might as well be shuffled, or none. Default: order.",
)
@click.option(
    "--min-tokens",
    type=WholeNumber(1),
    default=MIN_TOKENS,
    metavar="N",
    help=f"Leave out shorter documents. Default: {MIN_TOKENS}.",
)
@click.option(
    "--seed", type=WholeNumber(0), default=0, metavar="N", help="Of all chance. Default: 0."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Directory to write the documents to, with a row on each candidate in selection.parquet. "
    "It must not exist.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the effect as JSON.")
@request_options
def select(
    candidates: tuple[Location, ...],
    budget: str,
    against: tuple[Location, ...],
    baseline: Location | None,
    human: tuple[Location, ...],
    human_share: float | None,
    order: int,
    method: str,
    gate: str,
    min_tokens: int,
    seed: int,
    output: Path,
    as_json: bool,
    request: Request,
) -> None:
    """Choose the documents worth keeping of generated text.

    They bring what earlier generations (--against) do not have. Candidates are JSON lines or
    Parquet; whole records are kept, in their order. Novelty alone
    would choose noise and near-copies, so these are left out. What is printed says what the choice
    changes, measured on human text that had no part in it.
    """
    options = SelectOptions(
        budget=budget,
        order=order,
        method=method,
        gate=None if gate == "none" else gate,
        human_share=human_share,
        min_tokens=min_tokens,
        seed=seed,
    )
    options.check(baseline is not None, bool(human))
    check_new(output)
    with Reporter() as reporter:
        references, of_baseline, request = _profiles(against, baseline, request, reporter)
        corpus = read(candidates, request, reporter, name_of(candidates), share=4)
        check_can_copy(corpus, request.reading)
        fresh = read(human, request, reporter, name_of(human), share=4) if human else None
        if fresh is not None:
            check_can_copy(fresh, request.reading)
        with reporter.task("choosing documents"):
            given = Given(corpus, references, of_baseline, fresh)
            selection = choose(given, options, request.counting)
        with reporter.task(f"writing {output}"):
            write(selection, output, request.reading)
        with reporter.task("recounting samples"):
            content = selection_content(selection)
        if as_json:
            for warning in selection.warnings:
                reporter.warn(warning)
    print_text(json_text(content) if as_json else drawn(selection_page(content)))


def _profiles(
    against: tuple[Location, ...],
    baseline: Location | None,
    request: Request,
    reporter: Reporter,
) -> tuple[list[Profile], Profile | None, Request]:
    """The reference and the baseline, and the request for what is to be read like them."""
    paths = [*against, *([] if baseline is None else [baseline])]
    saved = {path: load_saved(path, request) for path in paths if is_profile(path)}
    if saved:
        request = request.like(next(iter(saved.values())))
    profiles = []
    for path, name in zip(paths, names_of(paths), strict=True):
        profile = saved.get(path)
        if profile is None:
            profile = count(read([path], request, reporter, name), request, reporter, table=True)
            request = request.like(profile)
        profiles.append(profile)
    of_baseline = None if baseline is None else profiles.pop()
    return profiles, of_baseline, request
