"""The rule that turns a window of tokens into an integer key, and back.

A token t is coded as t + 1 in `code_bits` bits; code 0 means "past the document's end". A key
consists of the window's `max_order` codes, first token on top. Its leading bigram (the top
`mix_bits`) is passed through a bijection, so that windows spread evenly over the key ranges
whatever the text is. Keys are stored as `words` rows of uint64, most significant first.
`csrc/key.hpp` states the same rules in C++.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..system.arguments import check_fields

UInt64Array = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]

KeyRanges = tuple[int, int]
"""A stretch of consecutive key ranges, as (first, last): ``first <= key range < last``."""

MAX_KEY_BITS = 128
MAX_VOCAB_SIZE = 2**32
MAX_KEY_RANGE_BITS = 10
_MULTIPLIER = 0x9E3779B97F4A7C15  # odd, so that multiplying modulo a power of two can be undone
_U64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Layout:
    """The meaning of a table's keys and counts.

    Parameters
    ----------
    vocab_size
        Token ids lie in ``0 <= id < vocab_size``; at most 2**32.
    max_order
        Tokens per window; ``max_order * code_bits`` is at most 128.
    labels
        Counts kept per key: 1 (plain), 2 (halves, or two corpora), 4 (two corpora with halves) or 8
        (groups of documents, for the jackknife).
    """

    vocab_size: int
    max_order: int
    labels: int = 1

    def __post_init__(self) -> None:
        check_fields(self)
        if not 1 <= self.vocab_size <= MAX_VOCAB_SIZE:
            raise ValueError(
                f"vocab_size must be between 1 and 2**32, got {self.vocab_size}: "
                "give the number of ids your tokenizer can produce"
            )
        if self.labels not in (1, 2, 4, 8):
            raise ValueError(f"labels must be 1, 2, 4 or 8, got {self.labels}")
        largest = MAX_KEY_BITS // self.code_bits
        if not 1 <= self.max_order <= largest:
            raise ValueError(
                f"max_order must be between 1 and {largest} for {self.vocab_size:,} token ids "
                f"({self.code_bits} bits a token, {MAX_KEY_BITS} a key), got {self.max_order}"
            )

    @property
    def code_bits(self) -> int:
        """Bits of one token's code."""
        return self.vocab_size.bit_length()  # = ceil(log2(vocab_size + 1))

    @property
    def key_bits(self) -> int:
        """Bits of a whole key."""
        return self.max_order * self.code_bits

    @property
    def mix_bits(self) -> int:
        """Bits of the leading bigram (of the only token, when max_order is 1)."""
        return min(self.max_order, 2) * self.code_bits

    @property
    def key_range_bits(self) -> int:
        """Number of top key bits that give the key range."""
        return min(MAX_KEY_RANGE_BITS, self.mix_bits)

    @property
    def key_ranges(self) -> int:
        """Number of key ranges: the key space is divided into so many equal parts."""
        return 1 << self.key_range_bits

    @property
    def words(self) -> int:
        """Number of uint64 words of a key: 1 or 2."""
        return 1 if self.key_bits <= 64 else 2


def pack(layout: Layout, codes: UInt64Array) -> UInt64Array:
    """Return the mixed keys ``(words, R)`` of windows given as codes ``(max_order, R)``."""
    bits = layout.code_bits
    high, low = _mix(layout, codes[: min(2, layout.max_order)])
    for code in codes[2:]:
        high = (high << np.uint64(bits)) | (low >> np.uint64(64 - bits))
        low = (low << np.uint64(bits)) | code
    return np.stack([high, low]) if layout.words == 2 else low[np.newaxis]


