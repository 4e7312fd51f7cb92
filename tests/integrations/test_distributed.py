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
    return Results(folder, request.param)


class Results(list):
    """What the ranks have in common, in order of ranks; `own` is what they have not."""

    def __init__(self, folder, ranks):
        super().__init__(json.loads((folder / f"{r}.json").read_text()) for r in range(ranks))
        self.own = [json.loads((folder / f"{r} own.json").read_text()) for r in range(ranks)]


def test_every_rank_has_the_same_results(results):
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("window", [None, 10_000])
def test_spectra_cover_the_tokens_of_all_ranks(results, window):
    documents = []
    for rank in range(len(results)):
        for number, document in enumerate(ranks.documents_of(rank)):
            documents.append(document.tolist())
            if number % 10 == 0:
                documents += [document.tolist(), document[::-1].tolist()]
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
    between = {name for name in expected if name.startswith("between")}
    assert results[0][f"reduced {window}"].keys() - between == expected.keys() - between
    for name in expected.keys() - between:  # other answers meet, depending on the ranks
        assert results[0][f"reduced {window}"][name] == expected[name], name
    assert {
        "group_overlap",
        "copies",
        "floor/copies",
        "js_bits/2",
        "perplexity/seen-65-up",
        "conditional_entropy_bits/1",
    } <= {*expected}


def test_ranks_without_data(results):
    nothing = {"tokens": 0.0, "documents": 0.0}
    assert results[0]["nothing at all"] == nothing
    alone = cs.CollapseMonitor(ranks.VOCAB, ranks.ORDER)
    alone.update([1, 2, 3])
    assert results[0]["metric"] == alone.compute()  # only the first rank had tokens


def test_no_rank_waits_for_one_that_fails(results):
    *others, failed = results.own
    assert failed["failing"] == "ZeroDivisionError: division by zero"
    for own in others:
        assert own["failing"].startswith("CollapseStatsError: the monitors of 1 of ")
    assert {result["after all"]["tokens"] for result in results} == {0}


def test_monitors_of_other_parameters_are_refused_on_every_rank(results):
    for own in results.own:
        if len(results) == 1:
            assert own["unequal"] == "none"
        else:
            assert own["unequal"].startswith("LayoutMismatchError: the monitors of all ranks must")


def test_the_first_rank_gets_the_states_of_all(results):
    first, *others = results.own
    expected = [
        [rank, ranks.monitor_of(rank, 100, None).snapshot().newest.ids.tolist()]
        for rank in range(len(results))
    ]
    assert first["states"] == expected
    assert all(own["states"] == [] for own in others)
