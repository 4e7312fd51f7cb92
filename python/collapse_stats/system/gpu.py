"""The GPU that a thread works on, and what its failures become.

Which GPU is current, and which stream of CuPy's on it, belongs to a thread: another thread begins
with GPU 0. So what is handed to another thread is handed over with the GPU's number.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from ..errors import CollapseStatsError, GpuError, GpuMemoryError

_process: int | None = None  # the one that uses GPUs, as soon as one does


def cupy_module() -> Any:
    """CuPy. Raises TypeError with the remedy where it is not installed."""
    try:
        import cupy
    except ImportError as error:
        raise TypeError(
            "arrays on a GPU are read with CuPy, which is not installed: pip install "
            "'collapse-stats[cuda13]', or pass tokens.cpu()"
        ) from error
    return cupy


def current_gpu() -> int:
    """Number of the GPU that is current in this thread; nothing is set up on it."""
    return int(cupy_module().cuda.runtime.getDevice())


def select_gpu(gpu: int | None) -> AbstractContextManager[Any]:
    """Makes a GPU the current one of this thread for a while; None leaves the one that is."""
    return nullcontext() if gpu is None else cupy_module().cuda.Device(gpu)


@contextmanager
def use_gpu(gpu: int | None = None) -> Iterator[None]:
    """As `using`, with the failures of CUDA and CuPy as errors of ours."""
    check_not_forked()
    with gpu_errors(gpu), select_gpu(gpu):
        yield


def check_not_forked() -> None:
    """Raise GpuError in a process that was forked from one that used a GPU: CUDA works in none.

    In any other, this is the one that uses GPUs from here on.
    """
    global _process
    if _process is None:
        _process = os.getpid()
    reason = fork_problem()
    if reason is not None:
        raise GpuError(f"{reason}, or count with backend='native' in it")


def fork_problem() -> str | None:
    """Why no GPU can be used in this process, if that is because it was forked."""
    if _process in (None, os.getpid()):
        return None
    return (
        f"this process was forked from process {_process}, which had used a GPU, and CUDA works in "
        "no such process: start it by multiprocessing's method spawn or forkserver"
    )


@contextmanager
def gpu_errors(gpu: int | None = None, budget: int | None = None) -> Iterator[None]:
    """What CUDA or CuPy raise becomes a GpuError or GpuMemoryError; anything else stays.

    Parameters
    ----------
    gpu
        Its number, if it is not the current one.
    budget
        Bytes of its memory that may be taken, for the message.
    """
    try:
        yield
    except CollapseStatsError:
        raise
    except Exception as error:
        if not _is_of_gpu(error):
            raise
        which = "the current GPU" if gpu is None else f"GPU {gpu}"
        said = " ".join(str(error).split()).rstrip(".")
        if isinstance(error, MemoryError) or "out of memory" in said.lower():
            allowed = "" if budget is None else f"; counting may take {budget:,} bytes of it"
            raise GpuMemoryError(
                f"{which} has too little memory left: {said}{allowed}: close what else uses it, "
                "have other libraries give back what they keep (torch.cuda.empty_cache()), give a "
                "smaller device_memory, or count with backend='native' (--backend native)"
            ) from error
        raise GpuError(
            f"{which} failed: {said}: after most failures a process cannot use its GPU again, so "
            "start anew, or count with backend='native' (--backend native)"
        ) from error


def _is_of_gpu(error: Exception) -> bool:
    """Whether an exception comes from CuPy, or from CUDA through the compiled module."""
    if type(error).__module__.split(".")[0] in ("cupy", "cupy_backends"):
        return True
    return isinstance(error, RuntimeError) and str(error).startswith(("CUDA: ", "CuPy "))
