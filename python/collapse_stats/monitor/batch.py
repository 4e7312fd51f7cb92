"""What a loop has at hand, as packed documents in memory of the monitor's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..chunk import Int64Array, as_device_array, as_documents, as_tokens, on_gpu
from .surprisal import NO_PREDICTION, Int32Array, as_surprisals


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Packed documents, none of them empty.

    Attributes
    ----------
    ids
        ``(T,)`` uint16 or uint32: tokens.
    length
        ``(D,)`` int64: tokens of each document.
    ordinal
        ``(D,)`` int64: which document of the stream it is; its half follows from that.
    surprisal
        ``(T,)`` int32, see `as_surprisals`; None when no log-probabilities came with the tokens.
    """

    ids: npt.NDArray[np.unsignedinteger]
    length: Int64Array
    ordinal: Int64Array
    surprisal: Int32Array | None = None

    @property
    def tokens(self) -> int:
        """Tokens of all documents."""
        return len(self.ids)

    def documents(self, first: int, last: int | None = None) -> "Batch":
        """The documents ``first <= d < last``, sharing memory with this batch."""
        begin = int(self.length[:first].sum())
        kept = self.length[first:last]
        end = begin + int(kept.sum())
        return Batch(
            self.ids[begin:end],
            kept,
            self.ordinal[first:last],
            None if self.surprisal is None else self.surprisal[begin:end],
        )


def join(batches: Sequence[Batch], vocab_size: int) -> Batch:
    """One batch of all documents, with surprisals if any has them."""
    known = any(batch.surprisal is not None for batch in batches)
    return Batch(
        np.concatenate([np.empty(0, _id_type(vocab_size)), *(batch.ids for batch in batches)]),
        np.concatenate([np.empty(0, np.int64), *(batch.length for batch in batches)]),
        np.concatenate([np.empty(0, np.int64), *(batch.ordinal for batch in batches)]),
        np.concatenate([np.empty(0, np.int32), *map(_surprisal, batches)]) if known else None,
    )


@dataclass(frozen=True, slots=True)
class Arrival:
    """The arguments of one `CollapseMonitor.update`."""

    tokens: Any
    mask: Any = None
    lengths: Any = None
    cu_seqlens: Any = None
    logprobs: Any = None
    pad: int | None = None

    @property
    def arrays(self) -> dict[str, Any]:
        """Those of the arguments that are arrays."""
        names = ("tokens", "mask", "lengths", "cu_seqlens", "logprobs")
        given = {name: getattr(self, name) for name in names}
        return {name: array for name, array in given.items() if array is not None}

    @property
    def is_on_gpu(self) -> bool:
        """Whether one of the arrays lies on a GPU."""
        return any(map(on_gpu, self.arrays.values()))

    def packed(self, vocab_size: int) -> Batch:
        """The documents, copied; raises ValueError for what does not fit together."""
        tokens = as_tokens(self.tokens)
        lengths = None if self.lengths is None else np.asarray(self.lengths)
        if self.cu_seqlens is not None:
            if lengths is not None:
                raise ValueError("give lengths or cu_seqlens, got both: they say the same")
            lengths = _lengths_between(np.asarray(self.cu_seqlens, dtype=np.int64))
            if tokens.ndim == 2 and tokens.shape[0] == 1:  # as variable-length attention has it
                tokens = tokens.reshape(-1)
        keep = self._kept(tokens, lengths)
        if tokens.ndim == 2:
            lengths = None
        flat, start, stop = as_documents(tokens, lengths, keep)
        inside = slice(None) if keep is None else keep.reshape(-1)
        ids = flat[inside]
        _check(ids, flat, inside, vocab_size)
        length = stop - start
        length = length[length > 0]
        surprisal = None
        if self.logprobs is not None:
            logprobs = _as_floats(self.logprobs)
            if logprobs.size != flat.size:
                raise ValueError(
                    f"logprobs must have a number for each of the {flat.size:,} tokens, got shape "
                    f"{logprobs.shape}: the first token of a text has none, give NaN there"
                )
            surprisal = as_surprisals(logprobs.reshape(-1)[inside])
        return Batch(ids.astype(_id_type(vocab_size)), length, np.arange(len(length)), surprisal)

    def _kept(
        self, tokens: npt.NDArray[np.integer], lengths: npt.NDArray[np.integer] | None
    ) -> npt.NDArray[np.bool_] | None:
        """Which positions count, shaped like the tokens; None when all do."""
        keep = None
        if self.mask is not None:
            keep = np.asarray(self.mask) != 0
            if keep.shape != tokens.shape and keep.size == tokens.size:
                keep = keep.reshape(tokens.shape)
        if self.pad is not None:
            own = tokens != self.pad
            keep = own if keep is None else keep & own
        if lengths is not None and tokens.ndim == 2:
            if lengths.shape != tokens.shape[:1] or np.any(
                (lengths < 0) | (lengths > tokens.shape[1])
            ):
                raise ValueError(
                    f"lengths must be one number from 0 to {tokens.shape[1]} for each of the "
                    f"{tokens.shape[0]} rows, got {lengths.tolist()}"
                )
            own = np.arange(tokens.shape[1]) < lengths[:, np.newaxis]
            keep = own if keep is None else keep & own
        return keep


