"""``bench``: how fast this machine counts."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..backends.selection import backends as known_backends
from ..corpus.load import read_corpus
from ..demo.bench import (
    RESIDENT,
    Timing,
    copy_bandwidth,
    device_bandwidth,
    embedded_tokens,
    time_counting,
)
from ..errors import InputError
from ..report.grid import Cell, Column, Grid, Page
from ..report.numbers import fixed, percent
from ..report.rows import write_rows
from ..system.memory import budget
from ..version import __version__
from .corpora import DEFAULT_ORDER, read_options, reading_options
from .output import output_options, write_result
from .progress import Reporter

SCHEMA = "collapse-stats.bench/1"


@click.command()
@click.argument("corpus", required=False, type=click.Path(path_type=Path))
@click.option(
    "--tokens",
    "number",
    type=click.IntRange(1),
    default=5_000_000,
    show_default=True,
    help="Tokens to count.",
)
@click.option("--max-order", type=click.IntRange(1), default=DEFAULT_ORDER, show_default=True)
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Default: every core.")
@output_options
@reading_options
def bench(
    corpus: Path | None,
    number: int,
    max_order: int,
    threads: int | None,
    form: str,
    output: Path | None,
    **given: Any,
) -> None:
    """Time every usable backend on this machine, all answers compared.

    Counts the first tokens of CORPUS, as one document, or else of text that comes with Python.
    """
    found = [info for info in known_backends(tried=True) if info.usable]
    usable = [info.name for info in found]
    on_gpu = None
    if "cuda" in usable:
        usable.insert(usable.index("cuda") + 1, RESIDENT)
    with Reporter() as reporter:
        with reporter.task("reading"):
            tokens, vocab_size, what = _tokens(corpus, number, given)
        with reporter.task("copying memory"):
            bandwidth = copy_bandwidth(threads)
            if "cuda" in usable:
                on_gpu = device_bandwidth()
        with reporter.task("counting", max_order * len(usable)) as task:
            timings = []
            for timing in time_counting(
                tokens,
                vocab_size,
                usable,
                max_order=max_order,
                bandwidth=bandwidth,
                on_gpu=on_gpu,
                threads=threads,
            ):
                timings.append(timing)
                task("counting", len(timings), max_order * len(usable))
    result = {
        "schema": SCHEMA,
        "tool": {"name": "collapse-stats", "version": __version__},
        "tokens": len(tokens),
        "vocab_size": vocab_size,
        "copy_bytes_per_second": bandwidth,
        "device_copy_bytes_per_second": on_gpu,
        "backends": [{"name": info.name, "detail": info.detail} for info in found],
        "timings": [asdict(timing) for timing in timings],
    }
    page = _page(timings, what, len(tokens), bandwidth, on_gpu)
    write_result(result, page, form, output, lambda found: write_rows(found["timings"]))


def _tokens(
    path: Path | None, number: int, given: dict[str, Any]
) -> tuple[np.typing.NDArray[Any], int, str]:
    if path is None:
        tokens, vocab_size = embedded_tokens(number)
        return tokens, vocab_size, "text that comes with Python"
    options = read_options(given)
    corpus = read_corpus(path, tokenizer=given["tokenizer"], options=options, memory=budget(None))
    parts = [
        segment.tokens[start:stop]
        for segment in corpus.segments
        for start, stop in zip(segment.start, segment.stop, strict=True)
    ]
    if not corpus.tokens:
        raise InputError(f"{path} has no tokens to count")
    return np.concatenate(parts)[:number], corpus.vocab_size, corpus.name


def _page(
    timings: Sequence[Timing], what: str, tokens: int, bandwidth: float, on_gpu: float | None
) -> Page:
    names = list(dict.fromkeys(timing.backend for timing in timings))
    columns = [Column(("orders",), number=False)]
    for name in names:
        columns += [Column((name, "M tokens/s")), Column(("of copying", "%"))]
    columns += [Column((f"{names[0]} over {name}", "times")) for name in names[1:]]
    rows = []
    for order in sorted({timing.max_order for timing in timings}):
        row = {timing.backend: timing for timing in timings if timing.max_order == order}
        cells = [Cell(f"1 to {order}" if order > 1 else "1")]
        for name in names:
            cells.append(Cell(fixed(row[name].tokens_per_second / 1e6, 1)))
            cells.append(Cell(percent(row[name].share_of_bandwidth), "dim"))
        cells += [Cell(fixed(row[name].seconds / row[names[0]].seconds, 1)) for name in names[1:]]
        rows.append(cells)
    return Page(
        [Grid(columns, rows)],
        head=f"{tokens:,} tokens of {what}; copying memory: {bandwidth / 1e9:.1f} GB/s"
        + (f", on the GPU {on_gpu / 1e9:,.0f} GB/s" if on_gpu else ""),
        tail=(
            "of copying: bytes that must move (tokens read once, records written and read once) "
            "over the bytes this machine copies in that time"
            + (": for cuda, the GPU. Resident: tokens are on the GPU already." if on_gpu else "."),
        ),
    )
