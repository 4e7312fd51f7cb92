"""``calibrate``: limits of the verdict from a user's own human corpora, kept in a file."""

from pathlib import Path

import click

from ...comparisons.calibrate import check_number, limits_of
from ...readers.remote.location import Location
from ...report.views.limits import limits_page
from ...system.atomic_file import check_can_write
from ..corpora import human_texts
from ..options import Request, request_options
from ..output import drawn, write
from ..paths import paths_argument
from ..progress import Reporter


@click.command()
@paths_argument("human", "HUMAN")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File to write the limits to, for --limits of compare and track.",
)
@request_options
def calibrate(human: tuple[Location, ...], output: Path, request: Request) -> None:
    """Take limits of the verdict from human corpora of your own.

    Give two or more human corpora of the kind that you compare: its language, its tokenizer, code
    or chats. Each is compared with each, and limits become as large as what they show. Each path is
    one corpus.
    """
    check_can_write(output)
    check_number(len(human))
    with Reporter() as reporter:
        texts = human_texts(human, request, reporter)
        with reporter.task("comparing human corpora") as task:
            limits = limits_of(texts, request.backend, task)
    limits.save(output)
    write(drawn(limits_page(limits)))
