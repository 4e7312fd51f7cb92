"""The JSON Schema of reports, generated from the registry of figures.

The file beside this one is what `report_schema` returns; ``python tools/report_schema.py`` rewrites
it.
"""

import json
from collections.abc import Mapping
from importlib import resources

from ..metrics.figures import (
    COMPARISON_FIGURES,
    CORPUS_FIGURES,
    CORPUS_FIGURES_WITH_ERRORS,
    FLOORED_FIGURES,
)
from ..verdict.rule import CANNOT_TELL, LABELS
from .contents.rare_tokens import rare_perplexity_schema
from .contents.trajectory_schema import trajectory
from .decision import FIGURES
from .json_object import Json
from .schema_parts import (
    array_of,
    by_order,
    described,
    figure_of,
    intervals_of,
    number_or_null,
    object_of,
    ref,
)

SCHEMA = "collapse-stats.report/1"
SCHEMA_FILE = resources.files(__package__).joinpath("report.schema.json")

_STRING: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_POSITIVE: Json = {"type": "integer", "minimum": 1}
_ERROR: Json = {"type": "number", "minimum": 0}


def report_schema() -> Json:
    """Return the schema of a report."""
    tool = object_of({"name": {"const": "collapse-stats"}, "version": _STRING})
    backends: Json = {"enum": ["cuda", "native", "numpy"]}
    properties = {
        "schema": {"const": SCHEMA},
        "tool": tool,
        "backend": described("The backend that counted.", backends),
        "corpora": array_of(ref("corpus")),
        "comparisons": array_of(ref("comparison")),
        "series": _series(),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "Report of collapse-stats show and compare",
        "description": "A figure that cannot be given is null, and a warning beside it says why.",
        **object_of(properties, optional={"trajectory": ref("trajectory")}),
        "$defs": {
            **_basic_types(),
            "corpus": _corpus(),
            "curves": described("Points that the charts are drawn from.", _curves()),
            "sample": _sample(),
            "order_figures": _order_figures(),
            "comparison": _comparison(),
            "compared_order": _compared_order(),
            "divergences": _divergences(),
            "retention": _retention(),
            "novel_mass": _novel_mass(),
            "trajectory": trajectory(),
            "rare_perplexity": rare_perplexity_schema(),
            "interval": _interval({}),
            "compared_interval": _interval(
                {
                    "excess": described("The figure less its floor.", number_or_null()),
                    "excess_error": number_or_null(minimum=0),
                }
            ),
        },
    }


def schema_text() -> str:
    """Return the text of the schema's file."""
    return json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"


def _basic_types() -> Json:
    """Return the units of figures, and the small types that several objects have."""
    number = number_or_null(minimum=0)
    return {
        "count": {"type": "integer", "minimum": 0},
        "bits": number,
        "share": number_or_null(minimum=0, maximum=1),
        "types": number,
        "number": number,
        "sides": object_of({"baseline": number, "candidate": number}),
        "orders": {"propertyNames": {"pattern": "^[1-9][0-9]*$"}},
        "warnings": array_of(_STRING),
        "ngram": described(
            "Text when the tokenizer is known, else token ids.",
            {"type": ["string", "array"], "items": ref("count")},
        ),
    }


def _corpus() -> Json:
    optional: Json = {"type": ["string", "null"]}
    tokenizer = object_of({"spec": _STRING, "sha256": optional, "library": optional})
    unreadable = array_of(object_of({"path": _STRING, "error": _STRING}))
    return object_of(
        {
            "name": _STRING,
            "tokens": ref("count"),
            "documents": ref("count"),
            "empty_documents": described(
                "How many of the documents hold no token; null in profiles of old versions.",
                ref("number"),
            ),
            "group_key": described(
                "The field whose documents of one value share a half and count as one source.",
                optional,
            ),
            "vocab_size": _POSITIVE,
            "tokenizer": described(
                "What gave the token ids; library: what encoded the text, if there was text.",
                tokenizer,
            ),
            "orders": by_order(ref("order_figures")),
            "sample": ref("sample"),
            "unreadable": described(
                "Files of the corpus that could not be read, or not to their end.", unreadable
            ),
            "warnings": ref("warnings"),
        },
        optional={"curves": by_order(ref("curves"))},
    )


