"""Token columns, compiled and in NumPy, against keys packed with Python's integers."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import key

from collapse_stats.backends import columns
from collapse_stats.backends.columns import TokenColumn, ascending, pack, unpack
from collapse_stats.ngrams.layout import Layout

WAYS = ["numpy"] if os.environ.get("COLLAPSE_STATS_PURE") else ["native", "numpy"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Use the compiled module or NumPy."""
    if request.param == "numpy":
        monkeypatch.setattr(columns, "compiled", lambda: None)
    else:
        assert columns.compiled() is not None
    return request.param


Windows = list[tuple[int, ...]]


def keys_of(layout: Layout, windows: Windows) -> np.ndarray:
    """Return the keys ``(words, R)`` of windows, by the oracle."""
    values = [key(window, layout.vocab_size, layout.max_order) for window in windows]
    words = [[value >> 64 * word & 2**64 - 1 for value in values] for word in range(layout.words)]
    return np.array(words[::-1], dtype=np.uint64).reshape(layout.words, len(values))


def in_order(layout: Layout, windows: Windows) -> Windows:
    return sorted({*windows}, key=lambda w: key(w, layout.vocab_size, layout.max_order))


def columns_of(layout: Layout, windows: Windows, first_bit: int = 0) -> list[TokenColumn]:
    """Return columns as Arrow may hold them, with `first_bit` bits before that of the first row."""
    columns = []
    for position in range(layout.max_order):
        present = [position < len(window) for window in windows]
        ids = [window[position] if position < len(window) else 0 for window in windows]
        bits = np.packbits(np.array([True] * first_bit + present, dtype=bool), bitorder="little")
        if not first_bit and all(present):
            bits = None
        columns.append(TokenColumn(np.array(ids, dtype=np.uint32), bits, first_bit))
    return columns


def check(layout: Layout, windows: Windows, first_bit: int = 0) -> None:
    windows = in_order(layout, windows)
    expected = keys_of(layout, windows)
    for column, expected_column in zip(
        unpack(layout, expected), columns_of(layout, windows), strict=True
    ):
        assert (column.present is None) == (expected_column.present is None)
        present = np.ones(len(windows), dtype=bool)
        if column.present is not None:
            present = np.unpackbits(column.present, count=len(windows), bitorder="little") == 1
            bits = (
                np.unpackbits(expected_column.present, count=len(windows), bitorder="little") == 1
            )
            assert np.array_equal(present, bits)
        assert column.ids.dtype == np.uint32
        assert np.array_equal(column.ids[present], expected_column.ids[present])
    around = np.zeros((layout.words, len(windows) + 2), dtype=np.uint64)
    pack(layout, columns_of(layout, windows, first_bit), around[:, 1:-1])
    assert np.array_equal(around[:, 1:-1], expected)
    assert not around[:, [0, -1]].any()


@st.composite
def layouts_and_windows(draw: st.DrawFn) -> tuple[Layout, Windows]:
    vocab_size = draw(st.sampled_from([1, 2, 3, 300, 32_767, 65_535, 200_000, 2**31, 2**32]))
    layout = Layout(vocab_size, draw(st.integers(1, min(9, 128 // vocab_size.bit_length()))))
    token = st.integers(0, vocab_size - 1) | st.just(vocab_size - 1)
    window = st.lists(token, min_size=1, max_size=layout.max_order).map(tuple)
    return layout, draw(st.lists(window, max_size=30))


@given(layouts_and_windows(), st.integers(0, 17))
def test_any_layout(case: tuple[Layout, Windows], first_bit: int) -> None:
    check(*case, first_bit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "compiled", lambda: None)
        check(*case, first_bit)


@pytest.mark.parametrize(
    "layout", [Layout(2**32, 3), Layout(32_767, 5), Layout(7, 1), Layout(1, 9)]
)
@pytest.mark.parametrize("number", [0, 1, 63, 64, 511, 512, 513, 2000])
def test_any_number_of_rows(way: str, layout: Layout, number: int) -> None:
    rng = np.random.default_rng(number)
    lengths = rng.integers(1, layout.max_order + 1, number)
    lengths[: number // 2] = layout.max_order  # blocks without missing tokens, and others
    windows = [tuple(rng.integers(0, layout.vocab_size, n).tolist()) for n in lengths]
    check(layout, windows, first_bit=number % 3)


def test_refuses_ids_outside_the_vocabulary(way: str) -> None:
    layout = Layout(300, 2)
    token_columns = columns_of(layout, [(1, 2), (300, 4)])
    with pytest.raises(ValueError, match="token id 300 is outside the vocabulary of 300"):
        pack(layout, token_columns, np.empty((1, 2), dtype=np.uint64))


def test_refuses_tokens_behind_a_missing_one(way: str) -> None:
    layout = Layout(300, 3)
    keys = np.empty((1, 1), dtype=np.uint64)
    first, second, third = columns_of(layout, [(1, 2, 3)])
    nothing = np.zeros(1, dtype=np.uint8)
    for broken in (
        [first, TokenColumn(second.ids, nothing), third],
        [TokenColumn(first.ids, nothing), second, third],
        [TokenColumn(ids.ids, nothing) for ids in (first, second, third)],
    ):
        with pytest.raises(ValueError, match="behind one that is missing"):
            pack(layout, broken, keys)


@pytest.mark.parametrize("layout", [Layout(300, 3), Layout(2**32, 3)])
@pytest.mark.parametrize("place", [0, 510, 511, 512, 998])
def test_refuses_rows_out_of_order(way: str, layout: Layout, place: int) -> None:
    rng = np.random.default_rng(1)
    windows = in_order(layout, [tuple(rng.integers(0, 300, 3).tolist()) for _ in range(1000)])
    keys = np.empty((layout.words, len(windows)), dtype=np.uint64)
    for other in (windows[place], windows[0]):  # a repeated window, and one that was far before
        broken = [*windows[: place + 1], other, *windows[place + 2 :]]
        with pytest.raises(ValueError, match="out of order"):
            pack(layout, columns_of(layout, broken), keys)


def test_ascending() -> None:
    def of(*values: int) -> np.ndarray:
        return np.array([[v >> 64 for v in values], [v & 2**64 - 1 for v in values]], np.uint64)

    assert ascending(of())
    assert ascending(of(5))
    assert ascending(of(5, 2**64, 2**64 + 1, 2**65))
    assert not ascending(of(5, 2**64, 2**64))
    assert not ascending(of(2**64 + 1, 2**64))
    assert not ascending(of(2**65, 2**64 + 1))
