"""``--fail-on 'kl_1 > 0.3'``: a figure, its order, a sign and a number."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ..report.comparison_view import rare_kept
from ..report.figures import COMPARISON_FIGURES, SPECTRUM_FIGURES

Json = dict[str, Any]
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_OF_COMPARISON = (*COMPARISON_FIGURES.values(), "size_matched_distinct_ratio")
_OF_CANDIDATE = (*SPECTRUM_FIGURES, "entropy_bits", "conditional_entropy_bits")
_RETAINED = "retained"
FIGURES = (*_OF_COMPARISON, _RETAINED, *_OF_CANDIDATE)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A figure of every candidate and what it must not be."""

    text: str
    key: str
    order: int
    sign: str
    number: float

    def value(self, comparison: Json, candidate: Json) -> float | None:
        """The figure: of the comparison, else of the candidate itself."""
        if self.key == _RETAINED:
            return rare_kept(comparison, self.order).value
        source = comparison if self.key in _OF_COMPARISON else candidate
        value: Any = source["orders"][str(self.order)][self.key]
        found: float | None = value["chao-wang-jost"] if isinstance(value, dict) else value
        return found

    def is_crossed_by(self, value: float) -> bool:
        """Whether the value is what it must not be."""
        return _SIGNS[self.sign](value, self.number)


def parse_thresholds(
    ctx: click.Context, param: click.Parameter, given: Sequence[str]
) -> tuple[Threshold, ...]:
    """Thresholds from expressions such as ``kl_1 > 0.3``."""
    return tuple(map(_threshold, given))


def _threshold(text: str) -> Threshold:
    number = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
    match = re.fullmatch(rf"\s*([a-z]\w*?)_(\d+)\s*(>=|<=|>|<)\s*({number})\s*", text, re.ASCII)
    if match is None:
        raise click.BadParameter(
            f"expected FIGURE_ORDER, one of > >= < <=, and a number, such as 'kl_1 > 0.3', got "
            f"{text!r}"
        )
    name, order, sign, limit = match.groups()
    key = next((key for key in (name, f"{name}_bits") if key in FIGURES), None)
    if key is None:
        known = ", ".join(figure.removesuffix("_bits") for figure in FIGURES)
        raise click.BadParameter(f"the figure must be one of {known}, got {name!r}")
    return Threshold(text.strip(), key, int(order), sign, float(limit))


def check_orders(thresholds: tuple[Threshold, ...], max_order: int) -> None:
    """Raise ValueError when a threshold names an order that is not counted."""
    for threshold in thresholds:
        if not 1 <= threshold.order <= max_order:
            raise ValueError(
                f"--fail-on {threshold.text!r}: the order must be between 1 and {max_order}, the "
                f"longest n-gram counted, got {threshold.order}"
            )


def crossings(thresholds: tuple[Threshold, ...], report: Json) -> tuple[list[str], list[str]]:
    """What was crossed by a candidate against the baseline, and what could not be checked."""
    corpora = {corpus["name"]: corpus for corpus in report["corpora"]}
    first = report["corpora"][0]["name"]
    crossed, unknown = [], []
    for comparison in report["comparisons"]:
        if comparison["baseline"] != first:
            continue
        name = comparison["candidate"]
        for threshold in thresholds:
            value = threshold.value(comparison, corpora[name])
            if value is None:
                unknown.append(
                    f"{name}: {threshold.text} cannot be checked: the figure is not given"
                )
            elif threshold.is_crossed_by(value):
                crossed.append(f"{name}: {threshold.text} (it is {value:.4g})")
    return crossed, unknown
