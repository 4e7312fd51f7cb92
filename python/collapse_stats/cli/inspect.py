"""``inspect``: what a file was taken for, and why."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..errors import InputError
from ..profiles.build import load
from ..profiles.storage import is_profile
from ..readers.discover import discover
from ..readers.inspect import Inspection
from ..readers.inspect import inspect as inspect_file
from ..readers.options import ReadOptions
from ..readers.remote.location import Location, is_url
from ..report.grid import DASH, Cell, Column, Grid, Page, printable
from ..report.rows import write_rows
from ..tokenizers import Tokenizer
from ..tokenizers import load as load_tokenizer
from .corpora import exit_2_if, read_options, reading_options
from .output import is_seen, output_options, write_result
from .paths import paths_argument
from .progress import Reporter

SCHEMA = "collapse-stats.inspect/1"
_SAMPLE, _LEAST = 512 << 20, 1 << 20  # bytes looked at of all files, and of each at least
_OF_ONE = 64 << 20


@click.command()
@paths_argument("paths", "PATH")
@click.option("--full", is_flag=True, help="Read large files to their end, not only a sample.")
@output_options
@reading_options
def inspect(
    paths: tuple[Location, ...],
    full: bool,
    form: str,
    output: Path | None,
    tokenizer: str | None,
    strict: bool | None,
    **given: Any,
) -> None:
    """Say what each file was taken for and why, what is in it, and what would go wrong.

    Of a large file only the beginning is read, and figures of it are estimates. Tokens of text are
    counted only with --tokenizer.
    """
    options = read_options(given)
    coder = load_tokenizer(tokenizer) if tokenizer not in (None, "none") else None
    with Reporter() as reporter:
        found, bad = _inspected(paths, options, coder, full, reporter)
        if not is_seen(form, output):
            for facts in found:
                for warning in facts.warnings:
                    reporter.warn(warning)
    inputs = [_facts(one) for one in found]
    with exit_2_if(bad, strict is not False):
        write_result(
            {"schema": SCHEMA, "inputs": inputs},
            _page(found),
            form,
            output,
            lambda content: write_rows(content["inputs"]),
        )


def _inspected(
    paths: tuple[Location, ...],
    options: ReadOptions,
    coder: Tokenizer | None,
    full: bool,
    reporter: Reporter,
) -> tuple[list[Inspection], list[str]]:
    """Facts of each input, and the inputs that could not be read; one alone is an error."""
    inputs = [file for path in paths for file in ([path] if is_profile(path) else discover([path]))]
    budget = None if full else min(_OF_ONE, max(_LEAST, _SAMPLE // max(1, len(inputs))))
    found: list[Inspection] = []
    bad: list[str] = []
    for path in inputs:
        if is_profile(path):
            found.append(_of_profile(path))
            continue
        with reporter.task(f"reading {path}"):
            try:
                found.append(inspect_file(path, options, coder, budget))
            except InputError as error:
                if len(inputs) == 1:
                    raise
                bad.append(str(path))
                found.append(_of_unreadable(path, error))
    return found, bad


def _of_profile(path: Location) -> Inspection:
    saved = load(str(path))
    return Inspection(
        path=str(path),
        format="profile",
        evidence="has a manifest.json",
        dtype=None,
        tokens=saved.tokens,
        documents=saved.documents,
        max_id=None,
        vocab_size=saved.vocab_size,
        warnings=["a profile does not keep its largest id", *saved.warnings],
    )


def _of_unreadable(path: Location, error: InputError) -> Inspection:
    return Inspection(
        path=str(path),
        format="unreadable",
        evidence="see the warning",
        dtype=None,
        tokens=None,
        documents=0,
        max_id=None,
        vocab_size=None,
        warnings=[str(error)],
    )


def _facts(facts: Inspection) -> dict[str, Any]:
    row = asdict(facts)
    row["boundary_ids"] = {str(name): seen for name, seen in facts.boundary_ids.items()}
    if facts.tokens is None and facts.format != "unreadable":
        row["warnings"] = [*facts.warnings, "tokens of text are counted only with --tokenizer"]
    return row


def _page(found: list[Inspection]) -> Page:
    """What is in the files, then why it was taken for that; both fit 80 columns."""
    numbers = ("documents", "tokens", "largest id")
    names = ("path", "format", "dtype", *numbers)
    folder = _common_folder(found)
    paths = [printable(os.path.relpath(one.path, folder) if folder else one.path) for one in found]
    rows = [
        [
            Cell(path),
            Cell(one.format),
            Cell(one.dtype or DASH),
            Cell(_about(one) + f"{one.documents:,}"),
            Cell(DASH if one.tokens is None else _about(one) + f"{one.tokens:,}"),
            Cell(DASH if one.max_id is None else f"{one.max_id:,}"),
        ]
        for path, one in zip(paths, found, strict=True)
    ]
    reasons = [
        [
            Cell(path),
            Cell(one.evidence),
            Cell(
                ", ".join(f"{mark}: {seen:,} times" for mark, seen in one.boundary_ids.items())
                or DASH
            ),
            Cell(_vocabulary(one)),
        ]
        for path, one in zip(paths, found, strict=True)
    ]
    headings = ("path", "taken for that because", "boundary ids", "vocabulary")
    grids = [
        Grid([Column((name,), number=name in numbers) for name in names], rows),
        Grid([Column((name,), number=False) for name in headings], reasons),
    ]
    tail = []
    if any(one.sampled is not None for one in found):
        least = min(one.sampled for one in found if one.sampled is not None)
        tail.append(
            f"~: estimated from the beginning ({least:.1%} of the file, or more); --full reads all."
        )
    if any(one.tokens is None and one.format != "unreadable" for one in found):
        tail.append("Tokens of text are counted with --tokenizer, for example --tokenizer builtin.")
    warnings = [printable(warning) for one in found for warning in one.warnings]
    return Page(grids, head=f"in {folder}" if folder else "", warnings=warnings, tail=tail)


def _common_folder(found: list[Inspection]) -> str:
    """What the paths of several files begin with and need not repeat; "" for nothing."""
    if len(found) < 2 or any(is_url(one.path) for one in found):
        return ""
    common = os.path.commonpath([Path(one.path).absolute().parent for one in found])
    return "" if common == Path(common).anchor else common


def _about(one: Inspection) -> str:
    return "" if one.sampled is None else "~"


def _vocabulary(one: Inspection) -> str:
    if one.vocab_size is not None:
        return f"{one.vocab_size:,}"
    if one.implied_vocab_size is None:
        return DASH
    return f"at least {one.implied_vocab_size:,}" + (
        f" ({one.vocabulary})" if one.vocabulary else ""
    )
