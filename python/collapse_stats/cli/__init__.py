"""The command line: `commands` has one file a command, this folder what they share.

A module of `commands` that holds a click command of its own name is a command; it is found here.
"""

import pkgutil
from importlib import import_module

import click

from ..system.signals import ended_by_signals
from . import commands
from .group import program

__all__ = ["main", "program"]

for _module in pkgutil.iter_modules(commands.__path__):
    _command = getattr(import_module(f".commands.{_module.name}", __name__), _module.name, None)
    if isinstance(_command, click.Command):
        program.add_command(_command)


def main() -> None:
    """Run the command line and exit with its code."""
    with ended_by_signals():
        program(prog_name="collapse-stats")
