"""How surprised a model was by each token id: sums that are exact, so that they merge in any order.

Surprisals, ``-log p`` in nats, are rounded once to integers of 2**-16 nats. Their sums depend
neither on batches nor on ranks, and what leaves a window is taken off again without a remainder.
"""

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

UNIT = 2.0**-16  # nats
NO_PREDICTION = np.iinfo(np.int32).min  # the first token of a text, or no log-probability given
IMPOSSIBLE = np.iinfo(np.int32).max  # probability 0: also what 32,767 nats and more are taken for
MOST = 0.01  # nats: above 0 is what half-precision logits can give


def as_surprisals(logprobs: npt.NDArray[np.floating]) -> Int32Array:
    """Surprisals in units of `UNIT` from natural logarithms of probabilities; NaN: no prediction.

    Raises
    ------
    ValueError
        for a log-probability above 0, naming it and its position.
    """
    values = logprobs.astype(np.float64).reshape(-1)
    if np.any(values > MOST):
        at = int(np.argmax(values > MOST))
        raise ValueError(
            f"logprobs must be natural logarithms of probabilities, at most 0, got {values[at]} at "
            f"position {at}: give log_softmax(logits) at each token"
        )
    missing = np.isnan(values)
    units = np.rint(np.where(missing, 0.0, values) / -UNIT)
    found = np.minimum(units, IMPOSSIBLE).astype(np.int32)
    found[missing] = NO_PREDICTION
    return found


class SurprisalSums:
    """Predicted tokens, and what they surprised the model by, of every token id.

    Attributes
    ----------
    sums
        ``(3, vocab_size)`` int64: tokens predicted with a probability above 0, the sum of their
        surprisals in `UNIT`, tokens whose probability was 0.
    """

    def __init__(self, vocab_size: int) -> None:
        self.sums: Int64Array = np.zeros((3, vocab_size), dtype=np.int64)

    def add(self, ids: npt.NDArray[np.integer], surprisal: Int32Array, sign: int = 1) -> None:
        """Add tokens; with `sign` -1 take away what was added."""
        predicted = surprisal != NO_PREDICTION
        possible = predicted & (surprisal != IMPOSSIBLE)
        np.add.at(self.sums[0], ids[possible], np.int64(sign))
        np.add.at(self.sums[1], ids[possible], sign * surprisal[possible].astype(np.int64))
        np.add.at(self.sums[2], ids[predicted & ~possible], np.int64(sign))

    def perplexity(self, chosen: npt.NDArray[np.bool_] | None = None) -> float | None:
        """Perplexity of the tokens whose id is chosen ``(vocab_size,)``; all by default.

        None when no such token was predicted; infinite when one had probability 0.
        """
        sums = self.sums if chosen is None else self.sums[:, chosen]
        tokens, units, impossible = (int(row) for row in sums.sum(axis=1))
        if not tokens + impossible:
            return None
        return float("inf") if impossible else float(np.exp(units * UNIT / tokens))
