"""``backends``: what counts here."""

from pathlib import Path
from typing import Any

import click

from ..backends.selection import backends as known_backends
from ..report.grid import Cell, Column, Grid, Page
from ..report.rows import write_rows
from .output import output_options, write_result


@click.command()
@output_options
def backends(form: str, output: Path | None) -> None:
    """List the backends, or the reason why one cannot be used."""
    found: list[dict[str, Any]] = [
        {"name": info.name, "usable": info.usable, "detail": info.detail}
        for info in known_backends(tried=True)
    ]
    columns = [Column((name,), number=False) for name in ("backend", "usable", "detail")]
    rows = [
        [Cell(row["name"]), Cell("yes" if row["usable"] else "no"), Cell(row["detail"])]
        for row in found
    ]
    write_result(
        {"backends": found},
        Page([Grid(columns, rows)]),
        form,
        output,
        lambda c: write_rows(c["backends"]),
    )
