"""The JSON Schema of reports, generated from the registry of figures.

The file beside this one is what `report_schema` returns; ``python tools/report_schema.py`` rewrites
it.
"""

import json
from collections.abc import Iterable, Mapping
from importlib import resources

from ..metrics.figures import (
    COMPARISON_FIGURES,
    CORPUS_FIGURES,
    CORPUS_FIGURES_WITH_ERRORS,
    FLOORED_FIGURES,
    CorpusFigure,
    Figure,
)
from ..verdict.rule import CANNOT_TELL, LABELS
from .decision import FIGURES
from .json_object import Json

SCHEMA = "collapse-stats.report/1"
SCHEMA_FILE = resources.files(__package__).joinpath("report.schema.json")

_STRING: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_POSITIVE: Json = {"type": "integer", "minimum": 1}
_ERROR: Json = {"type": "number", "minimum": 0}


def report_schema() -> Json:
    """Return the schema of a report."""
    tool = _object({"name": {"const": "collapse-stats"}, "version": _STRING})
    backends: Json = {"enum": ["cuda", "native", "numpy"]}
    properties = {
        "schema": {"const": SCHEMA},
        "tool": tool,
        "backend": _described("The backend that counted.", backends),
        "corpora": _array(_ref("corpus")),
        "comparisons": _array(_ref("comparison")),
        "series": _series(),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "Report of collapse-stats show and compare",
        "description": "A figure that cannot be given is null, and a warning beside it says why.",
        **_object(properties),
        "$defs": {
            **_basic_types(),
            "corpus": _corpus(),
            "sample": _sample(),
            "order_figures": _order_figures(),
            "comparison": _comparison(),
            "compared_order": _compared_order(),
            "divergences": _divergences(),
            "retention": _retention(),
            "novel_mass": _novel_mass(),
            "interval": _interval({}),
            "compared_interval": _interval(
                {
                    "excess": _described("The figure less its floor.", _number_or_null()),
                    "excess_error": _number_or_null(minimum=0),
                }
            ),
        },
    }


def schema_text() -> str:
    """Return the text of the schema's file."""
    return json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"


def _basic_types() -> Json:
    """Return the units of figures, and the small types that several objects have."""
    number = _number_or_null(minimum=0)
    return {
        "count": {"type": "integer", "minimum": 0},
        "bits": number,
        "share": _number_or_null(minimum=0, maximum=1),
        "types": number,
        "number": number,
        "sides": _object({"baseline": number, "candidate": number}),
        "orders": {"propertyNames": {"pattern": "^[1-9][0-9]*$"}},
        "warnings": _array(_STRING),
        "ngram": _described(
            "Text when the tokenizer is known, else token ids.",
            {"type": ["string", "array"], "items": _ref("count")},
        ),
    }


def _corpus() -> Json:
    optional: Json = {"type": ["string", "null"]}
    tokenizer = _object({"spec": _STRING, "sha256": optional, "library": optional})
    unreadable = _array(_object({"path": _STRING, "error": _STRING}))
    return _object(
        {
            "name": _STRING,
            "tokens": _ref("count"),
            "documents": _ref("count"),
            "empty_documents": _described(
                "How many of the documents hold no token; null in profiles of old versions.",
                _ref("number"),
            ),
            "group_key": _described(
                "The field whose documents of one value share a half and count as one source.",
                optional,
            ),
            "vocab_size": _POSITIVE,
            "tokenizer": _described(
                "What gave the token ids; library: what encoded the text, if there was text.",
                tokenizer,
            ),
            "orders": _by_order(_ref("order_figures")),
            "sample": _ref("sample"),
            "unreadable": _described(
                "Files of the corpus that could not be read, or not to their end.", unreadable
            ),
            "warnings": _ref("warnings"),
        }
    )


def _sample() -> Json:
    properties = {
        "tokens": _ref("count"),
        "documents": _ref("count"),
        "duplicate_documents": _described(
            "Share of documents that exactly copy another one, not counting one of each kind, nor "
            "empty ones.",
            _ref("share"),
        ),
    }
    of_show = {
        "mattr": _described("Windows of 100 tokens.", _ref("share")),
        "mtld": _described("Threshold 0.72.", _ref("types")),
        "hdd": _described("42 draws, mean over documents.", _ref("share")),
        "repetition_diversity": _ref("share"),
        "repeated_text": _described(
            "Share of a document's tokens in stretches of 24 and more that occurred before in it "
            "(blocks of 512 tokens), mean over documents.",
            _ref("share"),
        ),
        "document_distinct_ratio": _described(
            "By order: distinct / windows of a document, mean over documents.",
            _by_order(_ref("share")),
        ),
    }
    return _described(
        "Whole documents that the profile keeps. Figures that depend on the order of tokens are "
        "given by show.",
        _object(properties, optional=of_show),
    )


