"""The command line: one file per family of commands."""

from . import backends, bench, compare, demo, inspect, profile, show, track
from .group import program

__all__ = ["main", "program"]

for _command in (
    profile.profile,
    show.show,
    compare.compare,
    track.track,
    profile.merge,
    inspect.inspect,
    backends.backends,
    bench.bench,
    demo.demo,
):
    program.add_command(_command)


def main() -> None:
    """Run the command line and leave with its exit code."""
    program(prog_name="collapse-stats")
