"""Repetition inside documents: distinct-n and rep-n, averaged over documents."""

import numpy as np
import numpy.typing as npt

from ...ngrams.layout import MAX_KEY_BITS
from ..numeric.special_functions import FloatArray
from .documents import PlaceArray, mean, packed, places, ranked

__all__ = ["document_distinct_ratio", "duplicate_documents", "repetition", "repetition_diversity"]


def document_distinct_ratio(
    tokens: npt.ArrayLike, n: int, lengths: npt.ArrayLike | None = None
) -> float | None:
    """Distinct-n of a document, V / N of its n-grams, averaged over documents, in 0..1.

    Documents of fewer than n tokens are left out; None when all are. Unlike `distinct_ratio`, it
    does not notice that documents repeat each other.

    Parameters
    ----------
    tokens, lengths
        Documents, as in `mattr`.
    n
        Order of the n-grams, at most 128.

    Raises
    ------
    TypeError
        When tokens or lengths are not integers.
    ValueError
        When n is below 1, or the lengths do not add up to the number of tokens.

    >>> document_distinct_ratio([[1, 1, 1], [1, 2, 3]], 2)
    0.75
    """
    return mean(*ratio_totals(document_ratios(tokens, n, lengths)[n - 1 :]))


def repetition(tokens: npt.ArrayLike, n: int, lengths: npt.ArrayLike | None = None) -> float | None:
    """rep-n, the share of a document's n-grams that repeat, averaged over documents, in 0..1.

    1 - `document_distinct_ratio`, with the same arguments, and None where that is None (Welleck et
    al. 2020, who report it in percent).

    >>> repetition([1, 1, 1, 1], 2)
    0.6666666666666667
    """
    distinct = document_distinct_ratio(tokens, n, lengths)
    return None if distinct is None else 1 - distinct


def repetition_diversity(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None
) -> float | None:
    """(1 - rep-2) (1 - rep-3) (1 - rep-4) of a document, averaged over documents, in 0..1.

    The diversity of Su et al. (2022), whose program instead pools the n-grams of all documents.
    Documents of fewer than four tokens are left out; None when all are. Documents are passed as to
    `mattr`.

    >>> repetition_diversity([1, 2, 3, 4, 5])
    1.0
    """
    return mean(*ratio_totals(document_ratios(tokens, 4, lengths)[1:]))


def duplicate_documents(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None
) -> float | None:
    """Share of documents that are exact copies of an earlier one, in 0..1.

    1 - distinct documents / documents; None without documents. Empty documents are none here. In a
    sample of a corpus it is a lower bound, because other copies may not be in the sample. Documents
    are passed as to `mattr`.

    >>> duplicate_documents([[1, 2], [3, 4], [1, 2], [1, 2]])
    0.5
    """
    ids, sizes = packed(tokens, lengths)
    ends, filled = np.cumsum(sizes), int(np.count_nonzero(sizes))
    distinct = {ids[end - size : end].tobytes() for end, size in zip(ends, sizes, strict=True)}
    return 1 - len(distinct - {b""}) / filled if filled else None


def ratio_totals(ratios: list[FloatArray]) -> tuple[float, int]:
    """Sum over documents of the product of their `ratios`, and the number of these documents.

    Documents for which one of the ratios is NaN are left out.
    """
    product = np.prod(ratios, axis=0)
    defined = product[~np.isnan(product)]
    return float(np.sum(defined)), len(defined)


def document_ratios(
    tokens: npt.ArrayLike, n: int, lengths: npt.ArrayLike | None
) -> list[FloatArray]:
    """Distinct-k of each document, ``(D,)``, for k = 1..n; NaN where a document is too short."""
    if not 1 <= n <= MAX_KEY_BITS:
        raise ValueError(
            f"n must be between 1 and {MAX_KEY_BITS}, got {n}: it is the order of the n-grams"
        )
    ids, sizes = packed(tokens, lengths)
    token, _ = ranked(ids)
    start = places(len(ids))
    document: PlaceArray = np.repeat(np.arange(len(sizes), dtype=start.dtype), sizes)
    left: PlaceArray = np.repeat(np.cumsum(sizes, dtype=start.dtype), sizes) - start
    kinds = int(token.max(initial=-1)) + 1
    ratios = []
    prefix = document
    for k in range(1, n + 1):
        fits = left[start] >= k
        prefix, start = prefix[fits], start[fits]
        # Keys are equal where the document, the first k - 1 tokens and the next token are equal.
        key = np.multiply(prefix, kinds, dtype=np.int64)
        key += token[start + (k - 1)]
        prefix, first = ranked(key)
        types = np.bincount(document[start[first]], minlength=len(sizes))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios.append(np.where(sizes >= k, types / (sizes - (k - 1)), np.nan))
    return ratios
