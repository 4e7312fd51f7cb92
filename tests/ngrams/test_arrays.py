"""Documents of arrays with lengths, masks and end-of-text ids, against a plain loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats.ngrams.arrays import as_documents, as_tokens


def split_by_loop(tokens, lengths, mask, eot):
    documents, at = [], 0
    for length in lengths:
        current = []
        for position in range(at, at + length):
            if not mask[position] or tokens[position] == eot:
                documents.append(current)
                current = []
            else:
                current.append(tokens[position])
        documents.append(current)
        at += length
    return [document for document in documents if document]


@given(st.data())
def test_pieces_between_masked_positions_and_eot(data):
    lengths = data.draw(st.lists(st.integers(0, 6), max_size=6))
    total = sum(lengths)
    tokens = data.draw(st.lists(st.integers(0, 3), min_size=total, max_size=total))
    mask = data.draw(st.lists(st.booleans(), min_size=total, max_size=total))
    eot = data.draw(st.sampled_from([2, 99]))
    flat, start, stop = as_documents(
        np.array(tokens, dtype=np.int32), lengths=lengths, mask=np.array(mask, dtype=int), eot=eot
    )
    documents = [flat[a:b].tolist() for a, b in zip(start, stop, strict=True)]
    assert documents == split_by_loop(tokens, lengths, mask, eot)


def test_rows_are_documents_and_empty_documents_stay():
    flat, start, stop = as_documents(np.arange(6, dtype=np.uint8).reshape(2, 3)[:, ::-1])
    assert flat.tolist() == [2, 1, 0, 5, 4, 3]
    assert (start.tolist(), stop.tolist()) == ([0, 3], [3, 6])
    _, start, stop = as_documents([1, 2], lengths=[0, 2, 0])
    assert (start.tolist(), stop.tolist()) == ([0, 0, 2], [0, 2, 2])
    assert as_documents([])[0].size == 0


def test_what_numpy_can_view_is_not_copied():
    tokens = np.arange(5, dtype=np.uint16)
    assert as_tokens(tokens) is tokens
    assert as_tokens([1, 2]).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("tokens", "options", "error", "words"),
    [
        ([1.5], {}, TypeError, "integers of 8 to 64 bits, got float64"),
        (["a"], {}, TypeError, "integers of 8 to 64 bits"),
        (np.zeros((1, 1, 1), int), {}, ValueError, "one dimension .* or two"),
        ([1, 2], {"lengths": [1]}, ValueError, "add up to 2, got 1"),
        ([1, 2], {"lengths": [3, -1]}, ValueError, "non-negative"),
        ([1, 2], {"mask": [1]}, ValueError, "mask must have the tokens' shape"),
    ],
)
def test_bad_arguments_are_named(tokens, options, error, words):
    with pytest.raises(error, match=words):
        as_documents(tokens, **options)


def test_a_cuda_array_is_refused_with_a_remedy():
    class OnDevice:
        def __init__(self):
            self.__cuda_array_interface__ = {"shape": (1,), "typestr": "<i8", "data": (0, False)}

    with pytest.raises(TypeError, match="cpu"):
        as_tokens(OnDevice())