def _curves() -> Json:
    counts, numbers = array_of(_POSITIVE), array_of(_NUMBER)
    growth = object_of({"windows": counts, "distinct": numbers})
    ranks = object_of({"rank": counts, "count": counts})
    return object_of(
        {
            "growth": described(
                "distinct: how many distinct n-grams as many windows drawn at random would have.",
                growth,
            ),
            "ranks": described(
                "rank: how many distinct n-grams were seen as often as count, or more.", ranks
            ),
        }
    )


def _sample() -> Json:
    properties = {
        "tokens": ref("count"),
        "documents": ref("count"),
        "duplicate_documents": described(
            "Share of documents that exactly copy another one, not counting one of each kind, nor "
            "empty ones.",
            ref("share"),
        ),
    }
    of_show = {
        "mattr": described("Windows of 100 tokens.", ref("share")),
        "mtld": described("Threshold 0.72.", ref("types")),
        "hdd": described("42 draws, mean over documents.", ref("share")),
        "repetition_diversity": ref("share"),
        "repeated_text": described(
            "Share of a document's tokens in stretches of 24 and more that occurred before in it "
            "(blocks of 512 tokens), mean over documents.",
            ref("share"),
        ),
        "document_distinct_ratio": described(
            "By order: distinct / windows of a document, mean over documents.",
            by_order(ref("share")),
        ),
    }
    return described(
        "Whole documents that the profile keeps. Figures that depend on the order of tokens are "
        "given by show.",
        object_of(properties, optional=of_show),
    )


def _order_figures() -> Json:
    figures = {figure.key: figure_of(figure) for figure in CORPUS_FIGURES.values()}
    pair = {"type": "array", "minItems": 2, "maxItems": 2, "items": _POSITIVE}
    ngram = object_of({"ngram": ref("ngram"), "count": _POSITIVE})
    optional = {
        "spectrum": described("With --spectrum: [times seen, distinct n-grams].", array_of(pair)),
        "sampled": described("Where n-grams are sampled: the share and its errors.", _sampled()),
        "top": described("With --top: the most frequent n-grams.", array_of(ngram)),
    }
    intervals = intervals_of(CORPUS_FIGURES_WITH_ERRORS.values(), "interval")
    return object_of({**figures, "intervals": intervals}, optional)


def _sampled() -> Json:
    errors = {
        figure.key: object_of(dict.fromkeys(figure.estimators, ref("number")))
        if figure.estimators
        else ref("number")
        for figure in CORPUS_FIGURES.values()
    }
    one_of = described("One in so many n-grams is kept.", _POSITIVE)
    described_errors = described(
        "Standard errors of the figures, by how far another choice of n-grams would move them. "
        "Null where the figure or its error cannot be given.",
        object_of(errors),
    )
    return object_of({"one_of": one_of, "errors": described_errors})


def _comparison() -> Json:
    order_and_ngram = {"order": _POSITIVE, "ngram": ref("ngram"), "count": _POSITIVE}
    optional = {
        "lost": described(
            "With --examples: the most frequent n-grams of the baseline that the candidate lacks.",
            array_of(object_of(order_and_ngram)),
        ),
        "inflated": described(
            "With --examples: the most over-represented n-grams, by their occurrences beyond those "
            "that the baseline's share would give.",
            array_of(object_of({**order_and_ngram, "baseline_count": ref("count")})),
        ),
        "rare_perplexity": ref("rare_perplexity"),
    }
    count = ref("count")
    human_corpus = object_of({"name": _STRING, "tokens": count, "documents": count})
    sizes = {"tokens": ref("sides"), "documents": ref("sides")}
    properties = {
        "baseline": _STRING,
        "candidate": _STRING,
        "orders": by_order(ref("compared_order")),
        "retention": ref("retention"),
        "measured": described(
            "What divergences, retention and the distinct ratio are taken from: the corpora, or "
            "samples matched by whole documents.",
            object_of({"text": {"enum": ["corpora", "samples", None]}, **sizes}),
        ),
        "verdict": {"enum": [*LABELS, CANNOT_TELL]},
        "reasons": {"type": "array", "minItems": 1, "items": _STRING},
        "decided_by": _decided_by(),
        "compared": described(
            "What the verdict is taken from: samples, matched by whole documents.",
            object_of({**sizes, "groups": ref("count")}),
        ),
        "repeated_text": described(
            "Share of a document in stretches of some length that occurred before in it, "
            "mean over documents.",
            ref("sides"),
        ),
        "duplicate_documents": described(
            "Share of documents that exactly copy another one; empty ones are not counted.",
            ref("sides"),
        ),
        "limits": described(
            "Where the limits of the verdict's rule are from: builtin, or the name of a file and "
            "the human corpora that it was made from.",
            object_of({"name": _STRING, "human_corpora": array_of(human_corpus)}),
        ),
        "constants": described(
            "Limits of the verdict's rule.", {"type": "object", "additionalProperties": _NUMBER}
        ),
        "novel_mass": ref("novel_mass"),
        "warnings": ref("warnings"),
    }
    return object_of(properties, optional)


