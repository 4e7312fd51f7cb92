"""Measure of textual lexical diversity: how long text lasts before it repeats itself."""

import numpy as np
import numpy.typing as npt

from .documents import IndexArray, packed, previous

__all__ = ["mtld"]

_WIDTH = 64
_ROWS = 8192
_FEW = 16


def mtld(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None, *, threshold: float = 0.72
) -> float | None:
    """Tokens per factor, at least 1 (McCarthy & Jarvis 2010); the mean of both directions.

    A factor ends where its type-token ratio reaches the threshold; what is left at the end of a
    document counts as the share (1 - ratio) / (1 - threshold) of one. Factors lie inside documents
    and are added up before tokens are divided by them, so that a document too short for a factor
    still counts. None when nothing is repeated within any document, and without tokens.

    Each factor begins where the last ended, so a document is read in order: many side by side, the
    last few token by token.

    Parameters
    ----------
    tokens
        Token ids: ``(T,)`` of one document, or with `lengths` packed; or ``(D, T)``, a row each.
    lengths
        ``(D,)`` lengths of packed documents.
    threshold
        Type-token ratio at which a factor ends, between 0 and 1, both excluded.

    Raises
    ------
    ValueError
        When `threshold` is out of range, or the lengths do not add up to the tokens.

    >>> mtld([1, 1, 1, 1])
    2.0
    """
    return tokens_per_factor(*factor_totals(tokens, lengths, threshold))


def factor_totals(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None, threshold: float
) -> tuple[int, float, float]:
    """Tokens, factors read forward, factors read backward."""
    if not 0 < threshold < 1:
        raise ValueError(f"threshold must lie between 0 and 1, both excluded, got {threshold}")
    given, long = packed(tokens, lengths)
    before = previous(given)
    forward = _factors(before, long, threshold)
    return len(given), forward, _factors(_mirrored(before), long[::-1], threshold)


def tokens_per_factor(tokens: int, forward: float, backward: float) -> float | None:
    """Mean of both directions; None when either has no factor."""
    return (tokens / forward + tokens / backward) / 2 if forward and backward else None


def _mirrored(before: IndexArray) -> IndexArray:
    """`previous` of the tokens in reverse."""
    mirrored = np.full_like(before, -1)
    repeats = np.flatnonzero(before >= 0)
    mirrored[len(before) - 1 - before[repeats]] = len(before) - 1 - repeats
    return mirrored


def _factors(before: IndexArray, long: IndexArray, threshold: float) -> float:
    ends = np.cumsum(long)
    total = 0.0
    for first in range(0, len(long), _ROWS):
        rows = slice(first, first + _ROWS)
        total += _factors_side_by_side(before, ends[rows] - long[rows], ends[rows], threshold)
    return total


def _factors_side_by_side(
    before: IndexArray, begin: IndexArray, end: IndexArray, threshold: float
) -> float:
    """Factors of some documents. A token is new when the one before it lies before the factor."""
    factors = 0.0
    begin, end = begin[begin < end], end[begin < end]
    at, types = begin.copy(), np.zeros_like(begin)  # read up to here in this factor; types in it
    step = np.arange(_WIDTH)
    while len(begin) >= _FEW:
        position = at[:, None] + step
        inside = position < end[:, None]
        new = inside & (before.take(position, mode="clip") < begin[:, None])
        seen = types[:, None] + np.cumsum(new, axis=1)
        reached = inside & (seen / (position - begin[:, None] + 1) <= threshold)
        column = np.argmax(reached, axis=1)
        done = reached[np.arange(len(begin)), column]
        factors += int(done.sum())
        at = np.where(done, at + column + 1, np.minimum(at + _WIDTH, end))
        types = np.where(done, 0, seen[:, -1])
        begin = np.where(done, at, begin)
        over = at == end
        rest = over & (at > begin)
        ratio = types[rest] / (end - begin)[rest]
        factors += float(np.sum((1 - ratio) / (1 - threshold)))
        begin, end, at, types = (column[~over] for column in (begin, end, at, types))
    for row in range(len(begin)):
        state = int(begin[row]), int(end[row]), int(at[row]), int(types[row])
        factors += _factors_of_one(before, *state, threshold)
    return factors


def _factors_of_one(
    before: IndexArray, begin: int, end: int, at: int, types: int, threshold: float
) -> float:
    """Factors of the rest of a document, of which a factor was read from `begin` to `at`."""
    factors = 0
    for position, earlier in enumerate(before[at:end].tolist(), start=at + 1):
        types += earlier < begin
        if types / (position - begin) <= threshold:
            factors, begin, types = factors + 1, position, 0
    ratio = types / (end - begin) if begin < end else 1.0
    return factors + (1 - ratio) / (1 - threshold)
