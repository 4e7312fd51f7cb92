"""Repetition inside documents (loops), measured so that tokenizers hardly matter."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..corpus.sample import Sample

SPAN = 24  # tokens, about 18 words
BLOCK = 1024  # tokens; longer documents would repeat themselves by their length alone
LINE = 128  # tokens: a shorter run of one token is a drawn line, of dashes or the like
LETTERS = 512  # a vocabulary of at most so many tokens has letters or bytes: spans twice as long
_SORTED_AT_ONCE = 1 << 16  # spans, few enough to stay in cache
_PLACE_BITS = 11
_PLACE = np.uint64((1 << _PLACE_BITS) - 1)
_MULTIPLIER = 0x9E3779B97F4A7C15
_BASE = 0xBF58476D1CE4E5B9

Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


def repeated_share(sample: Sample, vocab_size: int) -> float:
    """Share of a document's tokens that repeat earlier text of it, averaged over documents (0..1).

    Two kinds of stretches count, within blocks of `BLOCK` tokens: a span of `SPAN` tokens that
    occurred before at most as many tokens earlier (a loop), and twice as many tokens all spans of
    which occurred before. People rarely write either; code and tables repeat shorter stretches, at
    some distance. Letters (`vocab_size` at most `LETTERS`) are taken twice as many at a time. Runs
    of one token count from `LINE` tokens on, because shorter ones underline titles and draw tables.

    All documents have equal weight, because a loop may go on for thousands of tokens, and their
    number depends on the tokenizer. 0 without text.
    """
    times = 2 if vocab_size <= LETTERS else 1
    shares = [_shares(tokens, length, times) for tokens, length in sample.batches()]
    filled = np.concatenate([np.empty(0), *shares])
    return float(filled.mean()) if len(filled) else 0.0


def _shares(tokens: npt.NDArray[np.uint32], length: Ints, times: int) -> npt.NDArray[np.float64]:
    """The share of each of some documents that hold a token."""
    span = times * SPAN
    end = np.cumsum(length)
    begin = end - length
    filled = length > 0
    again = np.zeros(len(tokens) + 2 * span, dtype=np.int8)  # whether a span occurred before
    loops, runs = (np.zeros(len(tokens), dtype=bool) for _ in range(2))
    covers = np.zeros(len(tokens) + 2 * span, dtype=np.int32)  # stretches that begin less that end
    if len(tokens) >= span:
        hashes = _hashes(tokens, times)
        for place, distance in _repeats(hashes, *_blocks(begin, length, times)):
            again[place] = 1
            loops[place[distance <= span]] = True
            runs[place[distance == 1]] = True
        drawn = _short_stretches(runs, LINE - span)
        again[drawn] = 0
        loops[drawn] = False
        places = np.flatnonzero(loops)
        covers[places] += 1
        covers[places + span] -= 1
    seen = np.cumsum(np.append(0, again), dtype=np.int32)
    long = np.flatnonzero(seen[span + 1 :] - seen[: -span - 1] == span + 1)
    covers[long] += 1
    covers[long + 2 * span] -= 1
    covered = np.cumsum(np.append(0, np.cumsum(covers, dtype=np.int32) > 0))
    shares: npt.NDArray[np.float64] = (covered[end] - covered[begin])[filled] / length[filled]
    return shares


def _short_stretches(marked: npt.NDArray[np.bool_], least: int) -> Ints:
    """Marked places that are less than `least` in a row."""
    places = np.flatnonzero(marked)
    first = np.flatnonzero(np.diff(places, prepend=-2) != 1)
    size = np.diff(first, append=len(places))
    return places[np.repeat(size < least, size)]


def _blocks(begin: Ints, length: Ints, times: int) -> tuple[Ints, Ints]:
    """Where each block begins, and how many spans it contains."""
    size = times * BLOCK
    blocks = -(-length // size)
    document = np.repeat(np.arange(len(length)), blocks)
    before = size * (np.arange(len(document)) - (np.cumsum(blocks) - blocks)[document])
    size_of_block = np.minimum(length[document] - before, size)
    return begin[document] + before, size_of_block - times * SPAN + 1


def _hashes(tokens: npt.NDArray[np.uint32], times: int) -> Hashes:
    """64-bit hash of each span of tokens: a polynomial in the mixed tokens, modulo 2**64."""
    mixed = tokens.astype(np.uint64) + np.uint64(1)
    for shift in (29, 32):
        mixed *= np.uint64(_MULTIPLIER)
        mixed ^= mixed >> np.uint64(shift)
    for step in (1, 2, 4):
        mixed = mixed[:-step] * _power(step) + mixed[step:]
    hashes: Hashes = (mixed[:-16] * _power(8) + mixed[8:-8]) * _power(8) + mixed[16:]
    if times == 2:
        hashes = hashes[:-SPAN] * _power(SPAN) + hashes[SPAN:]
    return hashes


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(_BASE, exponent, 1 << 64))


def _repeats(hashes: Hashes, begin: Ints, spans: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Where spans begin that occurred before in their block, and how many tokens before.

    Blocks of similar size are sorted together.

    Hashes of different spans collide with a probability below 1e-9 per block.
    """
    for width in (32, 64, 128, 256, 512, 1024, 2048):
        of_width = (spans > (1 if width == 32 else width // 2)) & (spans <= width)
        chosen, place = np.flatnonzero(of_width), np.arange(width)
        for first in range(0, len(chosen), _SORTED_AT_ONCE // width):
            block = chosen[first : first + _SORTED_AT_ONCE // width]
            at = begin[block, None] + place
            inside = place < spans[block, None]
            rows = hashes[np.where(inside, at, 0)] & ~_PLACE | place.astype(np.uint64)
            rows[~inside] = np.broadcast_to(place << _PLACE_BITS, rows.shape)[~inside]
            rows.sort(axis=1)
            again = (rows[:, 1:] ^ rows[:, :-1]) <= _PLACE
            places = (rows & _PLACE).astype(np.int64)
            yield (begin[block, None] + places[:, 1:])[again], np.diff(places, axis=1)[again]
