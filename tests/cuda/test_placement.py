"""Tokens on several GPUs, on the host and elsewhere are counted where they are."""

import threading
from typing import Any

import fake_cupy
import numpy as np
import pytest
from corpora import chunk
from fake_cupy import Capsule, Described, Tensor
from gpu_fixtures import two_gpus

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.corpus.sample import Sample
from collapse_stats.counting.device_batch import DeviceBatch
from collapse_stats.ngrams.arrays import as_documents, as_tokens
from collapse_stats.ngrams.layout import Layout
from collapse_stats.system.placement import as_device_array, is_on_gpu
from collapse_stats.uncertainty.matched_samples import MatchedSamples

TOKENS = np.random.default_rng(0).integers(0, 50, 700)


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    return two_gpus(monkeypatch)


def expected() -> Any:
    layout = Layout(50, 3)
    found = select("numpy").spectra([chunk(TOKENS, [(0, len(TOKENS))])], layout, [(1, 0)])
    return {n: joint[1, 0].first for n, joint in found.ngrams.items()}


@pytest.mark.parametrize("current", [0, 1])
@pytest.mark.parametrize("there", [0, 1])
@pytest.mark.parametrize("make", [Tensor, Described])
def test_tokens_are_counted_on_their_gpu(cupy: Any, make: Any, there: int, current: int) -> None:
    cupy.machine.set_device(current)
    assert cs.spectra(make(cupy, TOKENS, there), vocab_size=50, max_order=3) == expected()
    assert cupy.machine.used == {there}
    assert cupy.machine.current == current


@pytest.mark.parametrize("stream", ["legacy", "per thread", "none"])
def test_streams_of_the_array_interface(cupy: Any, stream: str) -> None:
    array = Described(cupy, TOKENS, 1, stream)
    assert cs.spectra(array, vocab_size=50, max_order=3) == expected()


def test_views_are_waited_for_by_the_gpu_and_not_by_the_host(cupy: Any) -> None:
    for array in (Tensor(cupy, TOKENS, 1), Described(cupy, TOKENS, 1)):
        view = as_device_array(array)
        assert cupy.machine.waits == 0
        with cupy.cuda.Device(1):
            cupy.cuda.get_current_stream().run()
        assert (view.view(np.ndarray) == TOKENS).all()


def test_a_stream_of_zero_is_ambiguous(cupy: Any) -> None:
    with pytest.raises(ValueError, match="got 0, which is ambiguous"):
        cs.spectra(Described(cupy, TOKENS, 0, "zero"), vocab_size=50)


def test_host_tokens_are_counted_on_the_current_gpu(cupy: Any) -> None:
    cupy.machine.set_device(1)
    assert cs.spectra(TOKENS, vocab_size=50, max_order=3) == expected()
    assert cupy.machine.used == {1}


def on(cupy: Any, gpu: int, tokens: Any) -> Any:
    part = chunk(tokens, [(0, len(tokens))])
    with cupy.cuda.Device(gpu):
        object.__setattr__(part, "tokens", cupy.asarray(part.tokens))
    return part


def test_chunks_of_one_call_are_on_one_gpu(cupy: Any) -> None:
    backend, layout = cupy.backend(), Layout(50, 2)
    host, first, second = chunk([1, 2], [(0, 2)]), on(cupy, 0, [1, 2]), on(cupy, 1, [1, 2])
    with pytest.raises(ValueError, match="on GPU 0 here, got chunk 2 on GPU 1: count the tokens"):
        backend.count([first, host, second], layout)
    with pytest.raises(ValueError, match="on GPU 1 here, got chunk 1 on GPU 0"):
        backend.spectra(iter([second, first]), layout, [(1, 0)])
    with pytest.raises(ValueError, match="on GPU 0 here, got chunk 1 on GPU 1"):  # host: current
        backend.count(iter([host, second]), layout)
    assert backend.count([host, second], layout) == backend.count([host, host], layout)
    assert backend.count(iter(()), layout) == backend.count([], layout)


