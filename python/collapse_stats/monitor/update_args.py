"""The arguments of `CollapseMonitor.update`: checked and copied at once, packed by the thread."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import BackendError
from ..ngrams.arrays import as_documents, as_tokens
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import check_ids, id_dtype
from ..system.gpu import at_work, cupy_module
from ..system.placement import as_device_array, gpu_of, on_gpu
from .batch import PackedBatch
from .surprisal import MOST, as_surprisals

_FLAG = np.dtype(np.bool_)
_UNSIGNED = {
    np.dtype(f"{kind}{size}"): np.dtype(f"u{size}") for kind in "iu" for size in (1, 2, 4, 8)
}


class Arena:
    """Memory that is used again.

    Fresh memory is slow in the caller's thread: the system clears a page for every 4 KiB.
    """

    def __init__(self, size: int) -> None:
        self._bytes = np.empty(size, dtype=np.uint8)
        self._used = 0

    def copy(self, array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """The array as another type; in memory of its own when there is no room left."""
        begin = self._used
        if begin + array.size * dtype.itemsize > len(self._bytes):
            return array.astype(dtype)
        self._used += -(-array.size * dtype.itemsize // 8) * 8  # where every type may begin
        copied = np.ndarray(array.shape, dtype, self._bytes, begin)
        copied[...] = array
        return copied

    def clear(self) -> None:
        """Use the memory again."""
        self._used = 0


class HostArguments(NamedTuple):
    """Arguments in CPU memory that fit together.

    Between two steps of a loop the caches are cold: then `update` takes as long as fetching its
    code and data does. So there is little of both, and what can wait is left to the thread.

    Attributes
    ----------
    tokens
        ``(T,)``, or ``(D, T)``: each row a document.
    lengths
        ``(D,)``: of the documents packed in ``(T,)`` tokens; None for one document, or rows.
    keep, begins, logprobs
        Shaped like `tokens`, or None: what is not 0 counts, and begins a document.
    pad
        An id that ends a document and is not counted.
    """

    tokens: npt.NDArray[np.integer]
    lengths: npt.NDArray[np.integer] | None
    keep: npt.NDArray[Any] | None
    begins: npt.NDArray[Any] | None
    logprobs: npt.NDArray[np.floating] | None
    pad: int | None

    def can_wait(self, vocab_size: int) -> bool:
        """Whether nothing can be wrong, so that `packed` may be called later.

        Ids outside the vocabulary may be right where they are masked.
        """
        unsigned = _UNSIGNED.get(self.tokens.dtype)  # in which ids below 0 are very large
        if unsigned is None or not self.tokens.size:
            return False
        if np.maximum.reduce(self.tokens.view(unsigned), axis=None) >= vocab_size:
            return False
        return self.logprobs is None or not (self.logprobs > MOST).any()

    def copied(self, arena: Arena, vocab_size: int) -> "HostArguments":
        """The same in memory of an arena; only when they `can_wait`."""
        tokens, lengths, keep, begins, logprobs, pad = self
        return HostArguments(
            arena.copy(tokens, id_dtype(vocab_size)),
            None if lengths is None else lengths.copy(),
            None if keep is None else arena.copy(keep, _FLAG),
            None if begins is None else arena.copy(begins, _FLAG),
            None if logprobs is None else arena.copy(logprobs, logprobs.dtype),
            pad,
        )

    def packed(self, vocab_size: int) -> PackedBatch:
        """The documents; raises ValueError naming a wrong id or log-probability.

        They may share memory with the rows. Not with rows that could not wait and are right: of
        these a mask leaves something out, or the order of their bytes is another.
        """
        keep = None if self.keep is None else self.keep != 0
        if self.pad is not None:
            own = self.tokens != self.pad
            keep = own if keep is None else keep & own
        tokens, lengths = self.tokens, self.lengths
        if self.begins is not None:
            lengths = _lengths_of(self.begins, tokens.shape, lengths)
            tokens, keep = tokens.reshape(-1), None if keep is None else keep.reshape(-1)
        flat, start, stop = as_documents(tokens, lengths, keep)
        inside = slice(None) if keep is None else keep.reshape(-1)
        ids = flat[inside]
        check_ids(ids, vocab_size, None if keep is None else keep.reshape(-1))
        length = stop - start
        length = length[length > 0]
        known = self.logprobs
        surprisal = None if known is None else as_surprisals(known.reshape(-1)[inside])
        narrow = np.asarray(ids, dtype=id_dtype(vocab_size))
        return PackedBatch(narrow, length, np.arange(len(length)), surprisal)


class UpdateArguments(NamedTuple):
    """The arguments of one `CollapseMonitor.update`."""

    tokens: Any
    mask: Any = None
    lengths: Any = None
    cu_seqlens: Any = None
    begins: Any = None
    logprobs: Any = None
    pad: int | None = None

    @property
    def is_on_gpu(self) -> bool:
        """Whether one of the arrays lies on a GPU."""
        return any(map(_on_gpu, self))

    def rows(self) -> HostArguments:
        """Views of the arguments; raises ValueError for what does not fit together."""
        tokens = _viewed(self.tokens)
        if type(tokens) is not np.ndarray or tokens.dtype not in _UNSIGNED:
            tokens = as_tokens(tokens)
        lengths = None if self.lengths is None else np.asarray(self.lengths)
        if self.cu_seqlens is not None:
            if lengths is not None:
                raise ValueError("give lengths or cu_seqlens, got both: they say the same")
            lengths = _lengths_between(np.asarray(self.cu_seqlens, dtype=np.int64))
            if tokens.ndim == 2 and tokens.shape[0] == 1:  # as variable-length attention has it
                tokens = tokens.reshape(-1)
        keep = None if self.mask is None else _like("mask", self.mask, tokens)
        if lengths is not None and tokens.ndim == 2:
            own = _within(lengths, tokens)
            keep = own if keep is None else own & (keep != 0)
            lengths = None
        begins = None if self.begins is None else _like("begins", self.begins, tokens)
        logprobs = None
        if self.logprobs is not None:
            logprobs = _as_floats(self.logprobs)
            if logprobs.size != tokens.size:
                raise ValueError(
                    f"logprobs must have a number for each of the {tokens.size:,} tokens, got "
                    f"shape {logprobs.shape}: the first token of a text has none, give NaN there"
                )
        if lengths is not None or tokens.ndim not in (1, 2):
            as_documents(tokens, lengths)  # or says what does not fit
        return HostArguments(tokens, lengths, keep, begins, logprobs, self.pad)


class DeviceArguments:
    """Arguments that lie on GPUs, copied there in the order of the caller's streams.

    Making one waits for nothing. `packed` waits, on a stream of its own; another thread calls it.
    """

    def __init__(self, arrival: UpdateArguments) -> None:
        cupy = cupy_module()
        as_tokens(arrival.tokens, gpu=True)  # or says what to do
        arrays = {name: one for name, one in arrival._asdict().items() if one is not None}
        arrays.pop("pad", None)
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
        self._copied: dict[int | None, Any] = {}  # by GPU
        for gpu in {gpu_of(array) for array in self._device.values()}:
            with at_work(gpu):
                self._copied[gpu] = cupy.cuda.get_current_stream().record()

    @property
    def positions(self) -> int:
        """Tokens at most: what a mask leaves out is not known yet."""
        tokens = self._device.get("tokens")
        return int(tokens.size if tokens is not None else self._here["tokens"].size)

    def packed(self, vocab_size: int) -> PackedBatch:
        """The documents, in host memory; as `HostArguments.packed`."""
        cupy = cupy_module()
        there = {}
        for gpu, copied in self._copied.items():
            with at_work(gpu), cupy.cuda.Stream(non_blocking=True) as stream:
                stream.wait_event(copied)
                for name, array in self._device.items():
                    if gpu_of(array) == gpu:
                        there[name] = cupy.asnumpy(array)
        return UpdateArguments(**self._here, **there, pad=self._pad).rows().packed(vocab_size)


def _copied_there(array: Any, floating: bool) -> Any:
    """A copy on the GPU. A torch tensor is copied by torch, whose stream is the caller's."""
    if hasattr(array, "detach"):
        array = array.detach()
        array = array.float() if floating else array  # CuPy has no bfloat16
        return as_device_array(array.clone())
    view = as_device_array(array)
    with at_work(gpu_of(view)):
        return view.copy()


