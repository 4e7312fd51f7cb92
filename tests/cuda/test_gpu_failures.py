"""A GPU that fails or is full: there is a clear error, and no tokens are lost."""

import sys
from pathlib import Path
from typing import Any

import fake_cupy
import numpy as np
import pytest
from fake_cupy import CUDARuntimeError, OutOfMemoryError, Tensor
from gpu_fixtures import two_gpus

import collapse_stats as cs
from collapse_stats.errors import BackendError, CollapseStatsError, GpuError, GpuMemoryError
from collapse_stats.system.gpu import gpu_errors

FULL = OutOfMemoryError("Out of memory allocating 8,000 bytes (allocated so far: 512 bytes).")
LOST = CUDARuntimeError("cudaErrorIllegalAddress: an illegal memory access was encountered")
OWN = RuntimeError("CUDA: starting a kernel failed: unspecified launch failure")
MISSING = RuntimeError("CuPy failed to load libnvrtc.so.13: OSError")


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    return two_gpus(monkeypatch)


def failing(cupy: Any, error: Exception | None, at: str = "allocate") -> None:
    def fail(what: str) -> None:
        if what == at and error is not None:
            raise error

    cupy.machine.fail = fail


def test_a_full_gpu_says_what_was_asked_the_budget_and_the_remedy(cupy: Any) -> None:
    cupy.machine.free_bytes = 1_000_000
    failing(cupy, FULL)
    with pytest.raises(GpuMemoryError) as caught:
        cs.spectra(Tensor(cupy, [1, 2, 3], 1), vocab_size=5)
    message = str(caught.value)
    assert "GPU 1 has too little memory left: Out of memory allocating 8,000 bytes" in message
    assert "counting may use 800,000 bytes of it: close other programs" in message
    assert "device_memory" in message
    assert "backend='native'" in message
    assert isinstance(caught.value, MemoryError)
    assert isinstance(caught.value, BackendError)
    assert caught.value.__cause__ is FULL


@pytest.mark.parametrize("error", [LOST, OWN, MISSING])
def test_failures_of_cuda_and_cupy_are_errors_of_ours(cupy: Any, error: Exception) -> None:
    failing(cupy, error)
    with pytest.raises(GpuError, match=r"the current GPU failed: .* start anew, or count with"):
        cs.spectra([1, 2, 3], vocab_size=5)


def test_out_of_memory_in_a_step_is_one_too(cupy: Any) -> None:
    failing(cupy, RuntimeError("CUDA: sorting failed: out of memory"), "make_planes")
    with pytest.raises(GpuMemoryError, match="too little memory left: CUDA: sorting failed"):
        cs.spectra([1, 2, 3], vocab_size=5)


@pytest.mark.parametrize("error", [RuntimeError("of a reader"), MemoryError("of the host")])
def test_what_comes_from_elsewhere_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, gpu_errors(0):
        raise error
    assert caught.value is error
    own = GpuError("said already")
    with pytest.raises(CollapseStatsError) as again, gpu_errors(0):
        raise own
    assert again.value is own


def test_the_pool_may_be_bounded(cupy: Any) -> None:
    backend = cupy.backend()
    cupy.machine.limit = 1000
    with backend._operation() as gpu:
        assert gpu.budget == 800


@pytest.mark.parametrize("on_host", [True, False])
def test_a_counter_loses_nothing_when_counting_fails(cupy: Any, on_host: bool) -> None:
    def tokens(seed: int) -> Any:
        ids = np.random.default_rng(seed).integers(0, 10, (3, 7))
        return ids if on_host else Tensor(cupy, ids, seed % 2)

    expected, found = (cs.NgramCounter(10, 3, halves=True) for _ in range(2))
    found._enough = 60
    for seed in range(8):
        failing(cupy, None)
        expected.update(tokens(seed))
        if seed < 2:
            found.update(tokens(seed))
            continue
        for error in (FULL, LOST):
            failing(cupy, error, "make_planes")
            with pytest.raises(BackendError):
                found.update(tokens(seed))
        if seed % 2:
            with pytest.raises(BackendError):
                found.profile()
        failing(cupy, None)
        found.update(tokens(seed))
        found._enough = found._pending.tokens + 5  # so that the next batch does not fit
    failing(cupy, LOST, "tally_rows")
    with pytest.raises(GpuError):
        found.profile()
    failing(cupy, None)
    assert found.profile().run == expected.profile().run
    assert found.profile().documents == expected.profile().documents


