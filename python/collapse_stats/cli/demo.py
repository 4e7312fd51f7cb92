"""``demo``: a human text, generations that collapse, and the table, offline in under a minute."""

from collections.abc import Sequence
from typing import Any

import click
import numpy as np

from ..backends.selection import select
from ..comparisons.build import compare_corpora
from ..comparisons.comparison import Comparison
from ..corpus.corpus import Corpus
from ..corpus.load import read_corpus
from ..demo.recursion import generations, human_documents
from ..readers.options import ReadOptions
from ..report import make_report
from ..report.comparison_view import (
    DISTINCT_ORDER,
    FlooredValue,
    generations_grid,
    rare_kept,
    warnings_of,
)
from ..report.grid import Page
from ..report.json_object import Json
from ..report.numbers import fixed, percent
from ..report.verdict_view import verdict_grid
from ..system.memory import budget
from ..tokenizers import load
from .output import drawn, write
from .progress import Reporter

FRESH = 0.1
CONTROL = "human B"
_ROWS_OF_REPORT = ("corpora", "comparisons")


@click.command()
@click.option("--generations", "number", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def demo(number: int, seed: int) -> None:
    """Watch a collapse: real recursion of a small model on text that comes with Python."""
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
    pages = [_report(comparisons) for comparisons in (pure, fresh)]
    size = sum(len(text.encode()) for text in texts) / 1e6
    head = (
        f"{len(texts):,} documents, {size:.1f} MB of this Python's documentation. Half of them are "
        f"the baseline ({CONTROL}: the other half); on the other half a 4-gram model is trained, "
        "and then again and again on what it wrote itself."
    )
    titles = (
        "pure recursion: each generation is learned from the one before and nothing else",
        f"the same, with {100 * FRESH:.0f} % fresh human text in what each generation learns from",
    )
    grids = [
        generations_grid(report["corpora"], report["comparisons"], title, legend=i > 0)
        for i, (report, title) in enumerate(zip(pages, titles, strict=True))
    ]
    verdicts = verdict_grid("human", [*pages[0]["comparisons"], *pages[1]["comparisons"][1:]])
    grids.append(verdicts)
    both = {key: [row for report in pages for row in report[key]] for key in _ROWS_OF_REPORT}
    write(drawn(Page(grids, head, warnings_of(both), [*_reading(pages, number), *_NEXT])))


_NEXT = (
    "",
    "Next, with your own text (.jsonl, .parquet, .txt, .npy, .bin, or directories of them):",
    "  collapse-stats compare HUMAN GEN1 GEN2 GEN3     the table above",
    "  collapse-stats profile HUMAN -o human.profile   count once, compare often",
    "  collapse-stats show HUMAN                       every figure of one corpus",
)


def _corpus(name: str, documents: Sequence[Any]) -> Corpus:
    return read_corpus(
        list(documents),
        tokenizer="builtin",
        options=ReadOptions(vocab_size=load("builtin").vocab_size),
        name=name,
        memory=budget(None),
    )


def _compared(baseline: Corpus, candidate: Corpus) -> Comparison:
    return compare_corpora(
        baseline, candidate, max_order=DISTINCT_ORDER, backend=select(), memory=budget(None)
    )


def _run(
    baseline: Corpus,
    learned: Sequence[np.typing.NDArray[Any]],
    number: int,
    fresh: float,
    seed: int,
    reporter: Reporter,
) -> list[Comparison]:
    suffix = f"+{fresh:.0%}" if fresh else ""
    found = []
    with reporter.task(f"generations with {100 * fresh:.0f} % fresh text", number) as task:
        for i, documents in enumerate(generations(learned, number, fresh=fresh, seed=seed), 1):
            found.append(_compared(baseline, _corpus(f"gen{i}{suffix}", documents)))
            task("generations", i, number)
    return found


def _report(comparisons: Sequence[Comparison]) -> Json:
    profiles = [comparisons[0].baseline, *(one.candidate for one in comparisons)]
    return make_report(profiles, comparisons, backend=select().name)


def _reading(reports: Sequence[Json], number: int) -> list[str]:
    """The last generations in words, from their figures."""
    lines = []
    for report, run in zip(
        reports, ("", f" with {100 * FRESH:.0f} % fresh human text"), strict=True
    ):
        last = report["comparisons"][-1]
        distinct = last["orders"][str(DISTINCT_ORDER)]["size_matched_distinct_ratio"]
        kept = rare_kept(last)
        kl = FlooredValue(last["orders"]["1"]["kl_bits"], last["orders"]["1"]["floor"]["kl_bits"])
        lines.append(
            f"After {number} generations{run}, {percent(distinct)} % of the distinct "
            f"{DISTINCT_ORDER}-grams are left, {percent(kept.value)} % of the rare tokens (other "
            f"human text keeps {percent(kept.floor)} %), and KL is {fixed(kl.value)} bits "
            f"(floor {fixed(kl.floor)})."
        )
    return lines
