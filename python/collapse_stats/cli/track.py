"""``track``: compares the steps of a training run with the first of them, or with a baseline."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import click

from ..comparisons.build import compare_corpora, compare_profiles
from ..comparisons.comparison import Comparison
from ..errors import InputError
from ..profiles.storage import is_profile
from ..readers.detect import extension_of
from ..readers.discover import discover
from ..readers.open import open_file
from ..readers.registry import registry
from ..report import delimited, make_report
from ..report.comparison_view import comparison_page
from .corpora import count, load_saved, names_of, read
from .options import Request, request_options
from .output import output_options, write_result
from .progress import Reporter

_GENERATED = ("completion", "output")  # the columns of generated text that TRL and verl write
_FOLDERS = ("completions",)  # the folder that TRL writes them to


@click.command()
@click.argument("run", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="CORPUS",
    help="Compare the steps with this corpus instead of the first step.",
)
@click.option(
    "--every",
    type=click.IntRange(1),
    default=1,
    metavar="K",
    help="Take only every K-th step. Default: 1.",
)
@output_options
@request_options
def track(
    run: Path,
    baseline: Path | None,
    every: int,
    form: str,
    output: Path | None,
    request: Request,
) -> None:
    """Compare the steps of a run with its first step or a baseline.

    DIR has one file or directory for each step, with the step's number in its name: completions of
    TRL, rollouts of verl, or checkpoints with samples. Generated text is read from the column
    'completion' or 'output' if there is one, unless --text-key, --ids-key or --part is given.
    """
    paths = [path for _, path in steps(run)[::every]]
    if len(paths) + (baseline is not None) < 2:
        raise InputError(
            f"{run} must have two steps or more to be compared, got {len(paths)}: give --baseline"
        )
    with Reporter() as reporter:
        comparisons = _series(paths, baseline, request, reporter)
        profiles = [comparisons[0].baseline, *(each.candidate for each in comparisons)]
        with reporter.task("recounting samples") as task:
            report = make_report(profiles, comparisons, backend=request.backend.name, progress=task)
    write_result(report, comparison_page(report), form, output, delimited.write)


def _series(
    paths: list[Path], baseline: Path | None, request: Request, reporter: Reporter
) -> list[Comparison]:
    """Compare each step with the baseline or the first; at most two corpora are in memory."""
    if baseline is not None and is_profile(baseline):
        return _series_of_profile(paths, baseline, request, reporter)
    names = names_of(paths)
    generated = _reading_generated_text(request, paths[0])
    if baseline is not None:
        first = read([baseline], request, reporter, names_of([baseline])[0], share=4)
    else:
        first = read(paths[:1], generated, reporter, names[0], share=4)
        paths, names = paths[1:], names[1:]
    return [
        compare_corpora(
            first,
            read([path], generated, reporter, name, share=4),
            counting=request.counting,
        )
        for path, name in zip(paths, names, strict=True)
    ]


def _series_of_profile(
    paths: list[Path], baseline: Path, request: Request, reporter: Reporter
) -> list[Comparison]:
    """Compare each step with a saved profile; no n-gram table is kept for longer than needed."""
    saved = load_saved(baseline, request)
    generated = _reading_generated_text(request.like(saved), paths[0])
    comparisons = []
    for path, name in zip(paths, names_of(paths), strict=True):
        corpus = read([path], generated, reporter, name)
        step = count(corpus, generated, reporter, table=True)
        comparison = compare_profiles(saved, step, request.backend, request.counting.memory_bytes)
        without_table = replace(comparison.candidate, table=None)
        comparisons.append(replace(comparison, candidate=without_table))
    return comparisons


def steps(run: Path) -> list[tuple[int, Path]]:
    """Number and path of each step, in order: the last number in the name of a file or directory.

    Raises
    ------
    InputError
        There are no steps, or two have the same number.
    """
    for folder in (run, *(run / name for name in _FOLDERS if (run / name).is_dir())):
        numbered = sorted(
            (int(numbers[-1]), path)
            for path in folder.iterdir()
            if not path.name.startswith(".")
            and (path.is_dir() or extension_of(path.name) in registry().extensions)
            and (numbers := re.findall(r"\d+", path.name.split(".")[0]))
        )
        for (number, path), (next_number, next_path) in pairwise(numbered):
            if number == next_number:
                raise InputError(
                    f"{folder} must have one file or directory for each step, got {path.name} and "
                    f"{next_path.name}: give a directory with one of them"
                )
        if numbered:
            return numbered
    raise InputError(
        f"{run} has no file or directory with the number of a step in its name, such as "
        "completions_00010.parquet, 10.jsonl or step-10/"
    )


def _reading_generated_text(request: Request, step: Path) -> Request:
    """The same request, with the text key of generated text if the first step has one."""
    reading = request.reading
    if reading.text_key or reading.ids_key or reading.part:
        return request
    first = discover([step])[0]
    for key in _GENERATED:
        keyed = replace(reading, text_key=key)
        try:
            open_file(first, keyed)
        except InputError:
            continue
        return replace(request, reading=keyed)
    return request
