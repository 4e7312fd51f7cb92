"""``demo``: compares human text with generations of a model that collapses, without a network."""

from collections.abc import Sequence
from typing import Any

import click
import numpy as np

from ...backends.options import CountOptions
from ...backends.selection import select
from ...comparisons.build import compare_corpora
from ...comparisons.comparison import Comparison
from ...corpus.corpus import Corpus
from ...corpus.load import read_corpus
from ...readers.options import ReadOptions
from ...report import make_report
from ...report.grid import Page
from ...report.json_object import Json
from ...report.numbers import fixed, percent
from ...report.shown import compared, rare_kept
from ...report.views.comparison import LEGEND
from ...report.views.generations import DISTINCT_ORDER, generations_grid
from ...report.views.novelty import novelty_grid
from ...report.views.warnings import warnings_of
from ...simulation.human_text import human_documents
from ...simulation.recursion import generations
from ...simulation.rules import Rules
from ...simulation.text import Text
from ...tokenizers import load
from ..output import drawn, write
from ..progress import Reporter
from ..whole_number import WholeNumber

FRESH = 0.1
CONTROL = "human B"
_ROWS_OF_REPORT = ("corpora", "comparisons")


@click.command()
@click.option(
    "--generations",
    "number",
    type=WholeNumber(1, 50),
    default=5,
    metavar="N",
    help="Number of generations. Default: 5.",
)
@click.option(
    "--seed",
    type=WholeNumber(0),
    default=0,
    metavar="S",
    help="Seed of the random numbers. Default: 0.",
)
def demo(number: int, seed: int) -> None:
    """Watch a small model collapse as it learns from its own output.

    It starts with the documentation that comes with Python. No network is needed.
    """
    with Reporter() as reporter:
        with reporter.task("reading Python's documentation"):
            texts = human_documents()
            tokenizer = load("builtin")
            documents = [tokenizer.encode(text) for text in texts]
        human, learned = documents[0::2], documents[1::2]
        baseline = _corpus("human", human)
        control = [_compared(baseline, _corpus(CONTROL, learned))]
        pure = control + _run(baseline, learned, number, 0.0, seed, reporter)
        fresh = control + _run(baseline, learned, number, FRESH, seed, reporter)
    reports = [_report(comparisons) for comparisons in (pure, fresh)]
    size = sum(len(text.encode()) for text in texts) / 1e6
    head = (
        f"{len(texts):,} documents, {size:.1f} MB, of this Python's documentation. One half is the "
        f"baseline. The other half ({CONTROL}) trains a 4-gram model, and each later model is "
        "trained on the text that the model before it wrote."
    )
    titles = (
        "each generation learns only from the text of the one before",
        f"each generation also learns from human B again, {100 * FRESH:.0f} % of its tokens",
    )
    grids = [
        generations_grid(report["corpora"], report["comparisons"], title)
        for report, title in zip(reports, titles, strict=True)
    ]
    pure_rows, fresh_rows = (report["comparisons"] for report in reports)
    grids.append(novelty_grid("human", [*pure_rows, *fresh_rows[1:]]))
    both = {key: [row for report in reports for row in report[key]] for key in _ROWS_OF_REPORT}
    tail = [LEGEND, "", *_conclusions(reports, number), *_NEXT]
    write(drawn(Page(grids, head, warnings=warnings_of(both, news=True), tail=tail)))


_NEXT = (
    "",
    "Next, with your own text (.jsonl, .parquet, .txt, .npy, .bin, or directories of them):",
    "  collapse-stats compare HUMAN GEN1 GEN2 GEN3     make such a table",
    "  collapse-stats profile HUMAN -o human.profile   count once, compare often",
    "  collapse-stats show HUMAN                       show all figures of one corpus",
)


def _corpus(name: str, documents: Sequence[Any]) -> Corpus:
    vocab_size = load("builtin").vocab_size
    reading = ReadOptions(tokenizer="builtin", vocab_size=vocab_size)
    return read_corpus(list(documents), reading=reading, name=name)


def _compared(baseline: Corpus, candidate: Corpus) -> Comparison:
    return compare_corpora(baseline, candidate, counting=CountOptions(max_order=DISTINCT_ORDER))


def _run(
    baseline: Corpus,
    learned: Sequence[np.typing.NDArray[Any]],
    number: int,
    fresh: float,
    seed: int,
    reporter: Reporter,
) -> list[Comparison]:
    suffix = f"+{fresh:.0%}" if fresh else ""
    rules = Rules(fresh=fresh, human="replay")
    written = generations(Text.of(learned), number, rules, seed=seed)
    comparisons = []
    with reporter.task(f"generations with {100 * fresh:.0f} % human text", number) as task:
        for i, text in enumerate(written, 1):
            comparisons.append(_compared(baseline, _corpus(f"gen{i}{suffix}", text.documents())))
            task("generations", i, number)
    return comparisons


def _report(comparisons: Sequence[Comparison]) -> Json:
    profiles = [comparisons[0].baseline, *(comparison.candidate for comparison in comparisons)]
    return make_report(profiles, comparisons, backend=select().name)


def _conclusions(reports: Sequence[Json], number: int) -> list[str]:
    """One sentence for each run, about its last generation."""
    lines = []
    for report, run in zip(reports, ("", f" with {100 * FRESH:.0f} % human text"), strict=True):
        last = report["comparisons"][-1]
        distinct = last["orders"][str(DISTINCT_ORDER)]["size_matched_distinct_ratio"]
        kept = rare_kept(last)
        kl = compared(last, "kl_bits", 1)
        lines.append(
            f"After {number} generations{run}, {percent(distinct)} % of the distinct "
            f"{DISTINCT_ORDER}-grams and {percent(kept.value)} % of the rare tokens are left (in "
            f"other human text: {percent(kept.floor)} % of the rare tokens), and KL is "
            f"{fixed(kl.value)} bits (floor {fixed(kl.floor)})."
        )
    return lines
