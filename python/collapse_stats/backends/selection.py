"""Which backends can be used on this machine, and the one that is asked for."""

from dataclasses import dataclass
from importlib.util import find_spec

from ..errors import BackendError
from ..system.gpu import fork_problem
from .base import Backend
from .cuda.architectures import has_code

_NOT_COMPILED = (
    "the compiled module is not installed: reinstall with a C++20 compiler and without "
    "COLLAPSE_STATS_PURE"
)


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
        from .cuda.backend import CudaBackend

        return CudaBackend()
    if name == "native":
        from .native import NativeBackend

        return NativeBackend(threads)
    from .numpy import NumpyBackend

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
    found = ", ".join(f"{name} ({memory / 2**30:.0f} GiB)" for name, _, memory, _ in gpus)
    return BackendInfo("cuda", True, f"{found}, CUDA {version // 1000}.{version % 1000 // 10}")


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
