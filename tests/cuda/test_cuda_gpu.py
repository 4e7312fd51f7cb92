"""The cuda backend on a real GPU, against the other backends."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from conftest import gpu_backend
from corpora import chunk, documents, zipf_tokens

import collapse_stats as cs
from collapse_stats.backends.cuda.backend import CudaBackend
from collapse_stats.backends.selection import select
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout

pytestmark = pytest.mark.gpu

MASKS = [(0b01, 0b10)]
Workload = tuple[Layout, Chunk]


@pytest.fixture
def backend() -> CudaBackend:
    cuda = gpu_backend()
    assert isinstance(cuda, CudaBackend)
    return cuda


@pytest.fixture
def cupy():
    return pytest.importorskip("cupy")


def _text(vocab_size: int, max_order: int, labels: int = 2, size: int = 300_000) -> Workload:
    layout = Layout(vocab_size, max_order, labels)
    tokens = zipf_tokens(size, vocab_size).astype(np.min_scalar_type(vocab_size))
    return layout, documents(layout, tokens, size // 300)


def _one_token() -> Workload:
    return Layout(50_257, 5, 2), chunk([7] * 3_000_000, [(0, 999), (999, 3_000_000)], [0, 1])


def _two_alternating() -> Workload:
    return Layout(50_257, 5), chunk([7, 8] * 1_000_000, [(0, 2_000_000)])


def _tiny_documents() -> Workload:
    cuts = np.arange(0, 300_001, 3)
    label = (np.arange(100_000) % 2).astype(np.uint8)
    tokens = zipf_tokens(300_000, 1000).astype(np.uint16)
    return Layout(1000, 4, 2), Chunk.of_documents(tokens, cuts[:-1], cuts[1:], label)


def _uniform() -> Workload:
    tokens = np.random.default_rng(3).integers(0, 50_257, 500_000, dtype=np.uint16)
    return Layout(50_257, 5, 1), chunk(tokens, [(0, 500_000)], dtype="uint16")


WORKLOADS: dict[str, Callable[[], Workload]] = {
    "vocabulary of 300": lambda: _text(300, 5),
    "16 bits, order 5": lambda: _text(50_257, 5),
    "16 bits, one label": lambda: _text(50_257, 5, 1),
    "16 bits, order 8, four labels": lambda: _text(65_535, 8, 4),
    "18 bits, order 4": lambda: _text(200_000, 4),
    "18 bits, order 7": lambda: _text(200_000, 7),
    "32 bits": lambda: _text(2**32, 3),
    "one token": _one_token,
    "two alternating": _two_alternating,
    "tiny documents": _tiny_documents,
    "uniform": _uniform,
}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_same_integers_as_the_other_backends(backend: CudaBackend, workload: str) -> None:
    layout, part = WORKLOADS[workload]()
    masks = MASKS if layout.labels > 1 else [(1, 0)]
    joint_spectra, table = backend.spectra([part], layout, masks), backend.count([part], layout)
    for other in (select("native"), select("numpy")):
        assert joint_spectra == other.spectra([part], layout, masks)
        assert table == other.count([part], layout)
    assert backend.joint_spectra([[table]], masks) == joint_spectra
    assert backend.merge([table, table]).counts.sum() == 2 * table.counts.sum()


@pytest.mark.parametrize("passes", [1, 3, 16])
def test_passes_over_the_key_ranges(backend: CudaBackend, passes: int) -> None:
    layout, part = _text(50_257, 5)
    whole = backend.count([part], layout)
    edges = np.linspace(0, layout.key_ranges, passes + 1).astype(int).tolist()
    tables = [backend.count([part], layout, between) for between in pairwise(edges)]
    assert type(whole).concatenate(layout, tables) == whole
    joint_spectra = backend.joint_spectra(([table] for table in tables), MASKS)
    assert joint_spectra == backend.spectra([part], layout, MASKS)


@pytest.mark.parametrize("memory", [40_000_000, 200_000_000, None])
def test_device_memory_does_not_matter(backend: CudaBackend, memory: int | None) -> None:
    layout, part = _text(50_257, 5, size=1_000_000)
    short = CudaBackend(memory)
    assert short.spectra([part], layout, MASKS) == backend.spectra([part], layout, MASKS)
    assert short.count([part], layout) == backend.count([part], layout)


@pytest.mark.parametrize("size", [1000, 65_537, 1_000_000])
def test_chunk_sizes(backend: CudaBackend, size: int) -> None:
    tokens = zipf_tokens(1_000_000, 50_257).astype(np.uint16)
    layout = Layout(50_257, 5)
    parts = [chunk(t, [(0, len(t))]) for t in np.split(tokens, range(size, len(tokens), size))]
    assert backend.spectra(parts, layout, [(1, 0)]) == select("native").spectra(
        parts, layout, [(1, 0)]
    )


def test_uploads_larger_than_the_pinned_buffers(backend: CudaBackend) -> None:
    tokens = np.random.default_rng(0).integers(0, 3, 250_000_000, dtype=np.uint8)
    layout = Layout(3, 2)
    part = chunk(tokens, [(0, len(tokens))], dtype="uint8")
    assert backend.spectra([part], layout, [(1, 0)]) == select("native").spectra(
        [part], layout, [(1, 0)]
    )


def _arrays(tokens: np.ndarray) -> Iterator[object]:
    import cupy

    yield cupy.asarray(tokens)

    class OnlyInterface:
        def __init__(self) -> None:
            self._array = cupy.asarray(tokens)
            self.__cuda_array_interface__ = self._array.__cuda_array_interface__

    yield OnlyInterface()
    try:
        import torch
    except ImportError:
        return
    yield torch.from_numpy(tokens).cuda()


def test_device_tokens(backend: CudaBackend, cupy) -> None:
    for dtype in ("uint8", "int16", "int32", "int64"):
        tokens = zipf_tokens(10_000, 120).astype(dtype)
        expected = cs.spectra(tokens, vocab_size=120, max_order=4, backend="native")
        for array in _arrays(tokens):
            assert cs.spectra(array, vocab_size=120, max_order=4, backend="cuda") == expected
    with pytest.raises(TypeError, match="use the cuda backend"):
        cs.spectra(cupy.zeros(3, dtype=int), vocab_size=5, backend="native")


def test_streams_of_the_caller(backend: CudaBackend, cupy) -> None:
    tokens = zipf_tokens(200_000, 1000).astype(np.int64)
    expected = cs.spectra(tokens, vocab_size=1000, max_order=3, backend="native")
    for _ in range(5):
        with cupy.cuda.Stream(non_blocking=True):
            array = cupy.zeros(len(tokens), dtype=np.int64)
            for _ in range(50):
                array += 1  # still running when the tokens are read
            array[:] = cupy.asarray(tokens)
            assert cs.spectra(array, vocab_size=1000, max_order=3, backend="cuda") == expected


def test_a_counter_of_tensors(backend: CudaBackend, cupy) -> None:
    rng = np.random.default_rng(0)
    expected = cs.NgramCounter(5000, 4, backend="native", halves=True)
    counter = cs.NgramCounter(5000, 4, backend="cuda", halves=True)
    for _ in range(20):
        ids, mask = rng.integers(0, 5000, (8, 512)), rng.integers(0, 9, (8, 512)) > 0
        expected.update(ids, mask=mask)
        on_gpu = cupy.asarray(ids)
        counter.update(on_gpu, mask=cupy.asarray(mask))
        on_gpu[:] = -1  # queued in the same stream
    assert counter.profile().run == expected.profile().run
    counter.update(cupy.asarray([1, 5000]))
    with pytest.raises(ValueError, match="token id 5000 at position 1 is outside"):
        counter.profile()


class CupyStream:
    """A stream of CuPy that can be kept busy for a second or two."""

    SPIN = """extern "C" __global__ void spin(long long cycles) {
        for (long long begin = clock64(); clock64() - begin < cycles;) {}
    }"""

    def __init__(self) -> None:
        self._cupy = pytest.importorskip("cupy")
        self.context = self._stream = self._cupy.cuda.Stream(non_blocking=True)
        self._kernel = self._cupy.RawKernel(self.SPIN, "spin")

    def put(self, array: np.ndarray) -> object:
        return self._cupy.asarray(array)

    def spin(self, cycles: int) -> None:
        self._kernel((1,), (1,), (np.int64(cycles),))

    def is_idle(self) -> bool:
        return bool(self._stream.done)


class TorchStream:
    """A stream of torch."""

    def __init__(self) -> None:
        self._torch = pytest.importorskip("torch")
        self._stream = self._torch.cuda.Stream()
        self.context = self._torch.cuda.stream(self._stream)

    def put(self, array: np.ndarray) -> object:
        return self._torch.from_numpy(array).cuda()

    def spin(self, cycles: int) -> None:
        self._torch.cuda._sleep(cycles)

    def is_idle(self) -> bool:
        return bool(self._stream.query())


@pytest.mark.parametrize("kind", [CupyStream, TorchStream])
def test_a_monitor_waits_for_nothing(backend: CudaBackend, kind: type) -> None:
    """`update` does not wait for its caller's stream."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 5000, (128, 512))
    mask = rng.integers(0, 9, ids.shape) > 0
    native, cuda = (cs.CollapseMonitor(5000, 4, backend=name) for name in ("native", "cuda"))
    stream = kind()
    with stream.context:
        tokens, kept = stream.put(ids), stream.put(mask)
        for cycles in (1, 3_000_000_000):  # the first round allocates memory and compiles code
            cuda.reset()
            stream.spin(cycles)
            for _ in range(20):  # five of the eight blocks that may wait
                cuda.update(tokens, kept)
            waited_for_nothing = not stream.is_idle()
            figures = cuda.compute()
    assert waited_for_nothing
    for _ in range(20):
        native.update(ids, mask)
    assert figures == native.compute()


def test_small_tables(backend: CudaBackend) -> None:
    """Call every step once, for the sanitizers."""
    layout = Layout(300, 4, 2)
    parts = [documents(layout, zipf_tokens(5000, 300, seed), 40, seed) for seed in range(2)]
    tables = [backend.count([part], layout) for part in parts]
    assert tables == [select("numpy").count([part], layout) for part in parts]
    assert backend.merge(tables) == backend.count(parts, layout)
    joint_spectra = backend.spectra(parts, layout, MASKS)
    assert joint_spectra == select("numpy").spectra(parts, layout, MASKS)
    assert backend.joint_spectra([tables], [(3, 12)]) == select("numpy").joint_spectra(
        [tables], [(3, 12)]
    )
