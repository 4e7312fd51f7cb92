"""Collapsed text on an emulated or real GPU, against the native backend.

Most of such text consists of a few n-grams, so that some buckets hold a large share of all windows,
and threads often update the same counter at the same time.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from conftest import gpu_backend
from corpora import documents, zipf_tokens
from emulation import emulated_backend

from collapse_stats.backends.base import Backend
from collapse_stats.backends.selection import select
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import JointSpectra, Masks

SIZE = 20_000
VOCAB = 50_257
TEXTS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "one token": lambda rng: np.full(SIZE, 7),
    "four of five are one token": lambda rng: mixed(rng, np.full(SIZE, 7), 0.8),
    "a third is one bigram": lambda rng: pasted(rng, np.array([11, 12]), 0.3),
    "one sentence again and again": lambda rng: np.resize(rng.integers(0, VOCAB, 23), SIZE),
    "loops that break": lambda rng: mixed(rng, np.resize(rng.integers(0, VOCAB, 9), SIZE), 0.97),
    "ten answers": lambda rng: rng.integers(0, VOCAB, (10, 100))[rng.integers(0, 10, 200)].ravel(),
    "few words": lambda rng: rng.integers(0, 3, SIZE),
    "padding": lambda rng: np.r_[zipf_tokens(SIZE // 2, VOCAB), np.zeros(SIZE // 2)],
    "all different": lambda rng: rng.permutation(VOCAB)[:SIZE],
    "text": lambda rng: zipf_tokens(SIZE, VOCAB),
}
MASKS: dict[int, list[Masks]] = {
    1: [(1, 0)],
    2: [(1, 2)],
    4: [(3, 12), (1, 2), (4, 8), (1, 8), (4, 2), (15, 0), (5, 10)],
}


@pytest.fixture(params=["cuda-emulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request: pytest.FixtureRequest) -> Backend:
    return gpu_backend() if request.param == "cuda" else emulated_backend()


def mixed(rng: np.random.Generator, usual: np.ndarray, share: float) -> np.ndarray:
    """Return the usual tokens with probability `share`, and random ones otherwise."""
    return np.where(rng.random(SIZE) < share, usual, rng.integers(0, VOCAB, SIZE))


def pasted(rng: np.random.Generator, phrase: np.ndarray, share: float) -> np.ndarray:
    """Return random tokens with a phrase pasted in at a share of the places."""
    tokens = rng.integers(0, VOCAB, SIZE).reshape(-1, len(phrase))
    tokens[rng.random(len(tokens)) < share] = phrase
    return tokens.ravel()


def equal(got: JointSpectra, expected: JointSpectra, orders: int, masks: Sequence[Masks]) -> bool:
    return all(
        getattr(got, kind)[order][pair] == getattr(expected, kind)[order][pair]
        for kind in ("ngrams", "contexts")
        for order in range(1, orders + 1)
        for pair in masks
    )


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("labels", MASKS)
@pytest.mark.parametrize("number", [1, 200], ids=["one document", "many documents"])
def test_spectra_of_collapsed_text(gpu: Backend, text: str, labels: int, number: int) -> None:
    layout = Layout(VOCAB, 5, labels)
    tokens = TEXTS[text](np.random.default_rng(1)).astype(np.uint16)
    chunks: list[Chunk] = [documents(layout, tokens, number)]
    expected = select("native", 2).spectra(chunks, layout, MASKS[labels])
    got = gpu.spectra(chunks, layout, MASKS[labels])
    assert equal(got, expected, 5, MASKS[labels])


@pytest.mark.parametrize("text", TEXTS)
def test_tables_of_collapsed_text(gpu: Backend, text: str) -> None:
    layout = Layout(VOCAB, 5, 2)
    tokens = TEXTS[text](np.random.default_rng(2)).astype(np.uint16)
    chunks = [documents(layout, tokens, 50)]
    assert gpu.count(chunks, layout) == select("native", 2).count(chunks, layout)


@pytest.mark.parametrize("vocab_size", [255, 2**18 - 1, 2**20, 2**32 - 1])
@pytest.mark.parametrize("text", ["a third is one bigram", "loops that break", "text"])
def test_narrow_and_wide_ids(gpu: Backend, text: str, vocab_size: int) -> None:
    """The wider the codes, the more rounds it takes to number n-grams."""
    layout = Layout(vocab_size, 3 if vocab_size > 2**30 else 5, 2)
    tokens = TEXTS[text](np.random.default_rng(3)) % vocab_size
    tokens = (tokens * (vocab_size // VOCAB or 1)).astype(np.uint32)
    chunks = [documents(layout, tokens, 50)]
    expected = select("native", 2).spectra(chunks, layout, MASKS[2])
    got = gpu.spectra(chunks, layout, MASKS[2])
    assert equal(got, expected, layout.max_order, MASKS[2])
