"""``--fail-on 'kl_1 > 0.3'``: a figure, its order, a sign and a number; or a verdict.

In ``rare_bits_9_64 > 4`` a band of rare tokens stands in the place of the order.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from ..metrics.figures import COMPARISON_FIGURES, CORPUS_FIGURES
from ..report.contents.rare_tokens import COLUMNS
from ..report.grid import printable
from ..report.json_object import Json
from ..report.shown import rare_kept
from ..report.views.rare_tokens import band_of
from ..verdict.rule import LABELS
from .series_threshold import NUMBER, SIGNS, SeriesThreshold, is_of_series, parse_series_threshold

_OF_COMPARISON = tuple(figure.key for figure in COMPARISON_FIGURES.values())
_OF_CANDIDATE = tuple(figure.key for figure in CORPUS_FIGURES.values())
_KEYS = (*_OF_COMPARISON, *_OF_CANDIDATE)
_COUNTS = tuple(figure.key for figure in CORPUS_FIGURES.values() if figure.unit == "count")
_BANDS = {column: band for band, column in COLUMNS.items() if band != "never"}  # it runs wrong


@dataclass(frozen=True, slots=True)
class WorstVerdict:
    """``verdict >= loss-of-tail``: the mildest label that is too bad."""

    text: str
    label: str

    def check(self, comparison: Json, candidate: Json) -> tuple[bool, str]:
        """Return whether the limit is crossed, and the verdict; LookupError if there is none."""
        verdict = comparison["verdict"]
        if verdict not in LABELS:
            raise LookupError(f"the verdict is '{verdict}', {'; '.join(comparison['reasons'])}")
        return LABELS.index(verdict) >= LABELS.index(self.label), f"it is {verdict}"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit that a figure of every candidate must not cross."""

    text: str
    key: str
    order: int
    sign: str
    number: float

    def value(self, comparison: Json, candidate: Json) -> float | None:
        """Return the figure of the comparison, or else of the candidate itself."""
        if self.key == "retained":
            return rare_kept(comparison, self.order).value
        source = comparison if self.key in _OF_COMPARISON else candidate
        figure: Any = source["orders"][str(self.order)][self.key]
        value: float | None = figure["chao-wang-jost"] if isinstance(figure, dict) else figure
        return value

    def check(self, comparison: Json, candidate: Json) -> tuple[bool, str]:
        """Return whether the limit is crossed, and the value; LookupError if there is none."""
        value = self.value(comparison, candidate)
        if value is None:
            raise LookupError("the figure is not given")
        return SIGNS[self.sign](value, self.number), f"it is {value:.4g}"


@dataclass(frozen=True, slots=True)
class RareBits:
    """``rare_bits_9_64 > 4``: a limit on what tokens of a band cost above the floor."""

    text: str
    band: str
    sign: str
    number: float

    def check(self, comparison: Json, candidate: Json) -> tuple[bool, str]:
        """Return whether the limit is crossed, and the bits; LookupError if there are none."""
        band = band_of(comparison, self.band)
        if band is None:
            raise LookupError("; ".join(comparison["rare_perplexity"]["warnings"]))
        if band["excess_bits"] is None:
            raise LookupError(band["reason"])
        value = band["excess_bits"]["value"]
        return SIGNS[self.sign](value, self.number), f"it is {value:.4g}"


Limit = Threshold | WorstVerdict | RareBits | SeriesThreshold


def parse_thresholds(
    ctx: click.Context, param: click.Parameter, expressions: Sequence[str]
) -> tuple[Limit, ...]:
    """Parse expressions such as ``kl_1 > 0.3`` and ``verdict >= loss-of-tail``."""
    return tuple(map(_limit, expressions))


def _limit(text: str) -> Limit:
    if is_of_series(text):
        return parse_series_threshold(text)
    if re.match(r"\s*rare_bits", text):
        return _rare_bits(text)
    if not re.match(r"\s*verdict\b", text):
        return _threshold(text)
    labels = {label.replace(" ", "-"): label for label in LABELS[1:]}
    match = re.fullmatch(r"\s*verdict\s*>=\s*([a-z -]+?)\s*", text)
    named = match[1].replace(" ", "-") if match else ""
    if named not in labels:
        raise click.BadParameter(
            f"expected 'verdict >= LABEL' with one of {', '.join(labels)}, got {text!r}"
        )
    return WorstVerdict(text.strip(), labels[named])