def _as_floats(logprobs: Any) -> npt.NDArray[np.floating]:
    """Log-probabilities in CPU memory; NumPy has no view of a torch tensor in bfloat16."""
    if hasattr(logprobs, "detach"):
        logprobs = logprobs.detach().float()
    values = np.asarray(logprobs)
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def _on_gpu(array: Any) -> bool:
    """`on_gpu`, without asking for what most arrays are slow to give."""
    if array is None or type(array) is np.ndarray:
        return False
    is_cuda = getattr(array, "is_cuda", None)
    return on_gpu(array) if is_cuda is None else bool(is_cuda)


def _viewed(array: Any) -> Any:
    """NumPy's view of a torch tensor, by the shortest way; anything else as it is."""
    return array.numpy() if hasattr(array, "is_cuda") else array


def _like(name: str, given: Any, tokens: npt.NDArray[np.integer]) -> npt.NDArray[Any]:
    """An array that must have the tokens' shape, but for axes of one."""
    array = np.asarray(_viewed(given))
    if array.shape != tokens.shape:
        if array.size != tokens.size:
            raise ValueError(
                f"{name} must have the tokens' shape {tokens.shape}, got {array.shape}"
            )
        array = array.reshape(tokens.shape)
    return array


def _lengths_between(ends: Int64Array) -> Int64Array:
    if ends.ndim != 1 or not len(ends) or ends[0] != 0:
        raise ValueError(
            f"cu_seqlens must be the ends of the documents after a 0, such as [0, 3, 7], got "
            f"{ends.tolist()}"
        )
    return ends[1:] - ends[:-1]


