"""`bench`: figures that follow from each other, and backends that must agree."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from emulation import emulated_backend, fake_cupy

from collapse_stats.backends import timing as bench
from collapse_stats.backends.selection import backends
from collapse_stats.cli.commands.bench import embedded_tokens
from collapse_stats.cli.group import program
from collapse_stats.errors import CollapseStatsError

USABLE = [info.name for info in backends() if info.usable]


def test_the_json_says_what_the_table_does(tmp_path):
    np.save(tmp_path / "ids.npy", np.random.default_rng(0).integers(0, 500, 20_000))
    arguments = ["bench", str(tmp_path / "ids.npy"), "--max-order", "2", "--vocab-size", "500"]
    result = CliRunner().invoke(program, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["tokens"] == 20_000
    assert [t["backend"] for t in found["timings"]] == USABLE * 2
    for timing in found["timings"]:
        assert timing["tokens_per_second"] == pytest.approx(20_000 / timing["seconds"])
        # 8-byte ids read once; 9 bits a token, so records of 2 and 3 bytes written and read.
        moved = 20_000 * (8 + 2 * {1: 2, 2: 3}[timing["max_order"]])
        copied = found["copy_bytes_per_second"] * timing["seconds"]
        assert timing["share_of_bandwidth"] == pytest.approx(moved / copied)
    table = CliRunner().invoke(program, arguments).stdout
    assert "copying memory:" in table
    assert "1 to 2" in table


def test_backends_that_differ_are_an_error(monkeypatch):
    answers = iter(range(100))

    class Liar:
        def spectra(self, chunks, layout, masks):
            return next(answers)

    monkeypatch.setattr(bench, "select", lambda name, threads: Liar())
    monkeypatch.setattr(bench, "PATIENCE", 1e-9)
    tokens = np.zeros(10, dtype=np.uint8)
    timings = bench.time_counting(tokens, 5, ["one", "two"], max_order=1, bandwidth=1e9)
    with pytest.raises(CollapseStatsError, match="one and two must give one answer"):
        list(timings)


def test_embedded_text_is_as_long_as_asked_for_and_stays_diverse():
    tokens, vocab_size = embedded_tokens(2_000_000)
    assert len(tokens) == 2_000_000
    assert tokens.max() < vocab_size
    thirds = [len(np.unique(part)) for part in np.split(tokens[:1_999_998], 3)]
    assert min(thirds) > 0.5 * max(thirds)


def test_a_gpu_is_timed_with_and_without_the_upload(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy())
    monkeypatch.setattr(bench, "select", lambda name, threads: emulated_backend())
    monkeypatch.setattr(bench, "PATIENCE", 1e-9)
    tokens = np.arange(1000, dtype=np.uint16) % 90
    names = ["cuda", bench.RESIDENT]
    options = {"max_order": 2, "bandwidth": 1e9, "on_gpu": 1e12}
    found = list(bench.time_counting(tokens, 90, names, **options))
    assert [timing.backend for timing in found] == names * 2
    for timing in found:
        moved = 1000 * (2 + 2 * {1: 1, 2: 2}[timing.max_order])
        assert timing.share_of_bandwidth == pytest.approx(moved / 1e12 / timing.seconds)
