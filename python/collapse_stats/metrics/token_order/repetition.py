"""How much each document repeats itself: distinct-n and rep-n, document by document."""

import numpy as np
import numpy.typing as npt

from ..numeric.special_functions import FloatArray
from .documents import IndexArray, packed, ranked

__all__ = ["document_distinct_ratio", "duplicate_documents", "repetition", "repetition_diversity"]


def document_distinct_ratio(
    tokens: npt.ArrayLike, n: int, lengths: npt.ArrayLike | None = None
) -> float | None:
    """Distinct-n of a document, V_n / N_n, averaged over documents; in 0..1.

    Documents too short for an n-gram are left out; None when all are. Not the pooled figure: a
    thousand documents that say the same are as varied by this one as any of them.

    Parameters
    ----------
    tokens
        Token ids: ``(T,)`` of one document, or with `lengths` packed; or ``(D, T)``, a row each.
    n
        Order of the n-grams.
    lengths
        ``(D,)`` lengths of packed documents.

    Raises
    ------
    ValueError
        When n is below 1, or the lengths do not add up to the tokens.

    >>> document_distinct_ratio([[1, 1, 1], [1, 2, 3]], 2)
    0.75
    """
    total, documents = ratio_totals(document_ratios(tokens, n, lengths)[n - 1 :])
    return total / documents if documents else None


def repetition(tokens: npt.ArrayLike, n: int, lengths: npt.ArrayLike | None = None) -> float | None:
    """rep-n, the share of a document's n-grams that repeat, averaged over documents; in 0..1.

    1 - `document_distinct_ratio` (Welleck et al. 2020, who print it in percent).

    >>> repetition([1, 1, 1, 1], 2)
    0.6666666666666667
    """
    distinct = document_distinct_ratio(tokens, n, lengths)
    return None if distinct is None else 1 - distinct


def repetition_diversity(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None
) -> float | None:
    """(1 - rep-2) (1 - rep-3) (1 - rep-4) of a document, averaged over documents; in 0..1.

    Su et al. (2022), whose program adds up the n-grams of all documents before it divides.
    Documents of fewer than four tokens are left out; None when all are.

    >>> repetition_diversity([1, 2, 3, 4, 5])
    1.0
    """
    total, documents = ratio_totals(document_ratios(tokens, 4, lengths)[1:])
    return total / documents if documents else None


def duplicate_documents(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None
) -> float | None:
    """Share of documents that copy another one exactly, one of each kind not counted; in 0..1.

    None without documents. Of a sample of a corpus it is a lower bound: the other copy may have
    been left out.

    >>> duplicate_documents([[1, 2], [3, 4], [1, 2], [1, 2]])
    0.5
    """
    given, long = packed(tokens, lengths)
    ends = np.cumsum(long)
    kinds = {given[end - size : end].tobytes() for end, size in zip(ends, long, strict=True)}
    return 1 - len(kinds) / len(long) if len(long) else None


def ratio_totals(ratios: list[FloatArray]) -> tuple[float, int]:
    """Products over the orders given, added over the documents that have them all, and how many."""
    product = np.prod(ratios, axis=0)
    known = product[~np.isnan(product)]
    return float(np.sum(known)), len(known)


def document_ratios(
    tokens: npt.ArrayLike, n: int, lengths: npt.ArrayLike | None
) -> list[FloatArray]:
    """V_k / N_k of every document, ``(D,)``, for k = 1..n; NaN where it is too short."""
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}: it is the order of the n-grams")
    given, long = packed(tokens, lengths)
    token, _ = ranked(given)
    document: IndexArray = np.repeat(np.arange(len(long)), long)
    left: IndexArray = np.repeat(np.cumsum(long), long) - np.arange(len(given))
    kinds = int(token.max(initial=-1)) + 1
    ratios = []
    prefix, start = document, np.arange(len(given))
    for k in range(1, n + 1):
        fits = left[start] >= k
        prefix, start = prefix[fits], start[fits]
        # Equal keys: the same document, the same k - 1 tokens, the same next one.
        prefix, first = ranked(prefix * kinds + token[start + (k - 1)])
        types = np.bincount(document[start[first]], minlength=len(long))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios.append(np.where(long >= k, types / (long - (k - 1)), np.nan))
    return ratios