def _lengths_of(
    begins: npt.NDArray[Any], shape: tuple[int, ...], lengths: npt.NDArray[np.integer] | None
) -> Int64Array:
    """Lengths of documents that begin where they are said to, and with each row or length."""
    if lengths is None:
        lengths = np.full(shape[0], shape[1]) if len(shape) == 2 else np.array([begins.size])
    stop = np.cumsum(lengths, dtype=np.int64)
    start = (stop - lengths)[lengths > 0]
    at = np.union1d(np.flatnonzero(begins), start)
    return np.diff(at, append=begins.size)


def _within(
    lengths: npt.NDArray[np.integer], tokens: npt.NDArray[np.integer]
) -> npt.NDArray[np.bool_]:
    """The first so many positions of each row."""
    rows, width = tokens.shape
    if lengths.shape != (rows,) or np.any((lengths < 0) | (lengths > width)):
        raise ValueError(
            f"lengths must be one number from 0 to {width} for each of the {rows} rows, got "
            f"{lengths.tolist()}"
        )
    return np.arange(width) < lengths[:, np.newaxis]


Arguments = HostArguments | DeviceArguments | PackedBatch


def packed(
    arrived: Sequence[Arguments], vocab_size: int
) -> tuple[list[PackedBatch], list[Arguments], Exception | None]:
    """The batches; what a GPU that failed kept from being read; the first error.

    What is wrong in one batch keeps out no other.
    """
    batches: list[PackedBatch] = []
    unread: list[Arguments] = []
    wrong: Exception | None = None
    for one in arrived:
        try:
            batches.append(one if isinstance(one, PackedBatch) else one.packed(vocab_size))
        except (ValueError, BackendError) as error:
            wrong = wrong or error
            if isinstance(error, BackendError):
                unread.append(one)
    return batches, unread, wrong