def unpack(layout: Layout, keys: UInt64Array) -> UInt64Array:
    """Return the codes ``(max_order, R)`` of mixed keys ``(words, R)``: the inverse of `pack`."""
    bits, order = layout.code_bits, layout.max_order
    mask = np.uint64((1 << bits) - 1)
    low = keys[-1].copy()
    high = keys[0].copy() if layout.words == 2 else np.zeros_like(low)
    codes = np.empty((order, keys.shape[1]), dtype=np.uint64)
    for position in range(order - 1, 1, -1):
        codes[position] = low & mask
        low = (low >> np.uint64(bits)) | (high << np.uint64(64 - bits))
        high >>= np.uint64(bits)
    codes[: min(2, order)] = _unmix(layout, (high, low))
    return codes


def key_range_of(layout: Layout, keys: UInt64Array) -> UInt64Array:
    """Return the key range ``(R,)`` of mixed keys ``(words, R)``: their top bits."""
    return bits_of(keys, layout.key_bits - layout.key_range_bits, layout.key_range_bits)


def bits_of(keys: UInt64Array, low: int, number: int) -> UInt64Array:
    """Return bits ``low <= bit < low + number`` of keys ``(words, R)``; `number` is at most 64."""
    mask = np.uint64((1 << number) - 1)
    value: UInt64Array
    value = keys[0] >> np.uint64(low - 64) if low >= 64 else keys[-1] >> np.uint64(low)
    if 0 < low < 64 < low + number:
        value = value | keys[0] << np.uint64(64 - low)
    value &= mask
    return value


def changes(keys: UInt64Array, since: int = 0) -> BoolArray:
    """Return whether each key differs from the one before in bit `since` or above.

    Output: ``(R,)``; true for the first key.
    """
    new = np.zeros(keys.shape[1], dtype=bool)
    new[:1] = True
    for word in range(keys.shape[0]):
        drop = since - 64 * (keys.shape[0] - 1 - word)
        if drop < 64:
            mask = np.uint64((1 << 64) - (1 << max(drop, 0)))
            new[1:] |= ((keys[word, 1:] ^ keys[word, :-1]) & mask) != 0
    return new


Wide = tuple[UInt64Array, UInt64Array]  # a 128-bit integer as (high, low)


def _mix(layout: Layout, codes: UInt64Array) -> Wide:
    if layout.max_order == 1:
        bits = layout.code_bits
        value = codes[0] ^ (codes[0] >> np.uint64((bits + 1) // 2))
        high = np.zeros_like(value)
    else:
        bits = 2 * layout.code_bits
        second = codes[1] ^ codes[0]  # q ^= q >> code_bits, written on the two halves of q
        value = (codes[0] << np.uint64(layout.code_bits)) | second
        high = codes[0] >> np.uint64(64 - layout.code_bits)
    return _times(high, value, _MULTIPLIER, bits)


def _unmix(layout: Layout, mixed: Wide) -> UInt64Array:
    bits = layout.mix_bits
    inverse = pow(_MULTIPLIER, -1, 1 << bits)
    high, low = _times(*mixed, inverse, bits)
    if layout.max_order == 1:
        return (low ^ (low >> np.uint64((bits + 1) // 2)))[np.newaxis]
    code_bits = np.uint64(layout.code_bits)
    first = (low >> code_bits) | (high << (np.uint64(64) - code_bits))
    second = (low & np.uint64((1 << layout.code_bits) - 1)) ^ first
    return np.stack([first, second])


def _times(high: UInt64Array, low: UInt64Array, factor: int, bits: int) -> Wide:
    """Return (high, low) * factor modulo 2**bits; `bits` is at most 128."""
    product = low * np.uint64(factor & _U64)
    if bits <= 64:
        return np.zeros_like(low), product & np.uint64((1 << bits) - 1)
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    f0, f1 = np.uint64(factor & 0xFFFFFFFF), np.uint64(factor >> 32 & 0xFFFFFFFF)
    x0, x1 = low & mask, low >> half
    middle = x1 * f0 + ((x0 * f0) >> half)
    carry = x1 * f1 + (middle >> half) + ((x0 * f1 + (middle & mask)) >> half)
    top = carry + high * np.uint64(factor & _U64) + low * np.uint64(factor >> 64 & _U64)
    return top & np.uint64((1 << (bits - 64)) - 1), product
