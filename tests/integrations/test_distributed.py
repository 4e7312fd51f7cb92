"""Figures of several ranks over gloo are those of one process, spectra those of a Counter."""

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
def found(request, tmp_path_factory):
    """What every rank found."""
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


def test_every_rank_finds_the_same(found):
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("window", [None, 10_000])
def test_spectra_are_those_of_all_tokens(found, window):
    documents = [d.tolist() for rank in range(len(found)) for d in ranks.documents_of(rank)]
    for n in range(1, ranks.ORDER + 1):
        grams = Counter(tuple(d[i : i + n]) for d in documents for i in range(len(d) - n + 1))
        expected = sorted(Counter(grams.values()).items())
        counts, types = found[0][f"spectra {window}"][str(n)]
        assert [*zip(counts, types, strict=True)] == expected


@pytest.mark.parametrize("window", [None, 10_000])
def test_figures_are_those_of_one_process(found, window):
    human = ranks.baseline()
    whole = ranks.monitor_of(0, window, human)
    for rank in range(1, len(found)):
        whole.merge(ranks.monitor_of(rank, window, human))
    expected = whole.compute()
    assert found[0][f"reduced {window}"] == expected
    assert {"js_bits/2", "perplexity/seen-65-up", "conditional_entropy_bits/1"} <= {*expected}


def test_ranks_without_data(found):
    nothing = {"tokens": 0.0, "documents": 0.0}
    assert found[0]["nothing at all"] == nothing
    alone = cs.CollapseMonitor(ranks.VOCAB, ranks.ORDER)
    alone.update([1, 2, 3])
    assert found[0]["metric"] == alone.compute()  # of the first rank alone
