"""Moving-average type-token ratio: the mean over all windows of one length."""

import numpy as np
import numpy.typing as npt

from .documents import packed, previous

__all__ = ["mattr"]


def mattr(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None, *, window: int = 100
) -> float | None:
    """Mean type-token ratio of all windows of `window` tokens, in 0..1 (Covington & McFall 2010).

    Windows lie inside documents, and each counts alike, so long documents weigh more. Independent
    of how long a text is. None when no document holds a window.

    Linear in the tokens but for one sort of them: each token is the first of its kind in as many
    windows as begin after the one before it.

    Parameters
    ----------
    tokens
        Token ids: ``(T,)`` of one document, or with `lengths` packed; or ``(D, T)``, a row each.
    lengths
        ``(D,)`` lengths of packed documents.
    window
        Tokens in a window.

    Raises
    ------
    ValueError
        When `window` is below 1, or the lengths do not add up to the tokens.

    >>> mattr([1, 1, 2, 1], window=2)
    0.8333333333333334
    """
    types, windows = window_totals(tokens, lengths, window)
    return types / (windows * window) if windows else None


def window_totals(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None, window: int
) -> tuple[int, int]:
    """Types of each window added up, and the number of windows."""
    if window < 1:
        raise ValueError(f"window must be at least 1 token, got {window}")
    given, long = packed(tokens, lengths)
    windows = int(np.sum(np.maximum(long - window + 1, 0)))
    end = np.repeat(np.cumsum(long), long)
    begin = end - np.repeat(long, long)
    here = np.arange(len(given))
    first = np.maximum(np.maximum(begin, here - window + 1), previous(given) + 1)
    last = np.minimum(here, end - window)
    return int(np.sum(np.maximum(last - first + 1, 0))), windows
