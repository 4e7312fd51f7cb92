"""How much of a document it has said before: loops, measured alike under any tokenizer."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..corpus.sample import Sample

SPAN = 24  # tokens: some 18 words, which people rarely say twice in one document
BLOCK = 512  # tokens: longer documents repeat themselves by their length alone
_AT_ONCE = 1 << 16  # stretches that are sorted: they stay in cache
_PLACE_BITS = 9
_PLACE = np.uint64(BLOCK - 1)
_MULTIPLIER = 0x9E3779B97F4A7C15
_BASE = 0xBF58476D1CE4E5B9

Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


def repeated_share(sample: Sample) -> float:
    """Share of a document's tokens in stretches that occurred before in it, mean over documents.

    A stretch is `SPAN` tokens or more; documents are cut into blocks of 512. Every document counts
    the same: a loop may go on for thousands of tokens, and how many there are to a word of it
    depends on the tokenizer. 0 without text.
    """
    end = np.cumsum(sample.length)
    begin = end - sample.length
    filled = sample.length > 0
    if not filled.any():
        return 0.0
    repeats = np.zeros(len(sample.tokens) + SPAN, dtype=np.int32)  # stretches of SPAN that begin
    if len(sample.tokens) >= SPAN:
        hashes = _hashes(sample.tokens)
        for places in _repeats(hashes, *_blocks(begin, sample.length)):
            repeats[places + SPAN] = 1
    seen = np.cumsum(repeats, dtype=np.int32)
    covered = np.cumsum(np.append(0, seen[SPAN:] > seen[:-SPAN]))
    return float(((covered[end] - covered[begin])[filled] / sample.length[filled]).mean())


def _blocks(begin: Ints, length: Ints) -> tuple[Ints, Ints]:
    """Where the blocks begin, and how many stretches begin in each."""
    blocks = -(-length // BLOCK)
    home = np.repeat(np.arange(len(length)), blocks)
    before = BLOCK * (np.arange(len(home)) - (np.cumsum(blocks) - blocks)[home])
    size = np.minimum(length[home] - before, BLOCK)
    return begin[home] + before, size - SPAN + 1


def _hashes(tokens: npt.NDArray[np.uint32]) -> Hashes:
    """64-bit hash of each stretch of 24 tokens: a polynomial in mixed tokens, modulo 2**64."""
    mixed = tokens.astype(np.uint64) + np.uint64(1)
    for shift in (29, 32):
        mixed *= np.uint64(_MULTIPLIER)
        mixed ^= mixed >> np.uint64(shift)
    for step in (1, 2, 4):
        mixed = mixed[:-step] * _power(step) + mixed[step:]
    hashes: Hashes = (mixed[:-16] * _power(8) + mixed[8:-8]) * _power(8) + mixed[16:]
    return hashes


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(_BASE, exponent, 1 << 64))


def _repeats(hashes: Hashes, begin: Ints, stretches: Ints) -> Iterator[Ints]:
    """Where a stretch begins that occurred before in its block; blocks of about a size together.

    Two that differ are taken for one with a chance below 1e-11 in a block.
    """
    for width in (32, 64, 128, 256, 512):
        of_width = (stretches > (1 if width == 32 else width // 2)) & (stretches <= width)
        chosen, place = np.flatnonzero(of_width), np.arange(width)
        for first in range(0, len(chosen), _AT_ONCE // width):
            some = chosen[first : first + _AT_ONCE // width]
            at = begin[some, None] + place
            inside = place < stretches[some, None]
            rows = hashes[np.where(inside, at, 0)] & ~_PLACE | place.astype(np.uint64)
            rows[~inside] = np.broadcast_to(place << _PLACE_BITS, rows.shape)[~inside]
            rows.sort(axis=1)
            again = (rows[:, 1:] ^ rows[:, :-1]) <= _PLACE
            yield (begin[some, None] + (rows[:, 1:] & _PLACE).astype(np.int64))[again]
