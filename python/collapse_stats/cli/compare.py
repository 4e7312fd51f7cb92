"""``compare``: candidates against a baseline, and against the first of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..comparisons.build import compare_corpora, compare_profiles
from ..comparisons.comparison import Comparison
from ..corpus.sample import DEFAULT_TOKENS
from ..errors import InputError
from ..profiles.data import check_comparable
from ..profiles.profile import Ngram, Profile
from ..profiles.storage import is_profile
from ..readers.remote.location import Location, as_location
from ..report import delimited, make_report
from ..report.comparison_view import comparison_page
from ..verdict.measure import evidence
from ..verdict.rule import Constants
from .corpora import (
    DEFAULT_ORDER,
    Counting,
    any_saved,
    count,
    counting_options,
    load_saved,
    names_of,
    read,
)
from .output import is_seen, output_options, write_result
from .paths import paths_argument
from .progress import Reporter
from .threshold import Limit, check_orders, crossings, parse_thresholds


@click.command()
@click.argument("baseline", type=as_location)
@paths_argument("candidates", "CANDIDATE")
@click.option(
    "--fail-on",
    multiple=True,
    callback=parse_thresholds,
    metavar="EXPR",
    help="Exit with 1 when true of a candidate, as 'kl_1 > 0.3' or 'verdict >= loss-of-tail'; "
    "may be repeated. With --strict also when it cannot be checked.",
)
@click.option(
    "--human",
    multiple=True,
    type=as_location,
    metavar="CORPUS",
    help="Another human corpus: what they differ by limits the verdicts; may be repeated.",
)
@click.option(
    "--examples",
    type=click.IntRange(1),
    metavar="K",
    help="The K most frequent n-grams lost, and the K that are most too often.",
)
@output_options
@counting_options
@click.pass_context
def compare(
    ctx: click.Context,
    baseline: Location,
    candidates: tuple[Location, ...],
    fail_on: tuple[Limit, ...],
    human: tuple[Location, ...],
    examples: int | None,
    form: str,
    output: Path | None,
    counting: Counting,
) -> None:
    """Compare candidates with a baseline, one row each.

    Generations in order: the rows are then compared with the first of them as well.
    """
    paths = [baseline, *candidates]
    with Reporter() as reporter:
        comparisons = _compared(paths, counting, reporter, fail_on, tables=examples is not None)
        if human:
            limits = _limits(comparisons[0].baseline, human, counting, reporter)
            comparisons = [replace(one, constants=limits) for one in comparisons]
        first = comparisons[: len(candidates)]
        profiles = [first[0].baseline, *(one.candidate for one in first)]
        with reporter.task("recounting samples") as task:
            report = make_report(
                profiles, comparisons, backend=counting.backend.name, progress=task
            )
        if examples:
            for found, figures in zip(first, report["comparisons"], strict=False):
                figures |= _examples(found, examples)
        if not is_seen(form, output):
            for profile in profiles:
                for warning in profile.warnings:
                    reporter.warn(warning)
    write_result(report, comparison_page(report), form, output, delimited.write)
    crossed, unknown = crossings(fail_on, report)
    for line in unknown:
        click.echo(f"warning: {line}", err=True)
    for line in crossed:
        click.echo(f"collapse-stats: crossed: {line}", err=True)
    if crossed or (counting.strict and unknown):
        ctx.exit(1)


def _compared(
    paths: list[Location],
    counting: Counting,
    reporter: Reporter,
    fail_on: tuple[Limit, ...],
    tables: bool,
) -> list[Comparison]:
    """Each candidate against the baseline, then each later candidate against the first."""
    if tables or any_saved(paths):
        return _joined(paths, counting, reporter, fail_on)
    max_order = counting.max_order or DEFAULT_ORDER
    check_orders(fail_on, max_order)
    corpora = [
        read([path], counting, reporter, name, share=2 * len(paths))
        for path, name in zip(paths, names_of(paths), strict=True)
    ]
    found = []
    for a, b in _pairs(len(corpora)):
        one, other = corpora[a], corpora[b]
        what = f"counting {one.name} and {other.name}"
        with reporter.task(what, one.tokens + other.tokens, "M tokens"):
            found.append(
                compare_corpora(
                    one,
                    other,
                    max_order=max_order,
                    backend=counting.backend,
                    memory=counting.memory,
                )
            )
    return found


def _joined(
    paths: list[Location], counting: Counting, reporter: Reporter, fail_on: tuple[Limit, ...]
) -> list[Comparison]:
    """Comparisons through tables: of saved profiles, and of corpora counted as they were."""
    saved = {path: load_saved(path, counting) for path in paths if is_profile(path)}
    known = next(iter(saved.values()), None)
    if known is not None:
        counting = replace(
            counting,
            max_order=known.max_order,
            tokenizer=None if known.tokenizer.spec == "none" else known.tokenizer.spec,
            options=replace(counting.options, vocab_size=known.vocab_size),
        )
    check_orders(fail_on, counting.max_order or DEFAULT_ORDER)
    names = names_of(paths)
    corpora = {
        path: read([path], counting, reporter, name, share=2 * len(paths))
        for path, name in zip(paths, names, strict=True)
        if path not in saved
    }
    for corpus in corpora.values():  # ids without a tokenizer: one vocabulary for all of them
        corpus.vocab_size = max(one.vocab_size for one in corpora.values())
    profiles: list[Profile] = []
    for path, name in zip(paths, names, strict=True):
        one = saved.get(path) or count(corpora[path], counting, reporter, table=True)
        profiles.append(replace(one, name=name))
    found = []
    for a, b in _pairs(len(profiles)):
        with reporter.task(f"joining {names[a]} and {names[b]}"):
            found.append(
                compare_profiles(profiles[a], profiles[b], counting.backend, counting.memory)
            )
    return found


def _limits(
    baseline: Profile, human: tuple[Location, ...], counting: Counting, reporter: Reporter
) -> Constants:
    """Constants of the verdict from what other human corpora differ by from the baseline."""
    if baseline.tokenizer.spec != "none":
        counting = replace(counting, tokenizer=baseline.tokenizer.spec)
    pairs = []
    for path, name in zip(human, names_of(list(human)), strict=True):
        if is_profile(path):
            saved = load_saved(path, replace(counting, max_order=None))  # only its sample counts
            check_comparable(baseline, saved)
            sample = saved.sample
        else:
            sample = read([path], counting, reporter, name, share=4).sample(DEFAULT_TOKENS)
        pairs.append(evidence(baseline.sample, sample))
    return Constants().of_human(pairs)


def _pairs(sides: int) -> list[tuple[int, int]]:
    return [(0, n) for n in range(1, sides)] + [(1, n) for n in range(2, sides)]


def _examples(comparison: Comparison, k: int) -> dict[str, list[dict[str, Any]]]:
    """The k most frequent n-grams lost and the k most inflated, of every order."""
    if comparison.joint_spectra is None:
        raise InputError(
            "--examples needs the n-grams of both sides, got a profile made with --no-table: make "
            "it again without, or give the corpus itself"
        )
    orders = range(1, comparison.baseline.max_order + 1)
    return {
        "lost": [
            {"order": n, "ngram": _plain(ngram), "count": seen}
            for n in orders
            for ngram, seen in comparison.lost(n, k)
        ],
        "inflated": [
            {"order": n, "ngram": _plain(ngram), "count": seen, "baseline_count": before}
            for n in orders
            for ngram, seen, before in comparison.inflated(n, k)
        ],
    }


def _plain(ngram: Ngram) -> str | list[int]:
    return ngram if isinstance(ngram, str) else list(ngram)
