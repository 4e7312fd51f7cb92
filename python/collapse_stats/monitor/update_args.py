"""The arguments of `CollapseMonitor.update`, and the checks that the caller's thread makes."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ngrams.arrays import as_documents, as_tokens
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import check_ids, id_dtype
from ..system.placement import is_on_gpu
from .arena import Arena
from .batch import PackedBatch
from .surprisal import MOST, as_surprisals

_FLAG = np.dtype(np.bool_)
_UNSIGNED = {
    np.dtype(f"{kind}{size}"): np.dtype(f"u{size}") for kind in "iu" for size in (1, 2, 4, 8)
}


class HostArguments(NamedTuple):
    """Arguments in CPU memory whose shapes agree.

    Between two steps of a training loop the CPU caches are cold, and `update` takes about as long
    as fetching its code and data. So the caller's thread does little with them, and whatever can be
    done later is left to the worker thread.

    Attributes
    ----------
    tokens
        ``(T,)``, or ``(D, T)`` with one document per row.
    lengths
        ``(D,)``: lengths of the documents packed in ``(T,)`` tokens. None for a single document
        and for rows.
    keep, begins, logprobs
        Shaped like `tokens`, or None. Positions where `keep` is not 0 are counted, and a document
        begins where `begins` is not 0.
    pad
        An id that ends a document and is not counted.
    """

    tokens: npt.NDArray[np.integer]
    lengths: npt.NDArray[np.integer] | None
    keep: npt.NDArray[Any] | None
    begins: npt.NDArray[Any] | None
    logprobs: npt.NDArray[np.floating] | None
    pad: int | None

    def surely_valid(self, vocab_size: int) -> bool:
        """Return whether no value can be invalid, so that `pack` cannot fail later.

        False does not mean that a value is invalid: ids outside the vocabulary are allowed where
        they are masked.
        """
        unsigned = _UNSIGNED.get(self.tokens.dtype)  # makes negative ids very large
        if unsigned is None or not self.tokens.size:
            return False
        if np.maximum.reduce(self.tokens.view(unsigned), axis=None) >= vocab_size:
            return False
        return self.logprobs is None or not (self.logprobs > MOST).any()

    def copy_into(self, arena: Arena, vocab_size: int) -> "HostArguments":
        """Return a copy in the memory of an arena. The arguments must be `surely_valid`."""
        tokens, lengths, keep, begins, logprobs, pad = self
        return HostArguments(
            arena.copy(tokens, id_dtype(vocab_size)),
            None if lengths is None else lengths.copy(),
            None if keep is None else arena.copy(keep, _FLAG),
            None if begins is None else arena.copy(begins, _FLAG),
            None if logprobs is None else arena.copy(logprobs, logprobs.dtype),
            pad,
        )

    def pack(self, vocab_size: int) -> PackedBatch:
        """Return the documents as a packed batch.

        The batch shares memory with these arguments only if they are `surely_valid`. Otherwise
        selecting the counted positions, or swapping the order of their bytes, copies them.

        Raises
        ------
        ValueError
            naming an id or a log-probability that is out of range.
        """
        keep = None if self.keep is None else self.keep != 0
        if self.pad is not None:
            not_padding = self.tokens != self.pad
            keep = not_padding if keep is None else keep & not_padding
        tokens, lengths = self.tokens, self.lengths
        if self.begins is not None:
            lengths = _lengths_from_begins(self.begins, tokens.shape, lengths)
            tokens, keep = tokens.reshape(-1), None if keep is None else keep.reshape(-1)
        flat, start, stop = as_documents(tokens, lengths, keep)
        counted = slice(None) if keep is None else keep.reshape(-1)
        ids = flat[counted]
        check_ids(ids, vocab_size, None if keep is None else keep.reshape(-1))
        length = stop - start
        length = length[length > 0]
        logprobs = self.logprobs
        surprisal = None if logprobs is None else as_surprisals(logprobs.reshape(-1)[counted])
        narrow = np.asarray(ids, dtype=id_dtype(vocab_size))
        return PackedBatch(narrow, length, np.arange(len(length)), surprisal)


class UpdateArguments(NamedTuple):
    """The arguments of one `CollapseMonitor.update`, as the caller gave them."""

    tokens: Any
    mask: Any = None
    lengths: Any = None
    cu_seqlens: Any = None
    begins: Any = None
    logprobs: Any = None
    pad: int | None = None

    @property
    def is_on_gpu(self) -> bool:
        """Whether at least one of the arrays lies on a GPU."""
        return any(map(_on_gpu, self))

    def to_host(self) -> HostArguments:
        """Return views of the arguments, none of which may lie on a GPU.

        Raises
        ------
        TypeError, ValueError
            naming an argument of a wrong type, or two whose shapes do not agree.
        """
        tokens = _numpy_view(self.tokens)
        if type(tokens) is not np.ndarray or tokens.dtype not in _UNSIGNED:
            tokens = as_tokens(tokens)
        lengths = None if self.lengths is None else np.asarray(self.lengths)
        if self.cu_seqlens is not None:
            if lengths is not None:
                raise ValueError("give either lengths or cu_seqlens, got both: they say the same")
            lengths = _lengths_from_ends(np.asarray(self.cu_seqlens, dtype=np.int64))
            if tokens.ndim == 2 and tokens.shape[0] == 1:  # the shape for variable-length attention
                tokens = tokens.reshape(-1)
        keep = None if self.mask is None else _shaped_like_tokens("mask", self.mask, tokens)
        if lengths is not None and tokens.ndim == 2:
            within_length = _mask_from_row_lengths(lengths, tokens)
            keep = within_length if keep is None else within_length & (keep != 0)
            lengths = None
        begins = None if self.begins is None else _shaped_like_tokens("begins", self.begins, tokens)
        logprobs = None
        if self.logprobs is not None:
            logprobs = as_floats(self.logprobs)
            if logprobs.size != tokens.size:
                raise ValueError(
                    f"logprobs must have a number for each of the {tokens.size:,} tokens, got "
                    f"shape {logprobs.shape}: give NaN for tokens without a prediction, such as "
                    "the first of a text"
                )
        if lengths is not None or tokens.ndim not in (1, 2):
            as_documents(tokens, lengths)  # only for its checks
        return HostArguments(tokens, lengths, keep, begins, logprobs, self.pad)


def as_floats(logprobs: Any) -> npt.NDArray[np.floating]:
    """Return log-probabilities in CPU memory as a NumPy array of floats.

    Torch tensors are converted to float32 first, because NumPy cannot view bfloat16.
    """
    if hasattr(logprobs, "detach"):
        logprobs = logprobs.detach().float()
    values = np.asarray(logprobs)
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def _on_gpu(array: Any) -> bool:
    """Do what `is_on_gpu` does, but avoid `__dlpack_device__`, which is slow in NumPy and torch."""
    if array is None or type(array) is np.ndarray:
        return False
    is_cuda = getattr(array, "is_cuda", None)
    return is_on_gpu(array) if is_cuda is None else bool(is_cuda)


def _numpy_view(array: Any) -> Any:
    """Return a torch tensor as a NumPy array, in the fastest way, and anything else unchanged."""
    return array.numpy() if hasattr(array, "is_cuda") else array


def _shaped_like_tokens(
    name: str, values: Any, tokens: npt.NDArray[np.integer]
) -> npt.NDArray[Any]:
    """Return an array in the tokens' shape, from which it may differ by axes of length 1."""
    array = np.asarray(_numpy_view(values))
    if array.shape != tokens.shape:
        if array.size != tokens.size:
            raise ValueError(
                f"{name} must have the tokens' shape {tokens.shape}, got {array.shape}"
            )
        array = array.reshape(tokens.shape)
    return array


