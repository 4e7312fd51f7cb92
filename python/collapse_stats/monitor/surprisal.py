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
IMPOSSIBLE = np.iinfo(np.int32).max  # probability 0, or a surprisal of 32,767 nats and more
MOST = 0.01  # nats: log-probabilities from half-precision logits can be slightly above 0


def as_surprisals(logprobs: npt.NDArray[np.floating]) -> Int32Array:
    """Convert natural logarithms of probabilities to surprisals in multiples of `UNIT`.

    NaN becomes `NO_PREDICTION`.

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
    missing = np.isnan(values)
    units = np.rint(np.where(missing, 0.0, values) / -UNIT)
    surprisals = np.minimum(units, IMPOSSIBLE).astype(np.int32)
    surprisals[missing] = NO_PREDICTION
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

    def add(self, ids: npt.NDArray[np.integer], surprisal: Int32Array, sign: int = 1) -> None:
        """Add tokens, or subtract tokens that were added before if `sign` is -1."""
        predicted = surprisal != NO_PREDICTION
        possible = predicted & (surprisal != IMPOSSIBLE)
        np.add.at(self.sums[0], ids[possible], np.int64(sign))
        np.add.at(self.sums[1], ids[possible], sign * surprisal[possible].astype(np.int64))
        np.add.at(self.sums[2], ids[predicted & ~possible], np.int64(sign))

    def perplexity(self, chosen: npt.NDArray[np.bool_] | None = None) -> float | None:
        """Return the perplexity of tokens whose id is `chosen` ``(vocab_size,)``; None: of all.

        The result is None if no such token was predicted, and infinite if one of them had
        probability 0.
        """
        sums = self.sums if chosen is None else self.sums[:, chosen]
        tokens, units, impossible = (int(row) for row in sums.sum(axis=1))
        if not tokens + impossible:
            return None
        return float("inf") if impossible else float(np.exp(units * UNIT / tokens))
