"""Batches of tokens that stay on a GPU until they are counted."""

from typing import Any

import numpy as np

from ..ngrams.arrays import as_documents, as_tokens
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import id_dtype, outside_vocabulary
from ..system.gpu import cupy_module, gpu_errors, use_gpu
from ..system.placement import gpu_of, is_on_gpu, place_with_tokens


class DeviceBatch:
    """A copy of tokens on a GPU, made there in the order of its current CuPy stream.

    Creating one does not wait for the GPU. Ids are checked, but an id outside the vocabulary is
    reported only by `documents`.

    Parameters
    ----------
    tokens, lengths, mask
        As in `as_documents`; arrays on a GPU must be on the same GPU as the tokens.
    """

    def __init__(self, tokens: object, lengths: object, mask: object, vocab_size: int) -> None:
        source: Any = as_tokens(tokens, gpu=True)
        self._gpu = gpu_of(source)
        self._vocab_size = vocab_size
        self.size = int(source.size)
        xp = cupy_module()
        with use_gpu(self._gpu):
            self._mask = None if mask is None else place_with_tokens("mask", mask, source) != 0
            self._lengths = _copy_of_lengths(lengths, source)
            self._wrong = _first_wrong(xp, source, self._mask, vocab_size)
            self._ids = source.astype(id_dtype(vocab_size))
            self._copied = xp.cuda.get_current_stream().record()
        self._source: Any = source  # kept alive until it is copied

    def is_copied(self) -> bool:
        """Return whether the copy is complete; if so, drop the reference to the original."""
        if self._source is not None:
            with gpu_errors(self._gpu):
                if self._copied.done:
                    self._source = None
        return self._source is None

    def documents(self) -> tuple[Any, Int64Array, Int64Array]:
        """Return the tokens, on the GPU, and the bounds of their documents. Waits for the copy.

        Raises ValueError for an id outside the vocabulary, naming the first one and its position.
        """
        with use_gpu(self._gpu):
            cupy_module().cuda.get_current_stream().wait_event(self._copied)
            any_wrong, position, token = (int(value) for value in self._wrong)
        if any_wrong:
            raise outside_vocabulary(token, position, self._vocab_size)
        return as_documents(self._ids, self._lengths, self._mask, gpu=True)


def _copy_of_lengths(lengths: Any, tokens: Any) -> Any:
    if not is_on_gpu(lengths):
        return None if lengths is None else np.array(lengths)
    return place_with_tokens("lengths", lengths, tokens).copy()


def _first_wrong(xp: Any, tokens: Any, mask: Any, vocab_size: int) -> tuple[Any, Any, Any]:
    """Find the first unmasked id outside the vocabulary, without waiting for the GPU.

    Output, on the GPU: whether there is one, its position, and the id.
    """
    if not tokens.size:
        return 0, 0, 0
    flat = tokens.reshape(-1)
    wrong = xp.zeros(flat.shape, dtype=bool)
    if np.iinfo(tokens.dtype).min < 0:
        wrong |= flat < 0
    if np.iinfo(tokens.dtype).max >= vocab_size:
        wrong |= flat >= vocab_size
    if mask is not None and mask.shape == tokens.shape:  # `documents` reports a wrong shape
        wrong &= mask.reshape(-1)
    position = wrong.argmax()
    return wrong.any(), position, flat.take(position)