def test_a_counter_takes_batches_of_every_gpu(cupy: Any) -> None:
    rng = np.random.default_rng(1)
    reference = cs.NgramCounter(50, 3, halves=True)
    found = cs.NgramCounter(50, 3, halves=True)
    for number in range(9):
        tokens, mask = rng.integers(0, 50, (4, 9)), rng.integers(0, 4, (4, 9)) > 0
        reference.update(tokens, mask=mask)
        if number % 3 == 2:
            found.update(tokens, mask=Tensor(cupy, mask, 1))
        else:
            on = Tensor(cupy, mask, number % 3) if number % 2 else mask
            found.update(Tensor(cupy, tokens, number % 3), mask=on)
    cupy.machine.used.clear()
    assert found.profile().run == reference.profile().run
    assert cupy.machine.used == {0, 1}


def test_a_mask_lies_where_the_tokens_do(cupy: Any) -> None:
    tokens, mask = Tensor(cupy, [1, 2], 0), Tensor(cupy, [1, 0], 1)
    for call in (
        lambda: as_documents(tokens, mask=mask, gpu=True),
        lambda: cs.NgramCounter(50).update(tokens, mask=mask),
    ):
        with pytest.raises(ValueError, match=r"mask must be .* on GPU 0, got GPU 1: pass mask"):
            call()
    with pytest.raises(ValueError, match="lengths must be where"):
        cs.NgramCounter(50).update(tokens, lengths=Tensor(cupy, [1, 1], 1))
    flat, start, stop = as_documents(np.array([1, 2]), mask=mask)
    assert (flat.tolist(), start.tolist(), stop.tolist()) == ([1, 2], [0], [1])


def test_a_monitor_of_tokens_on_several_gpus(cupy: Any) -> None:
    """The monitor's thread counts on the caller's GPU, although threads start with GPU 0."""
    cupy.machine.set_device(1)
    rng = np.random.default_rng(2)
    here, there = (cs.CollapseMonitor(50, 3, window=None) for _ in range(2))
    for number in range(6):
        tokens, mask = rng.integers(0, 50, (3, 8)), rng.integers(0, 4, (3, 8)) > 0
        here.update(tokens, mask)
        there.update(Tensor(cupy, tokens, number % 2), Tensor(cupy, mask, 1))
    assert there.compute() == here.compute()
    counted: list[int] = []
    for monitor in (here, there):
        monitor._background._contents.counter._enough = 300  # so that the thread counts
        for seed in range(3):
            cupy.machine.used.clear()
            monitor.update(np.random.default_rng(seed).integers(0, 50, 200))
            monitor.settle()
            counted += cupy.machine.used
    assert counted == [1] * len(counted)
    assert len(counted) > 2
    assert there.compute() == here.compute()


