"""What stands against a comparison, or against one figure of it: said, never hidden."""

from . import metrics
from .groups import MIN_DOCUMENTS
from .profile import Profile

SIZE_RATIO = 1.1  # sizes further apart than this are not called equal
FEW_DOCUMENTS = 100
LOW_COVERAGE = 0.5


def reasons_for_caution(a: Profile, b: Profile, *, joined: bool) -> list[str]:
    """Why figures of baseline `a` and candidate `b` must not be trusted, or cannot be given.

    `joined` says whether their n-grams were there to be joined.
    """
    found = []
    if min(a.tokens, b.tokens) == 0:
        return ["one side has no tokens: nothing can be compared"]
    if not joined:
        found.append("no divergences: a profile was made without its table (--no-table)")
    elif a.halves(1) is None:
        found.append("no floors: a profile was made without halves")
    for one, other in ((a, b), (b, a)):
        if one.tokenizer.sha256 is None and other.tokenizer.sha256 is not None:
            found.append(
                f"{one.name} has ids of a tokenizer that was not named: taken to be "
                f"{other.tokenizer.spec} as in {other.name}"
            )
    ratio = max(a.tokens, b.tokens) / min(a.tokens, b.tokens)
    if ratio > SIZE_RATIO:
        found.append(
            f"sizes differ {ratio:.1f}-fold ({a.tokens:,} and {b.tokens:,} tokens): "
            "divergences and retention depend on size, their floor is for equal sizes"
        )
    for side in (a, b):
        if side.halved_by != "documents":
            found.append(
                f"{side.name} has {side.documents:,} documents: its halves are made of "
                f"{side.halved_by}, which makes a floor too low"
            )
        elif side.documents < FEW_DOCUMENTS:
            found.append(
                f"{side.name} has {side.documents:,} documents: figures move with each of them"
            )
    sparse = [n for n in range(1, a.max_order + 1) if _coverage(a, b, n) < LOW_COVERAGE]
    if sparse:
        found.append(
            f"coverage is below {LOW_COVERAGE} at order {', '.join(map(str, sparse))}: most of "
            "the n-grams there are were not seen; entropies extrapolate, KL and JS measure size"
        )
    return found


def no_verdict(side: Profile) -> str | None:
    """Why a profile has no groups of documents to judge by, with the remedy; None if it has."""
    if side.tokens == 0:
        return "one side has no text"
    if side.halved_by != "documents":
        return (
            f"{side.name} has {side.documents:,} documents, {MIN_DOCUMENTS} are needed: give more, "
            "or cut it into documents"
        )
    if not len(side.sample):
        return f"{side.name} keeps no sample of its documents: make it again with --sample-tokens"
    return None


def _coverage(a: Profile, b: Profile, order: int) -> float:
    return min(metrics.coverage(side.spectrum(order)) or 0.0 for side in (a, b))
