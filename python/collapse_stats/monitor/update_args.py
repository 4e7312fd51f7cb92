"""The arguments of `CollapseMonitor.update`, and the checks that the caller's thread makes."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ngrams.arrays import as_documents, as_tokens
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import check_ids, id_dtype
from ..system.placement import is_on_gpu
from .batch import Grouping, PackedBatch
from .buffers import Buffer, Buffers
from .surprisal import MOST, as_surprisals
from .whole import whole

_FLAG = np.dtype(np.bool_)
_ALIGNMENT = 32  # bytes, enough for four arrays
_LEAST_ID = -(1 << 63)  # padding may be any integer, such as -100
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
    groups
        ``(D,)``: the id of each document's group, or None.
    """

    tokens: npt.NDArray[np.integer]
    lengths: npt.NDArray[np.integer] | None
    keep: npt.NDArray[Any] | None
    begins: npt.NDArray[Any] | None
    logprobs: npt.NDArray[np.floating] | None
    pad: int | None
    groups: npt.NDArray[Any] | None

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

    def copied(self, vocab_size: int, buffers: Buffers) -> tuple["HostArguments", Buffer | None]:
        """Return a copy and the buffer that it lies in. The arguments must be `surely_valid`."""
        tokens, lengths, keep, begins, logprobs, pad, groups = self
        narrow = id_dtype(vocab_size)
        each = narrow.itemsize + (keep is not None) + (begins is not None)
        size = tokens.size * each + (0 if logprobs is None else logprobs.nbytes)
        buffer = buffers.take(size + _ALIGNMENT)

        copy = _copy if buffer is None else buffer.copy
        copied = HostArguments(
            copy(tokens, narrow),
            None if lengths is None else lengths.copy(),
            None if keep is None else copy(keep, _FLAG),
            None if begins is None else copy(begins, _FLAG),
            None if logprobs is None else copy(logprobs, logprobs.dtype),
            pad,
            None if groups is None else groups.copy(),
        )
        return copied, buffer

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
        filled = length > 0
        length = length[filled]
        logprobs = self.logprobs
        surprisal = None if logprobs is None else as_surprisals(logprobs.reshape(-1)[counted])
        narrow = np.asarray(ids, dtype=id_dtype(vocab_size))
        grouping = None
        if self.groups is not None:
            given = _given_lengths(tokens, lengths)
            given_start = np.cumsum(given) - given
            document = np.searchsorted(given_start, start[filled], side="right") - 1
            grouping = Grouping(document, np.unique(self.groups, return_inverse=True)[1].ravel())
        return PackedBatch(narrow, length, np.arange(len(length)), surprisal, grouping)


class UpdateArguments(NamedTuple):
    """The arguments of one `CollapseMonitor.update`, as the caller gave them."""

    tokens: Any
    mask: Any = None
    lengths: Any = None
    cu_seqlens: Any = None
    begins: Any = None
    logprobs: Any = None
    pad: int | None = None
    groups: Any = None

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
        tokens = numpy_view(self.tokens)
        if type(tokens) is not np.ndarray or tokens.dtype not in _UNSIGNED:
            _check_rows(tokens)
            tokens = as_tokens(tokens)
        lengths = None if self.lengths is None else _whole_numbers("lengths", self.lengths)
        if self.cu_seqlens is not None:
            if lengths is not None:
                raise ValueError("give either lengths or cu_seqlens, got both: they say the same")
            lengths = _lengths_from_ends(_whole_numbers("cu_seqlens", self.cu_seqlens))
            if tokens.ndim == 2 and tokens.shape[0] == 1:  # the shape for variable-length attention
                tokens = tokens.reshape(-1)
        pad = None if self.pad is None else whole("pad", self.pad, "a token id", least=_LEAST_ID)
        keep = None if self.mask is None else _flags("mask", self.mask, tokens)
        if lengths is not None and tokens.ndim == 2:
            within_length = _mask_from_row_lengths(lengths, tokens)
            keep = within_length if keep is None else within_length & (keep != 0)
            lengths = None
        begins = None if self.begins is None else _flags("begins", self.begins, tokens)
        logprobs = None
        if self.logprobs is not None:
            logprobs = as_floats(self.logprobs)
            remedy = ": give NaN for tokens without a prediction, such as the first of a text"
            logprobs = _shaped_like_tokens("logprobs", logprobs, tokens, remedy)
        if lengths is not None or tokens.ndim not in (1, 2):
            as_documents(tokens, lengths)  # only for its checks
        groups = None
        if self.groups is not None:
            if begins is not None:
                lengths = _lengths_from_begins(begins, tokens.shape, lengths)
                tokens, begins = tokens.reshape(-1), None
                keep = None if keep is None else keep.reshape(-1)
                logprobs = None if logprobs is None else logprobs.reshape(-1)
            groups = _group_ids(self.groups, len(_given_lengths(tokens, lengths)))
        return HostArguments(tokens, lengths, keep, begins, logprobs, pad, groups)


