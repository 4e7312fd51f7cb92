"""``track``: compares the steps of a training run with the first of them, or with a baseline."""

from dataclasses import replace
from pathlib import Path

import click

from ...comparisons.build import compare_profiles
from ...comparisons.comparison import Comparison
from ...comparisons.side import compare_each, share_of_memory
from ...comparisons.trajectory.build import trajectory_of
from ...errors import InputError
from ...metrics.series.trend import FEWEST_STEPS
from ...profiles.profile import Profile
from ...profiles.storage import is_profile
from ...readers.detect import extension_of
from ...readers.directory.reasons import some
from ...readers.discover import discover
from ...readers.file_reader import TEXT, FileReader
from ...readers.open import open_file
from ...readers.options import ReadOptions
from ...readers.registry import registry
from ...readers.remote.location import Location
from ...report import make_report
from ...verdict.limits import Limits, limits_from
from ..corpora import count, load_saved, names_of, read
from ..inputs import spare_inputs
from ..options import Request, limits_option, request_options
from ..output import report_options, verbose_option, write_report
from ..paths import location
from ..perplexity import WithPerplexity, add_to_report, order_needed, perplexity_option
from ..progress import Reporter
from ..sides import SideOptions, for_side, side_option
from ..steps import steps, without_number
from ..threshold import Limit, asks_for_series, check_orders, fail_if_crossed, fail_on_option
from ..warnings import warn_of_report
from ..whole_number import WholeNumber

_GENERATED = ("completion", "output")  # of generated text: TRL; verl and OpenRLHF


@click.command(cls=WithPerplexity)
@click.argument("run", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--baseline",
    type=location,
    metavar="CORPUS",
    help="Compare the steps with this corpus instead of the first step.",
)
@click.option(
    "--every",
    type=WholeNumber(1),
    default=1,
    metavar="K",
    help="Take only every K-th step. Default: 1.",
)
@limits_option
@fail_on_option
@perplexity_option
@side_option("baseline")
@verbose_option
@report_options
@request_options
@click.pass_context
def track(
    ctx: click.Context,
    run: Path,
    baseline: Location | None,
    every: int,
    limits: Path | None,
    fail_on: tuple[Limit, ...],
    perplexity: int | None,
    verbose: bool,
    for_baseline: SideOptions,
    form: str,
    output: Path | None,
    request: Request,
) -> None:
    """Compare the steps of a run with its first step or a baseline.

    With a baseline, later steps are also compared with the first one, which shows a slow loss best.

    DIR has one file or directory for each step, with the step's number in its name: completions of
    TRL, rollouts of verl or OpenRLHF, or checkpoints with samples. Generated text is read from the
    column 'completion' or 'output' if there is one, unless --text-key, --ids-key or --part is
    given. All steps are read by the key of the first.

    From four steps on that are compared, each is also compared with the one before, and trends are
    given. As a run is looked at again and again, a step from which on a figure is worse is named
    only if it is worse by more at each look: in all, 1 % of runs without a change show any.
    """
    if for_baseline and (baseline is None or is_profile(baseline)):
        raise InputError("--for-baseline needs a --baseline that is read, not a saved profile")
    of_verdict = limits_from(limits)
    found = steps(run, request.reading)[::every]
    paths = [path for _, path in found]
    if baseline is None or not is_profile(baseline):
        order_needed(perplexity, fail_on, request.counting.max_order)  # before anything is counted
    spare_inputs(output, [paths, baseline, limits, for_baseline, dict(request.typed)])
    if len(paths) + (baseline is not None) < 2:
        raise InputError(
            f"{run} must have two steps or more to be compared, got {len(paths)}: give --baseline"
        )
    with Reporter() as reporter:
        others = without_number(paths[0].parent, request.reading)
        if others:
            reporter.warn(f"left out, without the number of a step in its name: {some(others)}")
        comparisons = _series(found, baseline, for_baseline, of_verdict, request, reporter, fail_on)
        profiles = [comparisons[0].baseline, *(each.candidate for each in comparisons)]
        with_first: list[Comparison] = []
        if baseline is not None:
            with_first = _with_first(profiles[1:], of_verdict, request)
        trajectory = None
        if len(comparisons) >= (2 if asks_for_series(fail_on) else FEWEST_STEPS):
            trajectory = trajectory_of(
                comparisons,
                [number for number, _ in found[-len(comparisons) :]],
                request.counting.memory_bytes,
                also=with_first,
                from_first=baseline is None,
                every_step=True,
            )
        with reporter.task("recounting samples") as task:
            report = make_report(
                profiles,
                [*comparisons, *with_first],
                backend=request.backend.name,
                progress=task,
                from_first=baseline is None,
                trajectory=trajectory,
            )
        memory = request.counting.memory_bytes
        add_to_report(report, comparisons, perplexity, fail_on, memory, reporter)
        warn_of_report(report, profiles, form, output, reporter)
    write_report(report, form, output, verbose=verbose)
    fail_if_crossed(ctx, fail_on, report, request.strict)


