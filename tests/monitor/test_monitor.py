"""The monitor's figures against `collections.Counter`, however its tokens come."""

import copy
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
    """A block is handed to the thread every few updates, as it is in a long run."""
    monkeypatch.setattr(monitor_module, "_BLOCK_TOKENS", 20)


def ngrams(documents, n):
    return Counter(tuple(d[i : i + n]) for d in documents for i in range(len(d) - n + 1))


def newest(documents, window):
    """The last documents that hold at most `window` tokens, the very last in any case."""
    kept = []
    for document in reversed(documents):
        if kept and sum(map(len, kept)) + len(document) > window:
            break
        kept.insert(0, document)
    return kept


def spectra_of(monitor):
    held = monitor.snapshot().table
    counts = {}
    for window, count in zip(held.tokens().T.tolist(), held.counts[0].tolist(), strict=True):
        counts[tuple(t for t in window if t >= 0)] = count
    return counts


def windows(documents, order):
    return Counter(tuple(d[i : i + order]) for d in documents for i in range(len(d)))


def fed(documents, sizes=(3, 1, 5), **options):
    monitor = cs.CollapseMonitor(VOCAB, 3, **options)
    rest = list(documents)
    at = 0
    while rest:
        part, rest = rest[: sizes[at % len(sizes)]], rest[sizes[at % len(sizes)] :]
        flat = np.array([t for d in part for t in d], dtype=np.int64)
        monitor.update(flat, lengths=[len(d) for d in part])
        at += 1
    return monitor


