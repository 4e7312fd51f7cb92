"""What ``profile`` and ``merge`` share: the directory that a new profile is written to."""

import os
from pathlib import Path
from time import perf_counter

import click

from ..errors import InputError
from ..profiles.profile import Profile
from ..report.grid import printable
from ..system.unfinished import is_taken, remove_abandoned
from ..system.wording import counted

directory_option = click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Directory to write the profile to. It must not exist.",
)


def check_new(path: Path) -> None:
    """Raise InputError if a directory exists, or cannot be made."""
    if is_taken(path):
        raise InputError(f"{path} exists: remove it, or choose another name")
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise InputError(f"cannot write {path}: {parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"cannot write {path}: no permission to write to {parent}")
    remove_abandoned(parent)


class NewProfile:
    """A directory for a new profile, checked before the work begins.

    Raises
    ------
    InputError
        The directory exists, or cannot be made.
    """

    def __init__(self, path: Path) -> None:
        check_new(path)
        self._path, self._begin = path, perf_counter()

    def report(self, profile: Profile) -> None:
        """Say on stderr what was written, and how fast."""
        seconds = perf_counter() - self._begin
        rate = profile.tokens / max(seconds, 1e-9) / 1e6
        click.echo(
            f"{printable(str(self._path))}: {counted(profile.tokens, 'token')}, "
            f"{counted(profile.documents, 'document')}, orders 1 to {profile.max_order}, "
            f"{seconds:.1f} s, {rate:.2f} M tokens/s",
            err=True,
        )
