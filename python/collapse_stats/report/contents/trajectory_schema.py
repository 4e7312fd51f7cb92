"""The part of the JSON Schema of reports that describes a trajectory."""

from ...comparisons.trajectory.reading import READINGS
from ...comparisons.trajectory.trajectory import MOVED
from ...metrics.figures import SERIES_FIGURES
from ..json_object import Json
from ..schema_parts import array_of, described, number_or_null, object_of, ref

_STRING: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_POSITIVE: Json = {"type": "integer", "minimum": 1}
STATES = ("worsening", "settled", "recovering")


def trajectory() -> Json:
    """Return the schema of a trajectory."""
    values, errors = array_of(number_or_null()), array_of(number_or_null(minimum=0))
    points = {"values": values, "errors": errors}
    trend = object_of(
        {
            "s": {"type": "integer"},
            "p": {"type": "number", "minimum": 0, "maximum": 1},
            "slope": _NUMBER,
            "low": number_or_null(),
            "high": number_or_null(),
        }
    )
    fit = {
        "half_life": described(
            "Steps in which the distance from the limit halves.", number_or_null(minimum=0)
        ),
        "limit": number_or_null(),
    }
    figure = object_of(
        {
            **points,
            "excess": described(
                "Whether the values are those above the floor.", {"type": "boolean"}
            ),
            "worse": described("The direction that is worse.", {"enum": ["up", "down"]}),
            "trend": described(
                "Mann-Kendall (s, p) and Theil-Sen (slope for one unit of the steps, 95 % "
                "interval).",
                {**trend, "type": ["object", "null"]},
            ),
            "onset": described(
                "The first step from which every later one is worse; null if there is none.",
                number_or_null(),
            ),
            **fit,
            "state": {"enum": [*STATES, None]},
        }
    )
    band = object_of(
        {
            "band": _STRING,
            "bits": described(
                "Mean log2 probability of the n-grams, less that in other text of the baseline.",
                values,
            ),
            "retained": described("Share of them still there, over the floor.", values),
            **fit,
        }
    )
    numbers = array_of(_NUMBER)
    shrinkage = object_of(
        {
            "order": _POSITIVE,
            "bands": array_of(band),
            "fallback_steps": described(
                "Steps whose discount is 0.5, because the formula has none.", numbers
            ),
        }
    )
    properties = {
        "baseline": _STRING,
        "names": array_of(_STRING),
        "steps": numbers,
        "from_first": described(
            "Whether the baseline is itself the first step.", {"type": "boolean"}
        ),
        "alpha": described(
            "Chance of a false onset in any of the figures.",
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        ),
        "looks": described(
            "1: onsets hold for one look at the end. More: for one after each step.", _POSITIVE
        ),
        "reading": {"enum": [*READINGS, None]},
        "sentence": _STRING,
        "figures": _by_key([*SERIES_FIGURES], figure),
        "moved": _by_key([*MOVED], object_of(points)),
        "shrinkage": shrinkage,
        "warnings": ref("warnings"),
    }
    return described(
        "What becomes of a run: each figure at each step, and how far each step is from the one "
        "before (moved, as excess over the earlier one's floor). Figures have keys such as "
        "js_bits/2: name and order.",
        object_of(properties),
    )


def _by_key(names: list[str], item: Json) -> Json:
    """Return the schema of an object with an item for each figure and order."""
    keys = "|".join(SERIES_FIGURES[name].key for name in names)
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^({keys})/[1-9][0-9]*$"},
        "additionalProperties": item,
    }
