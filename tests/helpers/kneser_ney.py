"""Modified interpolated Kneser-Ney as docs/metrics.md defines it, over Counters of tuples.

It shares no code with the product: n-grams are taken from the text with its begins and ends, and
discounts are exact fractions.
"""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

BEGIN, END = -1, -2
Gram = tuple[int, ...]


class KneserNey:
    """A model of documents, which are sequences of ids below `vocab_size`; empty ones are none."""

    def __init__(self, documents: Sequence[Sequence[int]], order: int, vocab_size: int) -> None:
        self.order, self.vocab_size = order, vocab_size
        padded = [(BEGIN, *document, END) for document in documents if len(document)]
        counts = {
            n: Counter(d[i : i + n] for d in padded for i in range(len(d) - n + 1))
            for n in range(1, order + 1)
        }
        self.adjusted: dict[int, Counter[Gram]] = {}
        for n in range(1, order):
            different = Counter(gram[1:] for gram in counts[n + 1])
            begun = {gram: count for gram, count in counts[n].items() if gram[0] == BEGIN}
            self.adjusted[n] = different + Counter(begun)
        self.adjusted[order] = counts[order]
        del self.adjusted[1][(BEGIN,)]
        self.discounts = {n: self._discounts(n) for n in self.adjusted}
        self.fallback = tuple(n for n, found in self.discounts.items() if found is None)
        for n in self.fallback:
            self.discounts[n] = (Fraction(1, 2), Fraction(1), Fraction(3, 2))
        self.followed: dict[Gram, list[int]] = {}
        for grams in self.adjusted.values():
            for gram, count in grams.items():
                self.followed.setdefault(gram[:-1], []).append(count)

    def _discounts(self, n: int) -> tuple[Fraction, ...] | None:
        seen = Counter(self.adjusted[n].values())
        if not (seen[1] and seen[2] and seen[3]):
            return None
        y = Fraction(seen[1], seen[1] + 2 * seen[2])
        found = tuple(j - (j + 1) * y * Fraction(seen[j + 1], seen[j]) for j in (1, 2, 3))
        if any(not 0 <= found[j - 1] <= j for j in (1, 2, 3)) or (n > 1 and 0 in found):
            return None
        return found

    def probability(self, symbol: int, context: Gram) -> float:
        """Return p(symbol | context); the context has at most order - 1 symbols."""
        n = len(context) + 1
        shorter = self.probability(symbol, context[1:]) if context else 1 / (self.vocab_size + 1)
        followers = self.followed.get(context)
        if not followers:
            return shorter
        taken = [float(self.discounts[n][min(count, 3) - 1]) for count in followers]
        count = self.adjusted[n][(*context, symbol)]
        own = count - float(self.discounts[n][min(count, 3) - 1]) if count else 0.0
        return own / sum(followers) + math.fsum(taken) / sum(followers) * shorter

    def log2_probabilities(self, document: Sequence[int]) -> list[float]:
        """Return log2 of the probability of every token and, last, of the end."""
        symbols = (BEGIN, *document, END)
        return [
            math.log2(self.probability(symbols[i], symbols[max(i - self.order + 1, 0) : i]))
            for i in range(1, len(symbols))
        ]
