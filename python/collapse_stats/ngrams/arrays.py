"""Arrays of token ids, as users have them, to packed documents."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..system.gpu import use_gpu
from ..system.placement import (
    array_module,
    as_device_array,
    gpu_of,
    host_view,
    is_on_gpu,
    place_with_tokens,
    to_host,
)
from .chunk import Int64Array


def as_tokens(tokens: object, *, gpu: bool = False) -> npt.NDArray[np.integer]:
    """Token ids as an array, without a copy where the memory can be shared.

    Takes anything NumPy can view and tensors in CPU memory, pinned or not, with ``__dlpack__``;
    with `gpu` also what lies on a GPU and has ``__dlpack__`` or ``__cuda_array_interface__``, as a
    CuPy array on that GPU, ready in the order of the current CuPy stream there.

    Raises
    ------
    TypeError
        for anything but integers of 8 to 64 bits, for tensors on a GPU without `gpu`, and for those
        on devices that are neither a CPU nor an NVIDIA GPU.
    """
    array: Any = as_device_array(tokens) if gpu and is_on_gpu(tokens) else host_view(tokens)
    if array is None:
        raise TypeError(
            "tokens must be in CPU memory for this backend, got a CUDA array: use the cuda "
            "backend (`collapse-stats backends` says whether it can be used here), or pass "
            "tokens.cpu() (torch) or cupy.asnumpy(tokens)"
        )
    if array.size == 0 and array.dtype.kind == "f":  # NumPy's type for an empty list
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"tokens must be integers of 8 to 64 bits, got {array.dtype}")
    return cast("npt.NDArray[np.integer]", array)


def as_documents(
    tokens: object,
    lengths: object = None,
    mask: object = None,
    eot: int | None = None,
    *,
    gpu: bool = False,
) -> tuple[npt.NDArray[np.integer], Int64Array, Int64Array]:
    """Packed tokens ``(T,)`` and the bounds ``(D,)``, ``(D,)`` of their documents.

    Parameters
    ----------
    tokens
        1-D: one document; 2-D: each row a document.
    lengths
        Length of each document packed in 1-D `tokens`; they must add up to all of them.
    mask
        Shaped like `tokens`: positions with 0 end a document and are not counted.
    eot
        An id that ends a document and is not counted.
    gpu
        Whether tokens, lengths and mask may lie on a GPU. The bounds are on the host, and where
        they follow from what lies on the GPU, this waits for them.
    """
    array = as_tokens(tokens, gpu=gpu)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"tokens must have one dimension (a document) or two (a document per row), "
            f"got shape {array.shape}"
        )
    if lengths is not None:
        size = np.asarray(to_host(lengths), dtype=np.int64)
        if array.ndim != 1 or size.ndim != 1 or np.any(size < 0) or size.sum() != array.size:
            raise ValueError(
                f"lengths must be one non-negative length per document of 1-D tokens and add up to "
                f"{array.size:,}, got {size.sum():,} over shape {array.shape}"
            )
    elif array.ndim == 2:
        size = np.full(array.shape[0], array.shape[1], dtype=np.int64)
    else:
        size = np.array([array.size], dtype=np.int64)
    if not is_on_gpu(array):
        return _cut(array, size, mask, eot)
    with use_gpu(gpu_of(array)):
        return _cut(array, size, mask, eot)


def _cut(
    array: Any, size: Int64Array, mask: Any, eot: int | None
) -> tuple[npt.NDArray[np.integer], Int64Array, Int64Array]:
    """`as_documents` of an array, where it lies, and the sizes of what is packed in it."""
    xp = array_module(array)
    flat = xp.ascontiguousarray(array).reshape(-1)
    stop = np.cumsum(size)
    start = stop - size
    if mask is None and eot is None:
        return flat, start, stop
    out = xp.zeros(flat.size, dtype=bool) if eot is None else flat == eot
    if mask is not None:
        keep = place_with_tokens("mask", mask, array)
        if keep.shape != array.shape:
            raise ValueError(f"mask must have the tokens' shape {array.shape}, got {keep.shape}")
        out |= keep.reshape(-1) == 0
    return flat, *_split(xp, start, out)


def _split(xp: Any, start: Int64Array, out: Any) -> tuple[Int64Array, Int64Array]:
    """Cut packed documents at the positions to leave out; a piece of no tokens is no document."""
    size = out.size
    cut = xp.zeros(size + 1, dtype=bool)  # nothing reaches from the position before to this one
    cut[xp.asarray(start[start < size])] = True
    cut[size] = True
    cut[:-1] |= out
    cut[1:] |= out
    begin, end = (~out & cut[:-1]).nonzero()[0], (~out & cut[1:]).nonzero()[0] + 1
    return to_host(begin).astype(np.int64), to_host(end).astype(np.int64)
