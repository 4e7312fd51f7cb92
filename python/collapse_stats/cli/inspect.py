"""``inspect``: what a file was taken for, and why."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..profile import load
from ..readers import Inspection, discover
from ..readers import inspect as inspect_file
from ..report.grid import DASH, Cell, Column, Grid, Page, printable
from ..report.rows import write_rows
from ..storage import is_profile
from ..tokenizers import load as load_tokenizer
from .corpora import read_options, reading_options
from .output import is_seen, output_options, write_result
from .progress import Reporter

SCHEMA = "collapse-stats.inspect/1"


@click.command()
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@output_options
@reading_options
def inspect(
    paths: tuple[Path, ...], form: str, output: Path | None, tokenizer: str | None, **given: Any
) -> None:
    """Say what each file was taken for and why, and what is in it.

    Tokens of text are counted only with --tokenizer.
    """
    options = read_options(given)
    coder = load_tokenizer(tokenizer) if tokenizer not in (None, "none") else None
    found: list[Inspection] = []
    with Reporter() as reporter:
        for given_path in paths:
            if is_profile(given_path):
                found.append(_of_profile(given_path))
                continue
            for path in discover([given_path]):
                with reporter.task(f"reading {path}"):
                    found.append(inspect_file(path, options, coder))
        if not is_seen(form, output):
            for facts in found:
                for warning in facts.warnings:
                    reporter.warn(warning)
    inputs = [_facts(one) for one in found]
    write_result(
        {"schema": SCHEMA, "inputs": inputs},
        _page(found),
        form,
        output,
        lambda content: write_rows(content["inputs"]),
    )


def _of_profile(path: Path) -> Inspection:
    saved = load(path)
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


def _facts(facts: Inspection) -> dict[str, Any]:
    row = asdict(facts)
    row["boundary_ids"] = {str(name): seen for name, seen in facts.boundary_ids.items()}
    if facts.tokens is None:
        row["warnings"] = [*facts.warnings, "tokens of text are counted only with --tokenizer"]
    return row


def _page(found: list[Inspection]) -> Page:
    names = ("path", "format", "dtype", "documents", "tokens", "largest id", "ends", "why")
    numbers = ("documents", "tokens", "largest id", "ends")
    columns = [Column((name,), number=name in numbers) for name in names]
    rows = [
        [
            Cell(printable(one.path)),
            Cell(one.format),
            Cell(one.dtype or DASH),
            Cell(f"{one.documents:,}"),
            Cell(DASH if one.tokens is None else f"{one.tokens:,}"),
            Cell(DASH if one.max_id is None else f"{one.max_id:,}"),
            Cell(", ".join(f"{seen:,}" for seen in one.boundary_ids.values()) or DASH),
            Cell(one.evidence, "dim"),
        ]
        for one in found
    ]
    tail = []
    if any(one.boundary_ids for one in found):
        tail.append("ends: how often the --eot id occurs.")
    if any(one.tokens is None for one in found):
        tail.append("Tokens of text are counted with --tokenizer, for example --tokenizer builtin.")
    warnings = [printable(warning) for one in found for warning in one.warnings]
    return Page([Grid(columns, rows)], warnings=warnings, tail=tail)
