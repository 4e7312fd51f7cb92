"""``card``: what was counted of a corpus, what is declared of it, and what was measured."""

from pathlib import Path

import click

from ...errors import InputError
from ...profiles.build import load
from ...profiles.storage import is_profile
from ...report.card.card import FORMATS, Card, Format
from ...report.card.card import card as card_of
from ...report.card.content import sources_content
from ...report.card.verified import verified, verified_page
from ...report.json_object import Json
from ...system.atomic_file import check_can_write
from ..inputs import spare_inputs
from ..output import drawn, write
from ..progress import Reporter

_DIFFERENT = 1  # exit code, as of a threshold that is crossed


@click.command()
@click.argument("profile", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--human",
    type=click.Path(exists=True, path_type=Path),
    metavar="PROFILE",
    help="Profile of human text to compare with: the card then has the verdict, and divergences "
    "with their floors.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Format of the card. Default: markdown. json has everything, and the same bytes each "
    "time, so that it can be signed.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the card to a file instead of stdout.",
)
@click.option(
    "--verify",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Read the files in this directory, and say which are those that were counted. PROFILE may "
    "be a card, as JSON. The exit code is 1 if a file has changed or is missing.",
)
def card(
    profile: Path, human: Path | None, form: Format | None, output: Path | None, verify: Path | None
) -> None:
    """Write a card of a saved profile.

    It says what was counted (sources with their SHA-256, tool, tokenizer), which share of it is
    declared to be human, synthetic, mixed or unknown, what was measured, and what that does not
    show.
    """
    spare_inputs(output, [profile, *([human] if human else [])])
    if output is not None:
        check_can_write(output)
    if verify is not None:
        if human is not None or form is not None:
            raise click.UsageError("--verify writes no card: leave out --human and --format")
        _verify(profile, verify, output)
        return
    with Reporter() as reporter, reporter.task("measuring") as task:
        made = card_of(profile, human=human, progress=task)
        text = made.render(form or "markdown")
        if form not in (None, "markdown"):
            for warning in made.warnings:
                reporter.warn(warning)
    write(text, output)


def _verify(profile: Path, folder: Path, output: Path | None) -> None:
    with Reporter() as reporter, reporter.task(f"reading {folder}"):
        found = verified(_sources(profile), folder)
    write(drawn(verified_page(found, folder), to_file=output is not None), output)
    if any(each.is_wrong for each in found):
        raise click.exceptions.Exit(_DIFFERENT)


def _sources(path: Path) -> list[Json]:
    """The sources of a profile, or those in a card that is saved as JSON."""
    if is_profile(path):
        return sources_content(load(path).sources)
    try:
        return Card.from_json(path.read_text(), str(path)).sources
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is neither a saved profile nor a card: {error}") from error