def test_a_batch_that_cannot_be_read_waits(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = cs.NgramCounter(10, 2)
    counter.update(Tensor(cupy, [1, 2, 3], 1))
    counter.update(Tensor(cupy, [4, 5], 1))

    def lost(self: object, event: object) -> None:
        raise LOST

    with monkeypatch.context() as patch:
        patch.setattr(fake_cupy.Stream, "wait_event", lost)
        with pytest.raises(GpuError, match="GPU 1 failed"):
            counter.profile()
    assert counter.profile().tokens == 5


def test_a_wrong_id_drops_its_batch_and_no_other(cupy: Any) -> None:
    counter = cs.NgramCounter(10, 2)
    counter._enough = 5
    counter.update(Tensor(cupy, [1, 2, 3], 0))
    counter.update(Tensor(cupy, [1, 10], 0))
    with pytest.raises(ValueError, match="token id 10 at position 1"):
        counter.update(Tensor(cupy, [4, 5], 0))
    counter.update(Tensor(cupy, [4, 5], 0))
    assert counter.profile().tokens == 5


@pytest.mark.parametrize("window", [None, 1000])
def test_a_monitor_loses_nothing_when_its_thread_fails(
    cupy: Any, monkeypatch: pytest.MonkeyPatch, window: int | None
) -> None:
    expected, found = (cs.CollapseMonitor(10, 2, window=window) for _ in range(2))
    if found._background._contents.counter is not None:
        found._background._contents.counter._enough = 300

    def ids(seed: int) -> np.ndarray:
        return np.random.default_rng(seed).integers(0, 10, 200)

    logprobs = np.full(200, -1.0)
    for seed in range(4):
        expected.update(ids(seed), logprobs=logprobs)
        if seed == 1:  # the thread cannot read the tokens
            found.update(Tensor(cupy, ids(seed), 1), logprobs=logprobs)
            monkeypatch.setattr(cupy, "asnumpy", lambda array: raised(LOST))
            for _ in range(2):
                with pytest.raises(GpuError, match="GPU 1 failed"):
                    found.settle()
            monkeypatch.undo()
            monkeypatch.setitem(sys.modules, "cupy", cupy)
            continue
        found.update(ids(seed), logprobs=logprobs)
        failing(cupy, FULL, "make_planes")
        if seed == 2 and window is None:
            with pytest.raises(GpuMemoryError):
                found.settle()
        if seed == 3:  # every call raises the error until counting succeeds
            for _ in range(2):
                with pytest.raises(GpuMemoryError):
                    found.compute()
        failing(cupy, None)
    assert found.compute() == expected.compute()
    assert found.compute()["tokens"] == 800


def raised(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("error", [FULL, LOST, OWN])
def test_the_command_says_it_in_a_line(
    cupy: Any, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from collapse_stats.backends import options
    from collapse_stats.cli.group import program

    monkeypatch.setattr(options, "select", lambda *_: cupy.backend())
    path = tmp_path / "text.txt"
    path.write_text("some words and some more\n" * 20)
    failing(cupy, error, "make_planes")
    arguments = ["profile", str(path), "--tokenizer", "builtin", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(program, arguments)
    assert not (tmp_path / "out").exists()
    assert done.exit_code == 2
    assert done.output.startswith("collapse-stats: error: the current GPU")
    assert done.output.count("\n") == 1
    assert "--backend native" in done.output
    assert "--max-order" not in done.output


def test_the_command_has_no_remedies_for_the_host_when_a_gpu_is_full(
    cupy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from collapse_stats.backends import options
    from collapse_stats.cli.group import program

    monkeypatch.setattr(options, "select", lambda *_: cupy.backend(10))
    path = tmp_path / "text.txt"
    path.write_text("some words and some more\n" * 20)
    arguments = ["profile", str(path), "--tokenizer", "builtin", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(program, arguments)
    assert "the GPU must hold" in done.output
    assert done.output.endswith("free device memory, or use the native backend\n")
