"""``show``: one corpus."""

from pathlib import Path

import click

from ..report import delimited, make_report
from ..report.corpus_view import corpus_page
from ..storage import is_profile
from .corpora import Counting, count, counting_options, load_saved, names_of, read
from .output import is_seen, output_options, write_result
from .progress import Reporter


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option("--spectrum", is_flag=True, help="How many n-grams were seen how often.")
@click.option("--top", type=click.IntRange(1), metavar="K", help="The K most frequent n-grams.")
@output_options
@counting_options
def show(
    corpus: Path,
    spectrum: bool,
    top: int | None,
    form: str,
    output: Path | None,
    counting: Counting,
) -> None:
    """Show every figure of one corpus, for each order."""
    with Reporter() as reporter:
        if is_profile(corpus):
            found = load_saved(corpus, counting)
        else:
            read_in = read([corpus], counting, reporter, names_of([corpus])[0])
            found = count(read_in, counting, reporter, table=top is not None)
        report = make_report([found], backend=counting.backend.name)
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
