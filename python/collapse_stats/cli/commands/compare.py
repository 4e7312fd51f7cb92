"""``compare``: compares candidates with a baseline, and with the first of them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from ...comparisons.build import compare_profiles
from ...comparisons.calibrate import human_text, limits_of
from ...comparisons.comparison import Comparison
from ...comparisons.side import compare_series
from ...comparisons.trajectory.build import trajectory_of
from ...comparisons.trajectory.trajectory import Trajectory
from ...errors import InputError
from ...profiles.profile import Ngram, Profile
from ...profiles.storage import is_profile
from ...readers.remote.location import Location
from ...report import make_report
from ...verdict.limits import Limits, limits_from
from ..corpora import (
    any_saved,
    count,
    human_texts,
    load_saved,
    names_of,
    read,
    refuse_options_of_reading,
)
from ..options import Request, limits_option, request_options
from ..output import WITH_CHARTS, check_details, report_options, verbose_option, write_report
from ..paths import location, paths_argument
from ..perplexity import WithPerplexity, add_to_report, order_needed, perplexity_option
from ..progress import Reporter
from ..sides import SideOptions, for_side, side_option
from ..steps import is_folder, numbered_folders, rising_numbers, steps
from ..threshold import Limit, asks_for_series, check_orders, fail_if_crossed, fail_on_option
from ..warnings import warn_of_report
from ..whole_number import WholeNumber

T = TypeVar("T")
OF_A_CHART = 8  # n-grams on each side of the chart of them


@click.command(cls=WithPerplexity)
@click.argument("baseline", type=location)
@paths_argument("candidates", "CANDIDATE")
@fail_on_option
@click.option(
    "--human",
    multiple=True,
    type=location,
    metavar="CORPUS",
    help="Another human corpus. Differences from the baseline that such corpora show as well do "
    "not count towards a verdict. May be repeated.",
)
@limits_option
@click.option(
    "--examples",
    type=WholeNumber(1),
    metavar="K",
    help="Show the K most frequent n-grams that a candidate lost, and the K that it has most too "
    f"often. Default with --format html and png: {OF_A_CHART}.",
)
@perplexity_option
@side_option("baseline", also=" (and --human)")
@click.option(
    "--each",
    is_flag=True,
    help="Take each numbered file or directory of a candidate, such as gen-3/ or 10.jsonl, as a "
    "candidate of its own.",
)
@click.option(
    "--successive",
    is_flag=True,
    help="Also compare each candidate with the one before, and say what becomes of the run: its "
    "trends, and from where on a figure is worse.",
)
@side_option("candidates")
@verbose_option
@report_options
@request_options
@click.pass_context
def compare(
    ctx: click.Context,
    baseline: Location,
    candidates: tuple[Location, ...],
    fail_on: tuple[Limit, ...],
    human: tuple[Location, ...],
    limits: Path | None,
    examples: int | None,
    perplexity: int | None,
    each: bool,
    successive: bool,
    verbose: bool,
    for_baseline: SideOptions,
    for_candidates: SideOptions,
    form: str,
    output: Path | None,
    request: Request,
) -> None:
    """Compare candidates with a baseline, one row for each.

    Give generations of a model in order: later ones are also compared with the first. Options of
    reading hold for both sides; --for-baseline and --for-candidates give one for one side only,
    where the two have other keys, or are other parts of chats.
    """
    if human and limits:
        raise click.UsageError("--human gives limits of its own: leave it out, or --limits")
    of_verdict = limits_from(limits)
    if examples:
        check_details(form, "--examples")
    if each:
        candidates = _parts(candidates, request)
    if successive and len(candidates) < 2:
        raise InputError(
            "--successive needs two candidates or more, in the order of the run, got "
            f"{candidates[0]}: give several, or --each for a directory with one a step"
        )
    paths = [baseline, *candidates]
    if not any_saved(paths):
        order_needed(perplexity, fail_on, request.counting.max_order)  # before it is counted
    options = [for_baseline, *(for_candidates for _ in candidates)]
    with Reporter() as reporter:
        if not each:
            _hint(baseline, candidates, reporter)
        _warn_of_order(names_of(paths)[1:], reporter)
        tables = examples is not None or form in WITH_CHARTS
        comparisons = _compared(paths, options, of_verdict, request, reporter, fail_on, tables)
        if human:
            human_request = for_side(request, for_baseline)
            own = _limits(comparisons[0].baseline, human, human_request, reporter)
            comparisons = [replace(each, limits=own) for each in comparisons]
        with_baseline = comparisons[: len(candidates)]
        profiles = [with_baseline[0].baseline, *(each.candidate for each in with_baseline)]
        trajectory = None
        if successive or (asks_for_series(fail_on) and len(candidates) > 1):
            trajectory = _trajectory(comparisons, len(candidates), request)
        with reporter.task("recounting samples") as task:
            report = make_report(
                profiles,
                comparisons,
                backend=request.backend.name,
                progress=task,
                trajectory=trajectory,
            )
        memory = request.counting.memory_bytes
        add_to_report(report, comparisons, perplexity, fail_on, memory, reporter)
        if examples is None and form in WITH_CHARTS:
            examples = _for_chart(with_baseline)
        if examples:
            for comparison, figures in zip(with_baseline, report["comparisons"], strict=False):
                figures |= _examples(comparison, examples)
        warn_of_report(report, profiles, form, output, reporter)
    write_report(report, form, output, verbose=verbose)
    fail_if_crossed(ctx, fail_on, report, request.strict)


def _parts(candidates: tuple[Location, ...], request: Request) -> tuple[Location, ...]:
    """The candidates, in place of each directory what it has for each number, in order."""
    if not any(is_folder(path) for path in candidates):
        raise InputError(
            f"--each is for a directory with steps or generations, got {candidates[0]}: leave it "
            "out, or give the directory"
        )
    parts: list[Location] = []
    for path in candidates:
        parts += [part for _, part in steps(path, request.reading)] if is_folder(path) else [path]
    return tuple(parts)


def _hint(baseline: Location, candidates: tuple[Location, ...], reporter: Reporter) -> None:
    """Say which candidates look like runs, of which all steps are counted as one corpus."""
    for path in candidates:
        number = numbered_folders(path)
        if number:
            reporter.note(
                f"{path} has {number} numbered subdirectories, counted as one corpus: `track "
                f"{path} --baseline {baseline}` or --each compares them one by one"
            )


def _warn_of_order(names: list[str], reporter: Reporter) -> None:
    """Warn if the numbers in names that are otherwise alike do not rise: ``gen1 gen10 gen2``."""
    numbers = [int(number) for name in names for number in re.findall(r"\d+", name)]
    alike = len({re.sub(r"\d+", "", name) for name in names}) == 1
    if alike and len(numbers) == len(names) and numbers != sorted(numbers):
        reporter.warn(
            f"the candidates are taken as a run in the order {', '.join(names)}: give them in the "
            "order of their numbers if that is meant"
        )


def _compared(
    paths: list[Location],
    options: list[SideOptions],
    limits: Limits,
    request: Request,
    reporter: Reporter,
    fail_on: tuple[Limit, ...],
    tables: bool,
) -> list[Comparison]:
    """Compare each candidate with the baseline, then each later candidate with the first."""
    if tables or any_saved(paths):
        return _joined(paths, options, limits, request, reporter, fail_on)
    check_orders(fail_on, request.counting.max_order)
    corpora = [
        read([path], for_side(request, own), reporter, name, share=2 * len(paths))
        for path, own, name in zip(paths, options, names_of(paths), strict=True)
    ]
    limits.check(*corpora)  # before anything is counted
    with reporter.task("counting") as task:
        compared = compare_series(corpora[0], corpora[1:], request.counting, task)
    return [replace(each, limits=limits) for each in compared]


def _joined(
    paths: list[Location],
    options: list[SideOptions],
    limits: Limits,
    request: Request,
    reporter: Reporter,
    fail_on: tuple[Limit, ...],
) -> list[Comparison]:
    """The same by joining n-gram tables, of saved profiles and of corpora that are profiled."""
    for path, own in zip(paths, options, strict=True):
        if own and is_profile(path):
            raise InputError(
                f"{path} is a saved profile, which is not read again: leave out the options of "
                "its side, or give the corpus itself"
            )
    saved = {path: load_saved(path, request) for path in paths if is_profile(path)}
    if len(saved) == len(set(paths)):
        refuse_options_of_reading(paths[0], request)
    if saved:
        request = request.like(next(iter(saved.values())))
    check_orders(fail_on, request.counting.max_order)
    names = names_of(paths)
    corpora = {
        number: read([path], for_side(request, own), reporter, name, share=2 * len(paths))
        for number, (path, own, name) in enumerate(zip(paths, options, names, strict=True))
        if path not in saved
    }
    # Corpora of ids without a tokenizer have vocabularies as large as their ids: use the largest.
    unnamed = [corpus for corpus in corpora.values() if corpus.tokenizer.sha256 is None]
    for corpus in unnamed:
        corpus.vocab_size = max(other.vocab_size for other in unnamed)
    limits.check(*saved.values(), *corpora.values())
    profiles: list[Profile] = []
    for number, (path, name) in enumerate(zip(paths, names, strict=True)):
        profile = saved.get(path) or count(corpora[number], request, reporter, table=True)
        profiles.append(replace(profile, name=name))
    comparisons = []
    for baseline, candidate in _pairs(profiles):
        with reporter.task(f"joining {baseline.name} and {candidate.name}"):
            joined = compare_profiles(
                baseline, candidate, request.backend, request.counting.memory_bytes
            )
        comparisons.append(replace(joined, limits=limits))
    return comparisons


def _trajectory(comparisons: list[Comparison], candidates: int, request: Request) -> Trajectory:
    """The candidates as steps of a run; each is also compared with the one before."""
    with_baseline, with_first = comparisons[:candidates], comparisons[candidates:]
    return trajectory_of(
        with_baseline,
        rising_numbers([each.candidate.name for each in with_baseline]),
        request.counting.memory_bytes,
        also=with_first,
    )


def _limits(
    baseline: Profile, human: tuple[Location, ...], request: Request, reporter: Reporter
) -> Limits:
    """Limits of the verdict from how much the baseline and other human corpora differ."""
    texts = human_texts(human, request.like(baseline), reporter)
    with reporter.task("comparing human corpora") as task:
        limits = limits_of([human_text(baseline), *texts], request.backend, task)
    return replace(limits, name="--human")


def _pairs(sides: list[T]) -> list[tuple[T, T]]:
    """The baseline with each candidate, then the first candidate with each later one."""
    return [(sides[0], side) for side in sides[1:]] + [(sides[1], side) for side in sides[2:]]


def _for_chart(comparisons: list[Comparison]) -> int | None:
    """How many n-grams a chart shows; None if a profile does not have its n-grams."""
    have_tables = all(each.joint_spectra is not None for each in comparisons)
    return OF_A_CHART if have_tables else None


def _examples(comparison: Comparison, k: int) -> dict[str, list[dict[str, Any]]]:
    """The k most frequent n-grams that were lost and the k most inflated, of every order."""
    if comparison.joint_spectra is None:
        raise InputError(
            "--examples needs the n-grams of both sides, got a profile made with --no-table or "
            "--sample-ngrams: make it again without, or give the corpus itself"
        )
    orders = range(1, comparison.baseline.max_order + 1)
    return {
        "lost": [
            {"order": n, "ngram": _plain(ngram), "count": count}
            for n in orders
            for ngram, count in comparison.lost(n, k)
        ],
        "inflated": [
            {"order": n, "ngram": _plain(ngram), "count": count, "baseline_count": before}
            for n in orders
            for ngram, count, before in comparison.inflated(n, k)
        ],
    }


def _plain(ngram: Ngram) -> str | list[int]:
    return ngram if isinstance(ngram, str) else list(ngram)
