"""``--fail-on 'kl_1 > 0.3'``: a figure, its order, a sign and a number; or a verdict."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ..report.comparison_view import rare_kept
from ..report.figures import COMPARISON_FIGURES, SPECTRUM_FIGURES
from ..verdict.rule import LABELS

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
class WorstVerdict:
    """``verdict >= loss-of-tail``: the label from which on a verdict is too bad."""

    text: str
    label: str

    def check(self, comparison: Json, candidate: Json) -> tuple[bool, str]:
        """Whether it is crossed and what it is; raises LookupError when that cannot be told."""
        found = comparison["verdict"]
        if found not in LABELS:
            raise LookupError(f"the verdict is '{found}', {'; '.join(comparison['reasons'])}")
        return LABELS.index(found) >= LABELS.index(self.label), f"it is {found}"


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

    def check(self, comparison: Json, candidate: Json) -> tuple[bool, str]:
        """Whether it is crossed and what it is; raises LookupError when that cannot be told."""
        value = self.value(comparison, candidate)
        if value is None:
            raise LookupError("the figure is not given")
        return _SIGNS[self.sign](value, self.number), f"it is {value:.4g}"


Limit = Threshold | WorstVerdict


def parse_thresholds(
    ctx: click.Context, param: click.Parameter, given: Sequence[str]
) -> tuple[Limit, ...]:
    """Limits from expressions such as ``kl_1 > 0.3`` and ``verdict >= loss-of-tail``."""
    return tuple(map(_limit, given))


def _limit(text: str) -> Limit:
    if not re.match(r"\s*verdict\b", text):
        return _threshold(text)
    labels = {label.replace(" ", "-"): label for label in LABELS[1:]}
    match = re.fullmatch(r"\s*verdict\s*>=\s*([a-z-]+)\s*", text)
    if match is None or match[1] not in labels:
        raise click.BadParameter(
            f"expected 'verdict >= LABEL' with one of {', '.join(labels)}, got {text!r}"
        )
    return WorstVerdict(text.strip(), labels[match[1]])


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


def check_orders(limits: tuple[Limit, ...], max_order: int) -> None:
    """Raise ValueError when a threshold names an order that is not counted."""
    for threshold in limits:
        if isinstance(threshold, Threshold) and not 1 <= threshold.order <= max_order:
            raise ValueError(
                f"--fail-on {threshold.text!r}: the order must be between 1 and {max_order}, the "
                f"longest n-gram counted, got {threshold.order}"
            )


def crossings(limits: tuple[Limit, ...], report: Json) -> tuple[list[str], list[str]]:
    """What was crossed by a candidate against the baseline, and what could not be checked."""
    corpora = {corpus["name"]: corpus for corpus in report["corpora"]}
    first = report["corpora"][0]["name"]
    crossed, unknown = [], []
    for comparison in report["comparisons"]:
        if comparison["baseline"] != first:
            continue
        name = comparison["candidate"]
        for limit in limits:
            try:
                is_crossed, what = limit.check(comparison, corpora[name])
            except LookupError as why:
                unknown.append(f"{name}: {limit.text} cannot be checked: {why}")
                continue
            if is_crossed:
                crossed.append(f"{name}: {limit.text} ({what})")
    return crossed, unknown
