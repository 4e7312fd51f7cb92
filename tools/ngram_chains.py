"""Recursion on n-gram models: each generation is sampled from a model of the one before.

The next token is drawn from those that followed the last ``order - 1`` tokens in the training text;
with `smoothing`, sometimes the last tokens but one, and so on. A part of the training text of each
generation may be human again.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint32]
Symbols = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Table = tuple[Hashes, npt.NDArray[np.intp], npt.NDArray[np.intp], Symbols]

DOCUMENTS = 256  # documents that are sampled side by side
LONGEST = 2500  # tokens of a document
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def generations(
    human: Sequence[Ids],
    order: int,
    number: int,
    *,
    smoothing: float = 0.0,
    fresh: float = 0.0,
    seed: int = 0,
) -> Iterator[list[Ids]]:
    """Yield the text of each generation, with about as many tokens as the human text.

    Parameters
    ----------
    order
        Length of the n-grams of the models.
    smoothing
        Chance (0..1) that the next token is drawn from a context that is one token shorter.
    fresh
        Share (0..1) of human text among that which models from the second on are trained on.
    """
    rng = np.random.default_rng(seed)
    tokens = sum(map(len, human))
    training = list(human)
    for _ in range(number):
        written = _Model(training, order).sample(rng, tokens, smoothing)
        yield written
        kept = _part(rng.permutation(len(written)), written, (1 - fresh) * tokens)
        training = kept + _part(rng.permutation(len(human)), human, fresh * tokens)


def _part(order: npt.NDArray[np.intp], documents: Sequence[Ids], tokens: float) -> list[Ids]:
    """The first documents of an order that have about so many tokens."""
    ends = np.cumsum([len(documents[i]) for i in order])
    return [documents[i] for i in order[: int(np.searchsorted(ends, tokens - 0.5))]]


class _Model:
    """What followed each context of up to ``order - 1`` tokens."""

    def __init__(self, documents: Sequence[Ids], order: int) -> None:
        self.order = order
        self.begin = 1 + max(int(document.max(initial=0)) for document in documents)
        self.end = self.begin + 1
        padding = np.full(order - 1, self.begin)
        padded = [np.concatenate([padding, document, [self.end]]) for document in documents]
        symbols = np.concatenate(padded).astype(np.int64)
        first = np.cumsum([0, *map(len, padded)])[:-1]
        follows = np.ones(len(symbols), dtype=bool)
        for back in range(order - 1):
            follows[first + back] = False
        at = np.flatnonzero(follows)
        self.tables = [self._table(symbols, at, length) for length in range(order)]

    def _table(self, symbols: Symbols, at: npt.NDArray[np.intp], length: int) -> Table:
        hashes = _hash([symbols[at - back] for back in range(1, length + 1)], len(at))
        order = np.argsort(hashes, kind="stable")
        contexts, start, count = np.unique(hashes[order], return_index=True, return_counts=True)
        return contexts, start, count, symbols[at[order]]

    def sample(self, rng: np.random.Generator, tokens: int, smoothing: float) -> list[Ids]:
        found: list[Ids] = []
        while (missing := tokens - sum(map(len, found))) > 0:
            for document in self._documents(rng, smoothing):
                if missing <= 0:
                    break
                found.append(document)
                missing -= len(document)
        return found

    def _documents(self, rng: np.random.Generator, smoothing: float) -> list[Ids]:
        context = np.full((DOCUMENTS, max(self.order - 1, 1)), self.begin, dtype=np.int64)
        written = np.zeros((LONGEST, DOCUMENTS), dtype=np.int64)
        length = np.full(DOCUMENTS, LONGEST)
        going = np.arange(DOCUMENTS)
        for step in range(LONGEST):
            token = self._next(rng, context[going], smoothing)
            length[going[token == self.end]] = step
            going, token = going[token != self.end], token[token != self.end]
            if not len(going):
                break
            written[step, going] = token
            context[going] = np.column_stack([token, context[going, :-1]])
        return [written[:size, i].astype(np.uint32) for i, size in enumerate(length) if size]

    def _next(self, rng: np.random.Generator, context: Symbols, smoothing: float) -> Symbols:
        shorter = (rng.random(len(context)) < smoothing) if smoothing else np.zeros(len(context))
        wanted = self.order - 1 - shorter.astype(np.int64)
        token = np.full(len(context), -1)
        for length in range(self.order - 1, -1, -1):
            asked = np.flatnonzero((token < 0) & (wanted >= length))
            contexts, start, count, following = self.tables[length]
            hashes = _hash([context[asked, back] for back in range(length)], len(asked))
            place = np.searchsorted(contexts, hashes).clip(max=len(contexts) - 1)
            known = contexts[place] == hashes
            place = place[known]
            drawn = start[place] + (rng.random(len(place)) * count[place]).astype(np.intp)
            token[asked[known]] = following[drawn]
        return token


def _hash(context: Sequence[Symbols], number: int) -> Hashes:
    """Hash `number` contexts, given token by token."""
    mixed = np.full(number, 0x1234567, dtype=np.uint64)
    for symbols in context:
        mixed = (mixed ^ symbols.astype(np.uint64)) * _MULTIPLIER
        mixed ^= mixed >> np.uint64(29)
    return mixed
