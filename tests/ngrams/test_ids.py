"""Types of token ids, and the check that they lie within the vocabulary."""

import re

import numpy as np
import pytest

from collapse_stats.ngrams.ids import check_documents, check_ids, id_dtype


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