def _decided_by() -> Json:
    figure = object_of(
        {
            "figure": {"enum": [*FIGURES]},
            "order": {"type": ["integer", "null"], "minimum": 1},
            "value": {"type": "number", "minimum": 0},
            "low": ref("number"),
            "high": ref("number"),
            "floor": {"type": "number", "minimum": 0},
        }
    )
    return described(
        "The figure that the verdict comes from, with an interval of two standard errors. "
        "novelty_odds: exp(tail) of novel_mass; distance_odds: exp(drift). Null when nothing was "
        "measured.",
        {**figure, "type": ["object", "null"]},
    )


def _compared_order() -> Json:
    other = {
        figure.key: figure_of(figure)
        for figure in COMPARISON_FIGURES.values()
        if not figure.has_floor and figure.key != "retained"
    }
    properties = {
        **other,
        "floor": {"type": "object", "$ref": "#/$defs/divergences", "unevaluatedProperties": False},
        "smoothing": described("Smoothing of the KL divergences.", _STRING),
        "intervals": intervals_of(COMPARISON_FIGURES.values(), "compared_interval"),
    }
    return {
        "type": "object",
        "$ref": "#/$defs/divergences",
        "required": [*properties],
        "unevaluatedProperties": False,
        "properties": properties,
    }


def _divergences() -> Json:
    figures = {figure.key: figure_of(figure) for figure in FLOORED_FIGURES.values()}
    return {
        "description": "Between opposite halves, averaged; the floor between the baseline's own.",
        "required": [*figures],
        "properties": figures,
    }


def _retention() -> Json:
    band = object_of(
        {
            "order": _POSITIVE,
            "band": {"type": "string", "pattern": "^[0-9]+(-[0-9]+|\\+)?$"},
            "types": described(
                "Distinct n-grams in the band, mean of both halves.",
                {"type": "number", "exclusiveMinimum": 0},
            ),
            "retained": ref("share"),
            "floor": ref("share"),
        }
    )
    return described(
        "By how often half of the baseline has an n-gram: the share of such n-grams that the "
        "candidate's opposite half has, and as floor the share that the baseline's other half has.",
        array_of(band),
    )


def _series() -> Json:
    verdict = object_of(
        {
            "verdict": {"enum": [*LABELS, CANNOT_TELL]},
            "since": described("The first step with this verdict.", {"type": ["string", "null"]}),
            "reasons": array_of(_STRING),
        }
    )
    return described(
        "The verdict on a run: the worst of its steps', or what their order shows. Null with fewer "
        "than two candidates.",
        {**verdict, "type": ["object", "null"]},
    )


def _novel_mass() -> Json:
    order = object_of(
        {
            "order": _POSITIVE,
            "floor": described("Baseline in baseline.", ref("share")),
            "own": described("Candidate in candidate.", ref("share")),
            "lost": described("Baseline in candidate.", ref("share")),
            "new": described("Candidate in baseline.", ref("share")),
            "tail": described("own against floor.", _NUMBER),
            "tail_se": _ERROR,
            "drift": described("lost and new against floor and own.", _NUMBER),
            "drift_se": _ERROR,
            "gain": described("new against floor.", _NUMBER),
            "gain_se": _ERROR,
            "missing": described("lost against floor.", _NUMBER),
            "missing_se": _ERROR,
            "working": described("Whether the rule used this order.", {"type": "boolean"}),
        }
    )
    return described(
        "Shares of fresh text that other text of the same size lacks, and differences of their log "
        "odds with standard errors.",
        array_of(order),
    )


def _interval(more: Mapping[str, Json]) -> Json:
    interval = object_of({"value": _NUMBER, "error": _ERROR, "tokens": ref("count"), **more})
    return described(
        "A figure, its standard error by leaving out groups of documents, and the tokens (of a "
        "side) that both hold for. Null where no error can be given.",
        {**interval, "type": ["object", "null"]},
    )
