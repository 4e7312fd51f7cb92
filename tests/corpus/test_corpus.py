"""A corpus: spans that cover every token once, halves by a fixed rule, samples in hash order."""

from itertools import pairwise

import numpy as np
import pytest

from collapse_stats.backends.options import CountOptions
from collapse_stats.corpus.document_keys import DocumentKeys, Stretch
from collapse_stats.corpus.load import TokenStore, read_corpus
from collapse_stats.corpus.sample import Sample, merge_samples
from collapse_stats.corpus.split import group_of, half_of, ordinal_hash
from collapse_stats.counting.passes import TableUse, count_tables, passes
from collapse_stats.counting.spectra import spectra_in_passes
from collapse_stats.errors import InputError
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import HALVES, NO_HALVES
from collapse_stats.ngrams.table import NgramTable
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.memory import budget

MEMORY = 10**9
COUNTING = CountOptions(memory=MEMORY)


def corpus_of(documents, **options):
    reading = ReadOptions(vocab_size=1000, **options)
    return read_corpus(documents, reading=reading, counting=COUNTING)


def random_documents(number, seed=0, longest=40):
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, 1000, rng.integers(0, longest)).astype(np.uint16) for _ in range(number)
    ]


def keys_of(documents, first=0):
    return DocumentKeys.of([Stretch(0, first, documents, None)])


def test_halves_are_even_and_depend_on_the_ordinal_alone():
    groups = group_of(ordinal_hash(np.arange(100_000)))
    size = np.bincount(groups, minlength=16)
    assert len(size) == 16
    assert abs(size - 6250).max() < 5 * np.sqrt(6250)  # five standard errors of a fair draw
    assert half_of(np.array([0, 7, 8, 15], dtype=np.uint8)).tolist() == [0, 0, 1, 1]
    # The rule is part of the format: profiles of different versions must agree on it.
    assert ordinal_hash(np.arange(3)).tolist() == [
        splitmix(i * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) for i in range(3)
    ]


def splitmix(x):
    x %= 2**64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


def test_documents_keep_their_half_however_they_are_packed(monkeypatch):
    documents = random_documents(200)
    whole = corpus_of(documents)
    monkeypatch.setattr("collapse_stats.readers.in_memory.items.BATCH_BYTES", 100)
    monkeypatch.setattr("collapse_stats.corpus.load.SEGMENT_DOCUMENTS", 17)
    monkeypatch.setattr("collapse_stats.corpus.bounds.PIECE", 5)
    monkeypatch.setattr("collapse_stats.corpus.document_keys.PIECE", 5)
    parts = corpus_of(documents)
    assert len(parts.segments) > len(whole.segments)
    label = [int(x) for chunk in whole.chunks() for x in chunk.label]
    assert label == [int(x) for chunk in parts.chunks() for x in chunk.label]
    assert label == half_of(group_of(ordinal_hash(np.arange(200)))).tolist()
    assert whole.block is None


def test_few_documents_are_cut_into_blocks_without_cutting_windows(backend):
    documents = [np.arange(i, i + 3000, dtype=np.uint16) % 997 for i in range(5)]
    corpus = corpus_of(documents)
    assert corpus.block == 256
    spans = [(a, b, c) for k in corpus.chunks() for a, b, c in zip(k.start, k.stop, k.limit)]  # noqa: B905
    assert sum(b - a for a, b, _ in spans) == corpus.tokens == 15_000
    assert {int(b - a) for a, b, _ in spans} == {256, 3000 % 256}
    layout = Layout(1000, 3, 2)
    found = backend.spectra(corpus.chunks(), layout, HALVES)
    assert found.ngrams[3][HALVES[0]].total.occurrences == 5 * 2998
    assert min(
        len(chunk.label[chunk.label == half]) for chunk in corpus.chunks() for half in (0, 1)
    )


@pytest.mark.parametrize("number", [2, 7, 1024])
def test_passes_never_change_a_result(backend, number):
    corpus = corpus_of(random_documents(100))
    layout = Layout(1000, 4, 2)
    ranges = list(pairwise(np.linspace(0, layout.key_ranges, number + 1).astype(int).tolist()))
    once = backend.spectra(corpus.chunks(), layout, HALVES)
    assert spectra_in_passes(corpus.chunks, layout, backend, HALVES, ranges) == once
    whole = backend.count(corpus.chunks(), layout)
    for use in (TableUse.kept, TableUse.written):
        given = corpus.chunks, corpus.tokens, layout, backend, ranges, use
        assert NgramTable.concatenate(layout, list(count_tables(*given))) == whole
    single = Layout(1000, 1)
    plain = lambda: corpus.chunks(halves=False)  # noqa: E731
    ranges = [(0, 5), (5, 400), (400, single.key_ranges)]
    once = backend.spectra(plain(), single, NO_HALVES)
    assert spectra_in_passes(plain, single, backend, NO_HALVES, ranges) == once


@pytest.mark.parametrize("piece", [1, 7, 50, 10**6])
@pytest.mark.parametrize("number", [5, 200])
def test_pieces_never_change_a_result(backend, piece, number, monkeypatch):
    corpus = corpus_of(random_documents(number))  # blocks, or documents
    layout = Layout(1000, 4, 2)
    whole = backend.count(corpus.chunks(), layout)
    sample = corpus.sample(500)
    monkeypatch.setattr("collapse_stats.corpus.corpus.PIECE_WINDOWS", piece)
    monkeypatch.setattr("collapse_stats.corpus.bounds.PIECE", 3)
    monkeypatch.setattr("collapse_stats.corpus.document_keys.PIECE", 3)
    assert backend.count(corpus.chunks(), layout) == whole
    again = corpus.sample(500)
    assert np.array_equal(sample.hash, again.hash)
    assert np.array_equal(sample.tokens, again.tokens)


