"""``inspect``: how files are read, and why."""

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
from .options import exit_2_if, reading_options
from .output import is_seen, output_options, write_result
from .paths import paths_argument
from .progress import Reporter

SCHEMA = "collapse-stats.inspect/1"
_SAMPLE = 512 << 20  # bytes that are read of all files together,
_LEAST, _MOST = 1 << 20, 64 << 20  # of each file at least, and at most


@click.command()
@paths_argument("paths", "PATH")
@click.option("--full", is_flag=True, help="Read large files completely, not only a sample.")
@output_options
@reading_options
def inspect(
    paths: tuple[Location, ...],
    full: bool,
    form: str,
    output: Path | None,
    reading: ReadOptions,
) -> None:
    """Show how files are read, what is in them and what may go wrong.

    Only the beginning of a large file is read, and its figures are estimates. Tokens of text are
    counted only with --tokenizer.
    """
    named = reading.tokenizer not in (None, "none")
    tokenizer = load_tokenizer(str(reading.tokenizer)) if named else None
    with Reporter() as reporter:
        inspections, bad = _inspected(paths, reading, tokenizer, full, reporter)
        if not is_seen(form, output):
            for inspection in inspections:
                for warning in inspection.warnings:
                    reporter.warn(warning)
    with exit_2_if(bad, not reading.skip_bad):
        write_result(
            {"schema": SCHEMA, "inputs": [_facts(inspection) for inspection in inspections]},
            _page(inspections),
            form,
            output,
            lambda content: write_rows(content["inputs"]),
        )


def _inspected(
    paths: tuple[Location, ...],
    reading: ReadOptions,
    tokenizer: Tokenizer | None,
    full: bool,
    reporter: Reporter,
) -> tuple[list[Inspection], list[str]]:
    """Inspect each input, and list those that cannot be read; if it is the only one, raise."""
    inputs = [file for path in paths for file in ([path] if is_profile(path) else discover([path]))]
    budget = None if full else min(_MOST, max(_LEAST, _SAMPLE // max(1, len(inputs))))
    inspections: list[Inspection] = []
    bad: list[str] = []
    for path in inputs:
        if is_profile(path):
            inspections.append(_of_profile(path))
            continue
        with reporter.task(f"reading {path}"):
            try:
                inspections.append(inspect_file(path, reading, tokenizer, budget))
            except InputError as error:
                if len(inputs) == 1:
                    raise
                bad.append(str(path))
                inspections.append(_of_unreadable(path, error))
    return inspections, bad


def _of_profile(path: Location) -> Inspection:
    profile = load(str(path))
    return Inspection(
        path=str(path),
        format="profile",
        evidence="has a manifest.json",
        dtype=None,
        tokens=profile.tokens,
        documents=profile.documents,
        max_id=None,
        vocab_size=profile.vocab_size,
        warnings=["a profile does not keep its largest id", *profile.warnings],
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


def _facts(inspection: Inspection) -> dict[str, Any]:
    """An inspection as JSON."""
    facts = asdict(inspection)
    facts["boundary_ids"] = {str(i): count for i, count in inspection.boundary_ids.items()}
    if _has_uncounted_text(inspection):
        hint = "tokens of text are counted only with --tokenizer"
        facts["warnings"] = [*inspection.warnings, hint]
    return facts


def _page(inspections: list[Inspection]) -> Page:
    """A table of what is in the files, and one of how this is known; both fit 80 columns."""
    numbers = ("documents", "tokens", "largest id")
    headings = ("path", "format", "dtype", *numbers)
    evidence_headings = ("path", "taken for that because", "boundary ids", "vocabulary")
    folder = _common_folder(inspections)
    contents, evidence = [], []
    for each in inspections:
        path = printable(os.path.relpath(each.path, folder) if folder else each.path)
        about = "" if each.sampled is None else "~"
        marks = ", ".join(f"{i}: {count:,} times" for i, count in each.boundary_ids.items())
        contents.append(
            [
                Cell(path),
                Cell(each.format),
                Cell(each.dtype or DASH),
                Cell(f"{about}{each.documents:,}"),
                Cell(DASH if each.tokens is None else f"{about}{each.tokens:,}"),
                Cell(DASH if each.max_id is None else f"{each.max_id:,}"),
            ]
        )
        evidence.append(
            [Cell(path), Cell(each.evidence), Cell(marks or DASH), Cell(_vocabulary(each))]
        )
    grids = [
        Grid([Column((heading,), number=heading in numbers) for heading in headings], contents),
        Grid([Column((heading,), number=False) for heading in evidence_headings], evidence),
    ]
    warnings = [printable(warning) for each in inspections for warning in each.warnings]
    head = f"in {folder}" if folder else ""
    return Page(grids, head=head, warnings=warnings, tail=_notes(inspections))


def _notes(inspections: list[Inspection]) -> list[str]:
    notes = []
    shares = [each.sampled for each in inspections if each.sampled is not None]
    if shares:
        notes.append(
            f"~: estimated from the beginning ({min(shares):.1%} of the file, or more); --full "
            "reads all."
        )
    if any(map(_has_uncounted_text, inspections)):
        notes.append("Tokens of text are counted with --tokenizer, such as --tokenizer builtin.")
    return notes


def _has_uncounted_text(inspection: Inspection) -> bool:
    return inspection.tokens is None and inspection.format != "unreadable"


def _common_folder(inspections: list[Inspection]) -> str:
    """The folder that the paths of several files have in common; "" if there is none."""
    if len(inspections) < 2 or any(is_url(each.path) for each in inspections):
        return ""
    common = os.path.commonpath([Path(each.path).absolute().parent for each in inspections])
    return "" if common == Path(common).anchor else common


def _vocabulary(inspection: Inspection) -> str:
    if inspection.vocab_size is not None:
        return f"{inspection.vocab_size:,}"
    if inspection.implied_vocab_size is None:
        return DASH
    name = f" ({inspection.vocabulary})" if inspection.vocabulary else ""
    return f"at least {inspection.implied_vocab_size:,}{name}"
