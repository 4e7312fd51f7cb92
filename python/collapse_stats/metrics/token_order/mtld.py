"""Measure of textual lexical diversity (MTLD)."""

import numpy as np
import numpy.typing as npt

from .documents import IndexArray, PlaceArray, packed, previous

__all__ = ["mtld"]

_STEP = 64  # tokens of each document that are read at once
_ROWS = 8192  # documents that are read side by side
_MIN_ROWS = 16  # fewer documents are read one by one


def mtld(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None, *, threshold: float = 0.72
) -> float | None:
    """Mean number of tokens per factor, averaged over both directions, at least 1.

    A factor is a stretch of text that ends where its type-token ratio falls to the threshold; the
    rest of a document counts as (1 - ratio) / (1 - threshold) of a factor (McCarthy & Jarvis 2010).
    Factors lie inside documents. All tokens are divided by all factors, so that documents shorter
    than a factor count, too. None when no document repeats a token, and without tokens.

    Parameters
    ----------
    tokens, lengths
        Documents, as in `mattr`.
    threshold
        Type-token ratio at which a factor ends, between 0 and 1, both excluded.

    Raises
    ------
    TypeError
        When tokens or lengths are not integers.
    ValueError
        When `threshold` is out of range, or the lengths do not add up to the number of tokens.

    >>> mtld([1, 1, 1, 1])
    2.0
    """
    return tokens_per_factor(*factor_totals(tokens, lengths, threshold))


def factor_totals(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None, threshold: float
) -> tuple[int, float, float]:
    """Numbers of tokens, of factors read forward, and of factors read backward."""
    if not 0 < threshold < 1:
        raise ValueError(f"threshold must lie between 0 and 1, both excluded, got {threshold}")
    ids, sizes = packed(tokens, lengths)
    before = previous(ids)
    forward = _factors(before, sizes, threshold)
    return len(ids), forward, _factors(_mirrored(before), sizes[::-1], threshold)


def tokens_per_factor(tokens: int, forward: float, backward: float) -> float | None:
    """Tokens per factor, averaged over both directions; None when either has no factor."""
    return (tokens / forward + tokens / backward) / 2 if forward and backward else None


def _mirrored(before: PlaceArray) -> IndexArray:
    """`previous` of the tokens in reverse order."""
    mirrored = np.full_like(before, -1)
    repeats = np.flatnonzero(before >= 0)
    mirrored[len(before) - 1 - before[repeats]] = len(before) - 1 - repeats
    return mirrored


def _factors(before: PlaceArray, sizes: IndexArray, threshold: float) -> float:
    """Number of factors in all documents, read forward.

    Each factor begins where the last one ended, so a document must be read in order. Therefore many
    documents are read side by side, and the last few token by token.
    """
    ends = np.cumsum(sizes)
    total = 0.0
    for first in range(0, len(sizes), _ROWS):
        rows = slice(first, first + _ROWS)
        total += _factors_side_by_side(before, ends[rows] - sizes[rows], ends[rows], threshold)
    return total


def _factors_side_by_side(
    before: PlaceArray, begin: IndexArray, end: IndexArray, threshold: float
) -> float:
    """Number of factors in documents; a token is new if it last occurred before its factor."""
    factors = 0.0
    begin, end = begin[begin < end], end[begin < end]
    at, types = begin.copy(), np.zeros_like(begin)  # next token of each factor, its types so far
    step = np.arange(_STEP)
    while len(begin) >= _MIN_ROWS:
        position = at[:, None] + step
        inside = position < end[:, None]
        new = inside & (before.take(position, mode="clip") < begin[:, None])
        seen = types[:, None] + np.cumsum(new, axis=1)
        reached = inside & (seen / (position - begin[:, None] + 1) <= threshold)
        column = np.argmax(reached, axis=1)
        done = reached[np.arange(len(begin)), column]
        factors += int(done.sum())
        at = np.where(done, at + column + 1, np.minimum(at + _STEP, end))
        types = np.where(done, 0, seen[:, -1])
        begin = np.where(done, at, begin)
        at_end = at == end
        rest = at_end & (at > begin)
        ratio = types[rest] / (end - begin)[rest]
        factors += float(np.sum((1 - ratio) / (1 - threshold)))
        begin, end, at, types = (array[~at_end] for array in (begin, end, at, types))
    for row in range(len(begin)):
        state = int(begin[row]), int(end[row]), int(at[row]), int(types[row])
        factors += _factors_token_by_token(before, *state, threshold)
    return factors


def _factors_token_by_token(
    before: PlaceArray, begin: int, end: int, at: int, types: int, threshold: float
) -> float:
    """Number of factors in the rest of a document, after reading one from `begin` to `at`."""
    factors = 0
    for position, earlier in enumerate(before[at:end].tolist(), start=at + 1):
        types += earlier < begin
        if types / (position - begin) <= threshold:
            factors, begin, types = factors + 1, position, 0
    ratio = types / (end - begin) if begin < end else 1.0
    return factors + (1 - ratio) / (1 - threshold)