class DeviceArrival:
    """Arguments that lie on a GPU, copied there in the order of the caller's stream.

    Making one waits for nothing. `packed` waits, on a stream of its own; another thread calls it.
    """

    def __init__(self, arrival: Arrival) -> None:
        try:
            import cupy
        except ImportError as error:
            raise TypeError(
                "arrays on a GPU are read with CuPy, which is not installed: pip install "
                "'collapse-stats[cuda13]', or pass tokens.cpu()"
            ) from error
        as_tokens(arrival.tokens, gpu=True)  # or says what to do
        arrays = arrival.arrays
        self._device = {
            name: _copied_there(array, floating=name == "logprobs")
            for name, array in arrays.items()
            if on_gpu(array)
        }
        self._here = {
            name: _as_floats(array).copy() if name == "logprobs" else np.array(array)
            for name, array in arrays.items()
            if name not in self._device
        }
        self._pad = arrival.pad
        self._copied = cupy.cuda.get_current_stream().record()

    @property
    def positions(self) -> int:
        """Tokens at most: what a mask leaves out is not known yet."""
        tokens = self._device.get("tokens")
        return int(tokens.size if tokens is not None else self._here["tokens"].size)

    def packed(self, vocab_size: int) -> Batch:
        """The documents, in host memory; as `Arrival.packed`."""
        import cupy

        with cupy.cuda.Stream(non_blocking=True) as stream:
            stream.wait_event(self._copied)
            there = {name: cupy.asnumpy(array) for name, array in self._device.items()}
        return Arrival(**self._here, **there, pad=self._pad).packed(vocab_size)


def _copied_there(array: Any, floating: bool) -> Any:
    """A copy on the GPU. A torch tensor is copied by torch, whose stream is the caller's."""
    if hasattr(array, "detach"):
        array = array.detach()
        array = array.float() if floating else array  # CuPy has no bfloat16
        return as_device_array(array.clone())
    return as_device_array(array).copy()


def _as_floats(logprobs: Any) -> npt.NDArray[np.floating]:
    """Log-probabilities in CPU memory; NumPy has no view of a torch tensor in bfloat16."""
    if hasattr(logprobs, "detach"):
        logprobs = logprobs.detach().float()
    values = np.asarray(logprobs)
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def _surprisal(batch: Batch) -> Int32Array:
    if batch.surprisal is not None:
        return batch.surprisal
    return np.full(batch.tokens, NO_PREDICTION, dtype=np.int32)


def _id_type(vocab_size: int) -> type[np.unsignedinteger[Any]]:
    return np.uint16 if vocab_size <= 2**16 else np.uint32


def _lengths_between(ends: Int64Array) -> Int64Array:
    if ends.ndim != 1 or not len(ends) or ends[0] != 0:
        raise ValueError(
            f"cu_seqlens must be the ends of the documents after a 0, such as [0, 3, 7], got "
            f"{ends.tolist()}"
        )
    return ends[1:] - ends[:-1]


def _check(
    ids: npt.NDArray[np.integer],
    flat: npt.NDArray[np.integer],
    inside: Any,
    vocab_size: int,
) -> None:
    """Raise ValueError naming the first wrong one of `ids`, and its place in `flat`."""
    if not len(ids) or (ids.min() >= 0 and ids.max() < vocab_size):
        return
    at = np.arange(len(flat))[inside][int(np.argmax((ids < 0) | (ids >= vocab_size)))]
    raise ValueError(
        f"token id {flat[at]} at position {at} is outside the vocabulary of {vocab_size:,}: give "
        "the right vocab_size, or mask the position"
    )
