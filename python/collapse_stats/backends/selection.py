"""The backends that can be used on this machine, and the choice of one by name."""

from dataclasses import dataclass
from importlib.util import find_spec

from ..errors import BackendError
from ..system.gpu import fork_problem
from ..system.memory import budget
from .base import Backend
from .cuda.architectures import has_code

_NOT_COMPILED = (
    "the compiled module is not installed: reinstall with a C++20 compiler and without "
    "COLLAPSE_STATS_PURE"
)


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """A backend, whether it can be used here, and what it consists of or why it cannot be used."""

    name: str
    usable: bool
    detail: str


def backends(*, tried: bool = False) -> tuple[BackendInfo, ...]:
    """Return all backends, usable or not, the preferred one first.

    Parameters
    ----------
    tried
        Initialize the current GPU to see whether it works, which takes some hundreds of MB of its
        memory. Otherwise no GPU is initialized, and cuda counts as usable if there is a GPU, code
        for it, and CuPy.
    """
    cuda = _cuda_info()
    return (
        _tried(cuda) if tried and cuda.usable else cuda,
        _native_info(),
        BackendInfo("numpy", True, f"NumPy {_numpy_version()}, one thread"),
    )


def select(
    name: str = "auto", threads: int | None = None, device_memory: int | str | None = None
) -> Backend:
    """Return the backend called `name`, or with ``"auto"`` the first usable one.

    It uses `threads` of a CPU, or `device_memory` of a GPU: bytes, or a size such as ``"20GB"``; by
    default 80 % of what is free at each call.

    No GPU is initialized, so a process may choose its GPU afterwards. If the GPU fails when it is
    first used, the operation raises BackendError, even with ``"auto"``.

    Raises
    ------
    ValueError
        for a name that is not among `backends`.
    BackendError
        when the backend called `name` is not usable here; it is never replaced silently.
    """
    infos = backends()
    if name != "auto" and name not in [info.name for info in infos]:
        names = ", ".join(["auto", *(info.name for info in infos)])
        raise ValueError(f"backend must be one of {names}, got {name!r}")
    for info in infos:
        if name == info.name and not info.usable:
            raise BackendError(f"backend {name} is not usable here: {info.detail}")
        if info.usable and name in ("auto", info.name):
            return _make(info.name, threads, device_memory)
    raise AssertionError("the numpy backend is always usable")


def _make(name: str, threads: int | None, device_memory: int | str | None) -> Backend:
    if name == "cuda":
        from .cuda.backend import CudaBackend

        return CudaBackend(None if device_memory is None else int(budget(device_memory)))
    if name == "native":
        from .native import NativeBackend

        return NativeBackend(threads)
    from .numpy.backend import NumpyBackend

    return NumpyBackend()


def _cuda_info() -> BackendInfo:
    if find_spec("collapse_stats._cuda") is None:
        return BackendInfo("cuda", False, _NOT_COMPILED)
    try:
        from .. import _cuda
    except ImportError as error:
        return BackendInfo("cuda", False, f"the compiled module does not load: {error}")
    forked = fork_problem()
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
    names = ", ".join(f"{name} ({memory / 2**30:.0f} GiB)" for name, _, memory, _ in gpus)
    return BackendInfo("cuda", True, f"{names}, CUDA {version // 1000}.{version % 1000 // 10}")


def _tried(cuda: BackendInfo) -> BackendInfo:
    from .cuda.backend import CudaBackend

    try:
        CudaBackend().check()
    except BackendError as reason:
        return BackendInfo("cuda", False, str(reason))
    return cuda


def _native_info() -> BackendInfo:
    if find_spec("collapse_stats._native") is None:
        return BackendInfo("native", False, _NOT_COMPILED)
    try:
        from .native import NativeBackend
    except ImportError as error:
        return BackendInfo("native", False, f"the compiled module does not load: {error}")
    return BackendInfo("native", True, NativeBackend().detail)


def _numpy_version() -> str:
    import numpy

    return numpy.__version__
