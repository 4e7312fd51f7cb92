"""Reasons to be careful with a corpus, a comparison or a figure, each with its remedy."""

import re
from collections.abc import Iterable, Sequence

from .. import metrics
from ..corpus.split import MIN_DOCUMENTS_FOR_HALVES
from ..metrics.figures import CORPUS_FIGURES
from ..profiles.profile import Profile
from ..system.wording import counted

SIZE_RATIO = 1.1  # corpora whose sizes differ by more are matched before they are compared
FEW_DOCUMENTS = 100
LOW_COVERAGE = 0.5
MANY_DUPLICATES = 0.1
MANY_EMPTY = 0.1
COPIES = "are exact duplicates"
"""Words of the warning about copies."""
USUAL_FROM = 3  # the orders from here on are sparse in most corpora
_OF_ORDERS = re.compile(r"(?:coverage|saturation) is [^:]+ at orders? ([\d, ]+):")
_JS_WITHIN_FLOOR = "JS is within two standard errors of its floor"


def sizes_apart(a: Profile, b: Profile) -> bool:
    """Whether two corpora must be matched in size before a difference can be called a change."""
    return max(a.tokens, b.tokens) > SIZE_RATIO * min(a.tokens, b.tokens)


def cautions(corpus: Profile) -> list[str]:
    """Return what a reader of one corpus's figures must know."""
    messages = []
    coverage = CORPUS_FIGURES["coverage"]
    coverages = {n: coverage.value(*spectra) for n, spectra in corpus.spectra.items()}
    sparse = [n for n, share in coverages.items() if share is not None and share < LOW_COVERAGE]
    if sparse:
        messages.append(
            f"coverage is below {LOW_COVERAGE} at {orders_named(sparse)}: the text covers under "
            "half of its source's n-gram mass, so entropy is extrapolated and KL/JS mostly reflect "
            "sample size; use collision entropy, retention or novelty, or add text"
        )
    few = _few_keys(corpus)
    if not corpus.is_halved_by_documents:
        messages.append(
            f"with only {_documents(corpus)}, halves consist of "
            f"{corpus.halved_by}: floors are too low, and there are no standard errors; "
            f"{_more_documents(corpus)}"
        )
    elif few:
        messages.append(
            f"{few}, which are too few for floors and standard errors; give text of at least "
            f"{MIN_DOCUMENTS_FOR_HALVES}"
        )
    elif 0 < corpus.filled_documents < FEW_DOCUMENTS:
        messages.append(
            f"with only {_documents(corpus)}, a single one can change a figure noticeably; add "
            "documents"
        )
    if corpus.empty_documents and corpus.empty_documents >= MANY_EMPTY * corpus.documents:
        messages.append(
            f"{corpus.empty_documents:,} of {counted(corpus.documents, 'document')} "
            f"{'is empty and adds' if corpus.empty_documents == 1 else 'are empty and add'} "
            "nothing to any figure; see whether the right key, column or part was read"
        )
    duplicates = corpus.sample.duplicates
    if duplicates is not None and duplicates >= MANY_DUPLICATES:
        of = "documents" if corpus.is_halved_by_documents else "blocks"
        but = " that are not empty" if corpus.empty_documents else ""
        messages.append(
            f"{duplicates:.0%} of {of}{but} {COPIES}, which lower novelty and make "
            "standard errors too small; remove them, unless duplication is what you measure"
        )
    return messages


def reasons_for_caution(
    baseline: Profile, candidate: Profile, sizes: tuple[int, int] | None
) -> list[str]:
    """Return why figures of a comparison must not be trusted, or cannot be given.

    Parameters
    ----------
    sizes
        Tokens of both sides that divergences are taken from; None when there are no divergences.
    """
    if min(baseline.tokens, candidate.tokens) == 0:
        return ["one side has no tokens, so nothing can be compared"]
    messages = []
    if sizes is None:
        messages.append(
            "divergences cannot be computed: at least one profile was made without its table, and "
            "at least one without a sample; make it again with --sample-tokens, or without "
            "--no-table"
        )
    elif min(sizes) == 0:
        larger, smaller = sorted((baseline, candidate), key=lambda side: -side.tokens)
        messages.append(
            f"cut to the size of {smaller.name} ({counted(smaller.tokens, 'token')}), "
            f"{larger.name} has empty documents alone, so the two cannot be compared; add text to "
            f"{smaller.name}, or remove the empty documents"
        )
    elif max(sizes) > SIZE_RATIO * min(sizes):
        messages.append(
            f"sizes differ {max(sizes) / min(sizes):.1f}-fold ({sizes[0]:,} and {sizes[1]:,} "
            "tokens): divergences and retention depend on size, and their floor holds for equal "
            "sizes; keep samples of both sides, of shorter documents"
        )
    if not baseline.has_halves:
        messages.append(
            "there are no floors of whole corpora: a profile was made without halves; make it "
            "again with halves=True"
        )
    if baseline.division != candidate.division:
        messages.append(
            f"the halves of {baseline.name} follow from {baseline.division}, those of "
            f"{candidate.name} from {candidate.division}: documents that belong together may be "
            "compared with each other, and floors may not hold; make both with one --group-key"
        )
    for profile, other in ((baseline, candidate), (candidate, baseline)):
        if profile.tokenizer.sha256 is None and other.tokenizer.sha256 is not None:
            messages.append(
                f"the tokenizer of {profile.name} was not named; its ids are assumed to be of "
                f"{other.tokenizer.spec}, as in {other.name}"
            )
    for profile in (baseline, candidate):
        messages += [f"{profile.name}: {caution}" for caution in cautions(profile)]
    saturated = [
        n
        for n in range(1, baseline.max_order + 1)
        if max(_saturation(baseline, n), _saturation(candidate, n)) > metrics.SATURATION_LIMIT
    ]
    if saturated:
        messages.append(
            f"saturation is above {metrics.SATURATION_LIMIT} at {orders_named(saturated)}: on one "
            "side nearly every n-gram occurs once, so divergences reflect sample size; use lower "
            "orders"
        )
    return messages