def _order_figures() -> Json:
    figures = {figure.key: _figure(figure) for figure in CORPUS_FIGURES.values()}
    pair = {"type": "array", "minItems": 2, "maxItems": 2, "items": _POSITIVE}
    ngram = _object({"ngram": _ref("ngram"), "count": _POSITIVE})
    optional = {
        "spectrum": _described("With --spectrum: [times seen, distinct n-grams].", _array(pair)),
        "top": _described("With --top: the most frequent n-grams.", _array(ngram)),
    }
    intervals = _intervals(CORPUS_FIGURES_WITH_ERRORS.values(), "interval")
    return _object({**figures, "intervals": intervals}, optional)


def _comparison() -> Json:
    order_and_ngram = {"order": _POSITIVE, "ngram": _ref("ngram"), "count": _POSITIVE}
    optional = {
        "lost": _described(
            "With --examples: the most frequent n-grams of the baseline that the candidate lacks.",
            _array(_object(order_and_ngram)),
        ),
        "inflated": _described(
            "With --examples: the most over-represented n-grams, by their occurrences beyond those "
            "that the baseline's share would give.",
            _array(_object({**order_and_ngram, "baseline_count": _ref("count")})),
        ),
    }
    count = _ref("count")
    human_corpus = _object({"name": _STRING, "tokens": count, "documents": count})
    sizes = {"tokens": _ref("sides"), "documents": _ref("sides")}
    properties = {
        "baseline": _STRING,
        "candidate": _STRING,
        "orders": _by_order(_ref("compared_order")),
        "retention": _ref("retention"),
        "measured": _described(
            "What divergences, retention and the distinct ratio are taken from: the corpora, or "
            "samples matched by whole documents.",
            _object({"text": {"enum": ["corpora", "samples", None]}, **sizes}),
        ),
        "verdict": {"enum": [*LABELS, CANNOT_TELL]},
        "reasons": {"type": "array", "minItems": 1, "items": _STRING},
        "decided_by": _decided_by(),
        "compared": _described(
            "What the verdict is taken from: samples, matched by whole documents.",
            _object({**sizes, "groups": _ref("count")}),
        ),
        "repeated_text": _described(
            "Share of a document in stretches of some length that occurred before in it, "
            "mean over documents.",
            _ref("sides"),
        ),
        "duplicate_documents": _described(
            "Share of documents that exactly copy another one; empty ones are not counted.",
            _ref("sides"),
        ),
        "limits": _described(
            "Where the limits of the verdict's rule are from: builtin, or the name of a file and "
            "the human corpora that it was made from.",
            _object({"name": _STRING, "human_corpora": _array(human_corpus)}),
        ),
        "constants": _described(
            "Limits of the verdict's rule.", {"type": "object", "additionalProperties": _NUMBER}
        ),
        "novel_mass": _ref("novel_mass"),
        "warnings": _ref("warnings"),
    }
    return _object(properties, optional)


def _decided_by() -> Json:
    figure = _object(
        {
            "figure": {"enum": [*FIGURES]},
            "order": {"type": ["integer", "null"], "minimum": 1},
            "value": {"type": "number", "minimum": 0},
            "low": _ref("number"),
            "high": _ref("number"),
            "floor": {"type": "number", "minimum": 0},
        }
    )
    return _described(
        "The figure that the verdict comes from, with an interval of two standard errors. "
        "novelty_odds: exp(tail) of novel_mass; distance_odds: exp(drift). Null when nothing was "
        "measured.",
        {**figure, "type": ["object", "null"]},
    )


