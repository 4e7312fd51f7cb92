"""Types of token ids, and the check that they lie within the vocabulary."""

import re

import numpy as np
import pytest

from collapse_stats.ngrams.ids import (
    check_documents,
    check_ids,
    first_outside,
    id_dtype,
    implied_vocab_size,
    is_implied,
    largest,
)


@pytest.mark.parametrize(
    ("vocab_size", "expected"), [(1, "uint16"), (2**16, "uint16"), (2**16 + 1, "uint32")]
)
def test_the_narrowest_type_that_holds_every_id(vocab_size: int, expected: str) -> None:
    assert id_dtype(vocab_size) == expected
    assert np.array([vocab_size - 1]).astype(id_dtype(vocab_size))[0] == vocab_size - 1


@pytest.mark.parametrize(
    ("positions", "position"),
    [(None, 1), (np.array([4, 7, 9]), 7), (np.array([True, False, True, True]), 2)],
)
def test_the_first_id_outside_the_vocabulary_is_named(
    positions: np.ndarray | None, position: int
) -> None:
    message = f"token id 10 at position {position} is outside the vocabulary of 10"
    with pytest.raises(ValueError, match=re.escape(message)):
        check_ids(np.array([3, 10, -1]), 10, positions)


def test_ids_between_documents_may_be_anything() -> None:
    ids, start, stop = np.array([-1, 3, 99, 12, 4]), np.array([1, 4]), np.array([2, 5])
    check_documents(ids, start, stop, 5)
    with pytest.raises(ValueError, match="token id 12 at position 3"):
        check_documents(ids, np.array([1, 3]), np.array([2, 5]), 5)


@pytest.mark.parametrize("dtype", ["i1", "<i2", ">i4", "i8"])
@pytest.mark.parametrize("vocab_size", [5, 2**16, 2**32])
def test_a_negative_id_is_in_no_vocabulary(dtype: str, vocab_size: int) -> None:
    ids = np.array([3, -1, 4], dtype=dtype)
    with pytest.raises(ValueError, match="token id -1 at position 1"):
        check_ids(ids, vocab_size)
    start, stop = np.array([0, 2]), np.array([1, 3])
    check_documents(ids, start, stop, vocab_size)
    assert first_outside(ids, start, stop, vocab_size) is None
    assert first_outside(ids, np.array([0]), np.array([3]), vocab_size) == (0, 1)
    assert largest(ids, vocab_size) == 4


def test_the_vocabulary_that_ids_imply() -> None:
    sizes = {i: implied_vocab_size(i) for i in (-1, 0, 65_534, 65_535, 65_536, 131_070, 131_071)}
    assert [*sizes.values()] == [65_535] * 3 + [65_536] + [131_071] * 2 + [262_143]
    assert implied_vocab_size(2**32 - 2) == 2**32 - 1
    assert implied_vocab_size(2**32 - 1) == 2**32
    assert all(i < size for i, size in sizes.items())
    assert all(map(is_implied, sizes.values()))
    assert not any(map(is_implied, (1, 50_257, 65_534, 65_537, 100_000)))
