"""A choice of documents as one JSON object."""

from typing import Any

from ...backends.selection import select
from ...selection.selection import SelectedDocuments, Selection
from ..figures import make_report
from ..json_object import Json


def selection_content(selection: Selection) -> Json:
    """Return what was chosen, why, and the report of its effect; no single documents."""
    return {
        "budget": selection.budget,
        "tokens": selection.tokens,
        "documents": selection.documents,
        "human_share": selection.human_share,
        "order": selection.order,
        "method": selection.method,
        "thresholds": list(selection.thresholds),
        "gate_limits": {str(length): limit for length, limit in selection.gate_limits.items()},
        "human_copy": selection.human_copy,
        "candidates": _source(selection.candidates),
        "human": _source(selection.human) if selection.human else None,
        "warnings": list(selection.warnings),
        "effect": _effect(selection),
    }


def _source(documents: SelectedDocuments) -> dict[str, Any]:
    return {
        "files": len(documents.paths),
        "documents": len(documents),
        "tokens": int(documents.tokens.sum()),
        "chosen_tokens": documents.kept_tokens,
        "reasons": documents.reasons,
    }


def _effect(selection: Selection) -> Json | None:
    if not selection.effect:
        return None
    comparisons = list(selection.effect)
    profiles = [comparisons[0].baseline, *(each.candidate for each in comparisons)]
    backend = comparisons[0].backend or select()
    return make_report(profiles, comparisons, backend=backend.name)
