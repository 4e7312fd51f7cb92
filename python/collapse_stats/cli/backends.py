"""``backends``: what can count on this machine."""

from pathlib import Path
from typing import Any

import click

from ..backends.selection import backends as all_backends
from ..report.grid import Cell, Column, Grid, Page
from ..report.rows import write_rows
from .output import output_options, write_result


@click.command()
@output_options
def backends(form: str, output: Path | None) -> None:
    """List the backends, and why one cannot be used on this machine."""
    rows: list[dict[str, Any]] = [
        {"name": info.name, "usable": info.usable, "detail": info.detail}
        for info in all_backends(tried=True)
    ]
    columns = [Column((name,), number=False) for name in ("backend", "usable", "detail")]
    cells = [
        [Cell(row["name"]), Cell("yes" if row["usable"] else "no"), Cell(row["detail"])]
        for row in rows
    ]
    write_result(
        {"backends": rows},
        Page([Grid(columns, cells)]),
        form,
        output,
        lambda result: write_rows(result["backends"]),
    )