def test_a_batch_is_counted_behind_its_copy(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens are read in the stream that wrote them, whichever it is."""
    waited: list[object] = []
    wait_event = fake_cupy.Stream.wait_event
    monkeypatch.setattr(
        fake_cupy.Stream,
        "wait_event",
        lambda self, event: waited.append((self, event)) or wait_event(self, event),
    )
    with cupy.cuda.Device(1), cupy.cuda.Stream():
        batch = DeviceBatch(Tensor(cupy, [1, 2, 3], 1), None, None, 10)
    with cupy.cuda.Device(1), cupy.cuda.Stream() as other:
        assert batch.documents()[1:] == (0, 3)
        assert waited[-1] == (other, batch._copied)


def test_recounts_stay_in_the_thread_whose_gpu_it_is() -> None:
    class OnGpu:
        on_gpu = True

        def spectra(self, *arguments: Any) -> Any:
            assert threading.current_thread() is threading.main_thread()
            return select("numpy").spectra(*arguments)

    rng = np.random.default_rng(3)
    sample = Sample(
        np.sort(rng.integers(0, 2**63, 64).astype(np.uint64)),
        np.full(64, 5),
        rng.integers(0, 9, 320).astype(np.uint32),
    )
    assert MatchedSamples.of(sample, sample, Layout(9, 3), OnGpu()).recounts  # type: ignore[arg-type]


class OnHost:
    """A tensor that the CPU can read; `owner` says whether it supports `dl_device`."""

    def __init__(self, kind: int, asks: bool = True) -> None:
        self.kind, self.asks, self.asked = kind, asks, 0

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.kind, 0

    def __dlpack__(self, **options: Any) -> Any:
        if self.kind == 13:
            if not self.asks:
                raise TypeError("unexpected keyword argument 'dl_device'")
            assert options == {"dl_device": (1, 0)}, "managed memory may still be written"
            self.asked += 1
        return np.arange(5).__dlpack__()


@pytest.mark.parametrize("kind", [1, 3, 11, 13])
def test_memory_that_a_cpu_can_read(kind: int) -> None:
    tensor = OnHost(kind)
    assert as_tokens(tensor).tolist() == [0, 1, 2, 3, 4]
    assert tensor.asked == (kind == 13)
    assert is_on_gpu(tensor) == (kind == 13)


def test_managed_memory_whose_owner_cannot_be_asked_is_as_a_gpus() -> None:
    with pytest.raises(TypeError, match="got a CUDA array: use the cuda backend"):
        as_tokens(OnHost(13, asks=False))


def test_managed_memory_is_counted_by_a_gpu(cupy: Any) -> None:
    tensor = Tensor(cupy, TOKENS, 1, kind=13)
    assert cs.spectra(tensor, vocab_size=50, max_order=3) == expected()


@pytest.mark.parametrize(("kind", "name"), [(10, "a ROCm GPU"), (14, "a oneAPI"), (77, "type 77")])
def test_other_devices_are_refused(cupy: Any, kind: int, name: str) -> None:
    class Elsewhere:
        def __init__(self) -> None:
            self.__cuda_array_interface__ = {"shape": (1,)}  # as in torch for ROCm

        def __dlpack_device__(self) -> tuple[int, int]:
            return kind, 0

    for call in (
        lambda: cs.spectra(Elsewhere(), vocab_size=5),
        lambda: cs.NgramCounter(5).update(Elsewhere()),
        lambda: cs.CollapseMonitor(5).update(Elsewhere()),
        lambda: cs.profile(Elsewhere(), vocab_size=5),
    ):
        with pytest.raises(TypeError, match=f"or on an NVIDIA GPU, got one on .*{name}.*cpu"):
            call()


def test_an_array_on_several_devices_is_read_by_numpy() -> None:
    class Sharded:
        def __dlpack_device__(self) -> tuple[int, int]:
            raise BufferError("only supported for unsharded arrays")

        def __array__(self, *_: Any, **__: Any) -> np.ndarray:
            return np.arange(3)

    assert as_tokens(Sharded()).tolist() == [0, 1, 2]


def test_a_profile_of_tokens_on_a_gpu(cupy: Any) -> None:
    there, here = (
        cs.profile(tokens, vocab_size=50, max_order=2, backend="native")
        for tokens in (Tensor(cupy, TOKENS, 1), TOKENS)
    )
    assert there.run == here.run


def test_the_fake_notices_what_cuda_would(cupy: Any) -> None:
    with cupy.cuda.Device(1):
        array = cupy.zeros(3, np.int64)
        event, stream = cupy.cuda.Event(), cupy.cuda.Stream()
    with pytest.raises(RuntimeError, match="memory of GPU 1 used on 0"):
        array + 1
    with pytest.raises(RuntimeError, match="event of another GPU"):
        cupy.cuda.get_current_stream().record(event)
    with pytest.raises(RuntimeError, match="does not match"), stream:
        pass
    assert isinstance(array.__dlpack__(), Capsule)
