"""The command line: one file per family of commands."""

from .backends import backends
from .bench import bench
from .compare import compare
from .demo import demo
from .inspect import inspect
from .profile import merge, profile
from .program import program
from .show import show
from .track import track

__all__ = ["main", "program"]

for _command in (profile, show, compare, track, merge, inspect, backends, bench, demo):
    program.add_command(_command)


def main() -> None:
    """Run the command line and leave with its exit code."""
    program(prog_name="collapse-stats")