def test_a_sample_is_whole_documents_and_a_smaller_one_its_prefix():
    documents = random_documents(300)
    corpus = corpus_of(documents)
    large, small = corpus.sample(10**9), corpus.sample(1000)
    assert len(large) == 300
    order = np.argsort(ordinal_hash(np.arange(300)))
    for ordinal, kept in zip(order, large.documents(), strict=True):
        assert np.array_equal(documents[ordinal], kept)
    assert np.array_equal(small.hash, large.hash[: len(small)])
    assert len(small.tokens) <= 1000 < small.length.sum() + large.length[len(small)]
    assert len(corpus.sample(0)) == 0
    assert (large.until, small.until) == (None, large.hash[len(small)])
    two = merge_samples([large, small], 10**9)  # of two corpora, one of which is known so far only
    assert two.hash.tolist() == sorted([*small.hash.tolist(), *small.hash.tolist()])
    assert two.until == small.until


@pytest.mark.parametrize("budget", [1, 40, 300, 700, 2500, 10**6])
def test_samples_of_parts_are_that_of_the_whole_in_whatever_order(budget):
    rng = np.random.default_rng(8)
    length = rng.integers(0, 9, 400)
    length[rng.integers(0, 400, 12)] = rng.integers(100, 900, 12)  # may leave much room unused
    hashes = rng.permutation(10**6)[:400].astype(np.uint64)
    order = np.argsort(hashes)
    fits = (np.cumsum(length[order]) <= budget) & (np.arange(400) < -(-budget // 4))
    expected = hashes[order[: max(1, int(np.argmin([*fits, False])))]].tolist()

    def sample_of_part(documents):
        tokens = np.repeat(documents, length[documents]).astype(np.uint32)
        part = Sample(hashes[documents], length[documents], tokens)
        return merge_samples([part], budget)  # puts them into their order

    for parts in (1, 2, 7, 50):
        pieces = np.array_split(rng.permutation(400), parts)
        samples = list(map(sample_of_part, pieces))
        assert merge_samples(samples, budget).hash.tolist() == expected
        folded = Sample.empty()
        for sample in samples:
            folded = merge_samples([folded, sample], budget)
        assert folded.hash.tolist() == expected
        assert folded.until == (None if fits.all() else int(hashes[order[len(expected)]]))


def test_tokens_beyond_the_limit_go_to_an_unnamed_file(tmp_path):
    store = TokenStore(limit=1000, tmp=tmp_path)
    pieces = [np.arange(i, i + 5_000_000, dtype=np.uint16) for i in range(2)]
    for piece in pieces:
        store.append(piece, np.array([0]), np.array([len(piece)]), keys_of(1))
    segments = store.segments()
    assert all(isinstance(segment.tokens, np.memmap) for segment in segments)
    assert [int(s.tokens.sum(dtype=np.int64)) for s in segments] == [
        int(piece.sum(dtype=np.int64)) for piece in pieces
    ]
    assert list(tmp_path.iterdir()) == []


def test_text_and_ids_do_not_mix(tmp_path):
    (tmp_path / "a.txt").write_text("some text")
    np.save(tmp_path / "b.npy", np.arange(5))
    with pytest.raises(InputError, match="all text or all token ids"):
        read_corpus([tmp_path / "a.txt", tmp_path / "b.npy"], counting=COUNTING)
    (tmp_path / "c.jsonl").write_text('{"text": "some text"}')
    with pytest.raises(InputError, match="all text or all token ids"):
        read_corpus(tmp_path, counting=COUNTING)


def test_a_vocabulary_not_given_is_rounded_so_that_corpora_compare():
    sizes = {read_corpus(np.array(ids)).vocab_size for ids in ([1], [5, 50256])}
    assert sizes == {2**16 - 1}
    assert read_corpus(np.array([65535])).vocab_size == 2**16
    assert read_corpus(np.array([65536])).vocab_size == 2**17 - 1
    assert read_corpus(np.array([2**32 - 1])).vocab_size == 2**32


@pytest.mark.parametrize(
    ("memory", "size"), [(5, 5), ("8GB", 8 * 10**9), ("1.5 MiB", 3 * 2**19), ("100", 100)]
)
def test_sizes_of_memory(memory, size):
    assert budget(memory) == size


@pytest.mark.parametrize("memory", ["8 parsecs", "-1", 0, -5])
def test_a_size_that_is_none_is_refused(memory):
    with pytest.raises(ValueError, match="memory must be"):
        budget(memory)


def test_half_of_what_is_free_is_the_default():
    assert 0 < budget(None) < 2**50


@pytest.mark.parametrize(
    ("windows", "number"), [(10**6, 1), (2 * 10**7, 2), (10**8, 4), (10**9, 4)]
)
def test_a_run_is_written_in_a_few_passes(backend, windows, number):
    layout = Layout(50257, 5, 2)
    given = windows, layout, backend, 10**13
    assert len(passes(list, *given, TableUse.written)) == number
    assert passes(list, *given, TableUse.kept) == [(0, layout.key_ranges)]
    one = Layout(1, 1)
    assert passes(list, windows, one, backend, 10**13, TableUse.written)[-1][1] == one.key_ranges


def test_a_sample_keeps_every_bit_of_a_hash():
    corpus = corpus_of(random_documents(200))
    hashes = np.sort(ordinal_hash(np.arange(200)))
    assert corpus.sample(10**9).hash.tolist() == hashes.tolist()


def test_a_list_of_texts_too_long_for_names_of_files():
    texts = ["a word and another " * 500, "one more"]
    corpus = read_corpus(texts, reading=ReadOptions(tokenizer="bytes"))
    assert corpus.tokens == sum(map(len, texts))
