"""What stands against a corpus, a comparison, or one figure of it: said with the remedy."""

from collections.abc import Sequence

from .. import metrics
from ..corpus.split import MIN_DOCUMENTS_FOR_HALVES
from ..profiles.profile import Profile

SIZE_RATIO = 1.1  # sizes further apart than this are not called equal
FEW_DOCUMENTS = 100
LOW_COVERAGE = 0.5
MANY_COPIES = 0.1


def sizes_apart(a: Profile, b: Profile) -> bool:
    """Whether two corpora must be matched in size before anything is called a change."""
    return max(a.tokens, b.tokens) > SIZE_RATIO * min(a.tokens, b.tokens)


def cautions(side: Profile) -> list[str]:
    """What a reader of one corpus's figures must know."""
    found = []
    orders = range(1, side.max_order + 1)
    covered = {n: metrics.coverage(side.spectrum(n)) for n in orders}
    sparse = [n for n, share in covered.items() if share is not None and share < LOW_COVERAGE]
    if sparse:
        found.append(
            f"coverage is below {LOW_COVERAGE} at order {listed(sparse)}: most of the n-grams "
            "there are were not seen; entropies extrapolate, KL and JS measure size: read "
            "collision entropy, retention and novelty there, or give more text"
        )
    if side.halved_by != "documents":
        found.append(
            f"{side.documents:,} documents are few: halves are made of {side.halved_by}, which "
            f"makes a floor too low, and no errors are given: give {MIN_DOCUMENTS_FOR_HALVES} "
            "documents"
        )
    elif 0 < side.documents < FEW_DOCUMENTS:
        found.append(f"figures move with each of the {side.documents:,} documents: give more")
    copies = side.sample.duplicates
    if copies is not None and copies >= MANY_COPIES:
        found.append(
            f"{copies:.0%} of documents are exact copies of others: they lower novelty and make "
            "errors too small: leave them out, unless they are what you ask about"
        )
    return found


def reasons_for_caution(a: Profile, b: Profile, sizes: tuple[int, int] | None) -> list[str]:
    """Why figures of baseline `a` and candidate `b` must not be trusted, or cannot be given.

    `sizes` are the tokens of both sides that divergences are taken from; None if there are none.
    """
    if min(a.tokens, b.tokens) == 0:
        return ["one side has no tokens: nothing can be compared"]
    found = []
    if sizes is None:
        found.append(
            "no divergences: a profile was made without its table, and one of both without a "
            "sample: make it again with --sample-tokens, or without --no-table"
        )
    elif max(sizes) > SIZE_RATIO * min(sizes):
        found.append(
            f"sizes differ {max(sizes) / min(sizes):.1f}-fold ({sizes[0]:,} and {sizes[1]:,} "
            "tokens): divergences and retention depend on size, their floor is for equal sizes: "
            "keep a sample of both, of shorter documents"
        )
    if a.halves(1) is None:
        found.append("no floors of the corpora: a profile was made without halves (halves=True)")
    for one, other in ((a, b), (b, a)):
        if one.tokenizer.sha256 is None and other.tokenizer.sha256 is not None:
            found.append(
                f"{one.name} has ids of a tokenizer that was not named: taken to be "
                f"{other.tokenizer.spec} as in {other.name}"
            )
    for side in (a, b):
        found += [f"{side.name}: {caution}" for caution in cautions(side)]
    full = [n for n in range(1, a.max_order + 1) if _saturation(a, b, n) > metrics.SATURATION_LIMIT]
    if full:
        found.append(
            f"saturation is above {metrics.SATURATION_LIMIT} at order {listed(full)}: nearly every "
            "n-gram is new on one side, so divergences there are made of size: read lower orders"
        )
    return found


def no_signal(orders: Sequence[int]) -> str:
    """That divergences of some orders cannot be told from their floor."""
    return (
        f"JS is not above its floor by two standard errors at order {listed(orders)}: no "
        "difference in shares can be seen there; more documents would show a smaller one"
    )


def no_verdict(side: Profile) -> str | None:
    """Why a profile has no groups of documents to judge by, with the remedy; None if it has."""
    if side.tokens == 0:
        return "one side has no text"
    if side.halved_by != "documents":
        return (
            f"{side.name} has {side.documents:,} documents, {MIN_DOCUMENTS_FOR_HALVES} are needed: "
            "give more, or cut it into documents"
        )
    if not len(side.sample.tokens):
        return (
            f"{side.name} keeps no sample of its documents: make it again with --sample-tokens, or "
            "with cs.profile where it is of a counter"
        )
    return None


def listed(orders: Sequence[int]) -> str:
    """Orders as they are written in a sentence."""
    return ", ".join(map(str, orders))


def _saturation(a: Profile, b: Profile, order: int) -> float:
    return max(metrics.saturation(side.spectrum(order)) or 0.0 for side in (a, b))
