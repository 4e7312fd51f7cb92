"""``backends``: what can count and encode on this machine."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ...backends.selection import BackendInfo
from ...backends.selection import backends as all_backends
from ...report.grid import Cell, Column, Grid, Page
from ...report.rows import write_rows
from ...tokenizers.libraries import LibraryInfo, libraries
from ..output import output_options, write_result


@click.command()
@output_options
def backends(form: str, output: Path | None) -> None:
    """List what can count and what can encode text here, and why not."""
    counting, encoding = all_backends(tried=True), libraries()
    result = {
        "backends": [asdict(info) for info in counting],
        "encoders": [asdict(info) for info in encoding],
    }
    page = Page([_grid("backend", counting), _grid("encoder of text", encoding)])
    write_result(result, page, form, output, lambda result: write_rows(_rows(result)))


def _grid(title: str, infos: Sequence[BackendInfo | LibraryInfo]) -> Grid:
    columns = [Column((name,), number=False) for name in (title, "usable", "detail")]
    rows = [
        [Cell(info.name), Cell("yes" if info.usable else "no"), Cell(info.detail)] for info in infos
    ]
    return Grid(columns, rows)


def _rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {"backend": "backends", "encoder": "encoders"}
    return [{"kind": kind, **row} for kind, key in kinds.items() for row in result[key]]