def _lengths_from_ends(ends: Int64Array) -> Int64Array:
    if ends.ndim != 1 or not len(ends) or ends[0] != 0:
        raise ValueError(
            "cu_seqlens must be a 0 followed by the ends of the documents, such as [0, 3, 7], got "
            f"{ends.tolist()}"
        )
    return ends[1:] - ends[:-1]


def _lengths_from_begins(
    begins: npt.NDArray[Any], shape: tuple[int, ...], lengths: npt.NDArray[np.integer] | None
) -> Int64Array:
    """Return the lengths of documents that begin at `begins` and where a row or a length does."""
    if lengths is None:
        lengths = np.full(shape[0], shape[1]) if len(shape) == 2 else np.array([begins.size])
    stop = np.cumsum(lengths, dtype=np.int64)
    start = (stop - lengths)[lengths > 0]
    positions = np.union1d(np.flatnonzero(begins), start)
    return np.diff(positions, append=begins.size)


def _mask_from_row_lengths(
    lengths: npt.NDArray[np.integer], tokens: npt.NDArray[np.integer]
) -> npt.NDArray[np.bool_]:
    """Return a mask ``(D, T)`` of the first ``lengths[d]`` positions of each row."""
    rows, width = tokens.shape
    if lengths.shape != (rows,) or np.any((lengths < 0) | (lengths > width)):
        raise ValueError(
            f"lengths must be one number from 0 to {width} for each of the {rows} rows, got "
            f"{lengths.tolist()}"
        )
    return np.arange(width) < lengths[:, np.newaxis]
