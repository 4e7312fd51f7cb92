"""The monitor's figures equal those of `collections.Counter`, in every form of input."""

import copy
import itertools
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

import collapse_stats as cs
from collapse_stats.monitor import monitor as monitor_module
from collapse_stats.monitor.window import Window

VOCAB = 12
documents_strategy = st.lists(
    st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=9), max_size=25
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Hand a block to the worker thread every few updates, as happens in a long run."""
    monkeypatch.setattr(monitor_module, "_BLOCK_TOKENS", 20)


def ngrams(documents, n):
    return Counter(tuple(d[i : i + n]) for d in documents for i in range(len(d) - n + 1))


def newest(documents, window):
    """The last documents that hold at most `window` tokens; the very last in any case."""
    kept = []
    for document in reversed(documents):
        if kept and sum(map(len, kept)) + len(document) > window:
            break
        kept.insert(0, document)
    return kept


def counts_of(monitor):
    """The windows in a monitor, without what reaches past a document's end, and their counts."""
    table = monitor.snapshot().table
    counts = {}
    for window, count in zip(table.tokens().T.tolist(), table.counts[0].tolist(), strict=True):
        counts[tuple(t for t in window if t >= 0)] = count
    return counts


def windows(documents, order):
    return Counter(tuple(d[i : i + order]) for d in documents for i in range(len(d)))


def monitor_with(documents, sizes=(3, 1, 5), **options):
    """A monitor that got the documents in batches of these sizes, again and again."""
    monitor = cs.CollapseMonitor(VOCAB, 3, figures="all", **options)
    rest, size_cycle = list(documents), itertools.cycle(sizes)
    while rest:
        size = next(size_cycle)
        batch, rest = rest[:size], rest[size:]
        flat = np.array([t for d in batch for t in d], dtype=np.int64)
        monitor.update(flat, lengths=[len(d) for d in batch])
    return monitor