@given(documents_strategy, st.integers(1, 60), st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_a_window_holds_the_newest_documents_however_they_come(documents, window, sizes):
    monitor = fed(documents, sizes, window=window)
    assert spectra_of(monitor) == windows(newest(documents, window), 3)
    figures = monitor.compute()
    assert figures["tokens"] == sum(map(len, newest(documents, window)))
    assert figures["documents"] == len(newest(documents, window))


@given(documents_strategy, st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_without_a_window_everything_is_counted(documents, sizes):
    monitor = fed(documents, sizes, window=None)
    assert spectra_of(monitor) == windows(documents, 3)
    figures = monitor.compute()
    for n in (1, 2, 3):
        counted = ngrams(documents, n)
        if counted:
            assert figures[f"distinct_ratio/{n}"] == len(counted) / counted.total()
        else:
            assert f"distinct_ratio/{n}" not in figures


def test_one_more_look_does_not_change_the_series():
    documents = [[1, 2, 3]] * 5 + [[4, 5]] * 5
    looked, not_looked = fed(documents, window=12), fed(documents, window=12)
    looked.compute()
    for monitor in (looked, not_looked):
        monitor.update([7, 8, 9])
    assert looked.compute() == not_looked.compute() != fed(documents, window=12).compute()


ROWS = np.array([[1, 2, 3, 0], [4, 5, 0, 0], [6, 7, 8, 9]])
KEPT = [[1, 2, 3], [4, 5], [6, 7, 8, 9]]
PACKED = np.r_[ROWS[ROWS > 0], 0, 0]
BEGINS = np.array([1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0])


@pytest.mark.parametrize(
    ("tokens", "given"),
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
def test_masks_padding_and_packing(tokens, given):
    monitor = cs.CollapseMonitor(VOCAB, 3)
    monitor.update(tokens, **given)
    assert spectra_of(monitor) == windows(KEPT, 3)
    assert monitor.compute()["documents"] == 3


def test_a_hole_in_a_mask_ends_a_document():
    monitor = cs.CollapseMonitor(VOCAB, 3)
    monitor.update([[1, 2, 3, 4, 5]], mask=[[1, 1, 0, 1, 1]])
    assert spectra_of(monitor) == windows([[1, 2], [4, 5]], 3)


class Tensor:
    """An array of another library: DLPack is all that it has."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def test_tokens_of_other_libraries_come_by_dlpack():
    monitor = cs.CollapseMonitor(VOCAB, 3)
    monitor.update(Tensor(np.array([1, 2, 3])))
    assert spectra_of(monitor) == windows([[1, 2, 3]], 3)


def test_the_callers_memory_may_be_used_again():
    monitor = cs.CollapseMonitor(VOCAB, 2)
    for dtype in (np.uint16, np.int64):
        tokens = np.array([1, 2, 3], dtype)
        monitor.update(tokens)
        tokens[:] = 9
    assert spectra_of(monitor) == windows([[1, 2, 3]] * 2, 2)


@pytest.mark.parametrize(
    ("tokens", "given", "message"),
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
    ],
)
def test_what_does_not_fit_is_named_and_nothing_added(tokens, given, message):
    monitor = cs.CollapseMonitor(VOCAB, 2)
    monitor.update([1, 2])
    with pytest.raises(ValueError, match=message):
        monitor.update(tokens, **given)
    assert spectra_of(monitor) == windows([[1, 2]], 2)


def test_tokens_must_be_integers():
    with pytest.raises(TypeError, match="integers of 8 to 64 bits, got float64"):
        cs.CollapseMonitor(VOCAB, 2).update([0.5])
    with pytest.raises(ValueError, match="window must be a number of tokens or None"):
        cs.CollapseMonitor(VOCAB, 2, window=0)


def test_nothing_was_seen_yet():
    monitor = cs.CollapseMonitor(VOCAB, 2)
    assert monitor.compute() == {"tokens": 0.0, "documents": 0.0}
    monitor.update(np.empty((0, 5), np.int64))
    monitor.update(np.empty(0, np.int64))
    assert monitor.compute() == {"tokens": 0.0, "documents": 0.0}


def test_entropy_is_that_of_the_metrics():
    documents = [[1, 2, 1, 2, 3], [3, 3, 4]]
    for window in (None, 100):
        figures = fed(documents, window=window).compute()
        for n in (1, 2, 3):
            spectrum = cs.Spectrum.from_counts(list(ngrams(documents, n).values()))
            assert figures[f"entropy_bits/{n}"] == cs.metrics.entropy(spectrum)


def random_documents(number, seed, tokens=VOCAB):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(5, 9, number)
    return [(rng.integers(0, tokens, size) ** 2 % tokens).tolist() for size in sizes]


def test_windows_merge():
    first, second = random_documents(10, 0), random_documents(7, 1)
    one, other = fed(first, window=30), fed(second, window=20)
    one.merge(other)
    assert spectra_of(one) == windows(newest(first, 30) + newest(second, 20), 3)
    assert one.window == 50
    assert spectra_of(other) == windows(newest(second, 20), 3)
    one.update(random_documents(1, 2)[0])
    assert one.compute()["tokens"] <= 50


def test_everything_merges():
    first, second = random_documents(10, 0), random_documents(7, 1)
    one = fed(first, window=None)
    one.merge(fed(second, window=None))
    assert spectra_of(one) == windows(first + second, 3)
    assert one.compute()["documents"] == 17


def test_only_like_monitors_merge():
    one = cs.CollapseMonitor(VOCAB, 2)
    for other in (cs.CollapseMonitor(VOCAB, 3), cs.CollapseMonitor(VOCAB, 2, window=None)):
        with pytest.raises(cs.LayoutMismatchError, match="one layout, and both a window or none"):
            one.merge(other)


def test_reset_forgets_everything():
    for window in (30, None):
        monitor = fed(random_documents(10, 0), window=window)
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
    again = cs.CollapseMonitor(VOCAB, 3, **options)
    again.update([1, 1, 1])  # forgotten
    again.load_state_dict(monitor.state_dict())
    return again


@pytest.mark.parametrize("window", [600, None])
@pytest.mark.parametrize("how", ["state", "pickle", "copy"])
def test_a_resumed_run_gives_the_same_series(baseline, window, how):
    options = {"window": window, "baseline": baseline[0]}
    before, after = random_documents(90, 4), random_documents(12, 5, tokens=7)
    straight = fed(before, **options)
    first = fed(before, **options)
    for monitor in (straight, first):
        monitor.update([1, 2, 3], logprobs=[np.nan, -1.0, -2.0])
    second = resumed(first, how, **options)
    series = []
    for monitor in (straight, second):
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
    one, other = cs.CollapseMonitor(VOCAB, 3, window=50), cs.CollapseMonitor(VOCAB, 3, window=None)
    for a, b in zip(first, second, strict=True):
        one.update(a)
        other.update(b)
    assert one.compute() == fed(first, window=50).compute()
    assert other.compute() == fed(second, window=None).compute()


def half(ordinal):
    """Half of a document, from the rule of docs/architecture.md in Python's integers."""
    mask = 2**64 - 1
    x = (ordinal * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & mask
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & mask
    return ((x ^ x >> 31) & 15) // 8


def in_halves(documents, n):
    return [ngrams([d for at, d in documents if half(at) == side], n) for side in (0, 1)]


def js_bits(p, q):
    grams = sorted({*p, *q})
    return jensenshannon([p[g] for g in grams], [q[g] for g in grams], base=2) ** 2


def kept(p, q, low, high):
    band = [gram for gram, count in p.items() if low <= count <= high]
    return sum(gram in q for gram in band) / len(band)


@pytest.mark.parametrize("window", [100_000, 700, None])
def test_figures_against_a_baseline_are_those_of_halves_at_equal_size(human, baseline, window):
    live = random_documents(200, 6, tokens=9)
    monitor = fed(live, window=window, baseline=baseline[0])
    figures = monitor.compute()

    recent = newest(newest(live, window or 10**9), sum(map(len, human)))
    limit = sum(map(len, recent))
    candidate = list(enumerate(live))[-len(recent) :]
    hashed = sorted(range(len(human)), key=lambda at: hash_of(at))
    matched, size = [], 0
    for at in hashed:
        size += len(human[at])
        if size > limit:
            break
        matched.append((at, human[at]))
    assert figures["compared_tokens"] == limit
    for n in (1, 2, 3):
        (bA, bB), (cA, cB) = in_halves(matched, n), in_halves(candidate, n)
        expected = (js_bits(bA, cB) + js_bits(bB, cA)) / 2
        assert figures[f"js_bits/{n}"] == pytest.approx(expected, rel=1e-9)
        assert figures[f"floor/js_bits/{n}"] == pytest.approx(js_bits(bA, bB), rel=1e-9)
        for band, low, high in (("seen-once", 1, 1), ("seen-3-4", 3, 4)):
            if f"retention/{n}/{band}" in figures:
                found = (kept(bA, cB, low, high) + kept(bB, cA, low, high)) / 2
                assert figures[f"retention/{n}/{band}"] == pytest.approx(found)
                floor = (kept(bA, bB, low, high) + kept(bB, bA, low, high)) / 2
                assert figures[f"floor/retention/{n}/{band}"] == pytest.approx(floor)
    assert "retention/3/seen-once" in figures
    assert {*figures} <= {*monitor.names}


def hash_of(ordinal):
    mask = 2**64 - 1
    x = (ordinal * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & mask
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & mask
    return x ^ x >> 31


def test_too_few_documents_are_not_compared(baseline):
    monitor = cs.CollapseMonitor(VOCAB, 3, baseline=baseline[0])
    for document in random_documents(63, 7):
        monitor.update(document)
    assert monitor.comparison() is None
    assert "js_bits/1" not in monitor.compute()
    for document in random_documents(30, 8):
        monitor.update(document)
    assert "js_bits/1" in monitor.compute()


def test_the_verdict_of_what_is_compared():
    human = np.random.default_rng(3).integers(0, VOCAB, (150, 40))
    monitor = cs.CollapseMonitor(VOCAB, 3, baseline=cs.profile(list(human), vocab_size=VOCAB))
    for first in range(150):
        monitor.update([first % VOCAB, (first + 1 + first // VOCAB) % VOCAB] * 20)
    comparison = monitor.comparison()
    assert comparison.verdict == "collapse"
    assert comparison.reasons
    repeated = comparison.judgement.evidence.repeated[1]
    assert repeated > 0.4


def test_a_baseline_may_be_a_path(baseline, tmp_path):
    baseline[0].save(tmp_path / "human.profile")
    documents = random_documents(100, 9)
    saved = fed(documents, baseline=tmp_path / "human.profile").compute()
    assert saved == fed(documents, baseline=baseline[0]).compute()


def test_a_baseline_that_cannot_be_compared_is_refused(baseline):
    with pytest.raises(cs.LayoutMismatchError, match="12 token ids, the monitor 13"):
        cs.CollapseMonitor(13, 3, baseline=baseline[0])
    few = cs.profile([np.array([1, 2, 3])] * 40, vocab_size=VOCAB, max_order=3, sample_tokens=0)
    with pytest.raises(ValueError, match="sample of 64 documents or more, got 0"):
        cs.CollapseMonitor(VOCAB, 3, baseline=few)


def test_the_newest_document_stays_however_long():
    held = Window(VOCAB, 4)
    monitor = cs.CollapseMonitor(VOCAB, 2, window=4)
    monitor.update([[1] * 9, [2] * 9])
    assert spectra_of(monitor) == windows([[2] * 9], 2)
    assert held.all().tokens == 0
