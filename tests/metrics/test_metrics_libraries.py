"""Figures against those of published libraries, where these are installed.

No other test needs them: `pip install lexicalrichness powerlaw nltk infomeasure`.
"""

import math
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import Spectrum


@pytest.fixture(autouse=True)
def _their_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def library(name: str) -> ModuleType:
    module: ModuleType = pytest.importorskip(
        name, reason=f"{name} is not installed to compare with"
    )
    return module


def text(size: int, kinds: int, slope: float) -> npt.NDArray[np.int64]:
    p = 1 / np.arange(1, kinds + 1) ** slope
    return np.random.default_rng(size).choice(kinds, size, p=p / p.sum())


@pytest.mark.parametrize(
    ("size", "kinds", "slope"), [(60, 200, 0.2), (500, 300, 1.1), (3000, 1000, 1)]
)
def test_lexicalrichness(size: int, kinds: int, slope: float) -> None:
    tokens = text(size, kinds, slope)
    words = list(map(str, tokens))
    theirs: Any = library("lexicalrichness").LexicalRichness(
        words, preprocessor=None, tokenizer=None
    )
    spectrum = Spectrum.from_counts(np.bincount(tokens))
    pairs = [
        (metrics.mattr(tokens, window=50), theirs.mattr(50)),
        (metrics.mtld(tokens), theirs.mtld()),
        (metrics.mtld(tokens, threshold=0.66), theirs.mtld(0.66)),
        (metrics.hdd(spectrum), theirs.hdd()),
        (metrics.document_hdd(tokens), theirs.hdd()),
        (metrics.root_ttr(spectrum), theirs.rttr),
        (metrics.corrected_ttr(spectrum), theirs.cttr),
        (metrics.herdan_c(spectrum), theirs.Herdan),
        (metrics.summer_s(spectrum), theirs.Summer),
        (metrics.dugast_u(spectrum), theirs.Dugast),
        (metrics.maas_a(spectrum), theirs.Maas),
        (metrics.yule_k(spectrum), theirs.yulek),
    ]
    for ours, expected in pairs:
        assert ours == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("low", [1, 2, 5])
def test_powerlaw(low: int) -> None:
    values = np.random.default_rng(1).zipf(2.1, 3000)
    fit: Any = library("powerlaw").Fit(
        values, discrete=True, xmin=low, estimate_discrete=False, verbose=False
    )
    ours = metrics.zipf_fit(Spectrum.from_counts(values), c_min=low)
    # powerlaw stops its search within 1e-4 of the optimum.
    assert ours.alpha == pytest.approx(fit.power_law.alpha, abs=2e-4)
    assert ours.distance == pytest.approx(fit.power_law.D, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_nltk(seed: int) -> None:
    probability = library("nltk.probability")
    counts = np.random.default_rng(seed).zipf(1.7, 500).clip(max=2000)
    ours = metrics.simple_good_turing(Spectrum.from_counts(counts))
    names = {i: int(c) for i, c in enumerate(counts)}
    theirs = probability.SimpleGoodTuringProbDist(probability.FreqDist(names), bins=10**6)
    by_count = dict(zip(ours.count.tolist(), ours.probability, strict=True))
    for name, count in names.items():
        assert by_count[count] == pytest.approx(theirs.prob(name), rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_infomeasure(seed: int) -> None:
    infomeasure = library("infomeasure")
    rng = np.random.default_rng(seed)
    tokens = rng.zipf(1.8, rng.integers(2, 200)).clip(max=50)
    spectrum = Spectrum.from_counts(np.bincount(tokens))
    names = {
        "plugin": "discrete",
        "miller-madow": "miller_madow",
        "chao-shen": "chao_shen",
        "chao-wang-jost": "chao_wang_jost",
    }
    for ours, theirs in names.items():
        expected = infomeasure.entropy(tokens, approach=theirs, base="e") / math.log(2)
        assert metrics.entropy(spectrum, ours) == pytest.approx(expected, rel=1e-9, abs=1e-12)
