"""``--fail-on 'onset_js_2 < 500'``, ``'trend_distinct_3 < 0'``: limits of a figure's series."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import click

from ..metrics.figures import SERIES_FIGURES
from ..report.contents.trajectory import figure_key
from ..report.json_object import Json

SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_SHORT = {"distinct": "size_matched_distinct_ratio"}
_FEWEST_FOR_INTERVAL = 5


@dataclass(frozen=True, slots=True)
class SeriesThreshold:
    """A limit of the onset of a figure, or of its slope, over the candidates as steps of a run."""

    text: str
    kind: str
    name: str
    order: int
    sign: str
    number: float

    def check_run(self, trajectory: Json | None) -> tuple[bool, str]:
        """Return whether the limit is crossed, and the value; LookupError if there is none.

        A slope is past the limit if the whole of its 95 % interval is.
        """
        if trajectory is None:
            raise LookupError("it needs two steps or more, in the order of the run")
        figure = trajectory["figures"][figure_key(self.name, self.order)]
        compare = SIGNS[self.sign]
        if self.kind == "onset":
            self._check_errors(trajectory, figure)
            onset = figure["onset"]
            if onset is None:
                return False, "there is no onset"
            return compare(onset, self.number), f"it is worse from step {onset:g} on"
        trend = figure["trend"]
        if trend is None or trend["low"] is None:
            known = sum(value is not None for value in figure["values"])
            raise LookupError(
                f"the interval of a slope needs {_FEWEST_FOR_INTERVAL} steps or more with this "
                f"figure, got {known}"
            )
        past = all(compare(trend[end], self.number) for end in ("low", "high"))
        return past, f"the slope is {trend['low']:.3g} to {trend['high']:.3g}"

    @staticmethod
    def _check_errors(trajectory: Json, figure: Json) -> None:
        bare = [
            name
            for name, error in zip(trajectory["names"], figure["errors"], strict=True)
            if error is None
        ]
        if bare:
            raise LookupError(
                f"an onset needs a standard error at each step, and {bare[0]} has none: give more "
                "documents"
            )
        if len(trajectory["steps"]) < 2:
            raise LookupError("an onset needs two steps or more")


def is_of_series(text: str) -> bool:
    """Whether an expression is a limit of a series."""
    return re.match(r"\s*(onset|trend)_", text) is not None


def parse_series_threshold(text: str) -> SeriesThreshold:
    """Parse an expression such as ``onset_js_2 < 500``."""
    match = re.fullmatch(
        rf"\s*(onset|trend)_([a-z]\w*?)_(\d+)\s*(>=|<=|>|<)\s*({NUMBER})\s*", text, re.ASCII
    )
    if match is None:
        raise click.BadParameter(
            "expected onset_FIGURE_ORDER or trend_FIGURE_ORDER, one of > >= < <=, and a number, "
            f"such as 'onset_js_2 < 500' or 'trend_distinct_3 < 0', got {text!r}"
        )
    kind, given, order, sign, number = match.groups()
    name = _SHORT.get(given, given).removesuffix("_bits")
    if name not in SERIES_FIGURES:
        known = ", ".join([*_SHORT, *SERIES_FIGURES])
        raise click.BadParameter(f"the figure of {kind}_ must be one of {known}, got {given!r}")
    return SeriesThreshold(text.strip(), kind, name, int(order), sign, float(number))
