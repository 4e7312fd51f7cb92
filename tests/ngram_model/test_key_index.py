"""Places of keys, against a dictionary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats.ngram_model.key_index import KeyIndex

keys_of_any_size = st.integers(0, 2**62) | st.integers(0, 50)


@given(st.lists(keys_of_any_size, unique=True), st.lists(keys_of_any_size))
def test_every_key_is_found_and_no_other(keys: list[int], others: list[int]) -> None:
    place = {key: number for number, key in enumerate(keys)}
    wanted = np.array([*keys, *others, *keys], dtype=np.int64)
    found = KeyIndex(np.array(keys, dtype=np.int64)).find(wanted)
    assert found.tolist() == [place.get(key, -1) for key in wanted.tolist()]


@pytest.mark.parametrize("stride", [1, 2, 3, 8192, 2**20, 2**32, 2**40 + 1])
def test_keys_in_steps_do_not_crowd(stride: int) -> None:
    keys = np.arange(100_000, dtype=np.int64) * stride
    index = KeyIndex(keys)
    np.testing.assert_array_equal(index.find(keys[::-1]), np.arange(100_000)[::-1])
    assert (index.find(keys + stride * 100_000) < 0).all()
