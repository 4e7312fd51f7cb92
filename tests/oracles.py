"""What the product must answer, from `collections.Counter` over tuples of tokens.

Shares no code with the product: n-grams are read off the tokens order by order, and keys are packed
with Python's unbounded integers from the rules in docs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from collapse_stats.chunk import Chunk

Ngram = tuple[int, ...]
Counts = tuple[int, ...]  # one per label
Joint = list[tuple[int, int, int]]  # (a, b, types), ascending


def ngrams(chunks: Iterable[Chunk], order: int) -> Iterator[tuple[Ngram, int]]:
    """Every n-gram that begins in a span and ends within its document, with the span's label."""
    for tokens, start, stop, limit, label in _spans(chunks):
        for i in range(start, min(stop, limit - order + 1)):
            yield tuple(tokens[i : i + order]), label


def windows(chunks: Iterable[Chunk], max_order: int) -> Iterator[tuple[Ngram, int]]:
    """Every window: the next `max_order` tokens, cut at the document's end, with its label."""
    for tokens, start, stop, limit, label in _spans(chunks):
        for i in range(start, stop):
            yield tuple(tokens[i : min(i + max_order, limit)]), label


def per_label(labelled: Iterable[tuple[Ngram, int]], labels: int) -> dict[Ngram, Counts]:
    """How often each n-gram was seen under each label."""
    counter = Counter(labelled)
    grams = {gram for gram, _ in counter}
    return {gram: tuple(counter[gram, label] for label in range(labels)) for gram in grams}


def joint_spectrum(counts: Iterable[Counts], masks: tuple[int, int]) -> Joint:
    """How many entries have count a under the first mask and b under the second, but not (0, 0)."""
    pairs = Counter((_under(entry, masks[0]), _under(entry, masks[1])) for entry in counts)
    return sorted((a, b, types) for (a, b), types in pairs.items() if (a, b) != (0, 0))


def ngram_counts(chunks: Sequence[Chunk], order: int, labels: int) -> list[Counts]:
    """Counts of every n-gram."""
    return list(per_label(ngrams(chunks, order), labels).values())


def context_counts(chunks: Sequence[Chunk], order: int, labels: int) -> list[Counts]:
    """Counts of the n-grams' first n-1 tokens, each time an n-gram begins with them."""
    begins = ((gram[:-1], label) for gram, label in ngrams(chunks, order))
    return list(per_label(begins, labels).values())


def key(window: Ngram, vocab_size: int, max_order: int) -> int:
    """A window's key: codes t + 1 (0 past the end) with the leading bigram mixed."""
    bits = len(f"{vocab_size:b}")
    codes = [token + 1 for token in window] + [0] * (max_order - len(window))
    head, tail = codes[:2], codes[2:]
    packed = 0
    for code in head:
        packed = packed * 2**bits + code
    shift = bits if max_order > 1 else -(-bits // 2)
    packed = (packed ^ packed // 2**shift) * 0x9E3779B97F4A7C15 % 2 ** (bits * len(head))
    for code in tail:
        packed = packed * 2**bits + code
    return packed


def shard(window: Ngram, vocab_size: int, max_order: int) -> int:
    """The top 10 bits of a key, fewer when its leading bigram has fewer."""
    bits = len(f"{vocab_size:b}")
    shard_bits = min(10, bits * min(max_order, 2))
    return key(window, vocab_size, max_order) // 2 ** (bits * max_order - shard_bits)


def _spans(chunks: Iterable[Chunk]) -> Iterator[tuple[list[int], int, int, int, int]]:
    for chunk in chunks:
        tokens = chunk.tokens.tolist()
        for start, stop, limit, label in zip(
            chunk.start.tolist(),
            chunk.stop.tolist(),
            chunk.limit.tolist(),
            chunk.label.tolist(),
            strict=True,
        ):
            yield tokens, start, stop, limit, label


def _under(counts: Counts, mask: int) -> int:
    return sum(count for label, count in enumerate(counts) if mask & 1 << label)
