"""The group of commands; it turns errors into one line on stderr and an exit code.

Exit codes: 0 success, 1 a threshold was crossed, 2 wrong usage, unreadable input or a defect of the
program, 130 interrupted, 143 terminated.
"""

import sys
import traceback
from contextlib import suppress
from typing import Any, NoReturn

import click

from ..errors import BackendError, CollapseStatsError
from ..readers.remote.shown import without_secrets
from ..report.grid import printable
from ..version import __version__
from .output import abandon_stdout

USAGE, INTERRUPTED = 2, 130  # exit codes

# Commands that are not listed come last.
_ORDER = (
    "profile show compare track select report explain merge inspect calibrate card simulate "
    "backends bench demo"
).split()


class Program(click.Group):
    """A group of commands that report a user's mistake in one line, without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in the order in which a new user needs them."""
        last = len(_ORDER)
        rank = {name: i for i, name in enumerate(_ORDER)}
        return sorted(self.commands, key=lambda name: (rank.get(name, last), name))

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit with its code."""
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "collapse-stats"
            fail(f"{error.format_message()} (see {where} --help)")
        except click.ClickException as error:
            fail(error.format_message())
        except (click.Abort, KeyboardInterrupt):
            click.echo("collapse-stats: interrupted", err=True)
            sys.exit(INTERRUPTED)
        except OSError as error:  # the help or the version cannot be written
            abandon_stdout()
            fail(f"cannot write the result: {error.strerror or error}")
        except SystemExit:
            raise
        except BaseException as error:  # a panic of a library written in Rust is no Exception
            traceback.print_exc()
            name = type(error).__name__
            fail(f"this should not happen ({name}: {error}): please report it with the lines above")
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; errors that it raises on purpose become `click.ClickException`."""
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            raise click.Abort from None
        except BrokenPipeError:  # the reader has closed the pipe
            abandon_stdout()
            return 0
        except BackendError as error:  # before MemoryError, which a GPU's may be as well
            raise click.ClickException(str(error)) from error
        except MemoryError as error:
            message = str(error) or "not enough memory"
            raise click.ClickException(
                f"{message}: give a smaller --max-order, or --memory"
                if "give" not in message
                else message
            ) from error
        except OSError as error:
            abandon_stdout()
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error
        except (CollapseStatsError, ValueError, TypeError) as error:
            raise click.ClickException(str(error)) from error


def fail(message: str) -> NoReturn:
    """Print what is wrong in one line, and exit."""
    message = printable(without_secrets(" ".join(message.split())))
    with suppress(OSError, ValueError, AttributeError):  # stderr is closed, or its disk is full
        click.echo(f"collapse-stats: error: {message}", err=True)
    sys.exit(USAGE)


@click.group(
    cls=Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="collapse-stats")
@click.pass_context
def program(ctx: click.Context) -> None:
    """See whether a text corpus is collapsing.

    Computes exact n-gram statistics of corpora and divergences between them, each with its noise
    floor. A CORPUS is a file, a directory, a URL, a quoted 'pattern' of paths, or a saved profile.
    Files may be Parquet, JSON, CSV, text, Arrow, tar archives, or token files of training
    frameworks.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(USAGE)
