"""The part of the JSON Schema of reports that describes a trajectory."""

from collections.abc import Iterable

from ...comparisons.trajectory.reading import READINGS
from ...comparisons.trajectory.trajectory import MOVED
from ...metrics.figures import SERIES_FIGURES
from ..json_object import Json
from ..schema_parts import array_of, described, number_or_null, object_of, ref

_STRING: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_FLAG: Json = {"type": "boolean"}
_POSITIVE: Json = {"type": "integer", "minimum": 1}
_VALUES = array_of(number_or_null())
_POINTS = {"values": _VALUES, "errors": array_of(number_or_null(minimum=0))}
_FIT = {
    "half_life": described(
        "Steps in which the distance from the limit halves.", number_or_null(minimum=0)
    ),
    "limit": number_or_null(),
}
_STATES = ("worsening", "settled", "recovering")


def trajectory() -> Json:
    """Return the schema of a trajectory."""
    properties = {
        "baseline": _STRING,
        "names": array_of(_STRING),
        "steps": array_of(_NUMBER),
        "from_first": described("Whether the baseline is itself the first step.", _FLAG),
        "alpha": described(
            "Chance of a false onset in any of the figures.",
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        ),
        "looks": described(
            "1: onsets hold for one look at the end. More: for one after each step.", _POSITIVE
        ),
        "reading": {"enum": [*READINGS, None]},
        "sentence": _STRING,
        "figures": _by_key(SERIES_FIGURES, _figure()),
        "moved": _by_key(MOVED, object_of(_POINTS)),
        "shrinkage": _shrinkage(),
        "warnings": ref("warnings"),
    }
    return described(
        "What becomes of a run: each figure at each step, and how far each step is from the one "
        "before (moved, as excess over the earlier one's floor). Figures have keys such as "
        "js_bits/2: name and order.",
        object_of(properties),
    )


def _figure() -> Json:
    trend = object_of(
        {
            "s": {"type": "integer"},
            "p": {"type": "number", "minimum": 0, "maximum": 1},
            "slope": _NUMBER,
            "low": number_or_null(),
            "high": number_or_null(),
        }
    )
    return object_of(
        {
            **_POINTS,
            "excess": described("Whether the values are those above the floor.", _FLAG),
            "worse": described("The direction that is worse.", {"enum": ["up", "down"]}),
            "trend": described(
                "Mann-Kendall (s, p) and Theil-Sen (slope for one unit of the steps, with its 95 % "
                "interval).",
                {**trend, "type": ["object", "null"]},
            ),
            "onset": described(
                "The first step from which every later one is worse; null if there is none.",
                number_or_null(),
            ),
            **_FIT,
            "state": {"enum": [*_STATES, None]},
        }
    )


def _shrinkage() -> Json:
    band = object_of(
        {
            "band": _STRING,
            "bits": described(
                "Mean log2 probability of the n-grams, less that in other text of the baseline.",
                _VALUES,
            ),
            "retained": described("Share of them still there, over the floor.", _VALUES),
            **_FIT,
        }
    )
    return object_of(
        {
            "order": _POSITIVE,
            "bands": array_of(band),
            "fallback_steps": described(
                "Steps whose discount is 0.5, because the formula has none.", array_of(_NUMBER)
            ),
        }
    )


def _by_key(names: Iterable[str], item: Json) -> Json:
    """Return the schema of an object with an item for each figure and order."""
    keys = "|".join(SERIES_FIGURES[name].key for name in names)
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^({keys})/[1-9][0-9]*$"},
        "additionalProperties": item,
    }
