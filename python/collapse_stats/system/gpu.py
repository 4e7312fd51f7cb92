"""Select the GPU that a thread uses, and translate the errors of CUDA and CuPy.

The current GPU, and CuPy's current stream on it, are properties of a thread: a new thread starts on
GPU 0. Work that moves to another thread must therefore carry the number of its GPU.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from ..errors import CollapseStatsError, GpuError, GpuMemoryError

_process: int | None = None  # id of the process that first used a GPU


def cupy_module() -> Any:
    """Return the module `cupy`; raise TypeError with the remedy where it is not installed."""
    try:
        import cupy
    except ImportError as error:
        raise TypeError(
            "arrays on a GPU are read with CuPy, which is not installed: pip install "
            "'collapse-stats[cuda13]', or pass tokens.cpu()"
        ) from error
    return cupy


def current_gpu() -> int:
    """Return the number of this thread's current GPU without initializing it."""
    return int(cupy_module().cuda.runtime.getDevice())


def select_gpu(gpu: int | None) -> AbstractContextManager[Any]:
    """Make `gpu` this thread's current GPU inside a `with` block; None keeps the current one."""
    return nullcontext() if gpu is None else cupy_module().cuda.Device(gpu)


@contextmanager
def use_gpu(gpu: int | None = None) -> Iterator[None]:
    """Select a GPU as `select_gpu` does, check for a fork, and translate errors (`gpu_errors`)."""
    check_not_forked()
    with gpu_errors(gpu), select_gpu(gpu):
        yield


def check_not_forked() -> None:
    """Raise GpuError in a process forked from one that had used a GPU, where CUDA cannot work.

    The first call also records this process as the one that uses GPUs.
    """
    global _process
    if _process is None:
        _process = os.getpid()
    problem = fork_problem()
    if problem is not None:
        raise GpuError(f"{problem}, or count with backend='native' in it")


def fork_problem() -> str | None:
    """Why this process cannot use a GPU, if it was forked from one that had; None otherwise."""
    if _process in (None, os.getpid()):
        return None
    return (
        f"this process was forked from process {_process}, which had used a GPU, and CUDA does not "
        "work after a fork: start it with multiprocessing's method spawn or forkserver"
    )


@contextmanager
def gpu_errors(gpu: int | None = None, budget: int | None = None) -> Iterator[None]:
    """Turn exceptions of CUDA and CuPy into GpuError or GpuMemoryError; pass on all others.

    Parameters
    ----------
    gpu
        Number of the GPU for the message; None for the current one.
    budget
        Bytes of GPU memory that counting may use, for the message.
    """
    try:
        yield
    except CollapseStatsError:
        raise
    except Exception as error:
        if not _comes_from_gpu(error):
            raise
        which = "the current GPU" if gpu is None else f"GPU {gpu}"
        text = " ".join(str(error).split()).rstrip(".")
        if isinstance(error, MemoryError) or "out of memory" in text.lower():
            allowed = "" if budget is None else f"; counting may use {budget:,} bytes of it"
            raise GpuMemoryError(
                f"{which} has too little memory left: {text}{allowed}: close other programs that "
                "use it, release the caches of other libraries (torch.cuda.empty_cache()), set a "
                "smaller device_memory, or count with backend='native' (--backend native)"
            ) from error
        raise GpuError(
            f"{which} failed: {text}: after most failures a process cannot use its GPU again, so "
            "start anew, or count with backend='native' (--backend native)"
        ) from error


def _comes_from_gpu(error: Exception) -> bool:
    """Whether an exception comes from CuPy, or from CUDA through the compiled extension."""
    if type(error).__module__.split(".")[0] in ("cupy", "cupy_backends"):
        return True
    return isinstance(error, RuntimeError) and str(error).startswith(("CUDA: ", "CuPy "))
