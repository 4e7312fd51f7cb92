"""``--perplexity [ORDER]``: the perplexity of rare tokens beside the other figures of a report."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from ..comparisons.comparison import Comparison
from ..report import add_rare_perplexity
from ..report.json_object import Json
from .progress import Reporter
from .threshold import Limit, RareBits
from .whole_number import WholeNumber

Command = TypeVar("Command", bound=Callable[..., Any])
ORDER = 3  # without a number
_NAME = "--perplexity"


class WithPerplexity(click.Command):
    """A command whose ``--perplexity`` takes a number or none, whatever follows it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give the option its number where the next argument is none."""
        end = args.index("--") if "--" in args else len(args)
        for at, (name, value) in enumerate(zip(args, [*args[1:], ""], strict=True)):
            if at < end and name == _NAME and not value.isdecimal():
                args = [*args[:at], f"{_NAME}={ORDER}", *args[at + 1 :]]
        return super().parse_args(ctx, args)


def perplexity_option(command: Command) -> Command:
    """Add ``--perplexity``; the command is called with ``perplexity=``, an order or None."""
    add = click.option(
        _NAME,
        type=WholeNumber(1),
        metavar="[ORDER]",
        help="Show the perplexity of rare tokens: how many bits more than the floor n-gram models "
        "of this order need for rare tokens of the baseline if they learn from a candidate. Takes "
        "about a second for each candidate with a sample of 2 M tokens. Default without a number: "
        f"{ORDER}.",
    )
    return add(command)


def order_needed(perplexity: int | None, fail_on: Sequence[Limit], max_order: int) -> int | None:
    """Return the order of the models, which a limit on rare tokens asks for as well.

    Raises
    ------
    ValueError
        when n-grams of that order are not counted.
    """
    if perplexity is None and any(isinstance(limit, RareBits) for limit in fail_on):
        perplexity = min(ORDER, max_order)
    if perplexity is not None and perplexity > max_order:
        raise ValueError(
            f"{_NAME} {perplexity}: the order must be between 1 and {max_order}, the longest "
            "n-gram counted: give a lower one, or a larger --max-order"
        )
    return perplexity


def add_to_report(
    report: Json,
    comparisons: Sequence[Comparison],
    perplexity: int | None,
    fail_on: Sequence[Limit],
    memory: int,
    reporter: Reporter,
) -> None:
    """Add the perplexity of rare tokens to a report, if it is asked for."""
    order = order_needed(perplexity, fail_on, comparisons[0].baseline.max_order)
    if order is None:
        return
    with reporter.task(_NAME.strip("-")) as task:
        add_rare_perplexity(report, comparisons, order, task, memory)
