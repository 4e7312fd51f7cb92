"""Figures of a profile's sample: duplicate documents, and what depends on the order of tokens."""

from ... import metrics
from ...profiles.profile import Profile
from ...verdict.repetition import repeated_share
from ..json_object import Json


def sample_figures(profile: Profile, *, in_order: bool) -> Json:
    """Return the sample's size and figures; those of the order of tokens only if `in_order`."""
    tokens, lengths = profile.sample.tokens, profile.sample.length
    figures: Json = {
        "tokens": len(tokens),
        "documents": len(lengths),
        "duplicate_documents": profile.sample.duplicates,
    }
    if not in_order:
        return figures
    totals = metrics.SequenceTotals(max_order=max(4, profile.max_order))
    for batch in profile.sample.batches():  # so that figures take memory for some documents only
        totals.update(*batch)
    orders = range(1, profile.max_order + 1)
    return figures | {
        "mattr": totals.mattr,
        "mtld": totals.mtld,
        "hdd": totals.hdd,
        "repetition_diversity": totals.repetition_diversity,
        "repeated_text": repeated_share(profile.sample, profile.layout.vocab_size),
        "document_distinct_ratio": {str(n): totals.document_distinct_ratio(n) for n in orders},
    }
