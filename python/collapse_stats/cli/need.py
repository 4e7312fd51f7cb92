"""``--need 'distinct_3 >= 0.9 at 10'``: a figure, its order, a sign, a number and a generation."""

import re

import click

from ..simulation.measured import FIGURES
from ..simulation.need import Need
from ..simulation.simulate import MOST_GENERATIONS
from ..system.suggestion import did_you_mean

_NAMES = {name: name for name in FIGURES} | {"distinct": "size_matched_distinct_ratio"}
_NEED = re.compile(
    r"\s*([a-z]\w*?)_(\d+)\s*(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    r"\s+at\s+(\d+)\s*",
    re.ASCII,
)


def parse_need(ctx: click.Context, param: click.Parameter, text: str | None) -> Need | None:
    """Parse an expression; ``distinct`` is the ratio to the baseline, at equal size."""
    if text is None:
        return None
    match = _NEED.fullmatch(text)
    if match is None:
        raise click.BadParameter(
            "expected FIGURE_ORDER, one of > >= < <=, a number, and 'at' with a generation, such "
            f"as 'distinct_3 >= 0.9 at 10', got {text!r}"
        )
    name, order, sign, number, generation = match.groups()
    if name not in _NAMES:
        raise click.BadParameter(
            f"the figure must be one of {', '.join(_NAMES)}, got {name!r}"
            f"{did_you_mean(name, _NAMES)}"
        )
    if not 1 <= int(generation) <= MOST_GENERATIONS:
        raise click.BadParameter(
            f"the generation must be between 1 and {MOST_GENERATIONS:,}, got {generation}"
        )
    return Need(text.strip(), _NAMES[name], int(order), sign, float(number), int(generation))