def js_within_floor(orders: Sequence[int]) -> str:
    """Return the warning that JS at these orders cannot be told from its floor."""
    return (
        f"{_JS_WITHIN_FLOOR} at {orders_named(orders)}: no difference "
        "detected; more documents would detect a smaller one"
    )


def holds_of_most(warning: str) -> bool:
    """Whether a warning holds of most corpora, or says what a table shows.

    It holds of most if it is about sparse orders alone. That JS is within its floor stands in the
    table of orders.
    """
    if warning.startswith(_JS_WITHIN_FLOOR):
        return True
    found = _OF_ORDERS.search(warning)
    return found is not None and all(int(n) >= USUAL_FROM for n in found[1].split(", "))


def no_verdict(corpus: Profile) -> str | None:
    """Return why a corpus cannot be judged, with the remedy; None if it can."""
    if corpus.tokens == 0:
        return "one side has no text"
    if not corpus.is_halved_by_documents and corpus.filled_documents < MIN_DOCUMENTS_FOR_HALVES:
        return (
            f"{corpus.name} has {_documents(corpus)}, but "
            f"{MIN_DOCUMENTS_FOR_HALVES} are needed: add documents, or cut the text into documents"
        )
    if not corpus.is_halved_by_documents:
        return f"the halves of {corpus.name} consist of blocks: {_more_documents(corpus)}"
    few = _few_keys(corpus)
    if few:
        return (
            f"{corpus.name}: {few}, but {MIN_DOCUMENTS_FOR_HALVES} are needed: add text of others"
        )
    if not len(corpus.sample.tokens):
        return (
            f"{corpus.name} has no sample of its documents: make the profile again with "
            "--sample-tokens, or with cs.profile instead of a counter"
        )
    return None


def _more_documents(corpus: Profile) -> str:
    """Return what to do about halves of blocks."""
    if corpus.filled_documents < MIN_DOCUMENTS_FOR_HALVES:
        return f"give at least {MIN_DOCUMENTS_FOR_HALVES} documents"
    return "it was merged of parts with few documents each; make these again with --root"


def _few_keys(corpus: Profile) -> str | None:
    """Return how few keys the documents have, None if there are enough.

    Documents of one key do not count apart, since they may be pieces of one text.
    """
    sample = corpus.sample
    if sample.keys < min(MIN_DOCUMENTS_FOR_HALVES, sample.filled):
        if corpus.group_key is None:
            return f"{_documents(corpus)} come from only {counted(sample.keys, 'row')}"
        values = counted(sample.keys, "value")
        return f"{_documents(corpus)} have only {values} of the group key {corpus.group_key!r}"
    if corpus.filled_documents < MIN_DOCUMENTS_FOR_HALVES and corpus.is_halved_by_documents:
        return f"there are only {_documents(corpus)}"
    return None


def _documents(corpus: Profile) -> str:
    """Return the number of documents, without the empty ones if these are known."""
    but = " that is not empty" if corpus.filled_documents == 1 else " that are not empty"
    filled = counted(corpus.filled_documents, "document")
    return filled + (but if corpus.empty_documents else "")


def orders_named(orders: Iterable[int]) -> str:
    """Return orders as part of a sentence: ``order 2``, ``orders 2, 3``."""
    names = [str(order) for order in orders]
    return f"order{'s' * (len(names) > 1)} {', '.join(names)}"


def _saturation(profile: Profile, order: int) -> float:
    spectra = profile.spectrum(order), profile.contexts(order)
    return CORPUS_FIGURES["saturation"].value(*spectra) or 0.0
