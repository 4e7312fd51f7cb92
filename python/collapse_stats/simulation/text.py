"""A text of a recursion: documents of token ids, one after the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.integer]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Documents as packed token ids.

    Attributes
    ----------
    tokens
        ``(T,)``: ids of all documents.
    lengths
        ``(D,)`` int64: number of tokens of each document.
    """

    tokens: Tokens
    lengths: Int64Array

    @classmethod
    def of(cls, documents: Sequence[Tokens]) -> "Text":
        """Return the text of documents ``(D,)``, each an array of ids."""
        lengths = np.array([len(document) for document in documents], dtype=np.int64)
        return cls(np.concatenate([np.empty(0, np.uint8), *documents]), lengths)

    @classmethod
    def joined(cls, texts: Iterable["Text"]) -> "Text":
        """Return one text of the documents of several."""
        several = list(texts)
        tokens = np.concatenate([text.tokens for text in several])
        return cls(tokens, np.concatenate([text.lengths for text in several]))

    @property
    def stops(self) -> Int64Array:
        """Where each document ends ``(D,)``."""
        return np.cumsum(self.lengths)

    def documents(self) -> list[Tokens]:
        """Return the documents, each as an array of ids."""
        return np.split(self.tokens, self.stops[:-1]) if len(self.lengths) else []

    def part(self, begin: int, end: int) -> "Text":
        """Return the tokens from `begin` to before `end`, and what this leaves of documents."""
        stops = np.clip(self.stops, begin, end)
        lengths = np.diff(stops, prepend=begin).clip(min=0)
        return Text(self.tokens[begin:end], lengths[lengths > 0])

    def taken(self, chosen: Int64Array) -> "Text":
        """Return the documents with these numbers ``(C,)``, in their order."""
        lengths = self.lengths[chosen]
        begins = (self.stops - self.lengths)[chosen]
        inside = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return Text(self.tokens[np.repeat(begins, lengths) + inside], lengths)

    def with_ends(self) -> Tokens:
        """Return tokens + 1 of all documents in the smallest type, a 0 after each ``(T + D,)``."""
        largest = int(self.tokens.max(initial=0))
        ended = np.zeros(len(self.tokens) + len(self.lengths), np.min_scalar_type(largest + 1))
        places = np.arange(len(self.tokens))
        places += np.repeat(np.arange(len(self.lengths)), self.lengths)
        ended[places] = self.tokens
        ended[places] += 1
        return ended