def _rare_bits(text: str) -> RareBits:
    match = re.fullmatch(rf"\s*(\w+)\s*(>=|<=|>|<)\s*({NUMBER})\s*", text, re.ASCII)
    if match is None or match[1] not in _BANDS:
        raise click.BadParameter(
            f"expected one of {', '.join(_BANDS)}, one of > >= < <=, and a number of bits, such as "
            f"'rare_bits_9_64 > 4', got {text!r}"
        )
    return RareBits(text.strip(), _BANDS[match[1]], match[2], float(match[3]))


def _threshold(text: str) -> Threshold:
    match = re.fullmatch(rf"\s*([a-z]\w*?)_(\d+)\s*(>=|<=|>|<)\s*({NUMBER})\s*", text, re.ASCII)
    if match is None:
        raise click.BadParameter(
            f"expected FIGURE_ORDER, one of > >= < <=, and a number, such as 'kl_1 > 0.3', got "
            f"{text!r}"
        )
    name, order, sign, limit = match.groups()
    key = next((key for key in (name, f"{name}_bits") if key in _KEYS), None)
    if key is None:
        known = ", ".join([*(key.removesuffix("_bits") for key in _KEYS), *_BANDS])
        raise click.BadParameter(f"the figure must be one of {known}, got {name!r}")
    if key in _COUNTS and not float(limit).is_integer():
        ratio = "the ratio to the baseline's at equal size is size_matched_distinct_ratio"
        raise click.BadParameter(
            f"{name} is a number of n-grams and needs a whole number, got {text!r}: {ratio}_{order}"
        )
    return Threshold(text.strip(), key, int(order), sign, float(limit))


fail_on_option = click.option(
    "--fail-on",
    multiple=True,
    callback=parse_thresholds,
    metavar="EXPR",
    help="Exit with code 1 if this is true of a candidate, such as 'kl_1 > 0.3' or 'verdict >= "
    "loss-of-tail', or of their series: 'onset_js_2 < 500' (worse from a step before 500 on), "
    "'trend_distinct_3 < 0' (falling). With --strict, also if it cannot be checked. May be "
    "repeated.",
)
"""Adds ``--fail-on``; the command is called with ``fail_on=``, the limits."""


def asks_for_series(limits: tuple[Limit, ...]) -> bool:
    """Whether a limit is one of a series."""
    return any(isinstance(limit, SeriesThreshold) for limit in limits)


def fail_if_crossed(
    ctx: click.Context, limits: tuple[Limit, ...], report: Json, strict: bool
) -> None:
    """Say which limits are crossed or cannot be checked; exit with code 1 if one is crossed.

    With `strict`, also if one cannot be checked.
    """
    crossed, unknown = crossings(limits, report)
    for line in unknown:
        click.echo(f"warning: {printable(line)}", err=True)
    for line in crossed:
        click.echo(f"collapse-stats: crossed: {printable(line)}", err=True)
    if crossed or (strict and unknown):
        ctx.exit(1)


def check_orders(limits: tuple[Limit, ...], max_order: int) -> None:
    """Raise ValueError when a threshold names an order that is not counted."""
    of_orders = [each for each in limits if isinstance(each, Threshold | SeriesThreshold)]
    for threshold in of_orders:
        if not 1 <= threshold.order <= max_order:
            raise ValueError(
                f"--fail-on {threshold.text!r}: the order must be between 1 and {max_order}, the "
                f"longest n-gram counted, got {threshold.order}"
            )


def crossings(limits: tuple[Limit, ...], report: Json) -> tuple[list[str], list[str]]:
    """Return in words which limits candidates crossed, and which could not be checked."""
    corpora = {corpus["name"]: corpus for corpus in report["corpora"]}
    first = report["corpora"][0]["name"]
    of_run = [limit for limit in limits if isinstance(limit, SeriesThreshold)]
    of_step = [limit for limit in limits if not isinstance(limit, SeriesThreshold)]
    crossed, unknown = [], []
    for comparison in report["comparisons"]:
        if comparison["baseline"] != first:
            continue
        name = comparison["candidate"]
        for limit in of_step:
            try:
                is_crossed, value = limit.check(comparison, corpora[name])
            except LookupError as reason:
                unknown.append(f"{name}: {limit.text} cannot be checked: {reason}")
                continue
            if is_crossed:
                crossed.append(f"{name}: {limit.text} ({value})")
    for of_series in of_run:
        try:
            is_crossed, value = of_series.check_run(report.get("trajectory"))
        except LookupError as reason:
            unknown.append(f"{of_series.text} cannot be checked: {reason}")
            continue
        if is_crossed:
            crossed.append(f"{of_series.text} ({value})")
    return crossed, unknown
