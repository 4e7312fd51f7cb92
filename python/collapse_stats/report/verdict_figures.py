"""A verdict as JSON: the word, its reasons, and every number that the rule looked at."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..corpus.split import GROUPS
from ..verdict.novelty import Novelty
from ..verdict.rule import Verdict

Json = dict[str, Any]


def verdict_figures(verdict: Verdict) -> Json:
    """The keys that a verdict adds to a comparison; figures are None when nothing was compared."""
    found = verdict.evidence
    working = {novelty.order for novelty in verdict.working()}
    return {
        "verdict": verdict.label,
        "reasons": list(verdict.reasons),
        "compared": {
            "tokens": sides(found.tokens if found else None),
            "documents": sides(found.documents if found else None),
            "groups": GROUPS,
        },
        "repeated_text": sides(found.repeated if found else None),
        "duplicate_documents": sides(found.duplicates if found else None),
        "constants": asdict(verdict.constants),
        "novel_mass": [
            _order(novelty, novelty.order in working)
            for _, novelty in sorted(found.orders.items() if found else ())
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
        "working": working,
    }


def sides(pair: Sequence[float] | None) -> Json:
    """A figure of both sides, None when there is none."""
    one, other = pair if pair else (None, None)
    return {"baseline": one, "candidate": other}
