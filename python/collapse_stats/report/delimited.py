"""A report as CSV: one row for each corpus, or comparison, and order; figures in full precision."""

from .json_object import Json
from .rows import write_rows


def write(report: Json) -> str:
    """Return the comparisons, or the corpora when there are none; a null is an empty field."""
    return write_rows(_comparisons(report) if report["comparisons"] else _corpora(report))


def _corpora(report: Json) -> list[Json]:
    return [
        {
            "corpus": corpus["name"],
            "tokens": corpus["tokens"],
            "documents": corpus["documents"],
            "tokenizer": corpus["tokenizer"]["spec"],
            "order": order,
            **_flat(figures),
        }
        for corpus in report["corpora"]
        for order, figures in corpus["orders"].items()
    ]


def _comparisons(report: Json) -> list[Json]:
    rows = []
    for comparison in report["comparisons"]:
        for order, figures in comparison["orders"].items():
            row = {
                "baseline": comparison["baseline"],
                "candidate": comparison["candidate"],
                "order": order,
                **_flat(figures),
            }
            for band in comparison["retention"]:
                if str(band["order"]) == order:
                    row[f"retained_{band['band']}"] = band["retained"]
                    row[f"floor_retained_{band['band']}"] = band["floor"]
            rows.append(row)
    return rows


def _flat(figures: Json) -> Json:
    """Return the figures, those of inner objects named after both; lists are left out."""
    flat: Json = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            flat |= {f"{name}_{inner}": figure for inner, figure in value.items()}
        elif not isinstance(value, list):
            flat[name] = value
    return flat
