"""``track``: the steps of a run against the first of them, or against a baseline."""

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
from .corpora import DEFAULT_ORDER, Counting, count, counting_options, load_saved, names_of, read
from .output import output_options, write_result
from .progress import Reporter

_GENERATED = ("completion", "output")  # what TRL and verl call the text that a step wrote
_FOLDERS = ("completions",)  # where TRL puts it


@click.command()
@click.argument("run", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="CORPUS",
    help="What steps are compared with (default: the first of them).",
)
@click.option(
    "--every", type=click.IntRange(1), default=1, show_default=True, help="Take each K-th step."
)
@output_options
@counting_options
def track(
    run: Path,
    baseline: Path | None,
    every: int,
    form: str,
    output: Path | None,
    counting: Counting,
) -> None:
    """Show a run as a series: each step's text against the first step, or a baseline.

    A step is a file or directory of DIR with a number in its name: TRL's completions, verl's
    rollouts, checkpoints with samples. Of records, what was generated is read ('completion',
    'output'), unless --text-key, --ids-key or --part says otherwise.
    """
    paths = [path for _, path in steps(run)[::every]]
    if len(paths) + (baseline is not None) < 2:
        raise InputError(
            f"{run} must have two steps or more to be compared, got {len(paths)}: give --baseline"
        )
    with Reporter() as reporter:
        comparisons = _series(paths, baseline, counting, reporter)
        profiles = [comparisons[0].baseline, *(one.candidate for one in comparisons)]
        report = make_report(profiles, comparisons, backend=counting.backend.name)
    write_result(report, comparison_page(report), form, output, delimited.write)


def _series(
    paths: list[Path], baseline: Path | None, counting: Counting, reporter: Reporter
) -> list[Comparison]:
    """Each step against the baseline, or the first; no more than two corpora are held at a time."""
    names = names_of(paths)
    if baseline is not None and is_profile(baseline):
        known = load_saved(baseline, counting)
        counting = replace(
            counting,
            max_order=known.max_order,
            tokenizer=None if known.tokenizer.spec == "none" else known.tokenizer.spec,
            options=replace(counting.options, vocab_size=known.vocab_size),
        )
        generated = _of_generated(counting, paths[0])
        found = []
        for path, name in zip(paths, names, strict=True):
            step = count(read([path], generated, reporter, name), generated, reporter, table=True)
            compared = compare_profiles(known, step, counting.backend, counting.memory)
            found.append(replace(compared, candidate=replace(compared.candidate, table=None)))
        return found
    generated = _of_generated(counting, paths[0])
    if baseline is not None:
        base = read([baseline], counting, reporter, names_of([baseline])[0], share=4)
    else:
        base = read(paths[:1], generated, reporter, names[0], share=4)
        paths, names = paths[1:], names[1:]
    return [
        compare_corpora(
            base,
            read([path], generated, reporter, name, share=4),
            max_order=counting.max_order or DEFAULT_ORDER,
            backend=counting.backend,
            memory=counting.memory,
        )
        for path, name in zip(paths, names, strict=True)
    ]


def steps(run: Path) -> list[tuple[int, Path]]:
    """Files and directories with a number in their name, in the order of the last such number.

    Raises
    ------
    InputError
        when there are none, or two have one number.
    """
    for folder in (run, *(run / name for name in _FOLDERS if (run / name).is_dir())):
        found = sorted(
            (int(numbers[-1]), path)
            for path in folder.iterdir()
            if not path.name.startswith(".")
            and (path.is_dir() or extension_of(path.name) in registry().extensions)
            and (numbers := re.findall(r"\d+", path.name.split(".")[0]))
        )
        for (number, one), (again, other) in pairwise(found):
            if number == again:
                raise InputError(
                    f"{folder} must have one file or directory for each step, got {one.name} and "
                    f"{other.name}: give a directory with one of them"
                )
        if found:
            return found
    raise InputError(
        f"{run} has no file or directory with the number of a step in its name, such as "
        "completions_00010.parquet, 10.jsonl or step-10/"
    )


def _of_generated(counting: Counting, step: Path) -> Counting:
    """The same, with the key under which the first step has what was generated."""
    options = counting.options
    if options.text_key or options.ids_key or options.part:
        return counting
    first = discover([step])[0]
    for key in _GENERATED:
        chosen = replace(options, text_key=key)
        try:
            open_file(first, chosen)
        except InputError:
            continue
        return replace(counting, options=chosen)
    return counting
