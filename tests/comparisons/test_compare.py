"""Comparisons: one pass or joined tables, figures between opposite halves, floors, warnings."""

from collections import Counter
from statistics import fmean

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.corpus.split import group_of, half_of, ordinal_hash
from collapse_stats.metrics.figures import FLOORED_FIGURES
from collapse_stats.uncertainty.halves import BANDS

VOCAB = 200


def text(number, seed, types=VOCAB, length=80):
    """Documents of one source: a Zipf law over `types` ids."""
    rng = np.random.default_rng(seed)
    p = 1 / np.arange(1, types + 1)
    return [rng.choice(types, size=length, p=p / p.sum()) for _ in range(number)]


BASELINE, SAME, POORER = text(300, 1), text(300, 2), text(300, 3, types=120)


@pytest.fixture(scope="module")
def diff():
    return cs.compare(BASELINE, POORER, vocab_size=VOCAB, max_order=3)


def counts_by_half(documents, n):
    half = half_of(group_of(ordinal_hash(np.arange(len(documents)))))
    return [
        Counter(
            tuple(d[i : i + n].tolist())
            for d, h in zip(documents, half, strict=True)
            if h == want
            for i in range(len(d) - n + 1)
        )
        for want in (0, 1)
    ]


def joint(first, second):
    grams = sorted({*first, *second})
    return cs.JointSpectrum.from_counts([first[g] for g in grams], [second[g] for g in grams])


def test_figures_lie_between_opposite_halves(diff):
    for n in (1, 2, 3):
        (ba, bb), (ca, cb) = counts_by_half(BASELINE, n), counts_by_half(POORER, n)
        assert diff.joint_spectrum(n) == joint(ba + bb, ca + cb)
        for name, figure in FLOORED_FIGURES.items():
            expected = fmean([figure.value(joint(ba, cb)), figure.value(joint(bb, ca))])
            assert diff.figure(name, n) == pytest.approx(expected, rel=1e-12)
            floor = fmean([figure.value(joint(ba, bb)), figure.value(joint(bb, ba))])
            assert diff.floor(name, n) == pytest.approx(floor, rel=1e-12)
        assert diff.kl(n, reverse=True) == diff.figure("reverse_kl", n)
        assert diff.js(n) == diff.figure("js", n)


def test_retention_beside_its_floor(diff):
    (ba, bb), (ca, cb) = counts_by_half(BASELINE, 1), counts_by_half(POORER, 1)
    rows = diff.retention(1)
    assert len(rows) == len(BANDS)
    for row, low, high in zip(rows, BANDS, (*BANDS[1:], 10**9), strict=True):
        sides = []
        for own, candidate, other in ((ba, cb, bb), (bb, ca, ba)):
            band = [g for g, c in own.items() if low <= c < high]
            sides.append((len(band), share(band, candidate), share(band, other)))
        assert row.types == fmean(side[0] for side in sides)
        if min(side[0] for side in sides):
            assert row.retained == pytest.approx(fmean(side[1] for side in sides))
            assert row.floor == pytest.approx(fmean(side[2] for side in sides))


def share(band, counted):
    return sum(g in counted for g in band) / len(band) if band else None


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_one_pass_and_joined_tables_agree(diff, tmp_path, backend, monkeypatch):
    if not next(i for i in cs.backends() if i.name == backend).usable:
        pytest.skip(f"{backend} is not usable here")

    def in_passes():
        with monkeypatch.context() as patched:  # as if a window took more than it does
            needs = lambda self, layout, key_ranges, rows: (0, 1000)  # noqa: E731
            patched.setattr(type(select(backend)), "needs", needs)
            return cs.compare(
                BASELINE, POORER, vocab_size=VOCAB, max_order=3, memory="12MB", backend=backend
            )

    first, second = (
        cs.profile(d, vocab_size=VOCAB, max_order=3, backend=backend) for d in (BASELINE, POORER)
    )
    first.save(tmp_path / "first")
    for joined in (
        cs.compare(first, second, backend=backend),
        cs.compare(str(tmp_path / "first"), POORER, backend=backend),
        in_passes(),
    ):
        assert joined.joint_spectra == diff.joint_spectra
        assert joined.baseline.joint_spectra == diff.baseline.joint_spectra
        assert joined.candidate.joint_spectra == diff.candidate.joint_spectra


def test_two_samples_of_one_source_give_the_floor():
    diff = cs.compare(BASELINE, SAME, vocab_size=VOCAB, max_order=2)
    for name in FLOORED_FIGURES:
        ratio = diff.figure(name, 2) / diff.floor(name, 2)
        assert 0.7 < ratio < 1.3, (name, ratio)


def test_a_poorer_source_is_seen(diff):
    assert diff.kl(1) > 2 * diff.floor("kl", 1)
    assert diff.size_matched_distinct_ratio(1) == pytest.approx(120 / VOCAB, abs=0.02)


