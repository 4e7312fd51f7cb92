"""Arguments of `CollapseMonitor.update` that lie on a GPU."""

from typing import Any

import numpy as np

from ..ngrams.arrays import as_tokens
from ..system.gpu import cupy_module, use_gpu
from ..system.placement import as_device_array, gpu_of, is_on_gpu
from .batch import PackedBatch
from .update_args import UpdateArguments, as_floats, numpy_view


class DeviceArguments:
    """A copy of arguments of which at least one lies on a GPU.

    The constructor enqueues a copy on the same GPU, in the order of the caller's stream, and waits
    for nothing. `pack` waits for that copy on a stream of its own; the worker thread calls it.
    """

    def __init__(self, arguments: UpdateArguments) -> None:
        cupy = cupy_module()
        as_tokens(arguments.tokens, gpu=True)  # only for its checks
        arrays = {name: array for name, array in arguments._asdict().items() if array is not None}
        arrays.pop("pad", None)
        self._on_device = {
            name: _copy_on_device(array, floating=name == "logprobs" or _is_bfloat16(array))
            for name, array in arrays.items()
            if is_on_gpu(array)
        }
        self._on_host = {
            name: as_floats(array).copy() if name == "logprobs" else np.array(numpy_view(array))
            for name, array in arrays.items()
            if name not in self._on_device
        }
        self._pad = arguments.pad
        self._copied: dict[int | None, Any] = {}  # by GPU: the event after its copies
        for gpu in {gpu_of(array) for array in self._on_device.values()}:
            with use_gpu(gpu):
                self._copied[gpu] = cupy.cuda.get_current_stream().record()

    @property
    def positions(self) -> int:
        """The number of positions, an upper bound of the tokens: a mask is not read yet."""
        tokens = self._on_device.get("tokens")
        return int(tokens.size if tokens is not None else self._on_host["tokens"].size)

    def pack(self, vocab_size: int) -> PackedBatch:
        """Return the documents as a packed batch in CPU memory; see `HostArguments.pack`."""
        cupy = cupy_module()
        read = {}
        for gpu, copied in self._copied.items():
            with use_gpu(gpu), cupy.cuda.Stream(non_blocking=True) as stream:
                stream.wait_event(copied)
                for name, array in self._on_device.items():
                    if gpu_of(array) == gpu:
                        read[name] = cupy.asnumpy(array)
        arguments = UpdateArguments(**self._on_host, **read, pad=self._pad)
        return arguments.to_host().pack(vocab_size)


def _is_bfloat16(array: Any) -> bool:
    return str(getattr(array, "dtype", "")).endswith("bfloat16")


def _copy_on_device(array: Any, floating: bool) -> Any:
    """Copy an array on its GPU; torch copies its own tensors, since the caller uses its stream."""
    if hasattr(array, "detach"):
        array = array.detach()
        array = array.float() if floating else array  # CuPy has no bfloat16
        return as_device_array(array.clone())
    view = as_device_array(array)
    with use_gpu(gpu_of(view)):
        return view.copy()