def _check_rows(tokens: Any) -> None:
    """Raise ValueError for lists of different lengths."""
    if isinstance(tokens, list | tuple) and tokens and hasattr(tokens[0], "__len__"):
        sizes = [len(row) if hasattr(row, "__len__") else 0 for row in tokens]
        if min(sizes) != max(sizes):
            raise ValueError(
                f"rows of tokens must have one length, got lengths from {min(sizes)} to "
                f"{max(sizes)}: give the tokens one after the other, and lengths="
            )


def as_floats(logprobs: Any) -> npt.NDArray[np.floating]:
    """Return log-probabilities in CPU memory as a NumPy array of floats.

    Raises
    ------
    TypeError
        when they are no numbers.
    """
    values = _array(logprobs)
    if values.dtype.kind not in "fiu":
        raise TypeError(f"logprobs must be numbers, got {values.dtype}")
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def _copy(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    return array.astype(dtype)


def _on_gpu(array: Any) -> bool:
    """Do what `is_on_gpu` does, but avoid `__dlpack_device__`, which is slow in NumPy and torch."""
    if array is None or type(array) is np.ndarray:
        return False
    is_cuda = getattr(array, "is_cuda", None)
    return is_on_gpu(array) if is_cuda is None else bool(is_cuda)


def numpy_view(array: Any) -> Any:
    """Return a torch tensor as a NumPy array, in the fastest way, and anything else unchanged.

    Floating-point numbers become float32, because NumPy has no bfloat16.
    """
    if not hasattr(array, "is_cuda"):
        return array
    return array.detach().float().numpy() if array.dtype.is_floating_point else array.numpy()


def _array(values: Any) -> npt.NDArray[Any]:
    """Return numbers as a NumPy array."""
    array = np.asarray(numpy_view(values))
    if array.dtype.kind == "V" and array.dtype.name == "bfloat16":  # of ml_dtypes, as JAX has it
        return array.astype(np.float32)
    return array


def _shaped_like_tokens(
    name: str, array: npt.NDArray[Any], tokens: npt.NDArray[np.integer], remedy: str = ""
) -> npt.NDArray[Any]:
    """Return an array in the tokens' shape, from which it may differ by axes of length 1."""
    if array.shape == tokens.shape:
        return array
    if [n for n in array.shape if n != 1] != [n for n in tokens.shape if n != 1]:
        raise ValueError(
            f"{name} must have the tokens' shape {tokens.shape}, got {array.shape}{remedy}"
        )
    return array.reshape(tokens.shape)


def _flags(name: str, values: Any, tokens: npt.NDArray[np.integer]) -> npt.NDArray[Any]:
    """Return a mask in the tokens' shape, in which 0 is no and a number above 0 is yes.

    Raises
    ------
    ValueError
        for another shape, for numbers below 0 or NaN, and for floating-point numbers that are all
        0: both are what models add to their attention scores, where 0 is yes.
    TypeError
        when the values are no numbers.
    """
    array = _shaped_like_tokens(name, _array(values), tokens)
    kind = array.dtype.kind
    if kind in "bu" or not array.size:
        return array
    if kind not in "if":
        raise TypeError(f"{name} must be booleans or numbers, got {array.dtype}")
    least = np.minimum.reduce(array, axis=None)
    if not least >= 0:
        raise ValueError(
            f"{name} must be 0 for no and 1 for yes, got {float(least)}: give a mask of booleans, "
            "not one to be added to attention scores"
        )
    if name == "mask" and kind == "f" and not array.any():
        raise ValueError(
            "mask must be 0 for no and 1 for yes, got 0.0 everywhere, which may also be a mask to "
            "be added to attention scores: give booleans"
        )
    return array


def _whole_numbers(name: str, values: Any) -> Int64Array:
    """Return whole numbers as int64.

    Raises
    ------
    TypeError
        for anything else, also for floating-point numbers without a fraction.
    """
    array = np.asarray(numpy_view(values))
    if not array.size:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be whole numbers, got {array.dtype}: give integers")
    return array.astype(np.int64)


def _given_lengths(
    tokens: npt.NDArray[np.integer], lengths: npt.NDArray[np.integer] | None
) -> npt.NDArray[np.integer]:
    """Return the lengths of the documents as they were given, masked positions included."""
    if lengths is not None:
        return lengths
    return (
        np.full(tokens.shape[0], tokens.shape[1]) if tokens.ndim == 2 else np.array([tokens.size])
    )


def _group_ids(groups: Any, documents: int) -> npt.NDArray[Any]:
    """Return the id of each document's group, numbers or texts.

    Raises
    ------
    TypeError, ValueError
        for other ids, and when there is not one for each document.
    """
    ids = np.asarray(numpy_view(groups))
    if ids.shape != (documents,):
        raise ValueError(
            f"groups must have one id for each of the {documents:,} documents, got shape "
            f"{ids.shape}"
        )
    if ids.size and ids.dtype.kind not in "iuUS":
        raise TypeError(f"groups must be whole numbers or texts, got {ids.dtype}")
    return ids


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