def test_lost(diff):
    first, second = (cs.profile(d, vocab_size=VOCAB, max_order=3) for d in (BASELINE, POORER))
    joined = cs.compare(first, second)
    for n in (1, 2, 3):
        (ba, bb), (ca, cb) = counts_by_half(BASELINE, n), counts_by_half(POORER, n)
        gone = Counter({g: c for g, c in (ba + bb).items() if g not in ca and g not in cb})
        found = joined.lost(n, k=30)
        assert [c for _, c in found] == [c for _, c in gone.most_common(30)]
        assert all(gone[g] == c for g, c in found)
    with pytest.raises(cs.CollapseStatsError, match="without its table"):
        diff.lost(1)


@pytest.mark.parametrize("rows", [1 << 23, 500])
def test_inflated(rows, monkeypatch):
    """By excess in whole numbers, of equal excess in canonical order."""
    monkeypatch.setattr("collapse_stats.counting.table.ROWS_AT_ONCE", rows)
    monkeypatch.setattr("collapse_stats.counting.top._STEP", 64)
    first, second = (cs.profile(d, vocab_size=VOCAB, max_order=3) for d in (BASELINE, POORER))
    joined = cs.compare(first, second)
    for n in (1, 2, 3):
        base, found = (Counter(g for d in side for g in grams(d, n)) for side in (BASELINE, POORER))
        excess = {g: c * base.total() - base[g] * found.total() for g, c in found.items()}
        got = joined.inflated(n, k=40)
        assert [excess[g] for g, _, _ in got] == sorted(excess.values(), reverse=True)[:40]
        assert all((found[g], base[g]) == (c, b) for g, c, b in got)
        assert len({g for g, _, _ in got}) == 40
    everything = cs.compare(first, first).inflated(2, k=5)
    assert everything == []


def test_inflated_of_equal_excess_are_in_canonical_order():
    base, other = [np.array([7, 8])], [np.array([7, 8, 1, 2, 3, 4, 5, 6])]
    first, second = (cs.profile(d, vocab_size=16, max_order=2) for d in (base, other))
    assert cs.compare(first, second).inflated(1, k=3) == [((1,), 1, 0), ((2,), 1, 0), ((3,), 1, 0)]
    once = [g for g, _ in second.top(2, k=20)]  # all seen once: in canonical order
    found = [g for g, _, _ in cs.compare(first, second).inflated(2, k=20)]
    assert found == [g for g in once if g != (7, 8)]


def test_what_cannot_be_given_is_none_with_a_warning():
    whole = cs.profile(BASELINE, vocab_size=VOCAB, max_order=2)
    bare = cs.profile(SAME, vocab_size=VOCAB, max_order=2, table=False, sample_tokens=0)
    diff = cs.compare(whole, bare)
    assert diff.kl(1) is None
    assert diff.interval("kl", 1) is None
    assert diff.measured_tokens is None
    assert diff.retention(1) == []
    assert diff.floor("kl", 1) is not None
    assert any("without its table" in warning for warning in diff.warnings)
    nothing = cs.NgramCounter(VOCAB, 2, halves=True).profile()
    empty = cs.compare(cs.profile(BASELINE, vocab_size=VOCAB, max_order=2), nothing)
    assert empty.kl(1) is None
    assert empty.warnings == ["one side has no tokens, so nothing can be compared"]
    plain = [cs.profile(d, vocab_size=VOCAB, max_order=2, halves=False) for d in (BASELINE, SAME)]
    diff = cs.compare(*plain)
    assert diff.floor("kl", 1) is None
    assert diff.kl(1) > 0
    assert any("without halves" in warning for warning in diff.warnings)


def test_sizes_apart_are_matched_by_whole_documents():
    """As if the larger side had been cut to its first documents in hash order."""
    few = POORER[:120]
    diff = cs.compare(BASELINE, few, vocab_size=VOCAB, max_order=2)
    order = np.argsort(ordinal_hash(np.arange(len(BASELINE))))
    kept = {int(at) for at in order[: len(few)]}  # documents are equally long
    cut = [d if at in kept else d[:0] for at, d in enumerate(BASELINE)]
    assert diff.measured_tokens == (120 * 80, 120 * 80)
    assert not any("sizes differ" in warning for warning in diff.warnings)
    for n in (1, 2):
        (ba, bb), (ca, cb) = counts_by_half(cut, n), counts_by_half(few, n)
        for name, figure in FLOORED_FIGURES.items():
            expected = fmean([figure.value(joint(ba, cb)), figure.value(joint(bb, ca))])
            assert diff.figure(name, n) == pytest.approx(expected, rel=1e-12)
            floor = fmean([figure.value(joint(ba, bb)), figure.value(joint(bb, ba))])
            assert diff.floor(name, n) == pytest.approx(floor, rel=1e-12)
        ratios = [len(cb) / len(ba), len(ca) / len(bb)]
        assert diff.size_matched_distinct_ratio(n) == pytest.approx(fmean(ratios), rel=0.01)
        kept_once = [share([g for g, c in a.items() if c == 1], b) for a, b in ((ba, cb), (bb, ca))]
        assert diff.retention(n)[0].retained == pytest.approx(fmean(kept_once))
        whole = Counter(g for d in BASELINE for g in grams(d, n))
        assert diff.joint_spectrum(n) == joint(whole, ca + cb)


