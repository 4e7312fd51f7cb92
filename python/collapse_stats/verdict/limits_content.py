"""The parts of a file of limits as JSON, and their checks; docs/formats.md describes them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..profiles.json_field import Field
from .calibration import Shown
from .constants import MEANINGS, Constants
from .judged_pairs import JudgedPair, Verdicts
from .rule import CANNOT_TELL, LABELS

Json = dict[str, Any]


def constants_content(constants: Constants) -> Json:
    """Return each constant with its builtin value and its meaning."""
    builtin = asdict(Constants())
    return {
        name: {"value": value, "builtin": builtin[name], "meaning": MEANINGS[name]}
        for name, value in asdict(constants).items()
    }


def check_constants(content: Field, constants: Constants) -> None:
    """Raise ValueError if a file has other constants, or another builtin value of one."""
    builtin = asdict(Constants())
    for name, value in asdict(constants).items():
        for kind, expected in (("value", value), ("builtin", builtin[name])):
            found = content[name][kind]
            if found.real() != expected:
                raise ValueError(
                    f"expected {found.place} to be {expected!r}, which follows from the pairs, "
                    f"got {found.value!r}"
                )


def pairs_content(pairs: Sequence[JudgedPair]) -> list[Json]:
    """Return what each pair shows, and the verdicts on it."""
    return [
        {
            "baseline": pair.baseline,
            "candidate": pair.candidate,
            "shows": asdict(pair.shown),
            "verdict_builtin": pair.builtin,
            "verdict_calibrated": pair.calibrated,
            "verdict_left_out": pair.left_out,
        }
        for pair in pairs
    ]


def read_pairs(content: Field, corpora: Sequence[str]) -> tuple[JudgedPair, ...]:
    """Return the pairs of these corpora; ValueError if some are missing, or are of others."""
    pairs = tuple(map(_pair, content.items()))
    expected = {(a, b) for a in corpora for b in corpora}  # those of halves are there twice
    found = {(pair.baseline, pair.candidate) for pair in pairs}
    if found != expected or len(pairs) != len(expected) + len(corpora):
        raise ValueError(
            f"expected {content.place} to have each of the {len(corpora)} corpora with each, got "
            f"{len(pairs)} pairs"
        )
    return pairs


def _pair(content: Field) -> JudgedPair:
    shows, left_out = content["shows"], content["verdict_left_out"]
    return JudgedPair(
        content["baseline"].text(),
        content["candidate"].text(),
        Shown(**{name: shows[name].real() for name in ("near", "repetition", "copies")}),
        _label(content["verdict_builtin"]),
        _label(content["verdict_calibrated"]),
        None if left_out.is_null else _label(left_out),
    )


def _label(content: Field) -> str:
    label = content.text()
    if label not in (*LABELS, CANNOT_TELL):
        raise ValueError(f"expected {content.place} to be a verdict, got {label!r}")
    return label


def verdicts_content(verdicts: Verdicts | None) -> Json | None:
    """Return how often each verdict was given, and the share of false alarms with its interval."""
    if verdicts is None:
        return None
    return {
        "pairs": verdicts.pairs,
        "verdicts": verdicts.counts,
        "false_alarms": verdicts.false_alarms,
        "share": verdicts.false_alarms / verdicts.pairs,
        "low": verdicts.low,
        "high": verdicts.high,
    }
