"""The group of commands, and how errors become one line on stderr and an exit code.

0 done; 1 a threshold was crossed; 2 usage or unreadable input; 130 interrupted.
"""

import sys
from typing import Any, NoReturn

import click

from ..errors import BackendError, CollapseStatsError
from ..report.grid import printable
from ..version import __version__
from .output import abandon_stdout

USAGE, INTERRUPTED = 2, 130


class Program(click.Group):
    """A group whose commands fail with one line and never with a traceback of a user's mistake."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of their use."""
        return list(self.commands)

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run and exit."""
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
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it raises on purpose becomes a line."""
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            raise click.Abort from None
        except BrokenPipeError:  # whoever reads has read enough
            abandon_stdout()
            return 0
        except BackendError as error:  # before MemoryError, which may be that of a GPU
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
    """Say in one line what is wrong, and leave."""
    click.echo(f"collapse-stats: error: {printable(' '.join(message.split()))}", err=True)
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

    Exact n-gram statistics of corpora and the divergences between them, each with its noise floor.
    A CORPUS is a file or a directory of shards (Parquet, JSON lines, text, Arrow, and what training
    frameworks write), a 'pattern', or a saved profile.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(USAGE)
