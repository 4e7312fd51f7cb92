"""Turn arrays of token ids, in any form users have them, into packed documents."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..system.arguments import as_array
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
    """Return token ids as an array, without a copy where the memory can be shared.

    Accepts anything NumPy can view, and tensors with ``__dlpack__`` in CPU memory, pinned or not.
    With `gpu`, also accepts arrays on a GPU that have ``__dlpack__`` or
    ``__cuda_array_interface__``; these become CuPy arrays on the same GPU, ready in the order of
    the current CuPy stream there.

    Raises
    ------
    TypeError
        for anything but integers of 8 to 64 bits, for tensors on a GPU unless `gpu` is true, and
        for tensors on devices that are neither a CPU nor an NVIDIA GPU.
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


def as_lengths(lengths: object, tokens: int) -> Int64Array:
    """Return the lengths ``(D,)`` of documents of so many `tokens` together.

    Raises
    ------
    TypeError
        for anything but integers.
    ValueError
        when a length is negative or larger than all tokens, or they do not add up to these.
    """
    array = as_array("lengths", lengths)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"lengths must be integers, got {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"lengths must have one dimension, got shape {array.shape}")
    wrong = np.flatnonzero((array < 0) | (array > tokens))
    if len(wrong):
        first = int(wrong[0])
        raise ValueError(
            f"lengths must be non-negative and add up to {tokens:,}, got "
            f"{int(array[first]):,} for document {first + 1:,} alone"
        )
    sizes: Int64Array = array.astype(np.int64)
    if sizes.sum() != tokens:
        raise ValueError(
            f"lengths must be non-negative and add up to {tokens:,}, got {sizes.sum():,} in "
            f"{len(sizes):,} documents"
        )
    return sizes


def as_documents(
    tokens: object,
    lengths: object = None,
    mask: object = None,
    eot: int | None = None,
    *,
    gpu: bool = False,
) -> tuple[npt.NDArray[np.integer], Int64Array, Int64Array]:
    """Return packed tokens ``(T,)`` and the start ``(D,)`` and stop ``(D,)`` of each document.

    Parameters
    ----------
    tokens
        One document ``(T,)``, or one document per row ``(D, T)``.
    lengths
        Length of each document packed in 1-D `tokens`; they must add up to the number of tokens.
    mask
        Shaped like `tokens`: positions with 0 end a document and are not counted.
    eot
        An id that ends a document and is not counted.
    gpu
        Whether tokens, lengths and mask may lie on a GPU. The bounds are always on the host; where
        they depend on data on the GPU, this function waits for that data.
    """
    array = as_tokens(tokens, gpu=gpu)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"tokens must have one dimension (a document) or two (a document per row), "
            f"got shape {array.shape}"
        )
    if lengths is not None:
        if array.ndim != 1:
            raise ValueError(f"lengths are for tokens of one dimension, got shape {array.shape}")
        sizes = as_lengths(to_host(lengths), array.size)
    elif array.ndim == 2:
        sizes = np.full(array.shape[0], array.shape[1], dtype=np.int64)
    else:
        sizes = np.array([array.size], dtype=np.int64)
    if not is_on_gpu(array):
        return _flattened(array, sizes, mask, eot)
    with use_gpu(gpu_of(array)):
        return _flattened(array, sizes, mask, eot)


def _flattened(
    array: Any, sizes: Int64Array, mask: Any, eot: int | None
) -> tuple[npt.NDArray[np.integer], Int64Array, Int64Array]:
    """Return what `as_documents` does, for documents of these sizes, on the array's own device."""
    xp = array_module(array)
    flat = xp.ascontiguousarray(array).reshape(-1)
    stop = np.cumsum(sizes)
    start = stop - sizes
    if mask is None and eot is None:
        return flat, start, stop
    left_out = xp.zeros(flat.size, dtype=bool) if eot is None else flat == eot
    if mask is not None:
        keep = place_with_tokens("mask", mask, array)
        if keep.shape != array.shape:
            raise ValueError(f"mask must have the tokens' shape {array.shape}, got {keep.shape}")
        left_out |= keep.reshape(-1) == 0
    return flat, *_cut_at(xp, start, left_out)


def _cut_at(xp: Any, start: Int64Array, left_out: Any) -> tuple[Int64Array, Int64Array]:
    """Cut packed documents at the positions to leave out, and drop pieces without tokens."""
    size = left_out.size
    cut = xp.zeros(size + 1, dtype=bool)  # whether a document may end just before this position
    cut[xp.asarray(start[start < size])] = True
    cut[size] = True
    cut[:-1] |= left_out
    cut[1:] |= left_out
    begin = (~left_out & cut[:-1]).nonzero()[0]
    end = (~left_out & cut[1:]).nonzero()[0] + 1
    return to_host(begin).astype(np.int64), to_host(end).astype(np.int64)
