"""Figures of a profile's sample of whole documents: duplicates, and what depends on token order."""

from typing import Any

from .. import metrics
from ..profiles.profile import Profile
from ..verdict.repetition import repeated_share

Json = dict[str, Any]


def sample_figures(profile: Profile, *, in_order: bool) -> Json:
    """Size of the sample and its figures; those of token order only if `in_order`."""
    tokens, lengths = profile.sample.tokens, profile.sample.length
    figures: Json = {
        "tokens": len(tokens),
        "documents": len(lengths),
        "duplicate_documents": profile.sample.duplicates,
    }
    if not in_order:
        return figures
    totals = metrics.SequenceTotals(max_order=max(4, profile.max_order))
    totals.update(tokens, lengths)
    orders = range(1, profile.max_order + 1)
    return figures | {
        "mattr": totals.mattr,
        "mtld": totals.mtld,
        "hdd": totals.hdd,
        "repetition_diversity": totals.repetition_diversity,
        "repeated_text": repeated_share(profile.sample),
        "document_distinct_ratio": {str(n): totals.document_distinct_ratio(n) for n in orders},
    }
