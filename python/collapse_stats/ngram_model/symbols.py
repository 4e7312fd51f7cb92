"""The symbols that a model is made of: the tokens it has seen, and begin and end of a document."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from ..ngrams.links import END, FIRST_TOKEN, UNKNOWN

__all__ = ["END", "FIRST_TOKEN", "UNKNOWN", "Symbols"]

_MOST_IDS = 1 << 24  # of a vocabulary that is looked up in an array


@dataclass(frozen=True, slots=True, eq=False)
class Symbols:
    """Numbers the tokens that occur, from `FIRST_TOKEN` in the order of their ids.

    Attributes
    ----------
    ids
        ``(K,)`` int64: the ids, ascending; at least one.
    of_id
        ``(V,)`` int32: the symbol of every id of the vocabulary; None for a large one.
    """

    ids: Int64Array
    of_id: npt.NDArray[np.int32] | None

    @classmethod
    def of(cls, tokens: npt.NDArray[np.integer], vocab_size: int) -> "Symbols":
        """Number the ids of `tokens`, all of which lie below `vocab_size`."""
        if vocab_size > _MOST_IDS:
            return cls(np.unique(tokens).astype(np.int64), None)
        occurs = np.zeros(vocab_size, dtype=bool)
        occurs[tokens] = True
        return cls.of_ids(np.flatnonzero(occurs), vocab_size)

    @classmethod
    def of_ids(cls, ids: Int64Array, vocab_size: int) -> "Symbols":
        """Number different ids, ascending, all of which lie below `vocab_size`."""
        if vocab_size > _MOST_IDS:
            return cls(ids, None)
        of_id = np.full(vocab_size, UNKNOWN, dtype=np.int32)
        of_id[ids] = np.arange(FIRST_TOKEN, FIRST_TOKEN + len(ids))
        return cls(ids, of_id)

    @property
    def begin(self) -> int:
        """The symbol before the first token of a document."""
        return FIRST_TOKEN + len(self.ids)

    @property
    def number(self) -> int:
        """How many symbols there are: every symbol lies below this."""
        return self.begin + 1

    def of_tokens(self, tokens: npt.NDArray[np.integer]) -> Int64Array:
        """Return the symbol of each token id ``(T,)``."""
        symbols: Int64Array
        if self.of_id is not None:
            symbols = self.of_id[tokens].astype(np.int64)
            return symbols
        place = np.searchsorted(self.ids, tokens)
        place[place == len(self.ids)] = 0
        symbols = place + FIRST_TOKEN
        symbols[self.ids[place] != tokens] = UNKNOWN
        return symbols

    def stream(self, tokens: npt.NDArray[np.integer], lengths: Int64Array) -> Int64Array:
        """Return packed documents as one stream ``(T + 2D,)``: begin, tokens and end of each."""
        stops = np.cumsum(lengths + 2)
        stream = np.empty(len(tokens) + 2 * len(lengths), dtype=np.int64)
        inside = np.ones(len(stream), dtype=bool)
        inside[stops - 1] = inside[stops - lengths - 2] = False
        stream[inside] = self.of_tokens(tokens)
        stream[stops - 1], stream[stops - lengths - 2] = END, self.begin
        return stream
