"""The links of n-grams, against tuples of symbols in the text with its begins and ends."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from corpora import chunk
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats.backends.selection import backends, select
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.links import NOT_OF_DOCUMENTS, Links
from collapse_stats.ngrams.table import NgramTable

BACKENDS = [info.name for info in backends() if info.usable]
END, FIRST_TOKEN = 1, 2

Documents = Sequence[Sequence[int]]


def table_of(layout: Layout, documents: Documents) -> NgramTable:
    """Count documents, the i-th with the label i modulo the number of labels."""
    tokens = np.array([token for document in documents for token in document], dtype=np.int64)
    stops = np.cumsum([len(document) for document in documents])
    spans = [
        (int(stop) - len(document), int(stop))
        for stop, document in zip(stops, documents, strict=True)
    ]
    labels = [i % layout.labels for i in range(len(documents))]
    return select("numpy").count([chunk(tokens, spans, labels)], layout)


def check_links(links: Links, documents: Documents, order: int, labels: int) -> None:
    ids = sorted({token for document in documents for token in document})
    symbol = {token: FIRST_TOKEN + place for place, token in enumerate(ids)}
    begin = FIRST_TOKEN + len(ids)
    texts = [
        [begin, *(symbol[token] for token in document), END] if len(document) else []
        for document in documents
    ]
    assert links.ids.tolist() == ids
    counts = [Counter(s for text in texts[label::labels] for s in text) for label in range(labels)]
    assert links.tokens.tolist() == [[of[s] for s in range(begin + 1)] for of in counts]
    numbers = {(s,): s for s in range(begin + 1)}
    assert len(links.orders) == order - 1
    for n, linked in enumerate(links.orders, start=2):
        of_label = [
            Counter(
                tuple(text[i : i + n])
                for text in texts[label::labels]
                for i in range(len(text) - n + 1)
            )
            for label in range(labels)
        ]
        grams = sorted(set().union(*of_label))
        assert linked.counts.tolist() == [[of[gram] for gram in grams] for of in of_label]
        assert linked.inner == sum(gram[0] != begin for gram in grams)
        assert linked.last.tolist() == [gram[-1] for gram in grams]
        assert linked.suffix.tolist() == [numbers[gram[1:]] for gram in grams]
        prefixes = [numbers[gram[:-1]] for gram in grams]
        assert (
            linked.children.tolist()
            == np.searchsorted(prefixes, np.arange(len(numbers) + 1)).tolist()
        )
        suffixes = Counter(gram[1:] for gram in grams)
        shorter = [gram for gram in sorted(numbers) if gram[0] != begin]
        assert linked.preceded.tolist() == [suffixes[gram] for gram in shorter]
        numbers = {gram: number for number, gram in enumerate(grams)}


def check(layout: Layout, documents: Documents, order: int, name: str) -> None:
    links = select(name).link(table_of(layout, documents), order)
    check_links(links, documents, order, layout.labels)


any_documents = st.integers(1, 6).flatmap(
    lambda vocab_size: st.tuples(
        st.just(vocab_size),
        st.lists(st.lists(st.integers(0, vocab_size - 1), max_size=12), max_size=12),
        st.sampled_from([1, 2, 4, 8]),
        st.integers(2, 6),
        st.integers(1, 6),
    )
)


@pytest.mark.parametrize("name", BACKENDS)
@given(any_documents)
def test_any_documents_are_linked(name, drawn):
    vocab_size, documents, labels, max_order, order = drawn
    check(Layout(vocab_size, max_order, labels), documents, min(order, max_order), name)


LAYOUTS = {
    "one word": Layout(4000, 5, 2),
    "two words": Layout(200_000, 5),
    "eight tokens": Layout(65_535, 8),
    "bigrams": Layout(4000, 2, 4),
    "a large vocabulary": Layout(2**32, 3),
    "long windows of few tokens": Layout(3, 40),
}


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_of_every_kind(name, layout):
    rng = np.random.default_rng(3)
    ids = rng.choice(layout.vocab_size, min(layout.vocab_size, 700), replace=False)
    lengths = [*rng.integers(0, 60, 200), 3000]
    documents = [ids[rng.zipf(1.3, length) % len(ids)].tolist() for length in lengths]
    check(layout, documents, layout.max_order, name)


@pytest.mark.parametrize("threads", [1, 2, 3, 16])
def test_threads_change_nothing(threads):
    rng = np.random.default_rng(4)
    layout = Layout(300, 4)
    documents = [(rng.zipf(1.2, length) % 300).tolist() for length in (20_000, 1, 9, 5000)]
    links = select("native", threads).link(table_of(layout, documents), 4)
    check_links(links, documents, 4, 1)


@pytest.mark.parametrize("name", BACKENDS)
def test_found_and_missing_ngrams(name):
    rng = np.random.default_rng(5)
    documents = [(rng.zipf(1.3, 40) % 50).tolist() for _ in range(60)]
    backend = select(name)
    links = backend.link(table_of(Layout(50, 3), documents), 3)
    shorter = links.tokens.shape[1]
    for linked in links.orders:
        prefix = np.repeat(np.arange(shorter), np.diff(linked.children))
        number = {
            pair: place
            for place, pair in enumerate(zip(prefix.tolist(), linked.last.tolist(), strict=True))
        }
        asked = rng.integers(0, shorter, 4000), rng.integers(0, links.tokens.shape[1], 4000)
        asked = tuple(
            np.concatenate(pair)
            for pair in zip(asked, (prefix, linked.last.astype(np.int64)), strict=True)
        )
        found = backend.find(linked.children, linked.last, *asked)
        expected = [number.get(pair, -1) for pair in zip(*(a.tolist() for a in asked), strict=True)]
        assert found.tolist() == expected
        shorter = len(linked)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_table_without_some_windows_is_refused(name):
    whole = table_of(Layout(9, 4), [[1, 2, 3, 4, 5, 1, 2, 3], [3, 4, 5, 6]])
    refused = []
    for row in range(len(whole)):
        kept = np.arange(len(whole)) != row
        table = NgramTable(whole.layout, whole.keys[:, kept], whole.counts[:, kept])
        try:
            select(name).link(table, 4)
        except ValueError as error:
            refused.append(str(error))
    # Without the first window of a document, it is another document.
    assert refused == [NOT_OF_DOCUMENTS] * 8
