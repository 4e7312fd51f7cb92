"""Figures of several ranks over gloo equal those of one process; spectra equal a Counter's."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-integrations")
pytest.importorskip("torchmetrics", reason="torchmetrics is not installed: make test-integrations")

import rank as ranks

import collapse_stats as cs

RANK = Path(ranks.__file__)


@pytest.fixture(scope="module", params=[1, 2, 3, 4])
def results(request, tmp_path_factory):
    """The results of every rank."""
    folder = tmp_path_factory.mktemp("ranks")
    started = [
        subprocess.Popen([sys.executable, RANK, str(rank), str(request.param), folder])
        for rank in range(request.param)
    ]
    try:
        codes = [process.wait(180) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert codes == [0] * request.param
    return [json.loads((folder / f"{r}.json").read_text()) for r in range(request.param)]


def test_every_rank_has_the_same_results(results):
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("window", [None, 10_000])
def test_spectra_cover_the_tokens_of_all_ranks(results, window):
    documents = [d.tolist() for rank in range(len(results)) for d in ranks.documents_of(rank)]
    for n in range(1, ranks.ORDER + 1):
        grams = Counter(tuple(d[i : i + n]) for d in documents for i in range(len(d) - n + 1))
        expected = sorted(Counter(grams.values()).items())
        counts, types = results[0][f"spectra {window}"][str(n)]
        assert [*zip(counts, types, strict=True)] == expected


@pytest.mark.parametrize("window", [None, 10_000])
def test_figures_equal_those_of_one_process(results, window):
    human = ranks.baseline()
    whole = ranks.monitor_of(0, window, human)
    for rank in range(1, len(results)):
        whole.merge(ranks.monitor_of(rank, window, human))
    expected = whole.compute()
    assert results[0][f"reduced {window}"] == expected
    assert {"js_bits/2", "perplexity/seen-65-up", "conditional_entropy_bits/1"} <= {*expected}


def test_ranks_without_data(results):
    nothing = {"tokens": 0.0, "documents": 0.0}
    assert results[0]["nothing at all"] == nothing
    alone = cs.CollapseMonitor(ranks.VOCAB, ranks.ORDER)
    alone.update([1, 2, 3])
    assert results[0]["metric"] == alone.compute()  # only the first rank had tokens
