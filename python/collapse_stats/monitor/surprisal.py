"""Exact sums of a model's surprisal, by token id, which can be merged in any order.

A surprisal ``-log p``, in nats, is rounded once to an integer multiple of 2**-16 nats. Sums of
integers do not depend on how tokens are divided into batches or among ranks, and the surprisals of
documents that leave a window can be subtracted exactly.
"""

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

UNIT = 2.0**-16  # nats
NO_PREDICTION = np.iinfo(np.int32).min  # the first token of a text, or no log-probability given
IMPOSSIBLE = np.iinfo(np.int32).max  # a log-probability of `NONE_LEFT` or below
NONE_LEFT = float(np.log(np.finfo(np.float64).tiny))  # -708.4: no double holds the probability
_ADDED_AT_ONCE = 1 << 20  # so that sums of units below 2**26 are exact in a double
MOST = 0.01  # nats: log-probabilities from half-precision logits can be slightly above 0


def as_surprisals(logprobs: npt.NDArray[np.floating]) -> Int32Array:
    """Convert natural logarithms of probabilities to surprisals in multiples of `UNIT`.

    NaN becomes `NO_PREDICTION`, and a probability of 0 becomes `IMPOSSIBLE`. Engines write numbers
    such as -inf or -9999 for tokens that sampling had excluded.

    Raises
    ------
    ValueError
        naming the first log-probability that is above 0, and its position.
    """
    values = logprobs.astype(np.float64).reshape(-1)
    if np.any(values > MOST):
        position = int(np.argmax(values > MOST))
        raise ValueError(
            "logprobs must be natural logarithms of probabilities, at most 0, got "
            f"{values[position]} at position {position}: give log_softmax(logits) at each token"
        )
    missing, impossible = np.isnan(values), values <= NONE_LEFT
    units = np.rint(np.where(missing | impossible, 0.0, values) / -UNIT)
    surprisals: Int32Array = units.astype(np.int32)
    surprisals[missing] = NO_PREDICTION
    surprisals[impossible] = IMPOSSIBLE
    return surprisals


class SurprisalSums:
    """The number of predicted tokens and the sum of their surprisals, for every token id.

    Attributes
    ----------
    sums
        ``(3, vocab_size)`` int64: number of tokens predicted with a probability above 0, sum of
        their surprisals in multiples of `UNIT`, number of tokens predicted with probability 0.
    """

    def __init__(self, vocab_size: int) -> None:
        self.sums: Int64Array = np.zeros((3, vocab_size), dtype=np.int64)

    def copy(self) -> "SurprisalSums":
        """Return sums that do not change with these."""
        copied = SurprisalSums(self.sums.shape[1])
        copied.sums += self.sums
        return copied

    def add(self, ids: npt.NDArray[np.integer], surprisal: Int32Array, sign: int = 1) -> None:
        """Add tokens, or subtract tokens that were added before if `sign` is -1."""
        for first in range(0, len(ids), _ADDED_AT_ONCE):
            part = slice(first, first + _ADDED_AT_ONCE)
            self._add(ids[part], surprisal[part], sign)

    def _add(self, ids: npt.NDArray[np.integer], surprisal: Int32Array, sign: int) -> None:
        impossible = surprisal == IMPOSSIBLE
        possible = (surprisal != NO_PREDICTION) & ~impossible
        predicted, size = ids[possible], self.sums.shape[1]
        self.sums[0] += sign * np.bincount(predicted, minlength=size)
        units = np.bincount(predicted, weights=surprisal[possible], minlength=size)
        self.sums[1] += sign * units.astype(np.int64)
        if impossible.any():
            self.sums[2] += sign * np.bincount(ids[impossible], minlength=size)

    def perplexity(self, chosen: npt.NDArray[np.bool_] | None = None) -> float | None:
        """Return the perplexity of tokens whose id is `chosen` ``(vocab_size,)``; None: of all.

        Tokens of probability 0 are left out, because a single one would make it infinite. The
        result is None if no other token was predicted.
        """
        sums = self.sums[:2] if chosen is None else self.sums[:2, chosen]
        tokens, units = (int(row) for row in sums.sum(axis=1))
        return float(np.exp(units * UNIT / tokens)) if tokens else None

    @property
    def impossible(self) -> int | None:
        """Number of tokens predicted with probability 0; None if no token was predicted."""
        tokens, _, impossible = (int(row) for row in self.sums.sum(axis=1))
        return impossible if tokens + impossible else None
