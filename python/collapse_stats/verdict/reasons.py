"""The reasons for a verdict, in sentences; each names the orders that it speaks of."""

import math
from collections.abc import Sequence

from ..system.wording import counted
from .constants import Constants
from .evidence import Evidence
from .novelty import Novelty

WITHIN = "the candidate is as close to the baseline as the baseline's halves are to each other"
SHARED = (
    "baseline and candidate share documents, or the candidate was trained on the baseline: compare "
    "with text that neither has seen"
)
MOST_TIMES = 100  # more text than this many times what there is, is no advice


def remarks(evidence: Evidence, constants: Constants) -> list[str]:
    """Repetition and copies beyond the baseline's, which are reported with every verdict."""
    found = []
    if evidence.more_repetition >= constants.repetition:
        found.append(repetition(evidence))
    if evidence.more_copies >= constants.reported_copies:
        found.append(copies(evidence))
    return found


def repetition(evidence: Evidence) -> str:
    """How much of a document repeats itself."""
    baseline, candidate = evidence.repeated
    return (
        f"on average {_percent(candidate)} of a document repeats itself "
        f"(baseline: {_percent(baseline)})"
    )


def copies(evidence: Evidence) -> str:
    """How many documents are copies."""
    baseline, candidate = evidence.duplicates
    return (
        f"{_percent(candidate)} of the documents are exact copies of another one "
        f"(baseline: {_percent(baseline)})"
    )


def odds(orders: Sequence[Novelty]) -> str:
    """How much less of fresh text is new, at each order."""
    times = [_times(math.exp(novelty.tail.value)) for novelty in orders]
    return (
        f"the odds that an n-gram of fresh text is new are {_listed(times)} times the baseline's "
        f"at {orders_named(orders)}"
    )


def takes_away(orders: Sequence[Novelty], *, shared: bool) -> str:
    """That the tail is thinner, and nothing new comes in its place."""
    why = (
        "the candidate repeats this baseline (it was trained on it, or they share documents)"
        if shared
        else "the candidate brings hardly anything that the baseline lacks"
    )
    return f"{odds(orders)}, and {why}"


def differs(thinner: Sequence[Novelty], usable: Sequence[Novelty]) -> str:
    """That the distribution differs, with the orders at which the tail is thinner."""
    if not thinner:
        return "the distribution differs, but rare words and phrases are not fewer"
    if any(novelty.gain.low > 0 for novelty in usable):
        but = "the candidate also brings what the baseline lacks, as another kind of text does"
    elif any(novelty.missing.low > 0 for novelty in usable):
        but = (
            "the candidate also lacks much of what the baseline says: it may be narrower, or "
            "another kind of text; read some documents"
        )
    else:
        but = "that is too little, or at too few orders, to be called a loss of tail"
    return f"the distribution differs: {odds(thinner)}, but {but}"


def problem(evidence: Evidence, constants: Constants) -> str | None:
    """Why the samples allow no verdict at all, with the remedy; None when they do."""
    if min(evidence.tokens) == 0:
        return "one side has no text"
    distinct, documents = evidence.distinct_documents[0], evidence.documents[1]
    if distinct < constants.documents <= evidence.documents[0]:
        return (
            f"the {evidence.documents[0]:,} documents of the baseline are copies of only "
            f"{distinct}, and {constants.documents} different ones are needed: take another "
            "baseline, or one without copies"
        )
    if distinct < constants.documents:
        return (
            f"the baseline has only {counted(distinct, 'distinct document')} in a sample of the "
            f"candidate's size, and {constants.documents} are needed: provide more documents on "
            "both sides"
        )
    if documents < constants.documents:
        return (
            f"the candidate has only {counted(documents, 'document')} in a sample of the "
            f"baseline's size, and {constants.documents} are needed: provide more documents on "
            "both sides"
        )
    if max(evidence.tokens) > constants.size_ratio * min(evidence.tokens):
        baseline, candidate = evidence.tokens
        return (
            f"the sides have {baseline:,} and {candidate:,} tokens after matching by whole "
            "documents: provide more or shorter documents for the smaller side"
        )
    if evidence.largest_share > constants.document_share:
        return (
            f"one document, or those of one row or group key, makes up "
            f"{_percent(evidence.largest_share)} of its half, and "
            f"{_percent(constants.document_share)} are allowed: split long documents, or provide "
            "more"
        )
    return None


def within_varied(change: float) -> str:
    """That no change was found in text whose documents differ much, and which is ruled out."""
    lost, gained = 1 - math.exp(-change), math.exp(change) - 1
    return (
        f"no change was detected in text whose documents differ much: odds lower by more than "
        f"{_percent(lost)}, or higher by more than {_percent(gained)}, are ruled out, smaller "
        "changes are not"
    )


def too_imprecise(evidence: Evidence, usable: Sequence[Novelty], constants: Constants) -> str:
    """That fewer than two orders work, and how much text would do."""
    if len(usable) < 2:
        return (
            "fewer than two n-gram orders can be judged: at lower ones the baseline's own fresh "
            "text has nothing new, and at higher ones nearly everything is new: count more orders "
            "(--max-order 5) or provide more text"
        )
    times = sorted((novelty.tail.error / constants.precision) ** 2 for novelty in usable)[1]
    errors = [f"{novelty.tail.error:.2f}" for novelty in usable]
    return (
        f"the standard errors are {_listed(errors)} at {orders_named(usable)}, and two orders need "
        f"{constants.precision} or less: {_more(evidence, times)}"
    )


def undecided(evidence: Evidence, orders: Sequence[Novelty], constants: Constants) -> str:
    """That a change was neither found nor ruled out, and how much text would do."""
    reason = (
        f"no change was detected, but one of {_percent(constants.equivalent)} cannot be ruled out"
    )
    times = sorted(_times_to_rule_out(novelty, constants) for novelty in orders)[1]
    return f"{reason}: {_more(evidence, times)}"


def orders_named(orders: Sequence[Novelty]) -> str:
    """``order 2``, or ``orders 1, 2 and 3``."""
    return ("orders " if len(orders) > 1 else "order ") + _listed([str(n.order) for n in orders])


def _times_to_rule_out(novelty: Novelty, constants: Constants) -> float:
    """How many times the text would rule out a change, if the value stays as it is."""
    room = constants.equivalent - abs(novelty.tail.value)
    return (2 * novelty.tail.error / room) ** 2 if room > 0 else math.inf


def _more(evidence: Evidence, times: float) -> str:
    """How much more text is needed. Errors fall with the square root of the documents."""
    if times > MOST_TIMES:
        return f"more than {MOST_TIMES} times as many documents would be needed"
    needed = [math.ceil(times * documents) for documents in evidence.documents]
    factor = f"{times:.1f}" if times < 10 else f"{times:.0f}"
    return (
        f"about {factor} times as many documents would do ({max(needed):,} on each side in place "
        f"of {min(evidence.documents):,})"
    )


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.005 else "less than 0.01"


def _listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
