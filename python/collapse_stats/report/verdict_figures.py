"""A verdict as JSON: the label, its reasons, and every number that the rule used."""

from collections.abc import Sequence
from dataclasses import asdict

from ..corpus.split import GROUPS
from ..verdict.novelty import Novelty
from ..verdict.rule import Verdict
from .json_object import Json


def verdict_figures(verdict: Verdict) -> Json:
    """Return the verdict's keys of a comparison; figures are None when nothing was compared."""
    evidence = verdict.evidence
    working = {novelty.order for novelty in verdict.working()}
    return {
        "verdict": verdict.label,
        "reasons": list(verdict.reasons),
        "compared": {
            "tokens": sides(evidence.tokens if evidence else None),
            "documents": sides(evidence.documents if evidence else None),
            "groups": GROUPS,
        },
        "repeated_text": sides(evidence.repeated if evidence else None),
        "duplicate_documents": sides(evidence.duplicates if evidence else None),
        "constants": asdict(verdict.constants),
        "novel_mass": [
            _order(novelty, novelty.order in working)
            for _, novelty in sorted(evidence.orders.items() if evidence else ())
        ],
    }


def _order(novelty: Novelty, working: bool) -> Json:
    return {
        "order": novelty.order,
        "floor": novelty.floor,
        "own": novelty.own,
        "lost": novelty.lost,
        "new": novelty.new,
        "tail": novelty.tail.value,
        "tail_se": novelty.tail.error,
        "drift": novelty.drift.value,
        "drift_se": novelty.drift.error,
        "gain": novelty.gain.value,
        "gain_se": novelty.gain.error,
        "missing": novelty.missing.value,
        "missing_se": novelty.missing.error,
        "working": working,
    }


def sides(pair: Sequence[float] | None) -> Json:
    """Return a figure of both sides, None when there is none."""
    baseline, candidate = pair if pair else (None, None)
    return {"baseline": baseline, "candidate": candidate}
