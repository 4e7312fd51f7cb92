"""A report as CSV: one row for each candidate, or for each order of a corpus; flat columns.

A column of an order ends with its number (``js_bits_2``), a standard error with ``_se``, the floor
of a figure with ``_floor``. Values are in full precision; a null is an empty field.
"""

import math

from ..metrics.figures import COMPARISON_FIGURES
from .contents.rare_tokens import COLUMNS, KEY
from .json_object import Json
from .rows import write_rows
from .shown import Shown, compared, of_corpus, rare_kept

_OF_CORPORA = ("entropy_bits", "conditional_entropy_bits", "collision_entropy_bits", "yule_k")


def write(report: Json) -> str:
    """Return the comparisons, or the corpora when there are none."""
    return write_rows(rows_of(report))


def rows_of(report: Json) -> list[Json]:
    """Return the rows, each a dict of flat columns."""
    return _comparisons(report) if report["comparisons"] else _corpora(report)


def _comparisons(report: Json) -> list[Json]:
    by_name = {corpus["name"]: corpus for corpus in report["corpora"]}
    rows = []
    for comparison in report["comparisons"]:
        candidate, baseline = (by_name[comparison[side]] for side in ("candidate", "baseline"))
        rows.append(
            {
                "baseline": baseline["name"],
                "candidate": candidate["name"],
                **_verdict(comparison),
                "tokens": candidate["tokens"],
                "documents": candidate["documents"],
                "baseline_tokens": baseline["tokens"],
                "baseline_documents": baseline["documents"],
                **_shares(comparison),
                **_odds(comparison),
                **_rare_tokens(comparison),
                **_between(comparison),
                **_moved(report, comparison),
                **_of_corpus(candidate),
                **{f"baseline_{name}": value for name, value in _of_corpus(baseline).items()},
            }
        )
    return rows


def _verdict(comparison: Json) -> Json:
    found = comparison["decided_by"] or dict.fromkeys(("figure", "order", "value", "low", "high"))
    return {
        "verdict": comparison["verdict"],
        "reasons": "; ".join(comparison["reasons"]),
        "decided_by": found["figure"],
        "decided_by_order": found["order"],
        "decided_by_value": found["value"],
        "decided_by_low": found["low"],
        "decided_by_high": found["high"],
    }


def _shares(comparison: Json) -> Json:
    row: Json = {}
    for name in ("repeated_text", "duplicate_documents"):
        sides = comparison[name]
        row |= {name: sides["candidate"], f"{name}_floor": sides["baseline"]}
    return row


def _odds(comparison: Json) -> Json:
    """Odds that fresh text is new over the baseline's, with an interval of two errors, by order."""
    row: Json = {}
    for novelty in comparison["novel_mass"]:
        order, tail, error = novelty["order"], novelty["tail"], novelty["tail_se"]
        row |= {
            f"odds_{order}": math.exp(tail),
            f"odds_{order}_low": math.exp(tail - 2 * error),
            f"odds_{order}_high": math.exp(tail + 2 * error),
            f"own_{order}": novelty["own"],
            f"own_{order}_floor": novelty["floor"],
        }
    return row


def _rare_tokens(comparison: Json) -> Json:
    """Bits above the floor of each band of tokens, and the perplexities that they are from."""
    row: Json = {}
    for band in comparison.get(KEY, {"bands": []})["bands"]:
        name = COLUMNS[band["band"]]
        excess = band["excess_bits"] or {"value": None, "error": None}
        perplexity = name.replace("bits", "perplexity")
        row |= {
            name: excess["value"],
            f"{name}_se": excess["error"],
            perplexity: band["perplexity"],
            f"{perplexity}_floor": band["floor"],
        }
        if band["band"] == "all":
            row |= {
                "bits_per_byte": band["bits_per_byte"],
                "bits_per_byte_floor": band["floor_bits_per_byte"],
            }
    return row


def _between(comparison: Json) -> Json:
    """Every figure of the two corpora, by order."""
    row: Json = {}
    for order in map(int, comparison["orders"]):
        for figure in COMPARISON_FIGURES.values():
            shown = (
                rare_kept(comparison, order)
                if figure.name == "retained"
                else compared(comparison, figure.key, order)
            )
            row |= _columns(f"{figure.key}_{order}", shown)
            if figure.has_floor or figure.name == "retained":
                row[f"{figure.key}_{order}_floor"] = shown.floor
    return row


def _moved(report: Json, comparison: Json) -> Json:
    """How far the step is from the one before, if the report has a trajectory."""
    trajectory = report.get("trajectory")
    if trajectory is None:
        return {}
    is_step = comparison["baseline"] == trajectory["baseline"]
    at = trajectory["names"].index(comparison["candidate"]) if is_step else None
    row: Json = {}
    for key, moved in trajectory["moved"].items():
        value, error = (None if at is None else moved[part][at] for part in ("values", "errors"))
        row |= _columns(f"moved_{key.replace('/', '_')}", Shown(value, error=error))
    return row


def _of_corpus(corpus: Json) -> Json:
    row: Json = {}
    for order in map(int, corpus["orders"]):
        for key in _OF_CORPORA:
            row |= _columns(f"{key}_{order}", of_corpus(corpus, key, order))
        row[f"distinct_{order}"] = corpus["orders"][str(order)]["distinct"]
    return row


def _columns(name: str, shown: Shown) -> Json:
    return {name: shown.value, f"{name}_se": shown.error}


def _corpora(report: Json) -> list[Json]:
    rows = []
    for corpus in report["corpora"]:
        sample = corpus["sample"]
        alike = {
            "corpus": corpus["name"],
            "tokens": corpus["tokens"],
            "documents": corpus["documents"],
            "tokenizer": corpus["tokenizer"]["spec"],
        }
        of_sample = {
            f"sample_{name}": value for name, value in sample.items() if not isinstance(value, dict)
        }
        for order, figures in corpus["orders"].items():
            row = alike | {"order": int(order), **_flat(figures), **of_sample}
            ratios = sample.get("document_distinct_ratio", {})
            rows.append(row | {"sample_document_distinct_ratio": ratios.get(order)})
    return rows


def _flat(figures: Json) -> Json:
    """Return the figures of an order, each error behind its figure.

    An error that holds for the sample alone stands behind the value of the sample.
    """
    flat: Json = {}
    for name, value in figures.items():
        if name == "entropy_bits":
            flat |= {f"{name}_{estimator}": figure for estimator, figure in value.items()}
        elif not isinstance(value, dict | list):
            flat[name] = value
    for name, interval in figures["intervals"].items():
        value, error = (interval["value"], interval["error"]) if interval else (None, None)
        flat |= {f"sample_{name}": value, f"sample_{name}_se": error}
    return flat
