"""A verdict as JSON: the label, its reasons, and every number that the rule used."""

from collections.abc import Sequence
from dataclasses import asdict

from ...comparisons.comparison import Comparison
from ...corpus.split import GROUPS
from ...verdict.limits import Limits
from ...verdict.novelty import Novelty
from ...verdict.rule import Verdict
from ...verdict.series import judge_series
from ..decision import decided_by
from ..json_object import Json


def verdict_figures(verdict: Verdict, limits: Limits) -> Json:
    """Return the verdict's keys of a comparison; figures are None when nothing was compared."""
    evidence = verdict.evidence
    working = {novelty.order for novelty in verdict.working()}
    return {
        "verdict": verdict.label,
        "reasons": list(verdict.reasons),
        "decided_by": decided_by(verdict),
        "compared": {
            "tokens": sides(evidence.tokens if evidence else None),
            "documents": sides(evidence.documents if evidence else None),
            "groups": GROUPS,
        },
        "repeated_text": sides(evidence.repeated if evidence else None),
        "duplicate_documents": sides(evidence.duplicates if evidence else None),
        "limits": {
            "name": limits.name,
            "human_corpora": [asdict(corpus) for corpus in limits.corpora],
        },
        "constants": asdict(verdict.constants),
        "novel_mass": [
            _order(novelty, novelty.order in working)
            for _, novelty in sorted(evidence.orders.items() if evidence else ())
        ],
    }


def series_figures(comparisons: Sequence[Comparison], *, from_first: bool) -> Json | None:
    """Return the verdict on a run of two steps or more; None of fewer.

    Parameters
    ----------
    from_first
        Whether the baseline is itself the first step.
    """
    baselines = list(dict.fromkeys(comparison.baseline.name for comparison in comparisons))
    main = [each for each in comparisons if each.baseline.name == baselines[0]]
    if len(main) < 2:
        return None
    names = [each.candidate.name for each in main]
    start = baselines[0] if from_first else names[0]
    first = {
        each.candidate.name: each.judgement for each in comparisons if each.baseline.name == start
    }
    verdict = judge_series(
        names, [each.judgement for each in main], [first.get(name) for name in names]
    )
    return {"verdict": verdict.label, "since": verdict.since, "reasons": list(verdict.reasons)}


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
