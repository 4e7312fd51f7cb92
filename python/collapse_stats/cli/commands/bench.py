"""``bench``: how fast the backends count on this machine."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from ...backends.options import CountOptions
from ...backends.selection import backends as all_backends
from ...backends.timing import (
    RESIDENT,
    Timing,
    copy_bandwidth,
    device_bandwidth,
    time_counting,
)
from ...corpus.load import read_corpus
from ...errors import InputError
from ...readers.options import ReadOptions
from ...report.grid import Cell, Column, Grid, Page
from ...report.numbers import fixed, percent
from ...report.rows import write_rows
from ...simulation.human_text import human_documents
from ...tokenizers import load
from ...version import __version__
from ..inputs import spare_inputs
from ..options import reading_options, some_counting_options
from ..output import output_options, write_result
from ..progress import Reporter
from ..whole_number import WholeNumber

SCHEMA = "collapse-stats.bench/1"


@click.command()
@click.argument("corpus", required=False, type=click.Path(path_type=Path))
@click.option(
    "--tokens",
    "size",
    type=WholeNumber(1),
    default=5_000_000,
    metavar="N",
    help="How many tokens to count. Default: 5,000,000.",
)
@some_counting_options("max_order", "threads")
@output_options
@reading_options
def bench(
    corpus: Path | None,
    size: int,
    form: str,
    output: Path | None,
    reading: ReadOptions,
    counting: CountOptions,
) -> None:
    """Measure how fast each usable backend counts on this machine.

    The first tokens of CORPUS are counted as one document; by default, text that comes with Python.
    It is an error if the backends do not agree.
    """
    spare_inputs(output, [corpus, reading.tokenizer])
    infos = [info for info in all_backends(tried=True) if info.usable]
    names = [info.name for info in infos]
    on_gpu = None
    if "cuda" in names:
        names.insert(names.index("cuda") + 1, RESIDENT)
    with Reporter() as reporter:
        with reporter.task("reading"):
            tokens, vocab_size, source = _tokens(corpus, size, reading, counting)
        with reporter.task("copying memory"):
            bandwidth = copy_bandwidth(counting.threads)
            if "cuda" in names:
                on_gpu = device_bandwidth()
        total = counting.max_order * len(names)
        with reporter.task("counting", total) as task:
            timings = []
            for timing in time_counting(
                tokens,
                vocab_size,
                names,
                max_order=counting.max_order,
                bandwidth=bandwidth,
                on_gpu=on_gpu,
                threads=counting.threads,
            ):
                timings.append(timing)
                task("counting", len(timings), total)
    result = {
        "schema": SCHEMA,
        "tool": {"name": "collapse-stats", "version": __version__},
        "tokens": len(tokens),
        "vocab_size": vocab_size,
        "copy_bytes_per_second": bandwidth,
        "device_copy_bytes_per_second": on_gpu,
        "backends": [{"name": info.name, "detail": info.detail} for info in infos],
        "timings": [asdict(timing) for timing in timings],
    }
    page = _page(timings, source, len(tokens), bandwidth, on_gpu)
    write_result(result, page, form, output, lambda content: write_rows(content["timings"]))


def _tokens(
    path: Path | None, size: int, reading: ReadOptions, counting: CountOptions
) -> tuple[np.typing.NDArray[Any], int, str]:
    """At most `size` tokens, the size of their vocabulary, and where they come from."""
    if path is None:
        tokens, vocab_size = embedded_tokens(size)
        return tokens, vocab_size, "text that comes with Python"
    corpus = read_corpus(path, reading=reading, counting=counting)
    documents = [
        segment.tokens[start:stop]
        for segment in corpus.segments
        for start, stop in zip(segment.start, segment.stop, strict=True)
    ]
    if not corpus.tokens:
        raise InputError(f"{path} has no tokens to count")
    return np.concatenate(documents)[:size], corpus.vocab_size, corpus.name


def embedded_tokens(number: int) -> tuple[np.typing.NDArray[np.uint16], int]:
    """Tokens of the demo's text, and the size of their vocabulary.

    If more tokens are asked for than the text has, it is repeated with the ids permuted anew each
    time, so that it stays as diverse as new text.
    """
    tokenizer = load("builtin")
    text = np.concatenate([tokenizer.encode(document) for document in human_documents()])
    parts = [text]
    rng = np.random.default_rng(0)
    while len(text) * len(parts) < number:
        parts.append(rng.permutation(tokenizer.vocab_size).astype(np.uint16)[text])
    return np.concatenate(parts)[:number], tokenizer.vocab_size


def _page(
    timings: Sequence[Timing], source: str, tokens: int, bandwidth: float, on_gpu: float | None
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
        head=f"{tokens:,} tokens of {source}; copying memory: {bandwidth / 1e9:.1f} GB/s"
        + (f", on the GPU {on_gpu / 1e9:,.0f} GB/s" if on_gpu else ""),
        tail=(
            "of copying: bytes that must be moved (tokens are read once, records written once and "
            "read once), in percent of the bytes that this machine can copy in the same time"
            + (
                " (for cuda: the GPU). Resident: the tokens are on the GPU already."
                if on_gpu
                else "."
            ),
        ),
    )