def grams(document, n):
    return [tuple(document[i : i + n].tolist()) for i in range(len(document) - n + 1)]


def test_without_tables_the_samples_are_compared():
    whole, bare = (
        [cs.profile(d, vocab_size=VOCAB, max_order=2, table=table) for d in (BASELINE, POORER)]
        for table in (True, False)
    )
    diff, joined = cs.compare(*bare), cs.compare(*whole)
    assert joined.by_samples is None
    assert diff.by_samples is not None
    for name in FLOORED_FIGURES:  # the samples are the corpora
        assert diff.figure(name, 2) == pytest.approx(joined.figure(name, 2), rel=1e-12)
        assert diff.floor(name, 2) == pytest.approx(joined.floor(name, 2), rel=1e-12)


def test_warnings_name_what_is_wrong_and_what_to_do():
    diff = cs.compare(BASELINE, POORER[:20], vocab_size=VOCAB, max_order=3)
    words = "\n".join(diff.warnings)
    assert "with only 20 documents, halves consist of blocks of 256 tokens" in words
    assert "give at least 64 documents" in words
    assert "coverage is below 0.5 at order 3" in words
    assert "saturation is above 0.95 at order 3" in words
    few = cs.compare(BASELINE, POORER[:70], vocab_size=VOCAB, max_order=1)
    assert any("with only 70 documents" in warning for warning in few.warnings)
    bare = [
        cs.profile(d, vocab_size=VOCAB, max_order=1, sample_tokens=0)
        for d in (BASELINE, POORER[:20])
    ]
    assert any("sizes differ 15.0-fold" in warning for warning in cs.compare(*bare).warnings)
    copied = cs.compare(BASELINE, [*POORER[:250], *POORER[:50]], vocab_size=VOCAB, max_order=1)
    assert any("17% of documents are exact duplicates" in warning for warning in copied.warnings)


def test_a_floor_as_large_as_the_figure_is_said():
    same = cs.compare(BASELINE, SAME, vocab_size=VOCAB, max_order=2)
    assert any(
        "JS is within two standard errors of its floor" in warning for warning in same.warnings
    )
    poorer = cs.compare(BASELINE, POORER, vocab_size=VOCAB, max_order=1)
    assert not any(
        "JS is within two standard errors of its floor" in warning for warning in poorer.warnings
    )


def test_ids_of_an_unnamed_tokenizer_are_taken_on_trust_and_that_is_said():
    text = cs.profile(["some text", "more of it"], tokenizer="bytes", max_order=2)
    counter = cs.NgramCounter(256, 2, halves=True)
    counter.update(np.frombuffer(b"some text", dtype=np.uint8))
    diff = cs.compare(text, counter.profile())
    assert diff.joint_spectrum(2).swapped.first.distinct == 8
    assert any(
        "was not named; its ids are assumed to be of bytes" in warning for warning in diff.warnings
    )


def test_sides_that_mean_different_things_never_compare():
    first = cs.profile(BASELINE, vocab_size=VOCAB, max_order=2)
    with pytest.raises(cs.LayoutMismatchError, match="one --max-order"):
        cs.compare(first, cs.profile(SAME, vocab_size=VOCAB, max_order=3))
    with pytest.raises(cs.LayoutMismatchError, match="different vocabularies"):
        cs.compare(
            cs.profile(["text"], tokenizer="builtin", max_order=2),
            cs.profile(["text"], tokenizer="bytes", max_order=2),
        )
    with pytest.raises(cs.LayoutMismatchError, match="one --vocab-size"):
        cs.compare(first, cs.profile(["text"], tokenizer="bytes", max_order=2))
    with pytest.raises(ValueError, match="figure must be one of kl, reverse_kl"):
        cs.compare(first, first).floor("entropy", 1)


def test_a_side_of_which_only_empty_documents_are_left_is_said():
    long = [np.full(100, 3)] * 80 + [np.arange(0)] * 4000
    large, small = (
        cs.profile(docs, vocab_size=9, backend="numpy", name=name)
        for name, docs in (("large", long), ("small", [np.arange(5)]))
    )
    for sides in ((large, small), (small, large)):
        diff = cs.compare(*sides, backend="numpy")
        (message,) = [text for text in diff.warnings if "cut to the size" in text]
        assert message.startswith(
            "cut to the size of small (5 tokens), large has empty documents alone"
        )
        assert diff.js(1) is None
        assert diff.verdict == "cannot tell"
        assert diff.to_dict()["comparisons"][0]["measured"]["tokens"] is not None
