"""Keys, against the rule of docs/architecture.md in Python integers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats.ngrams.layout import Layout, bits_of, changes, key_range_of, pack, unpack

MULTIPLIER = 0x9E3779B97F4A7C15


def mixed_key(codes: list[int], code_bits: int) -> int:
    leading = codes[:2]
    bits = len(leading) * code_bits
    shift = code_bits if len(leading) == 2 else (code_bits + 1) // 2
    value = 0
    for code in leading:
        value = value << code_bits | code
    value ^= value >> shift
    value = value * MULTIPLIER % (1 << bits)
    for code in codes[2:]:
        value = value << code_bits | code
    return value


@st.composite
def layouts_and_codes(draw):
    vocab_size = draw(st.sampled_from([1, 2, 3, 255, 256, 50257, 65535, 65536, 2**31, 2**32]))
    max_order = draw(st.integers(1, min(8, 128 // vocab_size.bit_length())))
    code = st.integers(0, vocab_size)
    windows = draw(st.lists(st.lists(code, min_size=max_order, max_size=max_order), max_size=20))
    return Layout(vocab_size, max_order), windows


@given(layouts_and_codes())
def test_pack_is_the_rule_and_unpack_its_inverse(case):
    layout, windows = case
    codes = np.array(windows, dtype=np.uint64).reshape(len(windows), layout.max_order).T.copy()
    keys = pack(layout, codes)
    assert keys.shape == (layout.words, len(windows))
    values = [int(k[-1]) | (int(k[0]) << 64 if layout.words == 2 else 0) for k in keys.T]
    expected = [mixed_key(window, layout.code_bits) for window in windows]
    assert values == expected
    shift = layout.key_bits - layout.key_range_bits
    assert key_range_of(layout, keys).tolist() == [value >> shift for value in expected]
    assert np.array_equal(unpack(layout, keys), codes)


@given(st.lists(st.integers(0, 2**128 - 1), min_size=1), st.integers(0, 127), st.integers(1, 64))
def test_bits_and_changes_of_two_word_keys(values, low, number):
    number = min(number, 128 - low)
    words = np.array([[v >> 64 for v in values], [v & 2**64 - 1 for v in values]], dtype=np.uint64)
    expected = [value >> low & (1 << number) - 1 for value in values]
    assert bits_of(words, low, number).tolist() == expected
    new = [True] + [a >> low != b >> low for a, b in pairwise(values)]
    assert changes(words, low).tolist() == new


@pytest.mark.parametrize(
    ("vocab_size", "bits"), [(1, 1), (2, 2), (3, 2), (65535, 16), (65536, 17), (2**32, 33)]
)
def test_code_bits_hold_every_id_and_the_end(vocab_size, bits):
    assert Layout(vocab_size, 1).code_bits == bits
    assert vocab_size < 2**bits


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 1), "vocab_size must be between 1 and"),
        ((2**32 + 1, 1), "vocab_size must be between 1 and"),
        ((65535, 9), "between 1 and 8 for 65,535 token ids"),
        ((65536, 8), "between 1 and 7 for 65,536 token ids"),
        ((10, 0), "max_order must be between 1"),
        ((10, 2, 3), "labels must be 1, 2, 4 or 8"),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Layout(*arguments)
