"""Moving-average type-token ratio (MATTR)."""

import numpy as np
import numpy.typing as npt

from .documents import mean, packed, places, previous

__all__ = ["mattr"]


def mattr(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None, *, window: int = 100
) -> float | None:
    """Mean type-token ratio over all windows of `window` tokens, in 0..1 (Covington & McFall 2010).

    It does not depend on the length of a text. Windows lie inside documents and have equal weight,
    so long documents have more weight. None when no document is as long as a window. The time is
    linear in the number of tokens, apart from one sort.

    Parameters
    ----------
    tokens
        Token ids: ``(T,)`` for one document, or for several that are concatenated and have
        `lengths`; or ``(D, T)`` with one document in each row.
    lengths
        ``(D,)`` lengths of concatenated documents.
    window
        Length of a window in tokens.

    Raises
    ------
    TypeError
        When tokens or lengths are not integers.
    ValueError
        When `window` is below 1, or the lengths do not add up to the number of tokens.

    >>> mattr([1, 1, 2, 1], window=2)
    0.8333333333333334
    """
    types, windows = window_totals(tokens, lengths, window)
    return mean(types, windows * window)


def window_totals(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None, window: int
) -> tuple[int, int]:
    """Sum over all windows of their number of types, and the number of windows.

    A token is the first of its type in the windows that begin after its previous occurrence.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1 token, got {window}")
    ids, sizes = packed(tokens, lengths)
    if window > len(ids):
        return 0, 0
    windows = int(np.sum(np.maximum(sizes - window + 1, 0)))
    if not windows:
        return 0, 0
    position = places(len(ids))
    end = np.cumsum(sizes, dtype=position.dtype)
    first = previous(ids) + 1
    np.maximum(first, np.repeat(end - sizes.astype(position.dtype), sizes), out=first)
    np.maximum(first, position - (window - 1), out=first)
    last = np.minimum(position, np.repeat(end - window, sizes))
    return int(np.sum(np.maximum(last - first + 1, 0), dtype=np.int64)), windows
