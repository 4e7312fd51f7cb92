"""Interchangeable counters: the same four operations, the same integers.

Every backend turns tokens into runs and spectra and never computes a logarithm. They share
nothing but this interface, so that each can be tested against the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

from ..chunk import Chunk
from ..errors import BackendError
from ..gpu import reason_of_fork
from ..keys import Layout, Shards
from ..run import Run
from ..spectrum import Masks, Tables
from ._architectures import has_code

_NOT_COMPILED = (
    "the compiled module is not installed: reinstall with a C++20 compiler and without "
    "COLLAPSE_STATS_PURE"
)


class Backend(Protocol):
    """The four operations. Implementations are stateless apart from their settings.

    Attributes
    ----------
    on_gpu
        Whether it counts on a GPU, whose memory it bounds itself, and takes tokens that lie there.
    batch_tokens
        So many tokens, at least, are best counted together.
    range_shards
        So many shards, at least, are best handed out together; all, where rows are made at once.
    """

    name: str
    on_gpu: bool
    range_shards: int

    @property
    def batch_tokens(self) -> int: ...

    def count(self, chunks: Iterable[Chunk], layout: Layout, shards: Shards | None = None) -> Run:
        """Run of the chunks' windows in shards ``shards[0] <= shard < shards[1]`` (default: all).

        Raises ValueError naming value and position of an id outside the vocabulary.
        """

    def count_in_ranges(
        self, chunks: Iterable[Chunk], layout: Layout, ranges: Sequence[Shards]
    ) -> Iterator[Run]:
        """Runs of ascending, adjoining ranges of shards; the chunks are gone through once.

        For what is done with when it was written: memory and time that whole runs take are saved.
        """

    def merge(self, runs: Sequence[Run]) -> Run:
        """Run of all windows of `runs` (one layout, at least one run): counts of equal keys add."""

    def spectra(
        self,
        source: Iterable[Chunk] | Run,
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[Shards] | None = None,
    ) -> Tables:
        """Joint spectra of the labels in each pair of masks, for every order.

        From chunks no run is built. The spectrum of one label set M is the pair (M, 0). With
        `passes`, disjoint ranges that cover all shards, the chunks are gone through once for each,
        so that only the windows of one range need memory at a time.
        """

    def needs(self, layout: Layout, shards: int, *, rows: bool) -> tuple[int, int]:
        """Bytes of the caller's memory that counting in so many shards takes: fixed, and a window.

        With `rows`, those of a run among them, should all windows differ.
        """

    def joint_spectra(self, parts: Iterable[Sequence[Run]], masks: Sequence[Masks]) -> Tables:
        """Joint spectra of several runs, given one range of shards after the other.

        A part has the rows of each run in one range; ranges do not overlap, and every part has the
        same number of runs with the same layouts: of equal vocabulary and max_order, and of one or
        two labels each. Labels are numbered through: with two halved runs, bits 0 and 1 of a mask
        are the halves of the first, bits 2 and 3 those of the second. Parts are dropped as they
        are scanned, so that runs larger than memory can be joined.
        """


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """One backend, whether it can be used here, and what it is or why it cannot."""

    name: str
    usable: bool
    detail: str


def backends(*, tried: bool = False) -> tuple[BackendInfo, ...]:
    """Every backend in priority order, usable or not, with the reason.

    Parameters
    ----------
    tried
        Set up the current GPU to see whether it can be used, which takes some hundreds of MB of it.
        Without that, nothing is set up on any GPU: there is one, with code for it and CuPy.
    """
    cuda = _cuda_info()
    return (
        _tried(cuda) if tried and cuda.usable else cuda,
        _native_info(),
        BackendInfo("numpy", True, f"NumPy {_numpy_version()}, one thread"),
    )


def select(name: str = "auto", threads: int | None = None) -> Backend:
    """The backend called `name`, or with ``"auto"`` the first usable one.

    Nothing is set up on a GPU, so that a process may choose its GPU afterwards. Should the GPU fail
    when it is first used, that is a BackendError of the operation, with ``"auto"`` too.

    Raises
    ------
    ValueError
        for a name that is none of `backends`.
    BackendError
        when the backend asked for is not usable here; it is never replaced silently.
    """
    known = backends()
    if name != "auto" and name not in [info.name for info in known]:
        names = ", ".join(["auto", *(info.name for info in known)])
        raise ValueError(f"backend must be one of {names}, got {name!r}")
    for info in known:
        if name == info.name and not info.usable:
            raise BackendError(f"backend {name} is not usable here: {info.detail}")
        if info.usable and name in ("auto", info.name):
            return _make(info.name, threads)
    raise AssertionError("the numpy backend is always usable")


def _make(name: str, threads: int | None) -> Backend:
    if name == "cuda":
        from ._cuda import CudaBackend

        return CudaBackend()
    if name == "native":
        from ._native import NativeBackend

        return NativeBackend(threads)
    from ._numpy import NumpyBackend

    return NumpyBackend()


def _cuda_info() -> BackendInfo:
    if find_spec("collapse_stats._cuda") is None:
        return BackendInfo("cuda", False, _NOT_COMPILED)
    try:
        from .. import _cuda
    except ImportError as error:
        return BackendInfo("cuda", False, f"the compiled module does not load: {error}")
    forked = reason_of_fork()
    if forked is not None:
        return BackendInfo("cuda", False, forked)
    try:
        gpus, current = _cuda.gpus(), _cuda.current_gpu()
    except RuntimeError as reason:
        return BackendInfo("cuda", False, str(reason))
    compiled = _cuda.architectures()
    name, (major, minor), _, _ = gpus[current]
    if not has_code(compiled, (major, minor)):
        return BackendInfo(
            "cuda",
            False,
            f"compiled for GPUs of compute capability {compiled}, and GPU {current}, {name}, has "
            f"{major}.{minor}: reinstall from source on this machine, or with "
            f"CUDAARCHS={major}{minor}",
        )
    version = _cuda.runtime_version()
    if find_spec("cupy") is None:
        extra = f"cuda{version // 1000}"
        return BackendInfo("cuda", False, f"CuPy is missing: pip install 'collapse-stats[{extra}]'")
    found = ", ".join(f"{name} ({memory / 2**30:.0f} GiB)" for name, _, memory, _ in gpus)
    return BackendInfo("cuda", True, f"{found}, CUDA {version // 1000}.{version % 1000 // 10}")


def _tried(cuda: BackendInfo) -> BackendInfo:
    from ._cuda import CudaBackend

    try:
        CudaBackend().check()
    except BackendError as reason:
        return BackendInfo("cuda", False, str(reason))
    return cuda


def _native_info() -> BackendInfo:
    if find_spec("collapse_stats._native") is None:
        return BackendInfo("native", False, _NOT_COMPILED)
    try:
        from ._native import NativeBackend
    except ImportError as error:
        return BackendInfo("native", False, f"the compiled module does not load: {error}")
    return BackendInfo("native", True, NativeBackend().detail)


def _numpy_version() -> str:
    import numpy

    return numpy.__version__
