"""The pieces that the JSON Schema of reports is made of."""

from collections.abc import Iterable, Mapping

from ..metrics.kinds import CorpusFigure, Figure
from .json_object import Json


def figure_of(figure: Figure) -> Json:
    """Return the schema of a figure."""
    if isinstance(figure, CorpusFigure) and figure.estimators:
        return described(
            figure.description,
            {
                "type": "object",
                "required": list(figure.estimators[:2]),
                "additionalProperties": ref(figure.unit),
            },
        )
    limit = {} if figure.maximum is None else {"maximum": figure.maximum}
    return described(figure.description, ref(figure.unit) | limit)


def intervals_of(figures: Iterable[Figure], kind: str) -> Json:
    """Return the schema of the intervals of figures, each of a kind."""
    return object_of({figure.key: described(figure.description, ref(kind)) for figure in figures})


def object_of(properties: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    """Return the schema of an object that has all these properties, perhaps the optional ones."""
    return {
        "type": "object",
        "required": [*properties],
        "additionalProperties": False,
        "properties": {**properties, **(optional or {})},
    }


def by_order(figures: Json) -> Json:
    """Return the schema of an object with the same for each order."""
    return {"type": "object", **ref("orders"), "additionalProperties": figures}


def array_of(items: Json) -> Json:
    """Return the schema of an array."""
    return {"type": "array", "items": items}


def ref(name: str) -> Json:
    """Return a reference to a definition."""
    return {"$ref": f"#/$defs/{name}"}


def described(description: str, schema: Json) -> Json:
    """Return a schema with a description."""
    return {"description": description, **schema}


def number_or_null(**limits: float) -> Json:
    """Return the schema of a figure that may not be given."""
    return {"type": ["number", "null"], **limits}