def _compared_order() -> Json:
    other = {
        figure.key: _figure(figure)
        for figure in COMPARISON_FIGURES.values()
        if not figure.has_floor and figure.key != "retained"
    }
    properties = {
        **other,
        "floor": {"type": "object", "$ref": "#/$defs/divergences", "unevaluatedProperties": False},
        "smoothing": _described("Smoothing of the KL divergences.", _STRING),
        "intervals": _intervals(COMPARISON_FIGURES.values(), "compared_interval"),
    }
    return {
        "type": "object",
        "$ref": "#/$defs/divergences",
        "required": [*properties],
        "unevaluatedProperties": False,
        "properties": properties,
    }


def _divergences() -> Json:
    figures = {figure.key: _figure(figure) for figure in FLOORED_FIGURES.values()}
    return {
        "description": "Between opposite halves, averaged; the floor between the baseline's own.",
        "required": [*figures],
        "properties": figures,
    }


def _retention() -> Json:
    band = _object(
        {
            "order": _POSITIVE,
            "band": {"type": "string", "pattern": "^[0-9]+(-[0-9]+|\\+)?$"},
            "types": _described(
                "Distinct n-grams in the band, mean of both halves.",
                {"type": "number", "exclusiveMinimum": 0},
            ),
            "retained": _ref("share"),
            "floor": _ref("share"),
        }
    )
    return _described(
        "By how often half of the baseline has an n-gram: the share of such n-grams that the "
        "candidate's opposite half has, and as floor the share that the baseline's other half has.",
        _array(band),
    )


def _series() -> Json:
    verdict = _object(
        {
            "verdict": {"enum": [*LABELS, CANNOT_TELL]},
            "since": _described("The first step with this verdict.", {"type": ["string", "null"]}),
            "reasons": _array(_STRING),
        }
    )
    return _described(
        "The verdict on a run: the worst of its steps', or what their order shows. Null with fewer "
        "than two candidates.",
        {**verdict, "type": ["object", "null"]},
    )


def _novel_mass() -> Json:
    order = _object(
        {
            "order": _POSITIVE,
            "floor": _described("Baseline in baseline.", _ref("share")),
            "own": _described("Candidate in candidate.", _ref("share")),
            "lost": _described("Baseline in candidate.", _ref("share")),
            "new": _described("Candidate in baseline.", _ref("share")),
            "tail": _described("own against floor.", _NUMBER),
            "tail_se": _ERROR,
            "drift": _described("lost and new against floor and own.", _NUMBER),
            "drift_se": _ERROR,
            "gain": _described("new against floor.", _NUMBER),
            "gain_se": _ERROR,
            "missing": _described("lost against floor.", _NUMBER),
            "missing_se": _ERROR,
            "working": _described("Whether the rule used this order.", {"type": "boolean"}),
        }
    )
    return _described(
        "Shares of fresh text that other text of the same size lacks, and differences of their log "
        "odds with standard errors.",
        _array(order),
    )


def _interval(more: Mapping[str, Json]) -> Json:
    interval = _object({"value": _NUMBER, "error": _ERROR, "tokens": _ref("count"), **more})
    return _described(
        "A figure, its standard error by leaving out groups of documents, and the tokens (of a "
        "side) that both hold for. Null where no error can be given.",
        {**interval, "type": ["object", "null"]},
    )


def _figure(figure: Figure) -> Json:
    """Return the schema of a figure."""
    if isinstance(figure, CorpusFigure) and figure.estimators:
        return _described(
            figure.description,
            {
                "type": "object",
                "required": list(figure.estimators[:2]),
                "additionalProperties": _ref(figure.unit),
            },
        )
    limit = {} if figure.maximum is None else {"maximum": figure.maximum}
    return _described(figure.description, _ref(figure.unit) | limit)


def _intervals(figures: Iterable[Figure], kind: str) -> Json:
    return _object({figure.key: _described(figure.description, _ref(kind)) for figure in figures})


def _object(properties: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    """Return the schema of an object that has all these properties, perhaps the optional ones."""
    return {
        "type": "object",
        "required": [*properties],
        "additionalProperties": False,
        "properties": {**properties, **(optional or {})},
    }


def _by_order(figures: Json) -> Json:
    return {"type": "object", **_ref("orders"), "additionalProperties": figures}


def _array(items: Json) -> Json:
    return {"type": "array", "items": items}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _described(description: str, schema: Json) -> Json:
    return {"description": description, **schema}


def _number_or_null(**limits: float) -> Json:
    return {"type": ["number", "null"], **limits}
