"""``merge``: adds profiles into one."""

from functools import partial
from pathlib import Path

import click

from ...corpus.provenance.declaration import Declaration
from ...profiles.merge import merge_in_tree
from ...profiles.profile import Profile
from ...profiles.storage import is_profile
from ...readers.remote.location import Location
from ..corpora import count, load_saved, names_of, read, refuse_options_of_reading
from ..new_profile import NewProfile, directory_option
from ..options import Request, request_options
from ..paths import paths_argument
from ..progress import Reporter


@click.command()
@paths_argument("profiles", "PROFILE")
@directory_option
@request_options
def merge(profiles: tuple[Location, ...], output: Path, request: Request) -> None:
    """Add profiles, made on one machine or several, into one.

    All must have the same tokenizer and the same --max-order. A corpus among them is counted first.
    """
    if all(map(is_profile, profiles)):
        refuse_options_of_reading(profiles[0], request)
    new_profile = NewProfile(output)
    with Reporter() as reporter:
        parts = [
            partial(_part, path, name, request, reporter)
            for path, name in zip(profiles, names_of(profiles), strict=True)
        ]
        with reporter.task(f"merging into {output}"):
            merged = merge_in_tree(
                parts,
                request.backend,
                request.counting.memory_bytes,
                name=names_of([output])[0],
                save_to=output,
                tmp=request.counting.tmp,
            )
            for warning in merged.warnings:
                reporter.warn(warning)
    new_profile.report(merged)


def _part(path: Location, name: str, request: Request, reporter: Reporter) -> Profile:
    if is_profile(path):
        return load_saved(path, request)
    return count(
        read([path], request, reporter, name, declared=Declaration()), request, reporter, table=True
    )