def _series(
    found: list[tuple[int, Path]],
    baseline: Location | None,
    for_baseline: SideOptions,
    limits: Limits,
    request: Request,
    reporter: Reporter,
    fail_on: tuple[Limit, ...],
) -> list[Comparison]:
    """Compare each step with the baseline or the first; at most four corpora are in memory."""
    if baseline is not None and is_profile(baseline):
        return _series_of_profile(found, baseline, limits, request, reporter, fail_on)
    check_orders(fail_on, request.counting.max_order)
    generated = _reading_generated_text(request, found[0][1])
    share = share_of_memory(len(found) + (baseline is not None))
    corpora = (read([path], generated, reporter, _name(number), share) for number, path in found)
    if baseline is None:
        first = next(corpora)
    else:
        first_request = for_side(request, for_baseline)
        first = read([baseline], first_request, reporter, names_of([baseline])[0], share)
    compared = compare_each(first, corpora, request.counting)
    return [replace(each, limits=limits) for each in compared]  # refuses those of other tokens


def _series_of_profile(
    found: list[tuple[int, Path]],
    baseline: Location,
    limits: Limits,
    request: Request,
    reporter: Reporter,
    fail_on: tuple[Limit, ...],
) -> list[Comparison]:
    """Compare each step with a saved profile; no n-gram table is kept for longer than needed."""
    saved = replace(load_saved(baseline, request), name=names_of([baseline])[0])
    check_orders(fail_on, saved.max_order)
    generated = _reading_generated_text(request.like(saved), found[0][1])
    comparisons = []
    for number, path in found:
        corpus = read([path], generated, reporter, _name(number))
        step = count(corpus, generated, reporter, table=True)
        comparison = compare_profiles(saved, step, request.backend, request.counting.memory_bytes)
        without_table = replace(comparison.candidate, table=None)
        comparisons.append(replace(comparison, candidate=without_table, limits=limits))
    return comparisons


def _with_first(steps: list[Profile], limits: Limits, request: Request) -> list[Comparison]:
    """Compare the later steps with the first one, by the samples that all of them keep."""
    first, *later = steps
    memory = request.counting.memory_bytes
    compared = (compare_profiles(first, step, request.backend, memory) for step in later)
    return [replace(each, limits=limits) for each in compared]


def _name(number: int) -> str:
    return f"step {number}"


def _reading_generated_text(request: Request, step: Path) -> Request:
    """The same request, with the key that the first step is read by, so that all are read alike.

    That is the key of generated text if there is one.
    """
    reading = request.reading
    if reading.text_key or reading.ids_key or reading.part:
        return request
    files = discover([step], reading=reading)
    first = next((file for file in files if _has_keys(file.name)), None)
    if first is None:
        return request
    for key in _GENERATED:
        keyed = _opened(first, replace(reading, text_key=key))
        if keyed is not None:
            return request.reading_as({"text_key": key})
    found = _opened(first, reading)
    if found is None or found.reads is None or len(found.reads.names) != 1:
        return request
    name = "ids_key" if found.kind == "ids" else "text_key"
    return request.reading_as({name: found.reads.names[0]})


def _has_keys(name: str) -> bool:
    """Whether a file has keys or columns; a text can be read under any key."""
    reader = registry().extensions.get(extension_of(name))
    return reader is not None and reader.rank > TEXT


def _opened(file: Location, reading: ReadOptions) -> FileReader | None:
    try:
        return open_file(file, reading)
    except InputError:
        return None
