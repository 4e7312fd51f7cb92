"""``show``: one corpus."""

from pathlib import Path

import click

from ..errors import InputError
from ..profiles.storage import is_profile
from ..readers.remote.location import Location
from ..report import delimited, make_report
from ..report.corpus_view import corpus_page
from .corpora import Counting, count, counting_options, load_saved, name_of, read
from .output import is_seen, output_options, write_result
from .paths import paths_argument
from .progress import Reporter


@click.command()
@paths_argument("corpus", "CORPUS")
@click.option("--spectrum", is_flag=True, help="How many n-grams were seen how often.")
@click.option("--top", type=click.IntRange(1), metavar="K", help="The K most frequent n-grams.")
@output_options
@counting_options
def show(
    corpus: tuple[Location, ...],
    spectrum: bool,
    top: int | None,
    form: str,
    output: Path | None,
    counting: Counting,
) -> None:
    """Show every figure of one corpus, for each order.

    Several paths are one corpus.
    """
    with Reporter() as reporter:
        saved = next(filter(is_profile, corpus), None)
        if saved is not None and len(corpus) > 1:
            raise InputError(f"{saved} is a saved profile: show it alone, or merge them first")
        if saved is not None:
            found = load_saved(saved, counting)
        else:
            read_in = read(corpus, counting, reporter, name_of(corpus))
            found = count(read_in, counting, reporter, table=top is not None)
        with reporter.task("recounting samples") as task:
            report = make_report([found], backend=counting.backend.name, progress=task)
        for order, figures in report["corpora"][0]["orders"].items():
            if spectrum:
                rows = found.spectrum(int(order))
                figures["spectrum"] = [
                    list(row) for row in zip(rows.count.tolist(), rows.types.tolist(), strict=True)
                ]
            if top:
                figures["top"] = [
                    {"ngram": ngram if isinstance(ngram, str) else list(ngram), "count": seen}
                    for ngram, seen in found.top(int(order), top)
                ]
        if not is_seen(form, output):
            for warning in found.warnings:
                reporter.warn(warning)
    write_result(report, corpus_page(report), form, output, delimited.write)