@given(documents_strategy, st.integers(1, 60), st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_a_window_holds_the_newest_documents_in_batches_of_any_size(documents, window, sizes):
    monitor = monitor_with(documents, sizes, window=window)
    assert counts_of(monitor) == windows(newest(documents, window), 3)
    figures = monitor.compute()
    assert figures["tokens"] == sum(map(len, newest(documents, window)))
    assert figures["documents"] == len(newest(documents, window))


@given(documents_strategy, st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_without_a_window_everything_is_counted(documents, sizes):
    monitor = monitor_with(documents, sizes, window=None)
    assert counts_of(monitor) == windows(documents, 3)
    figures = monitor.compute()
    for n in (1, 2, 3):
        counted = ngrams(documents, n)
        if counted:
            assert figures[f"distinct_ratio/{n}"] == len(counted) / counted.total()
        else:
            assert f"distinct_ratio/{n}" not in figures


def test_an_extra_compute_does_not_change_later_figures():
    documents = [[1, 2, 3]] * 5 + [[4, 5]] * 5
    computed, plain = monitor_with(documents, window=12), monitor_with(documents, window=12)
    before = computed.compute()
    for monitor in (computed, plain):
        monitor.update([7, 8, 9])
    assert computed.compute() == plain.compute() != before


ROWS = np.array([[1, 2, 3, 0], [4, 5, 0, 0], [6, 7, 8, 9]])
KEPT = [[1, 2, 3], [4, 5], [6, 7, 8, 9]]
PACKED = np.r_[ROWS[ROWS > 0], 0, 0]
BEGINS = np.array([1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0])


@pytest.mark.parametrize(
    ("tokens", "arguments"),
    [
        (ROWS, {"mask": ROWS > 0}),
        (ROWS, {"mask": (ROWS > 0).astype(np.int64)}),
        (ROWS, {"pad": 0}),
        (ROWS, {"lengths": [3, 2, 4]}),
        (ROWS.astype(np.uint8), {"mask": (ROWS > 0).astype(np.float32)}),
        (np.where(ROWS > 0, ROWS, -100), {"mask": ROWS > 0}),
        (ROWS[ROWS > 0], {"lengths": np.array([3, 2, 4], np.int32)}),
        (ROWS[ROWS > 0], {"cu_seqlens": np.array([0, 3, 5, 9], np.int32)}),
        (ROWS[ROWS > 0][np.newaxis], {"cu_seqlens": [0, 3, 5, 9]}),
        (np.r_[ROWS[ROWS > 0], 0, 0], {"cu_seqlens": [0, 3, 5, 9, 11], "pad": 0}),
        (PACKED, {"begins": BEGINS, "pad": 0}),
        (PACKED[np.newaxis], {"begins": BEGINS, "pad": 0}),  # either may have an axis of one
        (PACKED[np.newaxis], {"begins": BEGINS[np.newaxis].astype(np.int64), "lengths": [9]}),
        (np.r_[PACKED[:9], -100], {"begins": np.r_[BEGINS[:9], 0], "mask": np.arange(10) < 9}),
        (PACKED[:9], {"begins": BEGINS[:9] > 2, "lengths": [3, 2, 4]}),
        (np.asfortranarray(ROWS), {"pad": 0}),
        (ROWS.astype(">i4"), {"pad": 0}),
        (ROWS[:, ::-1][:, ::-1], {"pad": 0}),
        (ROWS.tolist(), {"pad": 0}),
    ],
)
def test_masks_padding_and_packing(tokens, arguments):
    monitor = cs.CollapseMonitor(VOCAB, 3)
    monitor.update(tokens, **arguments)
    assert counts_of(monitor) == windows(KEPT, 3)
    assert monitor.compute()["documents"] == 3


def test_a_hole_in_a_mask_ends_a_document():
    monitor = cs.CollapseMonitor(VOCAB, 3)
    monitor.update([[1, 2, 3, 4, 5]], mask=[[1, 1, 0, 1, 1]])
    assert counts_of(monitor) == windows([[1, 2], [4, 5]], 3)


class Tensor:
    """An array of another library, which supports DLPack only."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def test_tokens_of_other_libraries_are_read_by_dlpack():
    monitor = cs.CollapseMonitor(VOCAB, 3)
    monitor.update(Tensor(np.array([1, 2, 3])))
    assert counts_of(monitor) == windows([[1, 2, 3]], 3)


def test_update_copies_the_tokens():
    monitor = cs.CollapseMonitor(VOCAB, 2)
    for dtype in (np.uint16, np.int64):
        tokens = np.array([1, 2, 3], dtype)
        monitor.update(tokens)
        tokens[:] = 9
    assert counts_of(monitor) == windows([[1, 2, 3]] * 2, 2)


@pytest.mark.parametrize(
    ("tokens", "arguments", "message"),
    [
        ([3, VOCAB], {}, f"token id {VOCAB} at position 1 is outside the vocabulary of {VOCAB}"),
        ([[3, 4], [-1, 4]], {}, "token id -1 at position 2 is outside"),
        (np.array([3, -1], ">i8"), {}, "token id -1 at position 1 is outside"),
        ([1, 2], {"begins": [1]}, r"begins must have the tokens' shape \(2,\), got \(1,\)"),
        ([[3, 4], [-1, 99]], {"mask": [[1, 1], [0, 1]]}, "token id 99 at position 3 is outside"),
        ([1, 2], {"lengths": [1]}, "add up to 2, got 1"),
        ([[1, 2]], {"lengths": [3]}, r"one number from 0 to 2 for each of the 1 rows, got \[3\]"),
        ([1, 2], {"lengths": [2], "cu_seqlens": [0, 2]}, "got both"),
        (
            [1, 2],
            {"cu_seqlens": [2]},
            r"a 0 followed by the ends of the documents, such as \[0, 3, 7\], got \[2\]",
        ),
        ([1, 2], {"cu_seqlens": [0, 1]}, "add up to 2, got 1"),
        ([[1, 2]], {"mask": [1]}, r"mask must have the tokens' shape \(1, 2\), got \(1,\)"),
        ([[[1, 2]]], {}, "one dimension"),
        ([[1, 2], [3]], {}, "must have one length, got lengths from 1 to 2: .* and lengths="),
    ],
)
def test_invalid_arguments_raise_and_nothing_is_added(tokens, arguments, message):
    monitor = cs.CollapseMonitor(VOCAB, 2)
    monitor.update([1, 2])
    with pytest.raises(ValueError, match=message):
        monitor.update(tokens, **arguments)
    assert counts_of(monitor) == windows([[1, 2]], 2)


def test_tokens_must_be_integers():
    with pytest.raises(TypeError, match="integers of 8 to 64 bits, got float64"):
        cs.CollapseMonitor(VOCAB, 2).update([0.5])
    with pytest.raises(ValueError, match="window must be a number of tokens or None"):
        cs.CollapseMonitor(VOCAB, 2, window=0)


def test_an_empty_monitor():
    monitor = cs.CollapseMonitor(VOCAB, 2)
    assert monitor.compute() == {"tokens": 0.0, "documents": 0.0}
    monitor.update(np.empty((0, 5), np.int64))
    monitor.update(np.empty(0, np.int64))
    assert monitor.compute() == {"tokens": 0.0, "documents": 0.0}


def test_entropy_equals_that_of_the_metrics():
    documents = [[1, 2, 1, 2, 3], [3, 3, 4]]
    for window in (None, 100):
        figures = monitor_with(documents, window=window).compute()
        for n in (1, 2, 3):
            spectrum = cs.Spectrum.from_counts(list(ngrams(documents, n).values()))
            assert figures[f"entropy_bits/{n}"] == cs.metrics.entropy(spectrum)


def random_documents(number, seed, tokens=VOCAB):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(5, 9, number)
    return [(rng.integers(0, tokens, size) ** 2 % tokens).tolist() for size in sizes]


def test_windows_merge():
    first, second = random_documents(10, 0), random_documents(7, 1)
    merged, other = monitor_with(first, window=30), monitor_with(second, window=20)
    merged.merge(other)
    assert counts_of(merged) == windows(newest(first, 30) + newest(second, 20), 3)
    assert merged.window == 50
    assert counts_of(other) == windows(newest(second, 20), 3)
    merged.update(random_documents(1, 2)[0])
    assert merged.compute()["tokens"] <= 50


def test_monitors_without_a_window_merge():
    first, second = random_documents(10, 0), random_documents(7, 1)
    monitor = monitor_with(first, window=None)
    monitor.merge(monitor_with(second, window=None))
    assert counts_of(monitor) == windows(first + second, 3)
    assert monitor.compute()["documents"] == 17


def test_monitors_with_other_parameters_do_not_merge():
    monitor = cs.CollapseMonitor(VOCAB, 2)
    with pytest.raises(cs.LayoutMismatchError, match="the state must be of a monitor with"):
        monitor.merge(cs.CollapseMonitor(VOCAB, 3))
    with pytest.raises(cs.LayoutMismatchError, match="must both have a window or none"):
        monitor.merge(cs.CollapseMonitor(VOCAB, 2, window=None))


def test_reset_forgets_everything():
    for window in (30, None):
        monitor = monitor_with(random_documents(10, 0), window=window)
        monitor.update([1, 2], logprobs=[-1.0, -2.0])
        monitor.reset()
        assert monitor.compute() == {"tokens": 0.0, "documents": 0.0}


@pytest.fixture(scope="module")
def human():
    return random_documents(150, 3)


@pytest.fixture(scope="module")
def baseline(human):
    flat = [t for d in human for t in d]
    return cs.profile([np.array(d) for d in human], vocab_size=VOCAB, max_order=3), flat


def resumed(monitor, how, **options):
    if how == "pickle":
        return pickle.loads(pickle.dumps(monitor))
    if how == "copy":
        return copy.deepcopy(monitor)
    copied = cs.CollapseMonitor(VOCAB, 3, figures="all", **options)
    copied.update([1, 1, 1])  # load_state_dict forgets it
    copied.load_state_dict(monitor.state_dict())
    return copied


@pytest.mark.parametrize("window", [600, None])
@pytest.mark.parametrize("how", ["state", "pickle", "copy"])
def test_a_resumed_run_gives_the_same_series(baseline, window, how):
    options = {"window": window, "baseline": baseline[0]}
    before, after = random_documents(90, 4), random_documents(12, 5, tokens=7)
    uninterrupted = monitor_with(before, **options)
    first = monitor_with(before, **options)
    for monitor in (uninterrupted, first):
        monitor.update([1, 2, 3], logprobs=[np.nan, -1.0, -2.0])
    second = resumed(first, how, **options)
    series = []
    for monitor in (uninterrupted, second):
        figures = [monitor.compute()]
        for document in after:
            monitor.update(document, logprobs=np.full(len(document), -0.5))
            figures.append(monitor.compute())
        series.append(figures)
    assert series[0] == series[1]
    assert first.compute() == series[0][0]
    assert "perplexity" in series[0][-1]
    assert "js_bits/2" in series[0][-1]


def test_a_state_of_another_monitor_is_refused():
    state = cs.CollapseMonitor(VOCAB, 2).state_dict()
    for other in (cs.CollapseMonitor(VOCAB, 3), cs.CollapseMonitor(VOCAB, 2, window=5)):
        with pytest.raises(cs.LayoutMismatchError, match="the state must be of a monitor with"):
            other.load_state_dict(state)


def test_two_monitors_do_not_interact():
    first, second = random_documents(40, 0), random_documents(40, 1, tokens=5)
    with_window = cs.CollapseMonitor(VOCAB, 3, window=50, figures="all")
    without = cs.CollapseMonitor(VOCAB, 3, window=None, figures="all")
    for first_document, second_document in zip(first, second, strict=True):
        with_window.update(first_document)
        without.update(second_document)
    assert with_window.compute() == monitor_with(first, window=50).compute()
    assert without.compute() == monitor_with(second, window=None).compute()


def hash_of(ordinal):
    mask = 2**64 - 1
    x = (ordinal * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & mask
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & mask
    return x ^ x >> 31


def half(ordinal):
    """Half of a document, by the rule in docs/architecture.md, in Python's integers."""
    return (hash_of(ordinal) & 15) // 8


def in_halves(documents, n):
    return [ngrams([d for ordinal, d in documents if half(ordinal) == side], n) for side in (0, 1)]


def js_bits(p, q):
    grams = sorted({*p, *q})
    return jensenshannon([p[g] for g in grams], [q[g] for g in grams], base=2) ** 2


def retention(p, q, low, high):
    band = [gram for gram, count in p.items() if low <= count <= high]
    return sum(gram in q for gram in band) / len(band)


@pytest.mark.parametrize("window", [100_000, 700, None])
def test_figures_against_a_baseline_compare_halves_at_equal_size(human, baseline, window):
    live = random_documents(200, 6, tokens=9)
    monitor = monitor_with(live, window=window, baseline=baseline[0])
    figures = monitor.compute()

    recent = newest(newest(live, window or 10**9), sum(map(len, human)))
    limit = sum(map(len, recent))
    candidate = list(enumerate(live))[-len(recent) :]
    matched, size = [], 0
    for ordinal in sorted(range(len(human)), key=hash_of):
        size += len(human[ordinal])
        if size > limit:
            break
        matched.append((ordinal, human[ordinal]))
    assert figures["compared_tokens"] == limit
    for n in (1, 2, 3):
        (bA, bB), (cA, cB) = in_halves(matched, n), in_halves(candidate, n)
        expected = (js_bits(bA, cB) + js_bits(bB, cA)) / 2
        assert figures[f"js_bits/{n}"] == pytest.approx(expected, rel=1e-9)
        assert figures[f"floor/js_bits/{n}"] == pytest.approx(js_bits(bA, bB), rel=1e-9)
        for band, low, high in (("seen-once", 1, 1), ("seen-3-4", 3, 4)):
            if f"retention/{n}/{band}" in figures:
                retained = (retention(bA, cB, low, high) + retention(bB, cA, low, high)) / 2
                assert figures[f"retention/{n}/{band}"] == pytest.approx(retained)
                floor = (retention(bA, bB, low, high) + retention(bB, bA, low, high)) / 2
                assert figures[f"floor/retention/{n}/{band}"] == pytest.approx(floor)
    assert "retention/3/seen-once" in figures
    assert {*figures} <= {*monitor.names}


def test_too_few_documents_are_not_compared(baseline):
    monitor = cs.CollapseMonitor(VOCAB, 3, baseline=baseline[0], figures="all")
    for document in random_documents(63, 7):
        monitor.update(document)
    assert monitor.comparison() is None
    assert "js_bits/1" not in monitor.compute()
    for document in random_documents(30, 8):
        monitor.update(document)
    assert "js_bits/1" in monitor.compute()


def test_the_verdict_on_repetitive_text_is_collapse():
    human = np.random.default_rng(3).integers(0, VOCAB, (150, 120))
    monitor = cs.CollapseMonitor(VOCAB, 3, baseline=cs.profile(list(human), vocab_size=VOCAB))
    for first in range(150):
        monitor.update([first % VOCAB, (first + 1 + first // VOCAB) % VOCAB] * 60)
    comparison = monitor.comparison()
    assert comparison.verdict == "collapse"
    assert comparison.reasons
    repeated = comparison.judgement.evidence.repeated[1]
    assert repeated > 0.4


def test_a_baseline_may_be_a_path(baseline, tmp_path):
    baseline[0].save(tmp_path / "human.profile")
    documents = random_documents(100, 9)
    saved = monitor_with(documents, baseline=tmp_path / "human.profile").compute()
    assert saved == monitor_with(documents, baseline=baseline[0]).compute()


def test_a_baseline_that_cannot_be_compared_is_refused(baseline):
    with pytest.raises(cs.LayoutMismatchError, match="12 token ids, the monitor 13"):
        cs.CollapseMonitor(13, 3, baseline=baseline[0])
    few = cs.profile([np.array([1, 2, 3])] * 40, vocab_size=VOCAB, max_order=3, sample_tokens=0)
    with pytest.raises(ValueError, match="sample of 64 documents or more, got 0"):
        cs.CollapseMonitor(VOCAB, 3, baseline=few)


def test_the_newest_document_is_kept_however_long():
    monitor = cs.CollapseMonitor(VOCAB, 2, window=4)
    monitor.update([[1] * 9, [2] * 9])
    assert counts_of(monitor) == windows([[2] * 9], 2)
    assert Window(VOCAB, 4).all().tokens == 0
